import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { reasonOf } from "../../engine/reason.js";
import { syncFolder } from "../checkpoint.js";
import { BulkError } from "../error.js";
import {
  type Answer,
  type Asked,
  askedOf,
  type Cells,
  type Columns,
  type Form,
  RESULT_COLUMNS,
  type Row,
} from "../form.js";
import type { Source } from "../input.js";
import { readLine } from "../ndjson.js";
import { recordsOf } from "../pieces.js";
import { Column, type Raw } from "./column.js";
import { type Footer, type Group, type Leaf, readFooter, SchemaElement } from "./footer.js";
import { joinResults, type Result } from "./join.js";
import { numberAt } from "./thrift.js";
import { type ReadCell, readerOf } from "./values.js";

/** Parquet in and out: every column as it stands, with the result columns after them. */

const GROUP = 512;

/** A column that is asked for. */
interface Wanted {
  as: keyof Columns;
  name: string;
  at: number;
  leaf: Leaf;
  read: ReadCell;
}

/** Rejects with BulkError where it is not a Parquet file, or a column is not there. */
export async function openParquet(input: Source, columns: Columns): Promise<Form> {
  const footer = await readFooter(input.path);
  const taken = RESULT_COLUMNS.find((name) => footer.names.includes(name));
  if (taken !== undefined) {
    throw new BulkError("COLUMN_TAKEN", `${input.path} has a column ${taken} already`, "rename it: it is written");
  }
  const names = Object.entries(columns) as [keyof Columns, string][];
  return new ParquetForm(
    input,
    footer,
    names.map(([as, name]) => wantedOf(input.path, footer, name, as)),
  );
}

function wantedOf(path: string, { leaves, names }: Footer, name: string, as: keyof Columns): Wanted {
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
  return { as, name, at, leaf, read: attempt(path, () => readerOf(leaf, as)) };
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
    readonly wanted: readonly Wanted[],
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
          const columns = this.wanted.map((wanted) => columnOf(file, group, wanted, skip));
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

  async #take(columns: readonly Column[], start: number, count: number): Promise<Row[]> {
    const taken: Raw[][] = [];
    for (const column of columns) taken.push(await column.take(count));
    return Array.from({ length: count }, (_, row) => {
      return { next: start + row + 1, written: NOTHING, ...this.#asked(taken, row) };
    });
  }

  #asked(taken: readonly Raw[][], row: number): Asked {
    const cells: Partial<Record<keyof Columns, unknown>> = {};
    for (const [index, { as, name, read }] of this.wanted.entries()) {
      const cell = read(taken[index]?.[row]);
      if ("fault" in cell) return { qr: "", fault: `${cell.fault} under ${JSON.stringify(name)}` };
      cells[as] = cell.is;
    }
    return askedOf(cells as unknown as Cells);
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
    const code = wantedOf(out, footer, RESULT_COLUMNS[1], "qr");
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
