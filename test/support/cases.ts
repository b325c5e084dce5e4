import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/cases/", import.meta.url));

/** Cases from the field live beside the project, not in it. Where they are absent a suite says that it skips. */
export const casesPresent = existsSync(folder);
export const casesNote = casesPresent ? "" : " (skipped: ../shared/cases is not here)";

export function casePath(name: string): string {
  return join(folder, name);
}

export function readCase(name: string): Uint8Array {
  return readFileSync(casePath(name));
}

/** Names of a folder's files, which all must be known to whoever walks them. */
export function caseNames(kind: string): string[] {
  return casesPresent ? readdirSync(join(folder, kind)).sort() : [];
}
