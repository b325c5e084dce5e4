import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { reasonOf } from "../../engine/reason.js";
import { expectedFault } from "../../format/wire/request.js";
import { syncFolder } from "../checkpoint.js";
import { BulkError } from "../error.js";
import { type Answer, type Columns, type Form, RESULT_COLUMNS, type Row } from "../form.js";
import type { Source } from "../input.js";
import { readLine } from "../ndjson.js";
import { recordsOf } from "../pieces.js";
import { Column, type Raw } from "./column.js";
import { type Footer, type Group, type Leaf, readFooter, SchemaElement } from "./footer.js";
import { joinResults, type Result } from "./join.js";
import { numberAt } from "./thrift.js";
import { type ReadText, readerOf, stringOf } from "./values.js";

/** Parquet in and out: every column as it stands, with the result columns after them. */

const GROUP = 512;

/** A column that is asked for. */
interface Wanted {
  name: string;
  at: number;
  leaf: Leaf;
  read: ReadText;
}

interface AllWanted {
  qr: Wanted;
  name: Wanted | undefined;
  id: Wanted | undefined;
}

interface Reading {
  qr: Column;
  name: Column | undefined;
  id: Column | undefined;
}

/** Rejects with BulkError where it is not a Parquet file, or a column is not there. */
export async function openParquet(input: Source, columns: Columns): Promise<Form> {
  const footer = await readFooter(input.path);
  const taken = RESULT_COLUMNS.find((name) => footer.names.includes(name));
  if (taken !== undefined) {
    throw new BulkError("COLUMN_TAKEN", `${input.path} has a column ${taken} already`, "rename it: it is written");
  }
  const find = (name: string | undefined, numbers: boolean): Wanted | undefined =>
    name === undefined ? undefined : wantedOf(input.path, footer, name, numbers);
  const qr = wantedOf(input.path, footer, columns.qr, false);
  return new ParquetForm(input, footer, { qr, name: find(columns.name, false), id: find(columns.id, true) });
}

function wantedOf(path: string, { leaves, names }: Footer, name: string, numbers: boolean): Wanted {
  const at = leaves.findIndex((leaf) => leaf.name === name);
  const leaf = leaves[at];
  const there = names.map((one) => JSON.stringify(one.slice(0, 64))).slice(0, 32).join(", "); // prettier-ignore
  if (leaf === undefined || numberAt(leaf.element, SchemaElement.REPETITION) === 2n) {
    const what = names.includes(name) ? "a group or a list, and not values," : "nothing";
    throw new BulkError("COLUMN_MISSING", `${path} has ${what} under ${JSON.stringify(name)}`, `there are ${there}`);
  }
  if (names.filter((one) => one === name).length > 1) {
    throw new BulkError("COLUMN_TWICE", `${path} has two columns ${JSON.stringify(name)}`, "rename one of them");
  }
  return { name, at, leaf, read: attempt(path, () => readerOf(leaf, numbers)) };
}

function unreadable(path: string, error: unknown): BulkError {
  if (error instanceof BulkError) return error;
  return new BulkError("INPUT_UNREADABLE", `cannot read ${path}: ${reasonOf(error)}`, "write it anew");
}

function attempt<Result>(path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw unreadable(path, error);
  }
}

class ParquetForm implements Form {
  readonly head = Buffer.alloc(0);
  readonly size: number;

  constructor(
    readonly input: Source,
    readonly footer: Footer,
    readonly wanted: AllWanted,
  ) {
    this.size = footer.rows;
  }

  async *rows(from = 0): AsyncGenerator<Row[]> {
    const { path } = this.input;
    try {
      const file = await open(path);
      try {
        for (const group of this.footer.groups) {
          const skip = Math.max(0, from - group.start);
          if (skip >= group.rows) continue;
          const { qr, name, id } = this.wanted;
          const columns = {
            qr: columnOf(file, group, qr, skip),
            name: name && columnOf(file, group, name, skip),
            id: id && columnOf(file, group, id, skip),
          };
          for (let at = skip; at < group.rows; at += GROUP) {
            yield await this.#take(columns, group.start + at, Math.min(GROUP, group.rows - at));
          }
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  async #take(columns: Reading, start: number, count: number): Promise<Row[]> {
    const qr = await columns.qr.take(count);
    const name = await columns.name?.take(count);
    const id = await columns.id?.take(count);
    return qr.map((value, i) => ({ next: start + i + 1, written: NOTHING, ...this.#asked(value, id?.[i], name?.[i]) }));
  }

  #asked(shown: Raw, idValue: Raw, nameValue: Raw): Pick<Row, "qr" | "expect" | "fault"> {
    const { qr: qrColumn, id: idColumn, name: nameColumn } = this.wanted;
    const qr = qrColumn.read(shown);
    if ("fault" in qr) return { qr: "", fault: `${qr.fault} under ${JSON.stringify(qrColumn.name)}` };
    const expect: NonNullable<Row["expect"]> = {};
    for (const [field, wanted, value] of [
      ["id", idColumn, idValue],
      ["name", nameColumn, nameValue],
    ] as const) {
      // prettier-ignore
      if (wanted === undefined) continue;
      const read = stringOf(wanted.read(value));
      if ("fault" in read) return { qr: "", fault: `${read.fault} under ${JSON.stringify(wanted.name)}` };
      expect[field] = read.text;
    }
    if (idColumn === undefined && nameColumn === undefined) return { qr: qr.text };
    const fault = expectedFault(expect);
    return fault === undefined ? { qr: qr.text, expect } : { qr: "", fault };
  }

  line(row: Row, { verdict, reason }: Answer): Buffer[] {
    const { outcome, code, matches } = verdict;
    const result: Result = [outcome, code, matches?.id ?? null, matches?.name ?? null, reason];
    return [Buffer.from(`${JSON.stringify(result)}\n`)];
  }

  async count(path: string): Promise<number> {
    let count = 0;
    for await (const { record } of recordsOf(path, 0, Infinity, readLine)) if (!record.cut) count++;
    return count;
  }

  async join(results: string, out: string): Promise<void> {
    const lines = recordsOf(results, 0, Infinity, readLine);
    const take = async (count: number): Promise<Result[]> => {
      const taken: Result[] = [];
      while (taken.length < count) {
        const { value } = await lines.next();
        if (value === undefined) throw new RangeError(`${results} has too few rows`);
        const { record, bytes } = value;
        taken.push(JSON.parse(bytes.toString("utf8", record.start, record.end)) as Result);
      }
      return taken;
    };
    const written = `${out}.new`;
    try {
      await joinResults(this.input.path, await readFooter(this.input.path), take, written);
      await this.#check(written);
      await rename(written, out);
    } catch (error) {
      // It would fill the disk for nothing.
      await rm(written, { force: true });
      throw error;
    }
    await syncFolder(out);
  }

  /** Reads one of the new columns back. */
  async #check(out: string): Promise<void> {
    const footer = await readFooter(out);
    const code = wantedOf(out, footer, RESULT_COLUMNS[1], false);
    const file = await open(out);
    try {
      for (const group of footer.groups) {
        const read = columnOf(file, group, code, 0);
        const codes = await read.take(group.rows);
        if (!(await read.isDone()) || codes.some((one) => !(one instanceof Uint8Array)))
          throw new RangeError("it has other rows");
      }
      if (footer.rows !== this.size) throw new RangeError(`it has ${footer.rows} rows, and the input ${this.size}`);
    } catch (error) {
      const message = `${out} is not what was written: ${reasonOf(error)}`;
      throw new BulkError("ROWS_DIFFER", message, "remove it and its checkpoint, and begin again");
    } finally {
      await file.close();
    }
  }
}

const NOTHING = Buffer.alloc(0);

function columnOf(file: FileHandle, group: Group, { at, leaf }: Wanted, skip: number): Column {
  const chunk = group.columns[at];
  if (chunk === undefined) throw new RangeError("a row group of it lacks columns");
  return new Column(file, chunk, leaf, group.rows, skip);
}
