import { Algorithm } from "../src/abi/batch";
import {
  KEY_ALGORITHM,
  KEY_ISSUER,
  KEY_NAMELESS,
  KEY_NOT_AFTER,
  KEY_NOT_BEFORE,
  KEY_PROMISES_STATUS,
  KEY_PUBLIC,
  KEY_SIZE,
  KEY_TIERS,
  KEY_TRUST_UNTIL,
  MAX_NAMES_PER_KEY,
  NAME_KEY,
  NAME_KID,
  NAME_LENGTH,
  NAME_SIZE,
} from "../src/abi/key-table";
import { MAX_TRUSTED_KEYS } from "../src/abi/limits";
import { reserve } from "./memory";
import { loadKnownKey } from "./signature/verify";

/**
 * The trusted keys, found by kid: open addressing over all (kid, key) pairs. A kid may name several keys and the walk
 * from its hash to the first empty bucket meets them all (contract §2: "with a shared kid try all that have it").
 */

const KEYS: usize = reserve(MAX_TRUSTED_KEYS * KEY_SIZE);
const NAMES: usize = reserve(MAX_TRUSTED_KEYS * MAX_NAMES_PER_KEY * NAME_SIZE);
/** Twice as many buckets as names, so that a walk always ends. A bucket holds a name's index plus one. */
const BUCKETS: i32 = MAX_TRUSTED_KEYS * MAX_NAMES_PER_KEY * 2;
const TABLE: usize = reserve(BUCKETS * sizeof<u16>());

/** Keys without any kid: tried whatever kid a credential carries. */
const NAMELESS: usize = reserve(MAX_TRUSTED_KEYS * sizeof<u16>());

let keyCount: i32 = 0;
let namelessCount: i32 = 0;

/** Where the host writes KEY records, `keyCount` of them, and NAME records before it calls `loadTrust`. */
export function trustKeys(): usize {
  return KEYS;
}

export function trustNames(): usize {
  return NAMES;
}

/**
 * Take over the records the host has written: check every key and index the kids.
 * Returns 0, or 1 + the index of the first key that is not an acceptable public key; then no key is trusted.
 */
export function loadTrust(keys: i32, names: i32): i32 {
  keyCount = 0;
  namelessCount = 0;
  memory.fill(TABLE, 0, BUCKETS * sizeof<u16>());
  for (let i = 0; i < keys; i++) {
    const key = keyAt(i);
    if (!loadKnownKey(load<u8>(key, KEY_ALGORITHM), i, key + KEY_PUBLIC)) return i + 1;
    if (load<u8>(key, KEY_NAMELESS) == 0) continue;
    store<u16>(NAMELESS + ((<usize>namelessCount) << 1), <u16>i);
    namelessCount++;
  }
  for (let i = 0; i < names; i++) {
    const name = nameAt(i);
    let bucket = hashOf(name + NAME_KID, load<u16>(name, NAME_LENGTH));
    while (load<u16>(TABLE + ((<usize>bucket) << 1)) != 0) bucket = (bucket + 1) & (BUCKETS - 1);
    store<u16>(TABLE + ((<usize>bucket) << 1), <u16>(i + 1));
  }
  keyCount = keys;
  return 0;
}

// @ts-ignore: decorator
@inline
function keyAt(index: i32): usize {
  return KEYS + <usize>index * KEY_SIZE;
}

// @ts-ignore: decorator
@inline
function nameAt(index: i32): usize {
  return NAMES + <usize>index * NAME_SIZE;
}

/** FNV-1a; the keys come from a signed list, so nobody outside chooses collisions. */
function hashOf(kid: usize, length: i32): i32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = (hash ^ load<u8>(kid + i)) * 0x01000193;
  return <i32>((hash ^ (hash >>> 15)) & (BUCKETS - 1));
}

export function keyAlgorithm(key: i32): Algorithm {
  return load<u8>(keyAt(key), KEY_ALGORITHM);
}

export function keyIsNameless(key: i32): bool {
  return load<u8>(keyAt(key), KEY_NAMELESS) != 0;
}

export function keyIssuer(key: i32): i32 {
  return load<u16>(keyAt(key), KEY_ISSUER);
}

export function keyPromisesStatus(key: i32): bool {
  return load<u8>(keyAt(key), KEY_PROMISES_STATUS) != 0;
}

export function keyNotBefore(key: i32): i64 {
  return load<i64>(keyAt(key), KEY_NOT_BEFORE);
}

export function keyNotAfter(key: i32): i64 {
  return load<i64>(keyAt(key), KEY_NOT_AFTER);
}

/** When whoever vouches for the key stops to, unless it says so again. */
export function keyTrustUntil(key: i32): i64 {
  return load<i64>(keyAt(key), KEY_TRUST_UNTIL);
}

/** May this key sign a credential of `tier` (0: none stated)? */
export function keyMaySign(key: i32, tier: i32): bool {
  return ((load<u8>(keyAt(key), KEY_TIERS) >>> (<u8>tier)) & 1) != 0;
}

let walkKid: usize = 0;
let walkLength: i32 = 0;
/** Next bucket of a named walk, or -1 when its names are done; then next index into NAMELESS or the keys. */
let walkBucket: i32 = -1;
let walkIndex: i32 = 0;

/**
 * Start a walk over the keys that may have signed: those that `kid` names and those that have no kid at all; every key
 * where the credential has none (length 0).
 */
export function findKeys(kid: usize, length: i32): void {
  walkKid = kid;
  walkLength = length;
  walkBucket = length == 0 ? -1 : hashOf(kid, length);
  walkIndex = 0;
}

/** Next key of the walk, or -1. */
export function nextKey(): i32 {
  if (walkLength == 0) return walkIndex < keyCount ? walkIndex++ : -1;
  while (walkBucket >= 0) {
    const index = <i32>load<u16>(TABLE + ((<usize>walkBucket) << 1)) - 1;
    walkBucket = index < 0 ? -1 : (walkBucket + 1) & (BUCKETS - 1);
    if (index < 0) break;
    const name = nameAt(index);
    if (<i32>load<u16>(name, NAME_LENGTH) == walkLength && memory.compare(name + NAME_KID, walkKid, walkLength) == 0) {
      return load<u16>(name, NAME_KEY);
    }
  }
  if (walkIndex >= namelessCount) return -1;
  const key = <i32>load<u16>(NAMELESS + ((<usize>walkIndex) << 1));
  walkIndex++;
  return key;
}
