import { writeFileSync } from "node:fs";

/** How a suite learns that it is to run long, and where it leaves what `npm run soak` prints. */

export function isLong(name: string): boolean {
  return process.env["HUFU_SOAK"] === name;
}

export function tell(name: string, result: object): void {
  const file = process.env["HUFU_SOAK_RESULT"];
  if (isLong(name) && file !== undefined) writeFileSync(file, JSON.stringify({ soak: name, ...result }, null, 2));
}
