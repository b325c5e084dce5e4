import { createReadStream } from "node:fs";
import { MAX_TEXT_LENGTH } from "../format/limits.js";
import { reasonOf, UsageError } from "./errors.js";

export interface Line {
  /** From 1. */
  number: number;
  /** Without the line end; of a line beyond the limit of a QR text only enough to see that. */
  bytes: Uint8Array;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** One more than a QR text and its carriage return can have. */
const KEEP = MAX_TEXT_LENGTH + 2;

/**
 * The non-empty lines of a file, or of standard input for "-", in groups as they arrive. Bytes, not text: what is not
 * ASCII must reach the engine as it is. A line without end does not fill the memory.
 */
export async function* readLines(file: string): AsyncGenerator<Line[]> {
  const stream = file === "-" ? process.stdin : createReadStream(file);
  const splitter = new LineSplitter();
  try {
    for await (const chunk of stream) {
      const lines = splitter.push(chunk as Buffer);
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    throw new UsageError(
      `cannot read ${file}: ${reasonOf(error)}`,
      "give a file with one QR text a line, or - for standard input",
    );
  }
  const last = splitter.end();
  if (last !== undefined) yield [last];
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

  /** The line collected so far, if it is not empty. */
  end(): Line | undefined {
    const whole = this.#rest.length === 1 && this.#rest[0] !== undefined ? this.#rest[0] : Buffer.concat(this.#rest);
    const number = this.#number++;
    this.#rest = [];
    this.#restLength = 0;
    const bytes = whole.at(-1) === CARRIAGE_RETURN ? whole.subarray(0, -1) : whole;
    return bytes.length === 0 ? undefined : { number, bytes };
  }

  #keep(piece: Buffer): void {
    const kept = piece.subarray(0, Math.max(0, KEEP - this.#restLength));
    if (kept.length === 0) return;
    this.#rest.push(kept);
    this.#restLength += kept.length;
  }
}
