import { compileEntry } from "./compile.js";

/** An engine that traps on a batch beginning with "$" and hangs on one with "%". */
export function compileFaultyEngine(): Promise<WebAssembly.Module> {
  return compileEntry("assembly/testing/faulty.ts");
}
