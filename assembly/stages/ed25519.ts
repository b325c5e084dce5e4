import {
  buildKeyTable,
  combineKnownVarTime,
  combineOnceVarTime,
  ENCODINGS,
  K_SCALARS,
  KEY_OF,
  prepareBase,
  S_SCALARS,
  TABLE_OF,
  TABLE_SIZE,
} from "../curve/combine25519";
import { carry, fromBytes, invert, isZero, mul, sqr, toBytes } from "../curve/field25519";
import { add, sub } from "../curve/quad";
import { reduceScalar } from "../curve/scalar25519";
import { reserve } from "../layout";
import * as ed25519 from "../signature/ed25519";

export function ed25519IsAcceptableKey(publicKey: usize): bool {
  return ed25519.isAcceptableKey(publicKey);
}

export function ed25519LoadKnownKey(slot: i32, publicKey: usize): bool {
  return ed25519.loadKnownKey(slot, publicKey);
}

export function ed25519VerifyKnown(jobs: usize, count: i32): void {
  ed25519.verifyKnown(jobs, count);
}

export function ed25519VerifyOnce(jobs: usize, count: i32): void {
  ed25519.verifyOnce(jobs, count);
}

export function ed25519ReduceScalar(scalar: usize, bytes: usize): void {
  reduceScalar(scalar, bytes);
}

export function field25519FromBytes(r: usize, lane: i32, bytes: usize): void {
  fromBytes(r, lane, bytes);
}

export function field25519ToBytes(bytes: usize, a: usize, lane: i32): void {
  toBytes(bytes, a, lane);
}

export function field25519Add(r: usize, a: usize, b: usize): void {
  add(r, a, b);
}

export function field25519Sub(r: usize, a: usize, b: usize): void {
  sub(r, a, b);
}

export function field25519Carry(r: usize, a: usize): void {
  carry(r, a);
}

export function field25519Mul(r: usize, a: usize, b: usize): void {
  mul(r, a, b);
}

export function field25519Sqr(r: usize, a: usize): void {
  sqr(r, a);
}

export function field25519Invert(r: usize, a: usize): void {
  invert(r, a);
}

/** A bit for each lane that is zero. */
export function field25519ZeroLanes(a: usize): i32 {
  return i32x4.bitmask(isZero(a));
}

/** Encoding of [s]B - [k]A, with a table of A and, at `out` + 32, without. All 32 bytes each. */
export function ed25519Combine(out: usize, s: usize, k: usize, publicKey: usize): void {
  prepareBase();
  if (memory.compare(COMBINE_KEY, publicKey, 32) != 0) {
    buildKeyTable(COMBINE_TABLE, publicKey);
    memory.copy(COMBINE_KEY, publicKey, 32);
  }
  for (let known = 1; known >= 0; known--) {
    memory.copy(S_SCALARS, s, 32);
    memory.copy(K_SCALARS, k, 32);
    store<usize>(TABLE_OF, COMBINE_TABLE);
    store<usize>(KEY_OF, publicKey);
    if (known) combineKnownVarTime(1);
    else combineOnceVarTime(1);
    memory.copy(out, ENCODINGS, 32);
    out += 32;
  }
}

const COMBINE_TABLE: usize = reserve(TABLE_SIZE);
const COMBINE_KEY: usize = reserve(32);
