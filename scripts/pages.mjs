// Puts what tsc leaves behind, the pages' HTML and CSS, beside their compiled scripts.
import { cpSync } from "node:fs";

const from = new URL("../src/pages", import.meta.url);
const to = new URL("../dist/src/pages", import.meta.url);
cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".ts") });
