import { createReadStream } from "node:fs";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import { reasonOf, UsageError } from "./errors.js";
import { nameOf } from "./input.js";

export interface Line {
  /** From 1. */
  number: number;
  /** Without the line end; of a line beyond the limit of a QR text only enough to see that, and why. */
  bytes: Uint8Array;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** Of byte order marks, in UTF-8 and UTF-16. */
const MARKS: readonly number[] = [0xef, 0xbb, 0xbf, 0xfe, 0xff];
/** Of a longer line this much shows what happened to it: percent-encoding and full-width letters take three times the room. */
const KEEP = 3 * MAX_SCANNED_LENGTH;

const REMEDY = "give a file with one QR text a line, or - for standard input";

/**
 * The lines of a file that are not blank, or of standard input for "-", in groups as they arrive; there is
 * one at least. Bytes, not text: what is not ASCII must reach the engine as it is. A line without end does not fill the
 * memory.
 */
export async function* readLines(file: string): AsyncGenerator<Line[]> {
  const stream = file === "-" ? process.stdin : createReadStream(file);
  const splitter = new LineSplitter();
  let count = 0;
  try {
    for await (const chunk of stream) {
      const lines = splitter.push(chunk as Buffer);
      count += lines.length;
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`, REMEDY);
  }
  const last = splitter.end();
  if (last !== undefined) yield [last];
  else if (count === 0) throw new UsageError(`${nameOf(file)} has not a single QR text`, REMEDY);
}

class LineSplitter {
  #number = 1;
  #rest: Buffer[] = [];
  #restLength = 0;

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      const line = this.end();
      if (line !== undefined) lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  /** The line collected so far, if it is not blank. */
  end(): Line | undefined {
    const bytes = this.#rest.length === 1 && this.#rest[0] !== undefined ? this.#rest[0] : Buffer.concat(this.#rest);
    const number = this.#number++;
    this.#rest = [];
    this.#restLength = 0;
    return bytes.every((byte) => byte <= SPACE || MARKS.includes(byte)) ? undefined : { number, bytes };
  }

  #keep(piece: Buffer): void {
    const kept = piece.subarray(0, Math.max(0, KEEP - this.#restLength));
    if (kept.length === 0) return;
    this.#rest.push(kept);
    this.#restLength += kept.length;
  }
}
