import { carry, fromBytes, isZero, mul, powerForRoot, sqr, toBytes } from "./field25519";
import { add, copy, negateWhere, QUAD, select, splat, sub } from "./quad";

/**
 * The curve -x^2 + y^2 = 1 + d x^2 y^2 of Ed25519 (RFC 8032, section 5.1), four points side by side, in extended
 * coordinates (X : Y : Z : T), x = X/Z, y = Y/Z, T = XY/Z (Hisil, Wong, Carter, Dawson 2008). As d is not a square the
 * addition is complete: it holds for all points, equal, opposite and neutral.
 *
 * All coordinates are tight (see the field).
 */

/** Bytes of four points: quads X, Y, Z, T. */
export const POINTS: usize = 4 * QUAD;
/** Bytes of four points ready to be added: quads Y + X, Y - X, 2 d T, 2 Z. */
export const ADDENDS: usize = 4 * QUAD;

// prettier-ignore
const D_LIMBS = memory.data<i16>([
  -1866, -1332, -3451, -2404, -2209, 3158, 1287, 2472, -4086, 4,
  -1498, 3828, 1943, 928, 3635, -50, 2928, 1905, 219, -92,
]);
/** A square root of -1. */
// prettier-ignore
const ROOT_LIMBS = memory.data<i16>([
  176, -3979, 2515, -970, 3151, -3524, -2880, 214, 792, -1670,
  -2582, -1032, 2452, 1664, 3245, -1055, 4034, 1026, 201, 87,
]);
const ONE_LIMBS = memory.data<i16>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const D = memory.data(160, 16);
const D2 = memory.data(160, 16);
const ROOT = memory.data(160, 16);
/** One, in four lanes. */
export const ONE = memory.data(160, 16);
export const ZERO = memory.data(160, 16);
splat(D, D_LIMBS);
add(D2, D, D);
splat(ROOT, ROOT_LIMBS);
splat(ONE, ONE_LIMBS);

const A = memory.data(160, 16);
const B = memory.data(160, 16);
const C = memory.data(160, 16);
const E = memory.data(160, 16);
const F = memory.data(160, 16);
const G = memory.data(160, 16);
const H = memory.data(160, 16);

/** r = the neutral element (0, 1), in four lanes. */
export function setNeutral(r: usize): void {
  copy(r, ZERO);
  copy(r + QUAD, ONE);
  copy(r + 2 * QUAD, ONE);
  copy(r + 3 * QUAD, ZERO);
}

/** r = 2 p (section 3.3 of the paper): 4 mul + 4 sqr. r may be p; p's T is not read. */
export function doublePoints(r: usize, p: usize): void {
  doubleWithoutT(r, p);
  mul(r + 3 * QUAD, E, H);
}

/** r = 2 p but for T, which a doubling that follows does not read: 3 mul + 4 sqr. r may be p. */
export function doubleWithoutT(r: usize, p: usize): void {
  sqr(A, p);
  sqr(B, p + QUAD);
  sqr(C, p + 2 * QUAD);
  add(C, C, C);
  add(H, A, B); // alpha 2
  add(E, p, p + QUAD);
  sqr(E, E);
  sub(E, H, E); // alpha 3
  sub(G, A, B); // alpha 2
  add(F, C, G);
  carry(F, F);
  mul(r, E, F);
  mul(r + QUAD, G, H);
  mul(r + 2 * QUAD, F, G);
}

/** r = p ready to be added. */
export function toAddends(r: usize, p: usize): void {
  add(r, p + QUAD, p);
  carry(r, r);
  sub(r + QUAD, p + QUAD, p);
  carry(r + QUAD, r + QUAD);
  mul(r + 2 * QUAD, p + 3 * QUAD, D2);
  add(r + 3 * QUAD, p + 2 * QUAD, p + 2 * QUAD);
}

/** r = p + q, q from toAddends (section 3.1 of the paper): 8 mul. r may be p. */
export function addPoints(r: usize, p: usize, q: usize): void {
  sub(A, p + QUAD, p);
  mul(A, A, q + QUAD);
  add(B, p + QUAD, p);
  mul(B, B, q);
  mul(C, p + 3 * QUAD, q + 2 * QUAD);
  mul(H, p + 2 * QUAD, q + 3 * QUAD);
  sub(E, B, A); // alpha 2
  sub(F, H, C);
  carry(F, F);
  add(G, H, C); // alpha 2
  add(H, B, A); // alpha 2
  mul(r, E, F);
  mul(r + QUAD, G, H);
  mul(r + 2 * QUAD, F, G);
  mul(r + 3 * QUAD, E, H);
}

/** Is y, the low 255 bits of 32 bytes, below p? */
function isCanonical(bytes: usize): bool {
  if ((load<u64>(bytes, 24) & 0x7fffffffffffffff) != 0x7fffffffffffffff) return true;
  if ((load<u64>(bytes, 8) & load<u64>(bytes, 16)) != 0xffffffffffffffff) return true;
  return load<u64>(bytes) < 0xffffffffffffffed;
}

const NEGATIVE = memory.data(16, 16);
const VALID = memory.data(16, 16);
const BYTES = memory.data(32);

/**
 * Decode four public keys, their addresses at `keys` (RFC 8032, section 5.1.3), and demand of each the canonical
 * encoding of a point that is not of low order (contract, section 2). Returns the lanes that hold an acceptable key; in
 * the others r is the neutral element.
 */
export function decodeKeysVarTime(r: usize, keys: usize): v128 {
  const x = r;
  const y = r + QUAD;
  for (let lane = 0; lane < 4; lane++) {
    const key = load<usize>(keys + ((<usize>lane) << 2));
    fromBytes(y, lane, key);
    store<i32>(VALID + ((<usize>lane) << 2), isCanonical(key) ? -1 : 0);
  }
  // x^2 = u/v; the root, if there is one, is u v^3 (u v^7)^((p-5)/8), or that times a root of -1.
  const u = r + 2 * QUAD;
  const v = r + 3 * QUAD;
  sqr(u, y);
  mul(v, u, D);
  sub(u, u, ONE); // alpha 2
  add(v, v, ONE); // alpha 2
  sqr(A, v);
  mul(A, A, v);
  sqr(B, A);
  mul(B, B, v);
  mul(B, B, u);
  powerForRoot(C, B);
  mul(A, A, u);
  mul(x, A, C);
  sqr(A, x);
  mul(A, A, v);
  sub(B, A, u);
  const isRoot = isZero(B);
  add(B, A, u);
  const isOther = isZero(B);
  mul(B, x, ROOT);
  select(x, x, B, isRoot);
  for (let lane = 0; lane < 4; lane++) {
    const key = load<usize>(keys + ((<usize>lane) << 2));
    toBytes(BYTES, x, lane);
    store<i32>(NEGATIVE + ((<usize>lane) << 2), (load<u8>(BYTES) & 1) == load<u8>(key, 31) >>> 7 ? 0 : -1);
  }
  negateWhere(x, x, v128.load(NEGATIVE));
  const decoded = v128.and(v128.load(VALID), v128.or(isRoot, isOther));
  copy(r + 2 * QUAD, ONE);
  mul(r + 3 * QUAD, x, y);
  // Of low order if 8 P is neutral; x = 0 is, so a sign bit on it needs no thought.
  doublePoints(EIGHT, r);
  doublePoints(EIGHT, EIGHT);
  doublePoints(EIGHT, EIGHT);
  sub(B, EIGHT + QUAD, EIGHT + 2 * QUAD);
  const isLow = v128.and(isZero(EIGHT), isZero(B));
  const valid = v128.andnot(decoded, isLow);
  select(r, r, ZERO, valid);
  select(r + QUAD, r + QUAD, ONE, valid);
  select(r + 3 * QUAD, r + 3 * QUAD, ZERO, valid);
  return valid;
}

const EIGHT = memory.data(640, 16);
