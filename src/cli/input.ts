import { collectBounded, FileTooLarge, readBounded } from "../engine/bounded-file.js";
import { decodeText, TextError } from "../format/text.js";
import { reasonOf, UsageError } from "./errors.js";

export interface Wanted {
  /** For whoever forgot it or gave another: "people in JSON or CSV". */
  what: string;
  /** Bytes. */
  most: number;
}

/** Bytes of a file, or of standard input for "-". */
export async function readInput(file: string, { what, most }: Wanted): Promise<Uint8Array> {
  if (file === "-" && process.stdin.isTTY) {
    throw new UsageError(`there is no input`, `give a file, or pipe in ${what}`);
  }
  try {
    return await (file === "-" ? collectBounded(process.stdin, most) : readBounded(file, most));
  } catch (error) {
    if (error instanceof FileTooLarge) {
      throw new UsageError(
        `cannot read ${file}: ${error.message}`,
        `give a file of ${what}, or a part of it at a time`,
      );
    }
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`, `give a file of ${what}, or - for standard input`);
  }
}

/** What `read` makes of the input's bytes, with a complaint about their encoding as one about the file. */
export function readingText<T>(file: string, bytes: Uint8Array, read: (bytes: Uint8Array) => T): T {
  try {
    return read(bytes);
  } catch (error) {
    if (error instanceof TextError) throw new UsageError(`${nameOf(file)} ${error.message}`, error.remedy);
    throw error;
  }
}

/** Text of a file, or of standard input for "-". */
export async function readTextInput(file: string, wanted: Wanted): Promise<string> {
  return readingText(file, await readInput(file, wanted), decodeText);
}

export function nameOf(file: string): string {
  return file === "-" ? "the input" : file;
}
