#!/usr/bin/env node
// From an installed package the build is there; from a fresh clone it is made first, so that `npx hufu` works in both.
import "../scripts/node-version.mjs";
import { existsSync, readFileSync } from "node:fs";

// Node opens the modules of a command side by side, and ends with a stack trace where it may not.
const LEAST_FILES = 128;
const limits = "/proc/self/limits";
const most = existsSync(limits) && /^Max open files +(\d+)/m.exec(readFileSync(limits, "utf8"))?.[1];
if (most && Number(most) < LEAST_FILES) {
  const remedy = "raise the limit, with `ulimit -n 4096`";
  console.error(`hufu: this process may open ${most} files, and needs ${LEAST_FILES}; ${remedy}.`);
  process.exit(2);
}

const main = new URL("../dist/src/cli/main.js", import.meta.url);
if (!existsSync(main)) await import("../scripts/setup.mjs");
await import(main.href);
