// Post-install: make the uWebSockets.js add-on load. Changes nothing where it loads already.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NEEDED, retargetFile } from "./uws-addon.mjs";

const require = createRequire(import.meta.url);
try {
  require("uWebSockets.js");
} catch {
  try {
    say(repair());
  } catch (error) {
    // The rest of the package works without the add-on: an installation must not fail over it.
    say(`could not make the uWebSockets.js add-on load: ${why(error)}.`);
  }
}

/** Returns what was done, as a sentence. */
function repair() {
  let folder;
  try {
    folder = dirname(require.resolve("uWebSockets.js"));
  } catch {
    return "uWebSockets.js is not installed; `hufu serve` needs it, everything else works without.";
  }
  const file = join(folder, `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`);
  const { changed, left } = retargetFile(file);
  if (left !== undefined) return left;
  try {
    require("uWebSockets.js");
  } catch (error) {
    return `${file} was changed but still does not load: ${why(error)}.`;
  }
  return `uWebSockets.js asked for ${NEEDED}, newer than this system's glibc: pointed ${changed.join(", ")} of ${file} at the classic functions.`;
}

function why(error) {
  return String(error instanceof Error ? error.message : error).replace(/\s+/g, " ");
}

function say(message) {
  process.stderr.write(`hufu: ${message}\n`);
}
