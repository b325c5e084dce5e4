import { isRecord } from "../format/wire/request.js";
import { type Answer, type Asked, askedOf, type Columns, type Form, RESULT_COLUMNS, type Row } from "./form.js";
import { damageOf, type Decode, decoderOf, type Input, utf8Of } from "./input.js";
import { MAX_RECORD_LENGTH, recordsOf, type Span } from "./pieces.js";

/** NDJSON in and out: every object as it stands, with the result's fields after its own. */

const GROUP = 512;
const LF = 0x0a;

interface Line extends Span {
  /** It had no end within the bound, and goes on as another. */
  cut: boolean;
}

/** A line of up to MAX_RECORD_LENGTH bytes. */
export function readLine(bytes: Buffer, start: number, last: boolean): Line | undefined {
  const found = bytes.indexOf(LF, start);
  const end = found < 0 ? bytes.length : found;
  const limit = start + MAX_RECORD_LENGTH;
  if (end > limit) return { start, end: limit, next: limit, cut: true };
  if (found < 0 && !last) return undefined;
  // A line of spaces is as empty as one of nothing.
  const isBlank = /^\s*$/.test(bytes.toString("latin1", start, Math.min(end, start + 64)));
  const blank = isBlank && bytes.toString("latin1", start, end).trim() === "";
  return { start, end: blank ? start : end, next: Math.min(end + 1, bytes.length), cut: false };
}

export function openNdjson(input: Input, columns: Columns): Form {
  return new NdjsonForm(input, columns);
}

class NdjsonForm implements Form {
  readonly head = Buffer.alloc(0);
  readonly size: number;
  readonly #decode: Decode;

  constructor(
    readonly input: Input,
    readonly columns: Columns,
  ) {
    this.size = input.size;
    this.#decode = decoderOf(input);
  }

  async *rows(from = this.input.markLength): AsyncGenerator<Row[]> {
    const { path, size } = this.input;
    let group: Row[] = [];
    for await (const { record, bytes, offset } of recordsOf(path, from, size, readLine)) {
      if (group.push(this.#row(record, bytes, offset)) < GROUP) continue;
      yield group;
      group = [];
    }
    if (group.length > 0) yield group;
  }

  #row(line: Line, bytes: Buffer, offset: number): Row {
    const raw = bytes.subarray(line.start, line.end);
    const next = offset + line.next;
    const fault = line.cut ? `has more than ${MAX_RECORD_LENGTH} bytes` : damageOf(this.input, raw, this.#decode);
    const text = utf8Of(this.input, raw, this.#decode).toString().trim();
    const object = fault === undefined ? objectOf(text) : "is not an object";
    if (typeof object === "string") return { next, qr: "", fault: fault ?? object, written: wrapped(text) };
    return { next, written: opened(text), ...this.#asked(object) };
  }

  #asked(object: Record<string, unknown>): Asked {
    const { columns } = this;
    const wanted = Object.values(columns) as string[];
    for (const name of wanted) {
      const value = object[name];
      if (typeof value === "string" || (name === columns.captured && (value ?? undefined) === undefined)) continue;
      // JSON's numbers are doubles to nearly all who read them: of 18 digits the last ones are lost.
      const what = typeof value === "number" ? "a number, and not text, which loses digits," : "no text";
      return { qr: "", fault: `has ${what} under ${JSON.stringify(name)}` };
    }
    const text = (name: string | undefined): string | undefined =>
      name === undefined ? undefined : ((object[name] ?? undefined) as string | undefined);
    const { qr, name, id, captured } = columns;
    return askedOf({ qr: object[qr] as string, name: text(name), id: text(id), captured: text(captured) });
  }

  line(row: Row, { verdict, reason }: Answer): Buffer[] {
    const { outcome, code, matches } = verdict;
    const values = [outcome, code, matches?.id ?? null, matches?.name ?? null, reason];
    const fields = RESULT_COLUMNS.map((name, index) => `${JSON.stringify(name)}:${JSON.stringify(values[index])}`);
    return [row.written, Buffer.from(`${fields.join(",")}}\n`)];
  }

  async count(path: string): Promise<number> {
    let count = 0;
    for await (const { record, bytes } of recordsOf(path, 0, Infinity, readLine)) {
      if (!record.cut && typeof objectOf(bytes.toString("utf8", record.start, record.end), []) === "string") return -1;
      if (bytes[record.next - 1] === LF) count++;
    }
    return count;
  }
}

/** The object of a line, or why there is none: a clause after "the row". */
function objectOf(text: string, taken: readonly string[] = RESULT_COLUMNS): Record<string, unknown> | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (!isRecord(value)) return "is not an object";
  const both = taken.find((name) => Object.hasOwn(value, name));
  return both === undefined ? value : `has ${JSON.stringify(both)} already`;
}

/** An object as it stands, ready for more fields. */
function opened(text: string): Buffer {
  const inside = text.slice(0, -1);
  return Buffer.from(/^\{\s*$/.test(inside) ? inside : `${inside},`);
}

/** What is not an object, as the one field of one. */
function wrapped(text: string): Buffer {
  return Buffer.from(`{"input":${JSON.stringify(text)},`);
}
