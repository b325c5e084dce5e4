import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import { decodeChineseText, refuseOtherFiles, TextError } from "../format/text.js";
import { BulkError } from "./error.js";
import { PIECE, piecesOf } from "./pieces.js";

/** The encodings that a book of customers is read in; whatever it is, the output is UTF-8. */
export type BulkEncoding = "utf-8" | "gb18030";

/** A file, and what a job that is resumed knows it by. */
export interface Source {
  path: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of the whole file, in hex. */
  sha256: string;
}

/** A file of text. */
export interface Input extends Source {
  encoding: BulkEncoding;
  /** Some rows are not of that encoding; each is looked at, and those are not read. */
  damaged: boolean;
  /** Bytes of the byte order mark at its start. */
  markLength: number;
}

/** Of the lines that are not ASCII this much says which encoding a file is in that is not all UTF-8. */
const SAMPLE = 1 << 20;
const MARK = Buffer.of(0xef, 0xbb, 0xbf);
const NEWLINE = 0x0a;

/** Whether a file begins as Parquet does. Rejects with BulkError. */
export async function isParquet(path: string): Promise<boolean> {
  for await (const piece of piecesOf(path)) return piece.toString("latin1", 0, 4) === "PAR1";
  return false;
}

/** Reads the whole of a file that is not text. Rejects with BulkError. */
export async function inspectBytes(path: string): Promise<Source> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of piecesOf(path)) {
    size += piece.length;
    hash.update(piece);
  }
  return { path, size, sha256: hash.digest("hex") };
}

/**
 * Read the whole of a file once: what it is known by, and its encoding. UTF-8 is tried first, and strictly on every byte:
 * GB 18030 takes Chinese in UTF-8 for other Chinese and reports nothing. Rejects with BulkError.
 */
export async function inspectInput(path: string, given?: BulkEncoding): Promise<Input> {
  const hash = createHash("sha256");
  const sample = new Sample();
  const utf8 = new Strict("utf-8");
  const gb18030 = new Strict("gb18030");
  let size = 0;
  let start = Buffer.alloc(0);
  for await (const piece of piecesOf(path)) {
    if (size === 0) {
      start = Buffer.from(piece.subarray(0, 1 << 16));
      refuseOthers(path, start);
    }
    size += piece.length;
    hash.update(piece);
    utf8.push(piece);
    if (given !== "utf-8") gb18030.push(piece);
    sample.push(piece);
  }
  const marked = start.subarray(0, 3).equals(MARK);
  const holds = { "utf-8": utf8.end(), gb18030: given !== "utf-8" && gb18030.end() };
  const encoding = given ?? (holds["utf-8"] || marked ? "utf-8" : sample.encoding(path));
  return {
    path,
    size,
    sha256: hash.digest("hex"),
    encoding,
    damaged: !holds[encoding],
    markLength: marked && encoding === "utf-8" ? MARK.length : 0,
  };
}

/** Text of these bytes; what is not of the encoding is U+FFFD. */
export type Decode = (bytes: Buffer, start?: number, end?: number) => string;

export function decoderOf({ encoding }: Input): Decode {
  if (encoding === "utf-8") return (bytes, start, end) => bytes.toString("utf8", start, end);
  const decoder = new TextDecoder(encoding);
  return (bytes, start, end) => decoder.decode(bytes.subarray(start, end));
}

/** The same bytes in UTF-8. */
export function utf8Of({ encoding, damaged }: Input, bytes: Buffer, decode: Decode): Buffer {
  return encoding === "utf-8" && !damaged ? bytes : Buffer.from(decode(bytes));
}

/** Why a row cannot be read in the file's encoding, where not all can. */
export function damageOf({ encoding, damaged }: Input, row: Buffer, decode: Decode): string | undefined {
  if (!damaged || (encoding === "utf-8" ? isUtf8(row) : !decode(row).includes("\ufffd"))) return undefined;
  return `is not ${encoding === "utf-8" ? "UTF-8" : "GB 18030"}; \ufffd stands for what is not`;
}

/** Is every byte so far of the encoding? */
class Strict {
  #decoder: TextDecoder | undefined;

  constructor(encoding: BulkEncoding) {
    this.#decoder = new TextDecoder(encoding, { fatal: true });
  }

  push(piece: Uint8Array): void {
    this.#try(() => this.#decoder?.decode(piece, { stream: true }));
  }

  end(): boolean {
    this.#try(() => this.#decoder?.decode());
    return this.#decoder !== undefined;
  }

  #try(decode: () => void): void {
    try {
      decode();
    } catch {
      this.#decoder = undefined;
    }
  }
}

/** The lines that are not ASCII, from the first that is not UTF-8 either; before that the newest of them. */
class Sample {
  readonly #lines: Buffer[] = [];
  #length = 0;
  #rest = Buffer.alloc(0);

  push(piece: Buffer): void {
    if (this.#length >= SAMPLE || (this.#rest.length === 0 && isUtf8(piece))) return;
    const bytes = Buffer.concat([this.#rest, piece]);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      this.#keep(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start).subarray(0, PIECE));
  }

  #keep(line: Buffer): void {
    if (this.#length >= SAMPLE || !line.some((byte) => byte >= 0x80)) return;
    this.#lines.push(line);
    this.#length += line.length;
  }

  /** Of a file that is not UTF-8 throughout. */
  encoding(path: string): BulkEncoding {
    this.#keep(this.#rest);
    try {
      const { encoding } = decodeChineseText(Buffer.concat(this.#lines));
      return encoding === "GB 18030" ? "gb18030" : "utf-8";
    } catch (error) {
      if (!(error instanceof TextError)) throw error;
      // Nearly all of it is UTF-8: the rows that are not say so.
      if (error.code === "DAMAGED") return "utf-8";
      throw new BulkError("NOT_TEXT", `${path} ${error.message}`, error.remedy);
    }
  }
}

function refuseOthers(path: string, start: Buffer): void {
  try {
    refuseOtherFiles(start);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw new BulkError("NOT_TEXT", `${path} ${error.message}`, error.remedy);
  }
}
