import { describeSha2 } from "../../support/sha2.js";

describeSha2("sha256", 32);
