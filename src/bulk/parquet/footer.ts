import { type FileHandle, open } from "node:fs/promises";
import { reasonOf } from "../../engine/reason.js";
import { BulkError } from "../error.js";
import { bytesAt, numberAt, readStruct, type Struct, structAt, structsAt, type Value } from "./thrift.js";

/**
 * What a Parquet file says of itself (parquet.thrift of the format's repository): FileMetaData, at its end. The numbers
 * are those of the fields there.
 */

export const MAGIC = Buffer.from("PAR1");
/** Bytes. */
const MAX_FOOTER_LENGTH = 1 << 28;

export const FileMetaData = { SCHEMA: 2, NUM_ROWS: 3, ROW_GROUPS: 4, KEY_VALUES: 5, COLUMN_ORDERS: 7, ENCRYPTION: 8, SIGNING_KEY: 9 } as const; // prettier-ignore
export const SchemaElement = { TYPE: 1, TYPE_LENGTH: 2, REPETITION: 3, NAME: 4, CHILDREN: 5, CONVERTED: 6, SCALE: 7, LOGICAL: 10 } as const; // prettier-ignore
export const RowGroup = { COLUMNS: 1, TOTAL_BYTES: 2, NUM_ROWS: 3, FILE_OFFSET: 5, COMPRESSED: 6 } as const;
export const ColumnChunk = { PATH: 1, FILE_OFFSET: 2, META: 3, INDEXES: [4, 5, 6, 7], CRYPTO: 8, ENCRYPTED: 9 } as const; // prettier-ignore
export const ColumnMeta = { CODEC: 4, COMPRESSED: 7, DATA: 9, INDEX: 10, DICTIONARY: 11, BLOOM: [14, 15] } as const;

/** One leaf of the schema's tree, and so one column of every row group. */
export interface Leaf {
  /** Undefined where it lies within a group. */
  name: string | undefined;
  element: Struct;
}

export interface Footer {
  data: Struct;
  rows: number;
  leaves: Leaf[];
  /** Names of all top-level columns, groups too. */
  names: string[];
  groups: Group[];
}

export interface Group {
  /** Where the first of its rows stands among all. */
  start: number;
  rows: number;
  columns: Chunk[];
}

/** Where the pages of one column of one row group lie. */
export interface Chunk {
  codec: number;
  start: number;
  length: number;
}

/** Rejects with BulkError. */
export async function readFooter(path: string): Promise<Footer> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const { size } = await file.stat();
    const tail = await read(file, Math.max(0, size - 8), size);
    const length = tail.length < 8 ? 0 : tail.readUInt32LE(0);
    if (!tail.subarray(4).equals(MAGIC) || length > Math.min(MAX_FOOTER_LENGTH, size - 12)) {
      throw new RangeError("it does not end as a Parquet file does");
    }
    return footerOf(await read(file, size - 8 - length, size - 8), size);
  } catch (error) {
    if (error instanceof BulkError) throw error;
    throw new BulkError("INPUT_UNREADABLE", `cannot read ${path}: ${reasonOf(error)}`, "write it anew");
  } finally {
    await file?.close();
  }
}

async function read(file: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  for (let done = 0; done < bytes.length;) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, from + done);
    if (bytesRead === 0) throw new RangeError("it is cut");
    done += bytesRead;
  }
  return bytes;
}

/** `size`: bytes of the file. Throws RangeError. */
export function footerOf(bytes: Buffer, size: number): Footer {
  const data = readStruct({ bytes, at: 0 });
  if (data.has(FileMetaData.ENCRYPTION) || data.has(FileMetaData.SIGNING_KEY)) throw new RangeError("it is encrypted");
  const { leaves, names } = leavesOf(structsAt(data, FileMetaData.SCHEMA));
  let start = 0;
  const groups = structsAt(data, FileMetaData.ROW_GROUPS).map((group) => {
    const rows = count(numberAt(group, RowGroup.NUM_ROWS));
    const columns = structsAt(group, RowGroup.COLUMNS).map((chunk) => chunkOf(chunk, size));
    if (columns.length !== leaves.length) throw new RangeError("a row group of it lacks columns");
    start += rows;
    return { start: start - rows, rows, columns };
  });
  const rows = count(numberAt(data, FileMetaData.NUM_ROWS));
  if (rows !== start) throw new RangeError(`it says that it has ${rows} rows, and its row groups have ${start}`);
  return { data, rows, leaves, names, groups };
}

function leavesOf([root, ...elements]: Struct[]): Pick<Footer, "leaves" | "names"> {
  const leaves: Leaf[] = [];
  const names: string[] = [];
  let next = 0;
  const walk = (children: number, top: boolean): void => {
    for (let i = 0; i < children; i++) {
      const element = elements[next++];
      if (element === undefined) throw new RangeError("its schema is cut");
      const name = bytesAt(element, SchemaElement.NAME)?.toString() ?? "";
      if (top) names.push(name);
      if (element.has(SchemaElement.TYPE)) leaves.push({ name: top ? name : undefined, element });
      else walk(count(numberAt(element, SchemaElement.CHILDREN)), false);
    }
  };
  walk(count(root && numberAt(root, SchemaElement.CHILDREN)), true);
  return { leaves, names };
}

function chunkOf(chunk: Struct, size: number): Chunk {
  if (chunk.has(ColumnChunk.CRYPTO) || chunk.has(ColumnChunk.ENCRYPTED)) throw new RangeError("it is encrypted");
  if ((bytesAt(chunk, ColumnChunk.PATH)?.length ?? 0) > 0) throw new RangeError("its columns are in other files");
  const meta = structAt(chunk, ColumnChunk.META) ?? new Map<number, Value>();
  const data = count(numberAt(meta, ColumnMeta.DATA));
  const dictionary = count(numberAt(meta, ColumnMeta.DICTIONARY));
  const start = dictionary > 0 ? Math.min(dictionary, data) : data;
  const length = count(numberAt(meta, ColumnMeta.COMPRESSED));
  if (start < MAGIC.length || start + length > size) throw new RangeError("a column of it lies outside the file");
  return { codec: count(numberAt(meta, ColumnMeta.CODEC)), start, length };
}

function count(number = 0n): number {
  if (number < 0n || number > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`it says ${number} of something`);
  return Number(number);
}
