import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../src/abi/limits";
import { reserve } from "../memory";
import { BYTES, Cursor, CURSOR_SIZE, SIMPLE, TEXT } from "./cursor";
import { floatValue } from "./float";

/**
 * Fingerprints of the keys of every map that is open, the innermost map's on top. Equal fingerprints are taken for
 * equal keys. The 2^15 pairs of the fullest map meet by chance once in 2^49 maps, and an issuer who makes two keys that
 * do only has his own card refused; to compare the keys as well would let him make every comparison a long one.
 */
const FINGERPRINTS: usize = reserve(<usize>(MAX_CBOR_DEPTH * MAX_MAP_ENTRIES) * sizeof<u64>());

const key = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Put a key that is known to be well-formed on the stack at index `top`, unless the same value already lies at or
 * after index `first`: then false.
 */
export function addKey(first: u32, top: u32, start: usize, limit: usize): bool {
  const print = fingerprint(start, limit);
  const end = FINGERPRINTS + ((<usize>top) << 3);
  let at = FINGERPRINTS + ((<usize>first) << 3);
  const both = i64x2.splat(print);
  for (; at + 16 <= end; at += 16) {
    if (v128.any_true(i64x2.eq(v128.load(at), both))) return false;
  }
  if (at < end && load<u64>(at) == print) return false;
  store<u64>(end, print);
  return true;
}

/**
 * Equal values have equal fingerprints: integers, lengths and floats count by value, whatever width they came in. An
 * integer is never a float (RFC 8949 section 5.6.1). Maps inside keys count entry by entry in their order.
 */
export function fingerprint(start: usize, limit: usize): u64 {
  key.open(start, limit);
  let print: u64 = 0;
  for (let items: u64 = 1; items > 0; items--) {
    if (!key.readHead()) return print;
    print = mix(print + <u64>kind() * 0xd1b54a32d192ed03, value());
    if (key.major == BYTES || key.major == TEXT) {
      const content = key.position;
      if (!key.skip(key.argument)) return print;
      print = mixString(print, content, key.position);
    }
    items += key.innerItems();
  }
  return print;
}

/** The length is in `print` already, so the last word may overlap the one before. */
function mixString(print: u64, start: usize, end: usize): u64 {
  if (end - start >= 8) {
    for (let at = start; at + 8 < end; at += 8) print = mix(print, load<u64>(at));
    return mix(print, load<u64>(end - 8));
  }
  let word: u64 = 0;
  for (let at = start; at < end; at++) word = (word << 8) | load<u8>(at);
  return mix(print, word);
}

/** One-to-one in `word` for a given `print`; the shifts and multipliers are those of MurmurHash3's finaliser. */
function mix(print: u64, word: u64): u64 {
  let x = rotl(print, 23) ^ word;
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

/** The major type, with floats told from simple values. */
function kind(): u32 {
  return isFloat() ? SIMPLE + 1 : key.major;
}

function value(): u64 {
  if (!isFloat()) return key.argument;
  const number = floatValue(key.info, key.argument);
  return isNaN(number) ? u64.MAX_VALUE : reinterpret<u64>(number); // all NaNs are one
}

function isFloat(): bool {
  return key.major == SIMPLE && key.info >= 25;
}
