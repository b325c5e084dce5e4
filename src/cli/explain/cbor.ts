import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../abi/limits.js";

/** Where a text breaks which rule. `byte` counts from 0 in what the layer reads. */
export interface Fault {
  byte: number;
  rule: string;
}

/** Major types (RFC 8949 section 3.1). */
export const Major = { UNSIGNED: 0, NEGATIVE: 1, BYTES: 2, TEXT: 3, ARRAY: 4, MAP: 5, TAG: 6, SIMPLE: 7 } as const;

/** An item and where it lies. */
export interface Item {
  start: number;
  /** First byte after the head. */
  content: number;
  end: number;
  major: number;
  argument: bigint;
  /** Elements of an array, keys and values of a map in turns, the content of a tag. */
  items: Item[];
}

export function isFault(found: object): found is Fault {
  return "rule" in found;
}

/** Read bytes `start` to `end` as exactly one item of the profile that assembly/cbor/cbor.ts checks. */
export function readItem(bytes: Uint8Array, start = 0, end = bytes.length): Item | Fault {
  try {
    const item = new Scanner(bytes, end).item(start, 0);
    return item.end === end ? item : { byte: item.end, rule: "nothing may follow the item" };
  } catch (error) {
    if (error instanceof Broken) return error.fault;
    throw error;
  }
}

/** The integer that an item is. */
export function integerOf({ major, argument }: Item): bigint | undefined {
  if (major === Major.UNSIGNED) return argument;
  return major === Major.NEGATIVE ? -1n - argument : undefined;
}

/** The value under an integer key of a map. */
export function valueOf(map: Item, key: number): Item | undefined {
  const index = map.items.findIndex((item, i) => i % 2 === 0 && integerOf(item) === BigInt(key));
  return index < 0 ? undefined : map.items[index + 1];
}

/** The value under a text key of a map. */
export function namedValueOf(bytes: Uint8Array, map: Item, key: string): Item | undefined {
  const isKey = ({ major, content, end }: Item): boolean =>
    major === Major.TEXT && Buffer.from(bytes.subarray(content, end)).toString() === key;
  const index = map.items.findIndex((item, i) => i % 2 === 0 && isKey(item));
  return index < 0 ? undefined : map.items[index + 1];
}

class Broken extends Error {
  constructor(readonly fault: Fault) {
    super(fault.rule);
  }
}

class Scanner {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly end: number,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  item(start: number, depth: number): Item {
    const { major, argument, content } = this.#head(start);
    const item: Item = { start, content, end: content, major, argument, items: [] };
    if (major === Major.BYTES || major === Major.TEXT) this.#string(item);
    else if (major >= Major.ARRAY && major <= Major.TAG) this.#container(item, depth + 1);
    return item;
  }

  #head(start: number): Pick<Item, "major" | "argument" | "content"> {
    const initial = this.bytes[start];
    if (initial === undefined || start >= this.end) fail(start, "an item begins here, and the bytes end");
    const [major, info] = [initial >> 5, initial & 31];
    if (info < 24) return { major, argument: BigInt(info), content: start + 1 };
    if (info === 31) fail(start, "lengths are definite");
    if (info > 27) fail(start, "additional information 28 to 30 is reserved (RFC 8949 section 3)");
    const content = start + 1 + (1 << (info - 24));
    if (content > this.end) fail(start, "the item's head is cut off");
    const read = [
      () => BigInt(this.#view.getUint8(start + 1)),
      () => BigInt(this.#view.getUint16(start + 1)),
      () => BigInt(this.#view.getUint32(start + 1)),
      () => this.#view.getBigUint64(start + 1),
    ][info - 24];
    const argument = read?.() ?? 0n;
    if (major === Major.SIMPLE && info === 24 && argument < 32n) {
      fail(start, "simple values below 32 have one byte (RFC 8949 section 3.3)");
    }
    return { major, argument, content };
  }

  #string(item: Item): void {
    if (item.argument > BigInt(this.end - item.content)) fail(item.start, "the string is longer than the bytes left");
    item.end = item.content + Number(item.argument);
    if (item.major === Major.TEXT && !isUtf8(this.bytes.subarray(item.content, item.end))) {
      fail(item.start, "text is UTF-8");
    }
  }

  #container(item: Item, depth: number): void {
    if (depth > MAX_CBOR_DEPTH) fail(item.start, `at most ${MAX_CBOR_DEPTH} arrays, maps and tags are nested`);
    if (item.major === Major.MAP && item.argument > BigInt(MAX_MAP_ENTRIES)) {
      fail(item.start, `a map has at most ${MAX_MAP_ENTRIES} entries`);
    }
    const count = item.major === Major.TAG ? 1n : item.major === Major.MAP ? item.argument * 2n : item.argument;
    const keys = new Set<string>();
    for (let i = 0n; i < count; i++) {
      const inner = this.item(item.end, depth);
      if (item.major === Major.MAP && i % 2n === 0n) {
        const key = this.#key(inner);
        if (keys.has(key)) fail(inner.start, "a map has no key twice");
        keys.add(key);
      }
      item.items.push(inner);
      item.end = inner.end;
    }
  }

  /** The same for keys of the same value, whatever width their heads have. */
  #key({ major, argument, content, end, items }: Item): string {
    const bytes = Buffer.from(this.bytes.subarray(content, end)).toString("hex");
    return `${major} ${argument} ${items.length === 0 ? bytes : items.map((item) => this.#key(item)).join()}`;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function fail(byte: number, rule: string): never {
  throw new Broken({ byte, rule });
}
