import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { UsageError } from "./errors.js";

/** Bytes of a file, or of standard input for "-". `what` says what is wanted, for whoever forgot it. */
export async function readInput(file: string, what: string): Promise<Uint8Array> {
  if (file === "-" && process.stdin.isTTY) {
    throw new UsageError(`there is no input`, `give a file, or pipe in ${what}`);
  }
  try {
    return file === "-" ? await buffer(process.stdin) : await readFile(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : (error as Error).message;
    throw new UsageError(`${file} cannot be read: ${why}`, `give a file of ${what}, or - for standard input`);
  }
}
