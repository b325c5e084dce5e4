import { parseTime } from "../format/time.js";
import type { Expected, Verdict } from "../format/verdict.js";
import { expectedFault } from "../format/wire/request.js";

/** One row of the input, ready to be verified, and what it takes to write it again. */
export interface Row {
  /** Where in the input the next row begins: a byte of text, the number of a row of Parquet. */
  next: number;
  qr: string | Uint8Array;
  /** Whose card it must be, where that was asked. */
  expect?: Expected;
  /** When its presentation was captured, where that was said. */
  captured?: Date;
  /** Why it is not verified: a clause after "the row". */
  fault?: string;
  /** The row as it is written, up to what is said of it. */
  written: Buffer;
}

/** Names of the columns that are read; the others are copied. */
export interface Columns {
  qr: string;
  name?: string;
  id?: string;
  /** Of times, RFC 3339. */
  captured?: string;
}

/** What stands in the columns that are read; undefined where no column is. */
export interface Cells {
  qr: string | Uint8Array;
  name: string | undefined;
  id: string | undefined;
  /** Empty: as if there were no column. */
  captured: string | Date | undefined;
}

/** What is asked about a row. */
export type Asked = Pick<Row, "qr" | "expect" | "captured" | "fault">;

export function askedOf({ qr, id, name, captured = "" }: Cells): Asked {
  const expect = { ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
  const fault = expectedFault(expect);
  if (fault !== undefined) return { qr: "", fault };
  const time = typeof captured === "string" ? parseTime(captured) : captured;
  if (time === undefined && captured !== "") {
    return { qr: "", fault: "has a time of capture that is not written as 2026-10-01T08:00:00+08:00" };
  }
  return { qr, ...((id ?? name) !== undefined && { expect }), ...(time !== undefined && { captured: time }) };
}

/** What is said of a row, in the order of RESULT_COLUMNS. */
export interface Answer {
  verdict: Verdict;
  reason: string;
}

export const RESULT_COLUMNS = ["outcome", "code", "match_id", "match_name", "reason"] as const;

/** What the result columns hold. */
export function resultOf({ verdict, reason }: Answer): string[] {
  const { outcome, code, matches } = verdict;
  return [outcome, code, matches?.id?.toString() ?? "", matches?.name ?? "", reason];
}

/** A kind of file: how its rows are read, and how rows with their answers are written. */
export interface Form {
  /** Where the input ends, in the unit of `Row.next`. */
  readonly size: number;
  /** Rows from where `Row.next` was on, or from the first, in groups. */
  rows(from: number | undefined): AsyncIterable<Row[]>;
  /** What the output begins with. */
  readonly head: Buffer;
  /** One row of the output. */
  line(row: Row, answer: Answer): Buffer[];
  /** Rows in what was written: they are counted again before a job is done. */
  count(path: string): Promise<number>;
  /**
   * Where the output can only be made of all rows: makes it of the rows, which until then are written beside it. Puts it in
   * place once it is whole and on the disk. Rejects with BulkError, and as node:fs does.
   */
  join?(rows: string, out: string): Promise<void>;
}
