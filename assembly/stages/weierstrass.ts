import {
  add,
  carry,
  isZero,
  multiply,
  multiplyLess,
  P256,
  P256Order,
  SM2,
  SM2Order,
  square,
  squareLess,
  subtract,
} from "../curve/montgomery";
import { enter, invert, leave } from "../curve/scalar";
import { addAll, addMixed, double, isAt, isSumAt, readPoint } from "../curve/weierstrass";
import { sm3 } from "../hash/sm3";
import * as ecdsa from "../signature/ecdsa";
import * as sm2 from "../signature/sm2";

export { sm3 };

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

/** One operation on elements, `op` as in the test, modulo M. */
function operate<M>(op: i32, out: usize, a: usize, b: usize): void {
  if (op == 0) multiply<M>(out, a, b);
  else if (op == 1) square<M>(out, a);
  else if (op == 2) enter<M>(out, a);
  else if (op == 3) leave<M>(out, a);
  else if (op == 4) invert<M>(out, a);
  else if (op == 5) store<i32>(out, isZero<M>(a));
}

/** The same for what only fields have; b is taken away from the product. */
function operateField<P>(op: i32, out: usize, a: usize, b: usize, less: usize): void {
  if (op == 0) multiplyLess<P>(out, a, b, less);
  else squareLess<P>(out, a, less);
}

/** Moduli by number: 0 P-256, 1 its order, 2 SM2, 3 its order. */
export function modularOperation(modulus: i32, op: i32, out: usize, a: usize, b: usize): void {
  if (modulus == 0) operate<P256>(op, out, a, b);
  else if (modulus == 1) operate<P256Order>(op, out, a, b);
  else if (modulus == 2) operate<SM2>(op, out, a, b);
  else operate<SM2Order>(op, out, a, b);
}

export function fieldOperationLess(modulus: i32, op: i32, out: usize, a: usize, b: usize, less: usize): void {
  if (modulus == 0) operateField<P256>(op, out, a, b, less);
  else operateField<SM2>(op, out, a, b, less);
}

export function elementAdd(out: usize, a: usize, b: usize): void {
  add(out, a, b);
}

export function elementSubtract(out: usize, a: usize, b: usize): void {
  subtract(out, a, b);
}

export function elementCarry(a: usize): void {
  carry(a);
}

/** Read x || y to an affine point. */
export function pointRead(modulus: i32, point: usize, bytes: usize): bool {
  return modulus == 0 ? readPoint<P256>(point, bytes) : readPoint<SM2>(point, bytes);
}

/** Make the additions, of 12 bytes each. */
export function pointsAdd(modulus: i32, additions: usize, count: i32): void {
  if (modulus == 0) addAll<P256>(additions, count);
  else addAll<SM2>(additions, count);
}

/** point = 2 point, Jacobian; or point + other where other is not 0. */
export function jacobianAdd(modulus: i32, point: usize, other: usize): void {
  if (modulus == 0) {
    if (other == 0) double<P256>(point);
    else addMixed<P256>(point, other);
  } else if (other == 0) {
    double<SM2>(point);
  } else {
    addMixed<SM2>(point, other);
  }
}

/** Is x the x coordinate of a sum of affine points, or where `right` is 0 of a Jacobian point? */
export function pointIsAt(modulus: i32, left: usize, right: usize, x: usize): bool {
  if (modulus == 0) return right == 0 ? isAt<P256>(left, x) : isSumAt<P256>(left, right, x);
  return right == 0 ? isAt<SM2>(left, x) : isSumAt<SM2>(left, right, x);
}
