import { type FileHandle, open } from "node:fs/promises";
import { reasonOf } from "../engine/reason.js";
import { BulkError } from "./error.js";

/** Files of any length, read in pieces and cut into records. */

export const PIECE = 1 << 20;
/** Bytes. A longer record is cut, so that memory has a bound and one that never ends does not take the rest of the file. */
export const MAX_RECORD_LENGTH = 1 << 20;

/** The bytes of a file from `from` on, in pieces that are the receiver's own. */
export async function* piecesOf(path: string, from = 0): AsyncGenerator<Buffer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    if (!(await file.stat()).isFile()) {
      throw new BulkError("INPUT_UNREADABLE", `${path} is not a file`, "give a file: it is read twice");
    }
    for (let position = from; ;) {
      const piece = Buffer.allocUnsafe(PIECE);
      const { bytesRead } = await file.read(piece, 0, PIECE, position);
      if (bytesRead === 0) return;
      position += bytesRead;
      yield piece.subarray(0, bytesRead);
    }
  } catch (error) {
    if (error instanceof BulkError) throw error;
    throw new BulkError("INPUT_UNREADABLE", `cannot read ${path}: ${reasonOf(error)}`, "give a file that can be read");
  } finally {
    await file?.close();
  }
}

/** Where a record lies in the bytes it was found in; `end` is before the line end, `next` where the next one begins. */
export interface Span {
  start: number;
  end: number;
  next: number;
}

/** The record that begins at `at`; undefined where more bytes are needed, which is never so once they are the `last`. */
export type ReadSpan<T extends Span> = (bytes: Buffer, at: number, last: boolean) => T | undefined;

export interface Found<T extends Span> {
  record: T;
  bytes: Buffer;
  /** Of the file, where these bytes begin. */
  offset: number;
}

/** The records of a file from byte `from` on that are not empty; `size`: of the file, Infinity where that is unknown. */
export async function* recordsOf<T extends Span>(
  path: string,
  from: number,
  size: number,
  read: ReadSpan<T>,
): AsyncGenerator<Found<T>, void> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = from;
  const cut = function* (bytes: Buffer, last: boolean): Generator<Found<T>, number> {
    let at = 0;
    while (at < bytes.length) {
      const record = read(bytes, at, last);
      if (record === undefined) break;
      if (record.end > record.start) yield { record, bytes, offset };
      at = record.next;
    }
    return at;
  };
  for await (const piece of piecesOf(path, from)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const used = yield* cut(bytes, offset + bytes.length >= size);
    rest = bytes.subarray(used);
    offset += used;
  }
  yield* cut(rest, true);
}
