import { leaveBehind } from "./database.js";

/** A process of its own, for one that ended without having left the embedded server whose folder is named. */
const [, , folder] = process.argv;
if (folder !== undefined) await leaveBehind(folder);
