import { MAX_CBOR_DEPTH } from "../abi/limits.js";
import { concat } from "./bytes.js";

/**
 * CBOR (RFC 8949) item by item, each as its bytes: for the phone, where a library would weigh more than all the rest,
 * and for what a library cannot write, such as simple(59) as the key of a map. Heads are written in their shortest form.
 */

/** The bytes are not well-formed CBOR of definite length, or another item than was expected. */
export class ItemError extends Error {
  override readonly name = "ItemError";
}

/** Major types (RFC 8949 §3.1). */
const Major = { UNSIGNED: 0, NEGATIVE: 1, BYTES: 2, TEXT: 3, ARRAY: 4, MAP: 5, TAG: 6 } as const;

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function head(major: number, argument: number): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  if (argument < 0x100) return Uint8Array.of(first | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(first | 25, argument >> 8, argument);
  const bytes = new Uint8Array(argument < 2 ** 32 ? 5 : 9);
  const view = new DataView(bytes.buffer);
  bytes[0] = first | (bytes.length === 5 ? 26 : 27);
  if (bytes.length === 5) view.setUint32(1, argument);
  else view.setBigUint64(1, BigInt(argument));
  return bytes;
}

export function integerItem(value: number): Uint8Array {
  return value < 0 ? head(Major.NEGATIVE, -1 - value) : head(Major.UNSIGNED, value);
}

export function bytesItem(content: Uint8Array): Uint8Array {
  return concat(head(Major.BYTES, content.length), content);
}

export function textItem(text: string): Uint8Array {
  const content = utf8.encode(text);
  return concat(head(Major.TEXT, content.length), content);
}

export function arrayItem(items: readonly Uint8Array[]): Uint8Array {
  return concat(head(Major.ARRAY, items.length), ...items);
}

/** Entries in the order of core deterministic encoding (RFC 8949 §4.2.1): by the bytes of their keys. */
export function mapItem(entries: readonly (readonly [key: Uint8Array, value: Uint8Array])[]): Uint8Array {
  const sorted = [...entries].sort(([a], [b]) => compareBytes(a, b));
  return concat(head(Major.MAP, entries.length), ...sorted.flat());
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length - b.length : (a[at] ?? 0) - (b[at] ?? -1);
}

export function tagItem(tag: number, item: Uint8Array): Uint8Array {
  return concat(head(Major.TAG, tag), item);
}

interface Head {
  major: number;
  argument: number;
  /** Where its content begins. */
  content: number;
}

function headAt(bytes: Uint8Array, at: number): Head {
  const first = bytes[at];
  const info = (first ?? 0) & 31;
  const size = info < 24 ? 0 : 1 << (info - 24);
  const content = at + 1 + size;
  if (first === undefined || info > 27 || content > bytes.length) throw new ItemError("not well-formed CBOR");
  let argument = size === 0 ? info : 0;
  for (let i = at + 1; i < content; i++) argument = argument * 256 + (bytes[i] ?? 0);
  return { major: first >> 5, argument, content };
}

/** Where the item at `at` ends. */
function endOf(bytes: Uint8Array, at: number, depth = 1): number {
  if (depth > MAX_CBOR_DEPTH) throw new ItemError("nested too deep");
  const { major, argument, content } = headAt(bytes, at);
  let end = content;
  // Each of so many items takes a byte at least, so that false counts end at the end of the bytes.
  if (major === Major.BYTES || major === Major.TEXT) end += argument;
  else for (let items = itemsIn(major, argument); items > 0; items--) end = endOf(bytes, end, depth + 1);
  if (end > bytes.length) throw new ItemError("not well-formed CBOR");
  return end;
}

function itemsIn(major: number, argument: number): number {
  if (major === Major.ARRAY) return argument;
  if (major === Major.MAP) return 2 * argument;
  return major === Major.TAG ? 1 : 0;
}

/** The one item that the bytes are, taken apart: elements of an array, keys and values of a map by turns, content of a tag. */
function inside(item: Uint8Array, wanted: number): Uint8Array[] {
  const { major, argument, content } = headAt(item, 0);
  if (major !== wanted || endOf(item, 0) !== item.length) throw new ItemError("another CBOR item than expected");
  const items: Uint8Array[] = [];
  let at = content;
  for (let count = itemsIn(major, argument); count > 0; count--) {
    const end = endOf(item, at);
    items.push(item.subarray(at, end));
    at = end;
  }
  return items;
}

export function elementsOf(array: Uint8Array): Uint8Array[] {
  return inside(array, Major.ARRAY);
}

export function entriesOf(map: Uint8Array): [key: Uint8Array, value: Uint8Array][] {
  const items = inside(map, Major.MAP);
  return items.flatMap((key, i) => (i % 2 === 0 ? [[key, items[i + 1] ?? new Uint8Array()]] : []));
}

/** What a byte string holds. */
export function contentOf(bytes: Uint8Array): Uint8Array {
  inside(bytes, Major.BYTES);
  return bytes.subarray(headAt(bytes, 0).content);
}

/** What is tagged; where there is no tag, or another, an error. */
export function untagged(tag: number, item: Uint8Array): Uint8Array {
  const [content] = inside(item, Major.TAG);
  if (content === undefined || headAt(item, 0).argument !== tag) throw new ItemError("another CBOR tag than expected");
  return content;
}

/** What a text says. */
export function textOf(item: Uint8Array): string {
  inside(item, Major.TEXT);
  try {
    return strict.decode(item.subarray(headAt(item, 0).content));
  } catch {
    throw new ItemError("not UTF-8");
  }
}

export function integerOf(item: Uint8Array): number {
  const { major, argument } = headAt(item, 0);
  inside(item, major);
  if (major > Major.NEGATIVE || !Number.isSafeInteger(argument)) throw new ItemError("not an integer");
  return major === Major.NEGATIVE ? -1 - argument : argument;
}
