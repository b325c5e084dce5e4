import type { FileHandle } from "node:fs/promises";
import { type FileMetaData, parquetScan } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { type Chunk, type Leaf, MAGIC, SchemaElement } from "./footer.js";
import { numberAt, readStruct, type Struct, structAt } from "./thrift.js";

/** The values of one column, a page at a time: a row group may have more rows than memory. */

// In the order of the format's numbers.
const CODECS = ["UNCOMPRESSED", "SNAPPY", "GZIP", "LZO", "BROTLI", "LZ4", "ZSTD", "LZ4_RAW"] as const;
const TYPES = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"] as const;

export type PhysicalType = (typeof TYPES)[number];

export function typeOf({ element }: Leaf): PhysicalType {
  const type = TYPES[Number(numberAt(element, SchemaElement.TYPE))];
  if (type === undefined) throw new RangeError("a column of it is of a type that is not known here");
  return type;
}

/** As hyparquet tells them without regard to what the schema says they mean: that way every digit is kept. */
export type Raw = boolean | number | bigint | Uint8Array | null | undefined;

/** Fields of PageHeader and its parts. */
const Header = { TYPE: 1, UNCOMPRESSED: 2, COMPRESSED: 3, DATA: 5, DATA_V2: 8, VALUES: 1 } as const;
const PageType = { DATA: 0, DICTIONARY: 2, DATA_V2: 3 } as const;
/** Bytes. */
const MAX_PAGE_LENGTH = 1 << 28;
const HEADER_LENGTHS = [1 << 10, 1 << 16, 1 << 24];

interface Page {
  type: number;
  values: number;
  bytes: Buffer;
}

/** Values of a column in a row group, handed out in order. */
export class Column {
  readonly #values: AsyncGenerator<Raw[], void>;
  #page: Raw[] = [];
  #at = 0;

  /** `rows`: of the row group; `skip`: how many values are passed over first. */
  constructor(file: FileHandle, chunk: Chunk, leaf: Leaf, rows: number, skip: number) {
    this.#values = valuesOf(file, chunk, leaf, rows, skip);
  }

  /** The next so many values. Rejects with RangeError where there are fewer. */
  async take(count: number): Promise<Raw[]> {
    const taken: Raw[] = [];
    while (taken.length < count) {
      if (await this.isDone()) throw new RangeError("a column of it has fewer values than rows");
      const end = Math.min(this.#page.length, this.#at + count - taken.length);
      while (this.#at < end) taken.push(this.#page[this.#at++]);
    }
    return taken;
  }

  /** Are all handed out? */
  async isDone(): Promise<boolean> {
    while (this.#at === this.#page.length) {
      const { value } = await this.#values.next();
      if (value === undefined) return true;
      this.#page = value;
      this.#at = 0;
    }
    return false;
  }
}

async function* valuesOf(
  file: FileHandle,
  chunk: Chunk,
  leaf: Leaf,
  rows: number,
  skip: number,
): AsyncGenerator<Raw[], void> {
  let dictionary: Buffer = Buffer.alloc(0);
  let passed = 0;
  for (let at = chunk.start; at < chunk.start + chunk.length;) {
    const { page, next } = await readPage(file, at, chunk.start + chunk.length);
    at = next;
    if (page.type === PageType.DICTIONARY) dictionary = page.bytes;
    if (page.type !== PageType.DATA && page.type !== PageType.DATA_V2) continue;
    const before = passed;
    passed += page.values;
    if (page.values < 0 || passed > rows) throw new RangeError("a column of it has more values than rows");
    if (passed <= skip) continue;
    const values = await decode(leaf, chunk, dictionary, page);
    yield before < skip ? values.slice(skip - before) : values;
  }
}

async function readPage(file: FileHandle, at: number, end: number): Promise<{ page: Page; next: number }> {
  const { header, length } = await readHeader(file, at, end);
  const compressed = Number(numberAt(header, Header.COMPRESSED) ?? -1n);
  const uncompressed = Number(numberAt(header, Header.UNCOMPRESSED) ?? -1n);
  const next = at + length + compressed;
  if (compressed < 0 || next > end || uncompressed < 0 || Math.max(compressed, uncompressed) > MAX_PAGE_LENGTH) {
    throw new RangeError(`a page of it has ${uncompressed} bytes, and ${compressed} compressed`);
  }
  const bytes = Buffer.alloc(length + compressed);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  if (bytesRead < bytes.length) throw new RangeError("it is cut");
  const type = Number(numberAt(header, Header.TYPE) ?? -1n);
  const data = structAt(header, type === PageType.DATA_V2 ? Header.DATA_V2 : Header.DATA);
  return { page: { type, values: Number((data && numberAt(data, Header.VALUES)) ?? 0n), bytes }, next };
}

async function readHeader(file: FileHandle, at: number, end: number): Promise<{ header: Struct; length: number }> {
  // It holds the least and the greatest value of its page, and so may be long.
  for (const most of HEADER_LENGTHS) {
    const bytes = Buffer.alloc(Math.min(most, end - at));
    await file.read(bytes, 0, bytes.length, at);
    const reader = { bytes, at: 0 };
    try {
      return { header: readStruct(reader), length: reader.at };
    } catch (error) {
      if (most === HEADER_LENGTHS.at(-1) || bytes.length < most) throw error;
    }
  }
  throw new RangeError("a page of it has no header");
}

/** One page as a file of its own, for which there is a library. */
async function decode(leaf: Leaf, chunk: Chunk, dictionary: Buffer, { values, bytes }: Page): Promise<Raw[]> {
  const file = Buffer.concat([MAGIC, dictionary, bytes]);
  const type = typeOf(leaf);
  const codec = CODECS[chunk.codec];
  if (codec === undefined) throw new RangeError(`a column of it is compressed by method ${chunk.codec}`);
  const length = BigInt(file.length - MAGIC.length);
  const rows = BigInt(values);
  const column = {
    ...{ type, codec, encodings: [], path_in_schema: ["value"], num_values: rows },
    ...{ total_uncompressed_size: length, total_compressed_size: length },
    data_page_offset: BigInt(MAGIC.length + dictionary.length),
    ...(dictionary.length > 0 && { dictionary_page_offset: BigInt(MAGIC.length) }),
  };
  const optional = numberAt(leaf.element, SchemaElement.REPETITION) === 1n;
  const metadata: FileMetaData = {
    ...{ version: 2, metadata_length: 0, num_rows: rows },
    schema: [
      { name: "root", num_children: 1 },
      {
        ...{ name: "value", type, repetition_type: optional ? "OPTIONAL" : "REQUIRED" },
        type_length: Number(numberAt(leaf.element, SchemaElement.TYPE_LENGTH) ?? 0n),
      },
    ],
    row_groups: [{ columns: [{ file_offset: 0n, meta_data: column }], total_byte_size: length, num_rows: rows }],
  };
  const slice = (start: number, end?: number): ArrayBuffer => Uint8Array.from(file.subarray(start, end)).buffer;
  const scan = await parquetScan({ file: { byteLength: file.length, slice }, metadata, compressors, utf8: false });
  const read = await scan.readColumn({ column: "value", rowStart: 0, rowEnd: values });
  if (read.length !== values) throw new RangeError(`a page of it has ${read.length} values, and says ${values}`);
  return Array.from<Raw>(read);
}
