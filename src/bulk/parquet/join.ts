import { type FileHandle, open } from "node:fs/promises";
import { parquetWriteBuffer } from "hyparquet-writer";
import { BulkError } from "../error.js";
import { RESULT_COLUMNS } from "../form.js";
import { piecesOf } from "../pieces.js";
import { ColumnChunk, ColumnMeta, FileMetaData, type Footer, footerOf, type Group, MAGIC, RowGroup, SchemaElement } from "./footer.js"; // prettier-ignore
import { bytesAt, type List, listAt, numberAt, setNumber, type Struct, structAt, structsAt, T, type Value, writeStruct } from "./thrift.js"; // prettier-ignore

/**
 * A Parquet file that has all columns of the input, byte for byte as they were encoded there, and the results as columns
 * after them: nothing of the input is decoded, so whatever its columns are, they are the same.
 */

/** What the result columns of one row hold, in the order of RESULT_COLUMNS. */
export type Result = [outcome: string, code: string, matchId: boolean | null, matchName: string | null, reason: string];

/** The results of the next so many rows. */
export type TakeResults = (count: number) => Promise<Result[]>;

/** It is on the disk when it resolves. Rejects with BulkError, and as node:fs does. Changes `footer`. */
export async function joinResults(path: string, footer: Footer, take: TakeResults, out: string): Promise<void> {
  const file = await open(out, "w", 0o600);
  try {
    const end = await new Join(path, footer, file).write(take);
    await file.appendFile(end);
    await file.sync();
  } finally {
    await file.close();
  }
}

class Join {
  #position = 0;

  constructor(
    readonly path: string,
    readonly footer: Footer,
    readonly file: FileHandle,
  ) {}

  /** Everything but what is returned: the end of the file. */
  async write(take: TakeResults): Promise<Buffer> {
    const { data, groups } = this.footer;
    await this.#append(MAGIC);
    let added = columnsOf([]);
    const structs = structsAt(data, FileMetaData.ROW_GROUPS);
    const kept: Struct[] = [];
    for (const [index, group] of groups.entries()) {
      const struct = structs[index];
      if (struct === undefined || group.rows === 0) continue;
      added = columnsOf(await take(group.rows));
      await this.#writeGroup(group, struct, added);
      kept.push(struct);
    }
    data.set(FileMetaData.ROW_GROUPS, { type: T.LIST, item: { of: T.STRUCT, items: kept } });
    addColumns(data, added.data);
    const footer = writeStruct(data);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    return Buffer.concat([footer, length, MAGIC]);
  }

  async #writeGroup(group: Group, struct: Struct, added: Added): Promise<void> {
    const begin = this.#position;
    const chunks = structsAt(struct, RowGroup.COLUMNS);
    for (const [index, { start, length }] of group.columns.entries()) {
      moveChunk(chunks[index] ?? new Map<number, Value>(), this.#position - start);
      await this.#copy(start, length);
    }
    const [addedGroup = new Map<number, Value>()] = structsAt(added.data, FileMetaData.ROW_GROUPS);
    const addedChunks = structsAt(addedGroup, RowGroup.COLUMNS);
    for (const [index, { start, length }] of (added.groups[0]?.columns ?? []).entries()) {
      moveChunk(addedChunks[index] ?? new Map<number, Value>(), this.#position - start);
      await this.#append(added.bytes.subarray(start, start + length));
    }
    listAt(struct, RowGroup.COLUMNS)?.items.push(...addedChunks);
    const more = numberAt(addedGroup, RowGroup.TOTAL_BYTES) ?? 0n;
    setNumber(struct, RowGroup.TOTAL_BYTES, (numberAt(struct, RowGroup.TOTAL_BYTES) ?? 0n) + more);
    if (struct.has(RowGroup.FILE_OFFSET)) setNumber(struct, RowGroup.FILE_OFFSET, BigInt(begin));
    if (struct.has(RowGroup.COMPRESSED)) setNumber(struct, RowGroup.COMPRESSED, BigInt(this.#position - begin));
  }

  async #copy(start: number, length: number): Promise<void> {
    let left = length;
    for await (const piece of piecesOf(this.path, start)) {
      await this.#append(piece.subarray(0, left));
      left -= piece.length;
      if (left <= 0) return;
    }
    if (left > 0) throw new BulkError("INPUT_UNREADABLE", `${this.path} has become shorter`, "begin again");
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.file.appendFile(bytes);
    this.#position += bytes.length;
  }
}

/** Its indexes and filters lay elsewhere in its file, and are left behind: they only speed up. */
function moveChunk(chunk: Struct, by: number): void {
  const meta = structAt(chunk, ColumnChunk.META) ?? new Map<number, Value>();
  for (const id of [...ColumnMeta.BLOOM, ColumnMeta.INDEX]) meta.delete(id);
  for (const id of ColumnChunk.INDEXES) chunk.delete(id);
  const move = (struct: Struct, id: number): void => {
    const at = numberAt(struct, id) ?? 0n;
    if (at > 0n) setNumber(struct, id, at + BigInt(by));
  };
  move(meta, ColumnMeta.DATA);
  move(meta, ColumnMeta.DICTIONARY);
  // Deprecated, and 0 where nobody reads it.
  setNumber(chunk, ColumnChunk.FILE_OFFSET, 0n);
}

interface Added extends Footer {
  bytes: Buffer;
}

/** The results of a row group, as a Parquet file of their own. */
function columnsOf(results: readonly Result[]): Added {
  const columnData = RESULT_COLUMNS.map((name, index) => ({
    name,
    type: name === "match_id" ? ("BOOLEAN" as const) : ("STRING" as const),
    nullable: name.startsWith("match_"),
    data: results.map((result) => result[index]),
  }));
  const bytes = Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: Math.max(1, results.length) }));
  const length = bytes.readUInt32LE(bytes.length - 8);
  return { ...footerOf(bytes.subarray(bytes.length - 8 - length, bytes.length - 8), bytes.length), bytes };
}

function addColumns(data: Struct, added: Struct): void {
  const schema = listAt(data, FileMetaData.SCHEMA);
  const [root] = structsAt(data, FileMetaData.SCHEMA);
  const [, ...elements] = structsAt(added, FileMetaData.SCHEMA);
  if (schema === undefined || root === undefined) throw new RangeError("it has no schema");
  schema.items.push(...elements);
  const children = numberAt(root, SchemaElement.CHILDREN) ?? 0n;
  root.set(SchemaElement.CHILDREN, { type: T.I32, item: children + BigInt(elements.length) });
  const orders = listAt(data, FileMetaData.COLUMN_ORDERS);
  orders?.items.push(...(listAt(added, FileMetaData.COLUMN_ORDERS)?.items ?? []));
  const pairs = structsAt(data, FileMetaData.KEY_VALUES);
  // Arrow's own words for the schema as it was.
  const kept = pairs.filter((pair) => bytesAt(pair, 1)?.toString() !== "ARROW:schema");
  const list: List = { of: T.STRUCT, items: kept };
  if (kept.length > 0) data.set(FileMetaData.KEY_VALUES, { type: T.LIST, item: list });
  else data.delete(FileMetaData.KEY_VALUES);
}
