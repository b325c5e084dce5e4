import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../src/format/limits";
import { reserve } from "../layout";
import { BYTES, Cursor, CURSOR_SIZE, SIMPLE, TEXT } from "./cursor";
import { floatValue } from "./float";

// The keys of every map that is open, the innermost map's on top: a fingerprint of each, and where it starts.
const CAPACITY: usize = MAX_CBOR_DEPTH * MAX_MAP_ENTRIES;
const FINGERPRINTS: usize = reserve(CAPACITY * sizeof<u64>());
const STARTS: usize = reserve(CAPACITY * sizeof<usize>());

const left = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const right = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Put a key that is known to be well-formed on the stack at index `top`, unless the same value already lies at or
 * after index `first`: then false. Fingerprints make the search cheap; equality is decided on the keys themselves.
 */
export function addKey(first: u32, top: u32, start: usize, limit: usize): bool {
  const print = fingerprint(start, limit);
  for (let i = first; i < top; i++) {
    if (load<u64>(FINGERPRINTS + ((<usize>i) << 3)) == print) {
      if (sameItem(load<usize>(STARTS + ((<usize>i) << 2)), limit, start, limit)) return false;
    }
  }
  store<u64>(FINGERPRINTS + ((<usize>top) << 3), print);
  store<usize>(STARTS + ((<usize>top) << 2), start);
  return true;
}

/**
 * Are two well-formed items the same value? Integers, lengths and floats compare whatever width they came in; an
 * integer is never a float (RFC 8949 section 5.6.1). Maps inside keys compare entry by entry in their order.
 */
export function sameItem(a: usize, aLimit: usize, b: usize, bLimit: usize): bool {
  left.open(a, aLimit);
  right.open(b, bLimit);
  for (let items: u64 = 1; items > 0; items--) {
    if (!left.readHead() || !right.readHead()) return false;
    if (kind(left) != kind(right) || value(left) != value(right)) return false;
    if (left.major == BYTES || left.major == TEXT) {
      const from = left.position;
      if (!left.skip(left.argument) || !right.skip(left.argument)) return false;
      if (memory.compare(from, right.position - <usize>left.argument, <usize>left.argument) != 0) return false;
    }
    items += left.innerItems();
  }
  return true;
}

/** Equal values have equal fingerprints. */
function fingerprint(start: usize, limit: usize): u64 {
  left.open(start, limit);
  let print: u64 = 0;
  for (let items: u64 = 1; items > 0; items--) {
    if (!left.readHead()) return print;
    print = mix(mix(print, kind(left)), value(left));
    if (left.major == BYTES || left.major == TEXT) {
      let at = left.position;
      if (!left.skip(left.argument)) return print;
      for (; at + 8 <= left.position; at += 8) print = mix(print, load<u64>(at));
      for (; at < left.position; at++) print = mix(print, load<u8>(at));
    }
    items += left.innerItems();
  }
  return print;
}

function mix(print: u64, word: u64): u64 {
  const product = (rotl(print, 23) ^ word) * 0x9e3779b97f4a7c15; // 2^64 / golden ratio, odd
  return product ^ (product >> 32);
}

/** The major type, with floats told from simple values. */
function kind(head: Cursor): u32 {
  return isFloat(head) ? SIMPLE + 1 : head.major;
}

function value(head: Cursor): u64 {
  if (!isFloat(head)) return head.argument;
  const number = floatValue(head.info, head.argument);
  return isNaN(number) ? u64.MAX_VALUE : reinterpret<u64>(number); // all NaNs are one
}

function isFloat(head: Cursor): bool {
  return head.major == SIMPLE && head.info >= 25;
}
