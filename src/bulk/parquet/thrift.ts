/**
 * Thrift's compact protocol, in which Parquet writes what it says of itself, read into a tree and written again with
 * nothing lost: what a newer writer put there, and we do not know, stays.
 */

/** The types of the protocol; true and false are types of their own as fields, and one byte in lists. */
export const T = { TRUE: 1, FALSE: 2, I8: 3, I16: 4, I32: 5, I64: 6, DOUBLE: 7, BINARY: 8, LIST: 9, SET: 10, STRUCT: 12 } as const; // prettier-ignore

export type Struct = Map<number, Value>;

export interface List {
  of: number;
  items: Item[];
}

/** Numbers, and the bytes of booleans in lists; binaries and doubles; lists; structs. */
export type Item = bigint | Buffer | List | Struct;

export interface Value {
  type: number;
  item: Item;
}

const MAX_DEPTH = 32;

export interface ThriftReader {
  bytes: Buffer;
  at: number;
}

/** The struct at `reader.at`, which is then behind it. Throws RangeError where there is none. */
export function readStruct(reader: ThriftReader, depth = 0): Struct {
  if (depth > MAX_DEPTH) throw new RangeError("its description of itself is nested too deeply");
  const struct: Struct = new Map();
  for (let id = 0; ;) {
    const head = readByte(reader);
    if (head === 0) return struct;
    const type = head & 0x0f;
    id = head >> 4 === 0 ? Number(readSigned(reader)) : id + (head >> 4);
    struct.set(id, { type, item: type === T.TRUE || type === T.FALSE ? 0n : readItem(reader, type, depth) });
  }
}

function readItem(reader: ThriftReader, type: number, depth: number): Item {
  switch (type) {
    case T.TRUE:
    case T.FALSE:
    case T.I8:
      return BigInt(readByte(reader));
    case T.I16:
    case T.I32:
    case T.I64:
      return readSigned(reader);
    case T.DOUBLE:
      return take(reader, 8);
    case T.BINARY:
      return take(reader, Number(readUnsigned(reader)));
    case T.LIST:
    case T.SET:
      return readList(reader, depth + 1);
    case T.STRUCT:
      return readStruct(reader, depth + 1);
    default:
      throw new RangeError(`its description of itself has a field of type ${type}`);
  }
}

function readList(reader: ThriftReader, depth: number): List {
  if (depth > MAX_DEPTH) throw new RangeError("its description of itself is nested too deeply");
  const head = readByte(reader);
  const length = head >> 4 === 0x0f ? Number(readUnsigned(reader)) : head >> 4;
  // Nothing is shorter than a byte.
  if (length > reader.bytes.length - reader.at) throw new RangeError("its description of itself is cut");
  const of = head & 0x0f;
  return { of, items: Array.from({ length }, () => readItem(reader, of, depth)) };
}

function take(reader: ThriftReader, length: number): Buffer {
  const { bytes, at } = reader;
  if (length > bytes.length - at) throw new RangeError("its description of itself is cut");
  reader.at = at + length;
  return bytes.subarray(at, reader.at);
}

function readByte(reader: ThriftReader): number {
  const byte = reader.bytes[reader.at++];
  if (byte === undefined) throw new RangeError("its description of itself is cut");
  return byte;
}

function readUnsigned(reader: ThriftReader): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = readByte(reader);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw new RangeError("its description of itself has a number without an end");
}

/** Zigzag: signs are in the lowest bit. */
function readSigned(reader: ThriftReader): bigint {
  const value = readUnsigned(reader);
  return (value >> 1n) ^ -(value & 1n);
}

export function writeStruct(struct: Struct): Buffer {
  const out: Buffer[] = [];
  putStruct(out, struct);
  return Buffer.concat(out);
}

function putStruct(out: Buffer[], struct: Struct): void {
  let before = 0;
  for (const [id, { type, item }] of [...struct].sort(([a], [b]) => a - b)) {
    const step = id - before;
    before = id;
    if (step > 0 && step < 16) out.push(Buffer.of((step << 4) | type));
    else out.push(Buffer.of(type), signed(BigInt(id)));
    if (type !== T.TRUE && type !== T.FALSE) putItem(out, type, item);
  }
  out.push(Buffer.of(0));
}

function putItem(out: Buffer[], type: number, item: Item): void {
  if (typeof item === "bigint") out.push(type <= T.I8 ? Buffer.of(Number(item)) : signed(item));
  else if (Buffer.isBuffer(item)) out.push(...(type === T.BINARY ? [unsigned(BigInt(item.length)), item] : [item]));
  else if (item instanceof Map) putStruct(out, item);
  else {
    const { of, items } = item;
    out.push(items.length < 15 ? Buffer.of((items.length << 4) | of) : Buffer.concat([Buffer.of(0xf0 | of), unsigned(BigInt(items.length))])); // prettier-ignore
    for (const one of items) putItem(out, of, one);
  }
}

function unsigned(value: bigint): Buffer {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  bytes.push(Number(value));
  return Buffer.from(bytes);
}

function signed(value: bigint): Buffer {
  return unsigned(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)));
}

/** Fields by their kind. What is there and of another kind throws RangeError. */
export function numberAt(struct: Struct, id: number): bigint | undefined {
  const item = struct.get(id)?.item;
  if (item === undefined || typeof item === "bigint") return item;
  throw new RangeError("its description of itself is not that of a Parquet file");
}

export function bytesAt(struct: Struct, id: number): Buffer | undefined {
  const item = struct.get(id)?.item;
  if (item === undefined || Buffer.isBuffer(item)) return item;
  throw new RangeError("its description of itself is not that of a Parquet file");
}

export function structAt(struct: Struct, id: number): Struct | undefined {
  const item = struct.get(id)?.item;
  if (item === undefined || item instanceof Map) return item;
  throw new RangeError("its description of itself is not that of a Parquet file");
}

export function listAt(struct: Struct, id: number): List | undefined {
  const item = struct.get(id)?.item;
  if (item === undefined || (typeof item === "object" && "items" in item)) return item;
  throw new RangeError("its description of itself is not that of a Parquet file");
}

/** A list of structs; empty where there is none. */
export function structsAt(struct: Struct, id: number): Struct[] {
  const items = listAt(struct, id)?.items ?? [];
  if (items.every((item) => item instanceof Map)) return items;
  throw new RangeError("its description of itself is not that of a Parquet file");
}

export function setNumber(struct: Struct, id: number, item: bigint): void {
  struct.set(id, { type: struct.get(id)?.type ?? T.I64, item });
}
