import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url));

/** Third-party vectors live beside the project, not in it. Where they are absent a suite says that it skips. */
export const vectorsPresent = existsSync(folder);
export const vectorsNote = vectorsPresent ? "" : " (skipped: ../shared/vectors is not here)";

export function vectorPath(name: string): string {
  return folder + name;
}

export function readVectorText(name: string): string {
  return readFileSync(folder + name, "utf8");
}

export function readVectorJson(name: string): unknown {
  return JSON.parse(readVectorText(name));
}
