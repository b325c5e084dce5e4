import {
  ABSCISSAS,
  buildKeyTable,
  combineKnownVarTime,
  combineOnceVarTime,
  DECIDED,
  KEY_OF,
  prepareBase,
  TABLE_OF,
  TABLE_SIZE,
  U_SCALARS,
  V_SCALARS,
} from "../../curve/combine256";
import { reserve } from "../../memory";
import * as ecdsa from "../../signature/ecdsa";
import * as sm2 from "../../signature/sm2";
import { addOrder, enterOrder, invertAllOrder, mulOrder, recodeScalar, subtractOrder } from "../../curve/order256";
import { P256, SM2 } from "../../curve/prime";
import {
  carry,
  fromElements,
  invert,
  mul,
  readWords,
  sqr,
  toElements,
  writeWords,
  zeroLanesVarTime,
} from "../../curve/field256";
import { add, sub } from "../../curve/quad";
import { addAffine, addMixed, doubleJacobian } from "../../curve/weierstrass";

export function field256Read(r: usize, lane: i32, words: usize): void {
  readWords(r, lane, words);
}

/** `op` on quads of elements, for the curve: 0 P-256, 1 SM2. */
export function field256Op(sm2: i32, op: i32, r: usize, a: usize, b: usize): void {
  if (sm2) operate<SM2>(op, r, a, b);
  else operate<P256>(op, r, a, b);
}

function operate<C>(op: i32, r: usize, a: usize, b: usize): void {
  if (op == 0) mul<C>(r, a, b);
  else if (op == 1) sqr<C>(r, a);
  else if (op == 2) add(r, a, b);
  else if (op == 3) sub(r, a, b);
  else if (op == 4) carry<C>(r, a);
  else if (op == 5) invert<C>(r, a);
  else if (op == 6) {
    memory.copy(r, a, 160);
    toElements<C>(r);
  } else fromElements<C>(r, a);
}

export function field256Write(sm2: i32, words: usize, a: usize, lane: i32): void {
  if (sm2) writeWords<SM2>(words, a, lane);
  else writeWords<P256>(words, a, lane);
}

/** A bit for each lane that is zero. */
export function field256ZeroLanes(sm2: i32, a: usize): i32 {
  return i32x4.bitmask(sm2 ? zeroLanesVarTime<SM2>(a) : zeroLanesVarTime<P256>(a));
}

export function field256Repeat(sm2: i32, op: i32, times: i32, r: usize, a: usize, b: usize): void {
  if (sm2) for (let i = 0; i < times; i++) operate<SM2>(op, r, a, b);
  else for (let i = 0; i < times; i++) operate<P256>(op, r, a, b);
}

export function ecdsaIsAcceptableKey(publicKey: usize): bool {
  return ecdsa.isAcceptableKey(publicKey);
}

export function ecdsaLoadKnownKey(slot: i32, publicKey: usize): bool {
  return ecdsa.loadKnownKey(slot, publicKey);
}

export function ecdsaVerifyKnown(jobs: usize, count: i32): void {
  ecdsa.verifyKnown(jobs, count);
}

export function ecdsaVerifyOnce(jobs: usize, count: i32): void {
  ecdsa.verifyOnce(jobs, count);
}

export function ecdsaVerifyDigestsKnown(jobs: usize, count: i32): void {
  ecdsa.verifyDigestsKnown(jobs, count);
}

export function ecdsaVerifyDigestsOnce(jobs: usize, count: i32): void {
  ecdsa.verifyDigestsOnce(jobs, count);
}

export function sm2IsAcceptableKey(publicKey: usize): bool {
  return sm2.isAcceptableKey(publicKey);
}

export function sm2LoadKnownKey(slot: i32, publicKey: usize): bool {
  return sm2.loadKnownKey(slot, publicKey);
}

export function sm2VerifyKnown(jobs: usize, count: i32): void {
  sm2.verifyKnown(jobs, count);
}

export function sm2VerifyOnce(jobs: usize, count: i32): void {
  sm2.verifyOnce(jobs, count);
}

export function sm2VerifyDigestsKnown(jobs: usize, count: i32): void {
  sm2.verifyDigestsKnown(jobs, count);
}

export function sm2VerifyDigestsOnce(jobs: usize, count: i32): void {
  sm2.verifyDigestsOnce(jobs, count);
}

/**
 * [u] G + [v] Q, Q 64 bytes: x mod n (32 bytes) and -1, or 0 at infinity; with a table of Q as the only pair and as the
 * last of four, and without, 36 bytes apart.
 */
export function combine256(curve: i32, out: usize, u: usize, v: usize, publicKey: usize): void {
  if (curve) combine<SM2>(out, u, v, publicKey);
  else combine<P256>(out, u, v, publicKey);
}

function combine<C>(out: usize, u: usize, v: usize, publicKey: usize): void {
  prepareBase<C>();
  buildKeyTable<C>(COMBINE_TABLE, publicKey);
  combineKnownVarTime<C>(putPairs(1, u, v, publicKey));
  takePair(out, 0);
  combineKnownVarTime<C>(putPairs(4, u, v, publicKey));
  takePair(out + 36, 3);
  combineOnceVarTime<C>(putPairs(1, u, v, publicKey));
  takePair(out + 72, 0);
}

function putPairs(count: i32, u: usize, v: usize, publicKey: usize): i32 {
  for (let i: usize = 0; i < <usize>count; i++) {
    memory.copy(U_SCALARS + (i << 5), u, 32);
    memory.copy(V_SCALARS + (i << 5), v, 32);
    store<usize>(TABLE_OF + (i << 2), COMBINE_TABLE);
    store<usize>(KEY_OF + (i << 2), publicKey);
  }
  return count;
}

function takePair(out: usize, i: usize): void {
  memory.copy(out, ABSCISSAS + (i << 5), 32);
  store<i32>(out, load<i32>(DECIDED + (i << 2)), 32);
}

const COMBINE_TABLE: usize = reserve(TABLE_SIZE);

/** `op` on scalars in words, modulo the order; 5 inverts `a` of them, from plain numbers into the representation. */
export function order256Op(curve: i32, op: i32, r: usize, a: usize, b: usize): void {
  if (curve) operateOrder<SM2>(op, r, a, b);
  else operateOrder<P256>(op, r, a, b);
}

function operateOrder<C>(op: i32, r: usize, a: usize, b: usize): void {
  if (op == 0) mulOrder<C>(r, a, b);
  else if (op == 1) enterOrder<C>(r, a);
  else if (op == 2) addOrder<C>(r, a, b);
  else if (op == 3) subtractOrder<C>(r, a, b);
  else if (op == 4) recodeScalar<C>(r, 2, a, <i32>b);
  else invertAllOrder<C>(r, 32, <i32>a, b);
}

/** p[i] += q[i] for `count` fours of affine points. */
export function weierstrassAdd(curve: i32, p: usize, q: usize, count: i32, work: usize): void {
  if (curve) addAffine<SM2>(p, q, count, work);
  else addAffine<P256>(p, q, count, work);
}

/** Four Jacobian points: p = 2 p where q is 0, else p += q, affine. */
export function weierstrassJacobian(curve: i32, p: usize, q: usize): void {
  if (curve) jacobian<SM2>(p, q);
  else jacobian<P256>(p, q);
}

function jacobian<C>(p: usize, q: usize): void {
  if (q == 0) doubleJacobian<C>(p, p);
  else addMixed<C>(p, q);
}
