/**
 * CSV (RFC 4180) from bytes to records, for files of any length. It works on UTF-8 and on GB 18030 alike: no byte of a
 * longer character of theirs is a quotation mark, a line end or one of the delimiters.
 */

import { MAX_RECORD_LENGTH, type Span } from "./pieces.js";

export const DELIMITERS = [0x2c, 0x3b, 0x09] as const;
export type Delimiter = (typeof DELIMITERS)[number];

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;

/** Where a cell's content lies; `escaped`: two quotation marks in it stand for one. */
export interface Cell {
  start: number;
  end: number;
  escaped: boolean;
}

export interface CsvRecord extends Span {
  cells: Cell[];
  /** The bytes as they stand are not what a strict reader takes: to be written anew. */
  loose: boolean;
  /** Why it cannot be read as a record; its cells are then those of its first line without regard to quotation marks. */
  fault?: string;
}

/** The record that begins at `start`; undefined where more bytes are needed, which is never so once `last`. */
export function readRecord(
  bytes: Buffer,
  start: number,
  delimiter: Delimiter,
  columns: number | undefined,
  last: boolean,
): CsvRecord | undefined {
  const cells: Cell[] = [];
  let cell = start;
  let at = start;
  for (const length = bytes.length; at < length; at++) {
    const byte = bytes[at];
    if (byte === delimiter) {
      cells.push({ start: cell, end: at, escaped: false });
      cell = at + 1;
    } else if (byte === LF) {
      return plainRecord(bytes, start, cells, cell, at, at + 1);
    } else if (byte === QUOTE) {
      return quotedRecord(bytes, start, delimiter, columns, last);
    }
  }
  if (last) return plainRecord(bytes, start, cells, cell, at, at);
  return at - start > MAX_RECORD_LENGTH ? cutRecord(bytes, start, delimiter, last, TOO_LONG) : undefined;
}

const TOO_LONG = `has more than ${MAX_RECORD_LENGTH} bytes`;

function plainRecord(
  bytes: Buffer,
  start: number,
  cells: Cell[],
  cell: number,
  lineEnd: number,
  next: number,
): CsvRecord {
  const end = lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd;
  cells.push({ start: cell, end, escaped: false });
  return { start, end, next, cells, loose: false };
}

function quotedRecord(
  bytes: Buffer,
  start: number,
  delimiter: Delimiter,
  columns: number | undefined,
  last: boolean,
): CsvRecord | undefined {
  const cells: Cell[] = [];
  let at = start;
  let loose = false;
  let multiline = false;
  for (;;) {
    const quoted = bytes[at] === QUOTE;
    const cell = quoted ? quotedCell(bytes, at, start, last) : plainCell(bytes, at, delimiter);
    if (cell === "more") return undefined;
    if (typeof cell === "string") return cutRecord(bytes, start, delimiter, last, cell);
    cells.push(cell);
    multiline ||= quoted && bytes.subarray(cell.start, cell.end).includes(LF);
    loose ||= !quoted && bytes.subarray(cell.start, cell.end).includes(QUOTE);
    at = quoted ? cell.end + 1 : cell.end;
    if (at >= bytes.length && !last) {
      return at - start > MAX_RECORD_LENGTH ? cutRecord(bytes, start, delimiter, last, TOO_LONG) : undefined;
    }
    const end = lineEndAt(bytes, at);
    if (end !== undefined) {
      // A mark that was never closed may find another far below; then the cells do not add up.
      if (multiline && columns !== undefined && cells.length !== columns) {
        return cutRecord(bytes, start, delimiter, last, UNCLOSED);
      }
      return { start, end: at, next: end, cells, loose };
    }
    if (bytes[at] !== delimiter) return cutRecord(bytes, start, delimiter, last, multiline ? UNCLOSED : TRAILING);
    at++;
  }
}

const TRAILING = "has text after a quotation mark that closes a cell";
const UNCLOSED = "opens a quotation mark and does not close it";

/** Its content, or why there is none. The closing mark is at the content's end. */
function quotedCell(bytes: Buffer, at: number, start: number, last: boolean): Cell | string {
  let escaped = false;
  for (let from = at + 1; ;) {
    const close = bytes.indexOf(QUOTE, from);
    if (close < 0 || close - start > MAX_RECORD_LENGTH) {
      return close < 0 && !last && bytes.length - start <= MAX_RECORD_LENGTH ? "more" : UNCLOSED;
    }
    if (close + 1 === bytes.length && !last) return "more";
    if (bytes[close + 1] !== QUOTE) return { start: at + 1, end: close, escaped };
    escaped = true;
    from = close + 2;
  }
}

function plainCell(bytes: Buffer, start: number, delimiter: Delimiter): Cell {
  let end = start;
  while (end < bytes.length && bytes[end] !== delimiter && lineEndAt(bytes, end) === undefined) end++;
  return { start, end, escaped: false };
}

/** Where the next line begins, if a line ends at `at`. */
function lineEndAt(bytes: Buffer, at: number): number | undefined {
  if (at >= bytes.length || bytes[at] === LF) return Math.min(at + 1, bytes.length);
  return bytes[at] === CR && (at + 1 === bytes.length || bytes[at + 1] === LF)
    ? Math.min(at + 2, bytes.length)
    : undefined;
}

/** The first line alone, whatever its quotation marks say: what follows it is read again as rows of its own. */
function cutRecord(
  bytes: Buffer,
  start: number,
  delimiter: Delimiter,
  last: boolean,
  fault: string,
): CsvRecord | undefined {
  const found = bytes.indexOf(LF, start);
  if (found < 0 && !last && bytes.length - start <= MAX_RECORD_LENGTH) return undefined;
  // A line that is longer is cut into rows, so that memory has a bound.
  const limit = start + MAX_RECORD_LENGTH;
  const cut = (found < 0 ? bytes.length : found) > limit;
  const lineEnd = cut ? limit : found < 0 ? bytes.length : found;
  const cells: Cell[] = [];
  let at = start;
  for (let end = bytes.indexOf(delimiter, at); end >= 0 && end < lineEnd; end = bytes.indexOf(delimiter, at)) {
    cells.push({ start: at, end, escaped: false });
    at = end + 1;
  }
  const next = cut || found < 0 ? lineEnd : lineEnd + 1;
  return { ...plainRecord(bytes, start, cells, at, lineEnd, next), loose: true, fault: cut ? TOO_LONG : fault };
}
