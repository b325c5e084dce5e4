import { allocate } from "../arena";
import { finishItem, REDACTED_ELEMENT } from "../cbor/cbor";
import { ARRAY, Cursor, MAP, SIMPLE, TAG } from "../cbor/cursor";
import { Disclosure, disclosureAt, disclosureCount, find, isRedactedKeys, openCursor } from "./disclosures";

/**
 * Claims as they are when what is disclosed stands in its place and what is hidden is gone (draft-ietf-spice-sd-cwt
 * section 9.9): plain CBOR, written anew.
 */

/** Bytes by which the head of a container can become longer. */
const LONGER_HEAD: usize = 8;

let at: usize = 0;

/**
 * Write the map `start` to `limit`, in which all disclosures have been placed, to the arena. Its address is returned, its
 * length is `disclosedLength()`.
 */
export function writeDisclosed(start: usize, limit: usize): usize {
  let bytes = limit - start + LONGER_HEAD;
  for (let i = 0; i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.value != 0) bytes += disclosure.end - disclosure.value + LONGER_HEAD;
  }
  const out = allocate(bytes);
  at = out;
  writeContainer(start, limit, 1);
  length = <i32>(at - out);
  assert(at - out <= bytes);
  return out;
}

let length: i32 = 0;

export function disclosedLength(): i32 {
  return length;
}

/** Its cursor is at the container's end afterwards. As deep as the disclosures were placed, and no deeper. */
function writeContainer(start: usize, limit: usize, depth: i32): void {
  const cursor = openCursor(depth);
  cursor.open(start, limit);
  cursor.readHead();
  const content = cursor.position;
  if (cursor.major == TAG) {
    copy(start, content);
    return writeValue(cursor, depth);
  }
  const items = cursor.argument;
  if (cursor.major == ARRAY) writeArray(cursor, items, content, depth);
  else writeMap(cursor, items, content, start, depth);
}

function writeArray(cursor: Cursor, items: u64, content: usize, depth: i32): void {
  let left: u64 = 0;
  for (let i: u64 = 0; i < items; i++) {
    if (isKept(cursor)) left++;
  }
  writeHead(ARRAY, left);
  cursor.position = content;
  for (let i: u64 = 0; i < items; i++) {
    const start = cursor.position;
    const element = redactedElement(cursor);
    if (cursor.position == start) writeValue(cursor, depth);
    else if (element != null && element.parts == 2) writeDisclosedValue(element, depth);
  }
}

/** Move past an element; is there anything left of it? */
function isKept(cursor: Cursor): bool {
  const start = cursor.position;
  const element = redactedElement(cursor);
  if (cursor.position != start) return element != null && element.parts == 2;
  cursor.readHead();
  finishItem(cursor);
  return true;
}

/** Move past tag 60 and its hash, if they are next; the disclosure, where there is one. */
function redactedElement(cursor: Cursor): Disclosure | null {
  const start = cursor.position;
  cursor.readHead();
  if (cursor.major != TAG || cursor.argument != REDACTED_ELEMENT) {
    cursor.position = start;
    return null;
  }
  cursor.readHead();
  const hash = cursor.position;
  cursor.skip(32);
  return find(hash);
}

function writeMap(cursor: Cursor, entries: u64, content: usize, map: usize, depth: i32): void {
  let left: u64 = entries;
  let isRedacted = false;
  for (let i: u64 = 0; i < entries; i++) {
    if (!isRedactedKeys(cursor)) continue;
    isRedacted = true;
    left--;
    finishItem(cursor);
  }
  if (isRedacted) left += <u64>disclosedEntries(map);
  writeHead(MAP, left);
  cursor.position = content;
  for (let i: u64 = 0; i < entries; i++) {
    const key = cursor.position;
    cursor.readHead();
    const isHashes = cursor.major == SIMPLE;
    finishItem(cursor);
    if (isHashes) {
      cursor.readHead();
      finishItem(cursor);
    } else {
      copy(key, cursor.position);
      writeValue(cursor, depth);
    }
  }
  for (let i = 0; isRedacted && i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.place != map || disclosure.parts != 3) continue;
    copy(disclosure.key, disclosure.end);
    writeDisclosedValue(disclosure, depth);
  }
}

function disclosedEntries(map: usize): i32 {
  let entries = 0;
  for (let i = 0; i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.place == map && disclosure.parts == 3) entries++;
  }
  return entries;
}

function writeDisclosedValue(disclosure: Disclosure, depth: i32): void {
  const cursor = openCursor(0);
  cursor.open(disclosure.value, disclosure.end);
  cursor.readHead();
  if (cursor.major >= ARRAY && cursor.major < SIMPLE)
    return writeContainer(disclosure.value, disclosure.end, depth + 1);
  finishItem(cursor);
  copy(disclosure.value, cursor.position);
}

function writeValue(cursor: Cursor, depth: i32): void {
  const start = cursor.position;
  cursor.readHead();
  if (cursor.major >= ARRAY && cursor.major < SIMPLE) {
    writeContainer(start, cursor.limit, depth + 1);
    cursor.position = openCursor(depth + 1).position;
  } else {
    finishItem(cursor);
    copy(start, cursor.position);
  }
}

function copy(start: usize, end: usize): void {
  memory.copy(at, start, end - start);
  at += end - start;
}

/** The head of a map or an array, as short as it can be (RFC 8949 section 4.2.1). */
function writeHead(major: u32, count: u64): void {
  const first = major << 5;
  if (count < 24) {
    store<u8>(at++, first | (<u32>count));
  } else if (count < 0x100) {
    store<u8>(at, first | 24);
    store<u8>(at + 1, <u8>count);
    at += 2;
  } else {
    store<u8>(at, first | 25);
    store<u16>(at + 1, bswap(<u16>count));
    at += 3;
  }
}
