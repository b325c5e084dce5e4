import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { reasonOf, UsageError } from "./errors.js";

/** Bytes of a file, or of standard input for "-". `what` says what is wanted, for whoever forgot it. */
export async function readInput(file: string, what: string): Promise<Uint8Array> {
  if (file === "-" && process.stdin.isTTY) {
    throw new UsageError(`there is no input`, `give a file, or pipe in ${what}`);
  }
  try {
    return file === "-" ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`, `give a file of ${what}, or - for standard input`);
  }
}
