#!/usr/bin/env node
// From an installed package the build is there; from a fresh clone it is made first, so that `npx hufu` works in both.
import "../scripts/node-version.mjs";
import { existsSync } from "node:fs";

const main = new URL("../dist/src/cli/main.js", import.meta.url);
if (!existsSync(main)) await import("../scripts/setup.mjs");
await import(main.href);
