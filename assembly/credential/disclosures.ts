import { MAX_CBOR_DEPTH, MAX_DISCLOSURES } from "../../src/abi/limits";
import { allocate } from "../arena";
import { checkItem, finishItem, Keys, REDACTED_ELEMENT } from "../cbor/cbor";
import { ARRAY, BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, SIMPLE, TAG, TEXT } from "../cbor/cursor";
import { fingerprint } from "../cbor/keys";
import { HASH_JOB_SIZE, HashJob } from "../hash/job";
import { sha256Many } from "../hash/sha256many";
import { Code } from "../result";

/**
 * What a holder discloses of redacted claims (draft-ietf-spice-sd-cwt, sections 5, 9 and 10): each disclosure is a byte
 * string, and the claims hold its SHA-256 at the place where it belongs. Each must belong to exactly one place.
 */

/** One disclosure, and where it belongs: [salt] a decoy, [salt, value] an element, [salt, value, key] an entry. */
@unmanaged
export class Disclosure {
  /** SHA-256 of the byte string with its head, in the shortest form. */
  digest: usize;
  /** 1 to 3. */
  parts: u32;
  value: usize;
  key: usize;
  end: usize;
  /** Equal for keys of the same value. */
  print: u64;
  /** The map or array that it is put into, by its first byte; 0 until it is found there. */
  place: usize;
}

const DISCLOSURE_SIZE: usize = (offsetof<Disclosure>() + 7) & ~7;

let table: usize = 0;
let count: i32 = 0;

const list = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const part = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
/** One for each container that is open. */
const OPEN: usize = memory.data((MAX_CBOR_DEPTH + 1) * CURSOR_SIZE, 8);

export function disclosureCount(): i32 {
  return count;
}

export function disclosureAt(index: i32): Disclosure {
  return changetype<Disclosure>(table + <usize>index * DISCLOSURE_SIZE);
}

// @ts-ignore: decorator
@inline
export function openCursor(depth: i32): Cursor {
  return changetype<Cursor>(OPEN + <usize>depth * CURSOR_SIZE);
}

/** There are none. */
export function forgetDisclosures(): void {
  count = 0;
}

/**
 * Read the disclosures that header 17 lists at `start`, an item that checkItem has passed. Returns VALID, BAD_CBOR,
 * TOO_DEEP or BAD_DISCLOSURE.
 */
export function readDisclosures(start: usize, limit: usize): Code {
  count = 0;
  list.open(start, limit);
  list.readHead();
  if (list.major != ARRAY || list.argument == 0 || list.argument > <u64>MAX_DISCLOSURES) return Code.BAD_DISCLOSURE;
  const total = <i32>list.argument;
  table = allocate(<usize>total * DISCLOSURE_SIZE);
  const jobs = allocate(<usize>total * HASH_JOB_SIZE);
  const digests = allocate(<usize>total * 32);
  const heads = allocate(<usize>total * 4);
  for (let i = 0; i < total; i++) {
    list.readHead();
    if (list.major != BYTES) return Code.BAD_DISCLOSURE;
    const content = list.position;
    list.skip(list.argument);
    const disclosure = disclosureAt(i);
    disclosure.digest = digests + <usize>i * 32;
    const code = readDisclosure(disclosure, content, <i32>list.argument);
    if (code != Code.VALID) return code;
    const job = changetype<HashJob>(jobs + <usize>i * HASH_JOB_SIZE);
    job.prefix = heads + <usize>i * 4;
    job.prefixLength = writeHead(job.prefix, <i32>list.argument);
    job.message = content;
    job.length = <i32>list.argument;
    job.digest = disclosure.digest;
  }
  sha256Many(jobs, total);
  count = total;
  return isAnyTwice() ? Code.BAD_DISCLOSURE : Code.VALID;
}

function readDisclosure(out: Disclosure, content: usize, length: i32): Code {
  const wellFormed = checkItem(content, length);
  if (wellFormed != Code.VALID) return wellFormed;
  out.place = 0;
  out.key = 0;
  out.value = 0;
  out.print = 0;
  out.end = content + <usize>length;
  part.open(content, out.end);
  part.readHead();
  if (part.major != ARRAY || part.argument == 0 || part.argument > 3) return Code.BAD_DISCLOSURE;
  out.parts = <u32>part.argument;
  part.readHead();
  if (part.major != BYTES || part.argument != 16) return Code.BAD_DISCLOSURE; // the salt
  part.skip(16);
  if (out.parts == 1) return Code.VALID;
  out.value = part.position;
  part.readHead();
  finishItem(part);
  const ofClaims = checkItem(out.value, <i32>(part.position - out.value), Keys.CLAIMS);
  if (ofClaims != Code.VALID || out.parts == 2) return ofClaims;
  out.key = part.position;
  part.readHead();
  const isKey = part.major <= NEGATIVE || (part.major == TEXT && part.argument <= 255);
  if (!isKey) return Code.BAD_DISCLOSURE;
  out.print = fingerprint(out.key, out.end);
  return Code.VALID;
}

/** The head of a byte string of less than 2^16 bytes, as short as it can be; returns its length. */
function writeHead(at: usize, length: i32): i32 {
  if (length < 24) {
    store<u8>(at, 0x40 | length);
    return 1;
  }
  if (length < 0x100) {
    store<u16>(at, 0x58 | (length << 8));
    return 2;
  }
  store<u8>(at, 0x59);
  store<u16>(at + 1, bswap(<u16>length));
  return 3;
}

function isAnyTwice(): bool {
  for (let i = 1; i < count; i++) {
    if (find(disclosureAt(i).digest) != disclosureAt(i)) return true;
  }
  return false;
}

/** The disclosure of this hash; null where it is hidden. */
export function find(hash: usize): Disclosure | null {
  const first = load<u64>(hash);
  for (let i = 0; i < count; i++) {
    const disclosure = disclosureAt(i);
    if (load<u64>(disclosure.digest) == first && memory.compare(disclosure.digest, hash, 32) == 0) return disclosure;
  }
  return null;
}

/**
 * Find the places of disclosures in the map at `start`, claims that checkItem has passed, and in what is disclosed of it.
 * Nothing is nested deeper than MAX_CBOR_DEPTH when all stands in its place, and so neither is this. Returns VALID,
 * TOO_DEEP or BAD_DISCLOSURE.
 */
export function placeDisclosures(start: usize, limit: usize): Code {
  return placeIn(start, limit, 1);
}

/** Does every disclosure have its place, and is no key twice in it? */
export function areAllPlaced(): bool {
  for (let i = 0; i < count; i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.place == 0) return false;
    if (disclosure.parts == 3 && isKeyTaken(i, disclosure)) return false;
  }
  return true;
}

/** Does a map have hashes that nothing was disclosed of? */
export function hidesEntries(start: usize, limit: usize): bool {
  const map = openCursor(0);
  map.open(start, limit);
  map.readHead();
  for (let entries = map.argument; entries > 0; entries--) {
    if (!isRedactedKeys(map)) continue;
    for (let hashes = map.argument; hashes > 0; hashes--) {
      map.readHead();
      if (find(map.position) == null) return true;
      map.skip(32);
    }
  }
  return false;
}

/** The container at `start` and what is inside; its cursor is at the container's end when this returns VALID. */
function placeIn(start: usize, limit: usize, depth: i32): Code {
  if (depth > MAX_CBOR_DEPTH) return Code.TOO_DEEP;
  const cursor = openCursor(depth);
  cursor.open(start, limit);
  cursor.readHead();
  if (cursor.major == TAG && cursor.argument == REDACTED_ELEMENT) return Code.BAD_DISCLOSURE;
  const isMap = cursor.major == MAP;
  const array = cursor.major == ARRAY ? start : 0;
  for (let items = isMap ? cursor.argument : cursor.innerItems(); items > 0; items--) {
    if (isMap) {
      cursor.readHead();
      if (cursor.major == SIMPLE) {
        const code = placeEntries(cursor, start, depth);
        if (code != Code.VALID) return code;
        continue;
      }
      finishItem(cursor);
    }
    const code = placeInValue(cursor, array, depth);
    if (code != Code.VALID) return code;
  }
  return Code.VALID;
}

function placeInValue(cursor: Cursor, array: usize, depth: i32): Code {
  const at = cursor.position;
  cursor.readHead();
  if (cursor.major < ARRAY || cursor.major == SIMPLE) {
    finishItem(cursor);
    return Code.VALID;
  }
  if (cursor.major == TAG && cursor.argument == REDACTED_ELEMENT && array != 0) {
    cursor.readHead();
    if (cursor.major != BYTES || cursor.argument != 32) return Code.BAD_DISCLOSURE;
    const hash = cursor.position;
    cursor.skip(32);
    return place(hash, array, 2, depth);
  }
  const code = placeIn(at, cursor.limit, depth + 1);
  if (code == Code.VALID) cursor.position = openCursor(depth + 1).position;
  return code;
}

/** The value of simple(59): an array of hashes. */
function placeEntries(cursor: Cursor, map: usize, depth: i32): Code {
  cursor.readHead();
  if (cursor.major != ARRAY) return Code.BAD_DISCLOSURE;
  for (let hashes = cursor.argument; hashes > 0; hashes--) {
    cursor.readHead();
    if (cursor.major != BYTES || cursor.argument != 32) return Code.BAD_DISCLOSURE;
    const hash = cursor.position;
    cursor.skip(32);
    const code = place(hash, map, 3, depth);
    if (code != Code.VALID) return code;
  }
  return Code.VALID;
}

/** A hash that stands in the container `at`, where disclosures of `parts` parts belong; decoys belong anywhere. */
function place(hash: usize, at: usize, parts: u32, depth: i32): Code {
  const disclosure = find(hash);
  if (disclosure == null) return Code.VALID;
  if (disclosure.place != 0) return Code.BAD_DISCLOSURE; // the hash stands twice
  disclosure.place = at;
  if (disclosure.parts == 1) return Code.VALID;
  if (disclosure.parts != parts) return Code.BAD_DISCLOSURE;
  part.open(disclosure.value, disclosure.end);
  part.readHead();
  if (part.major < ARRAY || part.major == SIMPLE) return Code.VALID;
  return placeIn(disclosure.value, disclosure.end, depth + 1);
}

/** Does the map have this key already, itself or by a disclosure before? */
function isKeyTaken(index: i32, disclosure: Disclosure): bool {
  let isFirst = true;
  for (let i = 0; i < index; i++) {
    const other = disclosureAt(i);
    if (other.place != disclosure.place) continue;
    isFirst = false;
    if (other.parts == 3 && other.print == disclosure.print) return true;
  }
  return isFirst && hasDisclosedKey(disclosure.place);
}

/** Has the map an entry of its own under a key that is disclosed of it, too? */
function hasDisclosedKey(map: usize): bool {
  const cursor = openCursor(0);
  cursor.open(map, usize.MAX_VALUE);
  cursor.readHead();
  for (let entries = cursor.argument; entries > 0; entries--) {
    const key = cursor.position;
    cursor.readHead();
    finishItem(cursor);
    const print = fingerprint(key, cursor.position);
    for (let i = 0; i < count; i++) {
      const disclosure = disclosureAt(i);
      if (disclosure.place == map && disclosure.parts == 3 && disclosure.print == print) return true;
    }
    cursor.readHead();
    finishItem(cursor);
  }
  return false;
}

/**
 * Read an entry's key, which is simple(59) where it is simple at all: true where it is simple(59), and then the head of its array is read; else the cursor is past the
 * entry.
 */
export function isRedactedKeys(map: Cursor): bool {
  map.readHead();
  const isRedacted = map.major == SIMPLE;
  finishItem(map);
  map.readHead();
  if (!isRedacted) finishItem(map);
  return isRedacted;
}
