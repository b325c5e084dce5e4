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
} from "../../curve/combine25519";
import { carry, fromBytes, invert, isZero, mul, sqr, toBytes } from "../../curve/field25519";
import { addAffine } from "../../curve/montgomery25519";
import { add, sub } from "../../curve/quad";
import { reduceScalar } from "../../curve/scalar25519";
import { reserve } from "../../memory";
import * as ed25519 from "../../signature/ed25519";

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

/** p[i] += q[i] for `count` fours of affine points of Curve25519. */
export function montgomeryAdd(p: usize, q: usize, count: i32, work: usize): void {
  addAffine(p, q, count, work);
}

/**
 * Encodings of [s]B - [k]A, 32 bytes each like what it is given: with a table of A as the only pair and as the last of
 * four, and without.
 */
export function ed25519Combine(out: usize, s: usize, k: usize, publicKey: usize): void {
  prepareBase();
  if (memory.compare(COMBINE_KEY, publicKey, 32) != 0) {
    buildKeyTable(COMBINE_TABLE, publicKey);
    memory.copy(COMBINE_KEY, publicKey, 32);
  }
  combineKnownVarTime(putPairs(1, s, k, publicKey));
  memory.copy(out, ENCODINGS, 32);
  combineKnownVarTime(putPairs(4, s, k, publicKey));
  memory.copy(out + 32, ENCODINGS + 96, 32);
  combineOnceVarTime(putPairs(1, s, k, publicKey));
  memory.copy(out + 64, ENCODINGS, 32);
}

function putPairs(count: i32, s: usize, k: usize, publicKey: usize): i32 {
  for (let i: usize = 0; i < <usize>count; i++) {
    memory.copy(S_SCALARS + (i << 5), s, 32);
    memory.copy(K_SCALARS + (i << 5), k, 32);
    store<usize>(TABLE_OF + (i << 2), COMBINE_TABLE);
    store<usize>(KEY_OF + (i << 2), publicKey);
  }
  return count;
}

const COMBINE_TABLE: usize = reserve(TABLE_SIZE);
const COMBINE_KEY: usize = reserve(32);
