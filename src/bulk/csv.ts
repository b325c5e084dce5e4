import { BulkError } from "./error.js";
import {
  type Answer,
  type Asked,
  askedOf,
  type Columns,
  type Form,
  RESULT_COLUMNS,
  resultOf,
  type Row,
} from "./form.js";
import { damageOf, type Decode, decoderOf, type Input, utf8Of } from "./input.js";
import { piecesOf, type ReadSpan, recordsOf } from "./pieces.js";
import { type Cell, type CsvRecord, type Delimiter, DELIMITERS, readRecord } from "./records.js";

/** CSV in and out: every row as it stands, with the result columns after it. */

const GROUP = 512;
const MARK = Buffer.of(0xef, 0xbb, 0xbf);
const LINE_END = Buffer.from("\r\n");

interface Header {
  names: string[];
  delimiter: Delimiter;
  bytes: Buffer;
  /** Of the input, where the first row begins. */
  next: number;
}

/** Which cell of a row is what; -1: none. */
interface Places {
  qr: number;
  name: number;
  id: number;
  captured: number;
}

/** Reads the header. Rejects with BulkError where a column is not there. */
export async function openCsv(input: Input, columns: Columns): Promise<Form> {
  const header = await readHeader(input, columns);
  for (const name of RESULT_COLUMNS) {
    if (header.names.includes(name)) {
      throw new BulkError("COLUMN_TAKEN", `${input.path} has a column ${name} already`, "rename it: it is written");
    }
  }
  const place = (name: string | undefined): number => (name === undefined ? -1 : placeOf(input, header, name));
  const { qr, name, id, captured } = columns;
  const places = { qr: place(qr), name: place(name), id: place(id), captured: place(captured) };
  return new CsvForm(input, header, places);
}

async function readHeader(input: Input, { qr }: Columns): Promise<Header> {
  for await (const bytes of piecesOf(input.path, input.markLength)) {
    const last = input.markLength + bytes.length >= input.size;
    const decode = decoderOf(input);
    const read = DELIMITERS.map((delimiter) => {
      const record = readRecord(bytes, 0, delimiter, undefined, last);
      const names = record?.cells.map((cell) => textOf(bytes, cell, decode)) ?? [];
      return { record, names, delimiter };
    });
    const [first] = read;
    const found = read.find(({ names }) => names.includes(qr)) ?? first;
    if (found?.record === undefined || found.record.end === 0) break;
    const { record, names, delimiter } = found;
    const written = utf8Of(input, bytes.subarray(0, record.end), decode);
    return { names, delimiter, bytes: written, next: input.markLength + record.next };
  }
  throw new BulkError("NO_HEADER", `${input.path} has no line that names its columns`, "begin it with one");
}

function placeOf({ path }: Input, { names }: Header, name: string): number {
  const place = names.indexOf(name);
  if (place < 0) {
    const there = names.map((one) => JSON.stringify(one.slice(0, 64))).slice(0, 32).join(", "); // prettier-ignore
    throw new BulkError("COLUMN_MISSING", `${path} has no column ${JSON.stringify(name)}`, `there are ${there}`);
  }
  if (names.includes(name, place + 1)) {
    throw new BulkError("COLUMN_TWICE", `${path} has two columns ${JSON.stringify(name)}`, "rename one of them");
  }
  return place;
}

function readerOf(delimiter: Delimiter, columns: number): ReadSpan<CsvRecord> {
  return (bytes, at, last) => readRecord(bytes, at, delimiter, columns, last);
}

function textOf(bytes: Buffer, { start, end, escaped }: Cell, decode: Decode): string {
  const text = decode(bytes, start, end);
  return escaped ? text.replaceAll('""', '"') : text;
}

class CsvForm implements Form {
  readonly head: Buffer;
  readonly size: number;
  readonly #decode: Decode;
  readonly #delimiter: string;
  /** The result columns of rows of which the code says all. */
  readonly #tails = new Map<string, Buffer>();

  constructor(
    readonly input: Input,
    readonly header: Header,
    readonly places: Places,
  ) {
    this.size = input.size;
    this.#decode = decoderOf(input);
    this.#delimiter = String.fromCharCode(header.delimiter);
    this.head = Buffer.concat([MARK, header.bytes, Buffer.from(`${this.#delimiter}${RESULT_COLUMNS.join(this.#delimiter)}`), LINE_END]); // prettier-ignore
  }

  async *rows(from = this.header.next): AsyncGenerator<Row[]> {
    const { delimiter, names } = this.header;
    const { path, size } = this.input;
    let group: Row[] = [];
    const read = readerOf(delimiter, names.length);
    for await (const { record, bytes, offset } of recordsOf(path, from, size, read)) {
      if (group.push(this.#row(record, bytes, offset)) < GROUP) continue;
      yield group;
      group = [];
    }
    if (group.length > 0) yield group;
  }

  #row(record: CsvRecord, bytes: Buffer, offset: number): Row {
    const { cells, start, end, next, loose } = record;
    const columns = this.header.names.length;
    const raw = bytes.subarray(start, end);
    const fault =
      record.fault ??
      (cells.length === columns ? undefined : `has ${cells.length} cells, and the header names ${columns}`) ??
      damageOf(this.input, raw, this.#decode);
    const asked = fault === undefined ? this.#asked(bytes, cells) : { qr: "", fault };
    const written =
      loose || cells.length !== columns ? this.#again(bytes, cells, columns) : utf8Of(this.input, raw, this.#decode);
    return { next: offset + next, written, ...asked };
  }

  #asked(bytes: Buffer, cells: readonly Cell[]): Asked {
    const { places } = this;
    const cell = (place: number): string | undefined => {
      const found = cells[place];
      return found === undefined ? undefined : textOf(bytes, found, this.#decode);
    };
    const shown = cells[places.qr];
    const qr = shown === undefined ? "" : bytes.subarray(shown.start, shown.end);
    return askedOf({ qr, name: cell(places.name), id: cell(places.id), captured: cell(places.captured) });
  }

  /** The cells written anew: as many as there are columns, what is too much in the last. */
  #again(bytes: Buffer, cells: readonly Cell[], columns: number): Buffer {
    const texts = cells.map((cell) => textOf(bytes, cell, this.#decode));
    const kept = texts.slice(0, columns - 1);
    if (texts.length >= columns) kept.push(texts.slice(columns - 1).join(this.#delimiter));
    while (kept.length < columns) kept.push("");
    return Buffer.from(kept.map((text) => this.#quoted(text)).join(this.#delimiter));
  }

  #quoted(text: string): string {
    const plain = !text.includes(this.#delimiter) && !/["\r\n]/.test(text);
    return plain ? text : `"${text.replaceAll('"', '""')}"`;
  }

  line(row: Row, answer: Answer): Buffer[] {
    return [row.written, this.#tail(row, answer)];
  }

  #tail(row: Row, answer: Answer): Buffer {
    if (row.fault !== undefined) return this.#writeTail(answer);
    const { code, matches } = answer.verdict;
    const key = `${code} ${matches?.id} ${matches?.name}`;
    let tail = this.#tails.get(key);
    if (tail === undefined) this.#tails.set(key, (tail = this.#writeTail(answer)));
    return tail;
  }

  #writeTail(answer: Answer): Buffer {
    const cells = resultOf(answer).map((text) => this.#quoted(text));
    return Buffer.from(`${this.#delimiter}${cells.join(this.#delimiter)}\r\n`);
  }

  async count(path: string): Promise<number> {
    const { delimiter, names } = this.header;
    const columns = names.length + RESULT_COLUMNS.length;
    let count = -1;
    for await (const { record } of recordsOf(path, MARK.length, Infinity, readerOf(delimiter, columns))) {
      if (record.fault !== undefined || record.cells.length !== columns) return -1;
      count++;
    }
    return count;
  }
}
