import { rmSync } from "node:fs";

/** After all tests: what commands and verifiers have kept in the state folder that vitest.config.ts gives them. */
export default function setup(): () => void {
  const folder = process.env["HUFU_STATE"] ?? "";
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
}
