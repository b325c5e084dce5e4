import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES, MAX_TEXT_KEY_LENGTH } from "../../src/abi/limits.js";

/** CBOR as a tree, and trees as CBOR: none of the project's own code. */

/** One item. Each has what its major type has; `bytes` is the content of byte strings and texts. */
export interface Node {
  major: number;
  argument: bigint;
  /** Of a simple value or float: how long it is. */
  info: number;
  bytes: Uint8Array;
  /** Elements, keys and values by turns, or what is tagged. */
  items: Node[];
}

export type Fault = "BAD_CBOR" | "TOO_DEEP";

export class NotCbor extends Error {
  constructor(readonly fault: Fault) {
    super(fault);
  }
}

/** Which keys and tags there may be (draft-ietf-spice-sd-cwt section 6.3): any, no redaction, or redaction in claims. */
export type Keys = "any" | "plain" | "claims";

const NONE = new Uint8Array();

export function parse(bytes: Uint8Array, keys: Keys): Node {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count: number): number => {
    if (count > bytes.length - at) throw new NotCbor("BAD_CBOR");
    at += count;
    return at - count;
  };
  const item = (depth: number, isKey: boolean): Node => {
    const initial = view.getUint8(take(1));
    const [major, info] = [initial >> 5, initial & 31];
    if (info > 27) throw new NotCbor("BAD_CBOR");
    let argument = BigInt(info);
    if (info === 24) argument = BigInt(view.getUint8(take(1)));
    else if (info === 25) argument = BigInt(view.getUint16(take(2)));
    else if (info === 26) argument = BigInt(view.getUint32(take(4)));
    else if (info === 27) argument = view.getBigUint64(take(8));
    const node: Node = { major, argument, info, bytes: NONE, items: [] };
    if (keys !== "any" && !isAllowed(node, keys, isKey)) throw new NotCbor("BAD_CBOR");
    if (major === 2 || major === 3) node.bytes = bytes.subarray(take(Number(argument)), at);
    if (major === 3) utf8(node.bytes);
    if (major === 7 && info === 24 && argument < 32n) throw new NotCbor("BAD_CBOR");
    if (major < 4 || major === 7) return node;
    if (depth === MAX_CBOR_DEPTH) throw new NotCbor("TOO_DEEP");
    if (major === 5 && argument > BigInt(MAX_MAP_ENTRIES)) throw new NotCbor("BAD_CBOR");
    const count = major === 6 ? 1n : major === 5 ? 2n * argument : argument;
    const seen = new Set<string>();
    for (let n = 0n; n < count; n++) {
      const isInnerKey = major === 5 && n % 2n === 0n;
      const inner = item(depth + 1, isInnerKey);
      if (isInnerKey && seen.has(valueOf(inner))) throw new NotCbor("BAD_CBOR");
      if (isInnerKey) seen.add(valueOf(inner));
      node.items.push(inner);
    }
    return node;
  };
  const root = item(0, false);
  if (at !== bytes.length) throw new NotCbor("BAD_CBOR");
  return root;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new NotCbor("BAD_CBOR");
  }
}

function isAllowed(node: Node, keys: "plain" | "claims", isKey: boolean): boolean {
  const { major, argument } = node;
  if (isRedactedKeys(node)) return isKey && keys === "claims";
  if (isKey) return major < 2 || (major === 3 && argument <= BigInt(MAX_TEXT_KEY_LENGTH));
  if (major !== 6 || argument < 58n || argument > 62n) return true;
  if (argument === 60n) return keys === "claims";
  return argument !== 58n && argument !== 62n;
}

export function isRedactedKeys({ major, info, argument }: Node): boolean {
  return major === 7 && info === 24 && argument === 59n;
}

/** Equal for items of equal value, however their heads are written. */
export function valueOf({ major, argument, info, bytes, items }: Node): string {
  if (major === 7 && info > 24) return `float ${floatOf(info, argument)}`;
  if (major === 2 || major === 3) return `${major}:${Buffer.from(bytes).toString("hex")}`;
  return `${major}:${argument}(${items.map(valueOf).join()})`;
}

function floatOf(info: number, argument: bigint): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, argument);
  let value = info === 26 ? view.getFloat32(4) : view.getFloat64(0);
  if (info === 25) {
    const [sign, exponent, fraction] = [Number(argument >> 15n), Number((argument >> 10n) & 31n), Number(argument & 1023n)]; // prettier-ignore
    value = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    if (exponent === 31) value = fraction === 0 ? Infinity : NaN;
    if (sign === 1) value = -value;
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** The entries of a map by the values of their keys; empty where it is none. */
export function entriesOf(node: Node): [key: Node, value: Node][] {
  if (node.major !== 5) return [];
  return node.items.flatMap((key, i) => (i % 2 === 0 ? [[key, node.items[i + 1]!]] : []));
}

/** The value under an integer key. */
export function under(map: Node | undefined, key: number): Node | undefined {
  if (map === undefined) return undefined;
  const wanted = valueOf(integer(key));
  return entriesOf(map).find(([one]) => valueOf(one) === wanted)?.[1];
}

const node = (major: number, argument: bigint, rest: Partial<Node> = {}): Node => ({ major, argument, info: 0, bytes: NONE, items: [], ...rest }); // prettier-ignore
export const integer = (n: number | bigint): Node => (n < 0 ? node(1, -1n - BigInt(n)) : node(0, BigInt(n)));
export const bytes = (content: Uint8Array): Node => node(2, BigInt(content.length), { bytes: content });
export const text = (content: string): Node => {
  const encoded = new TextEncoder().encode(content);
  return node(3, BigInt(encoded.length), { bytes: encoded });
};
export const array = (items: Node[]): Node => node(4, BigInt(items.length), { items });
export const map = (entries: [Node | number, Node][]): Node =>
  node(5, BigInt(entries.length), { items: entries.flatMap(([key, value]) => [typeof key === "number" ? integer(key) : key, value]) }); // prettier-ignore
export const tag = (number: number, item: Node): Node => node(6, BigInt(number), { items: [item] });
export const redactedKeys = (): Node => node(7, 59n, { info: 24 });

/** With counts and heads as the tree has them, in the shortest form; floats and simple values as long as they were. */
export function write({ major, argument, info, bytes: content, items }: Node): Buffer {
  const size = major === 7 ? info : argument < 24n ? 0 : argument < 256n ? 24 : argument < 65_536n ? 25 : argument < 2n ** 32n ? 26 : 27; // prettier-ignore
  const head = Buffer.alloc(size < 24 ? 1 : 1 + (1 << (size - 24)));
  head[0] = (major << 5) | (size < 24 ? Number(argument) : size);
  if (size === 24) head.writeUInt8(Number(argument), 1);
  if (size === 25) head.writeUInt16BE(Number(argument), 1);
  if (size === 26) head.writeUInt32BE(Number(argument), 1);
  if (size === 27) head.writeBigUInt64BE(argument, 1);
  return Buffer.concat([head, content, ...items.map(write)]);
}
