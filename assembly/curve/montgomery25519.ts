import { carry, invert, isZero, mul, mulSub, sqr, sqrSub } from "./field25519";
import { add, copy, negateWhere, QUAD, select, splat, sub } from "./quad";
import { AFFINE } from "./affine";
import { ONE, ZERO } from "./edwards25519";

/**
 * The same group on Curve25519, v^2 = u^3 + A u^2 + u (RFC 7748, section 4.1), where adding two affine points takes one
 * inversion, 2 mul and 1 sqr. A batch shares the inversion (Montgomery's trick), so an addition costs 5 mul + 1 sqr,
 * less than the 7 mul of a mixed addition in extended coordinates, and a stored point needs two coordinates, not three.
 *
 * Affine addition is not complete: a sum with the neutral element (no affine point), of equal or of opposite points is
 * recognised exactly, lane by lane, and done apart.
 */

// prettier-ignore
const MAP_LIMBS = memory.data<i16>([
  -506, -1492, 2752, -1015, 3271, 3393, 3572, -1495, 468, -2515,
  -3104, 2041, 3520, -636, 3914, 215, 160, 4003, 2491, 30,
]);
const A_LIMBS = memory.data<i16>([3334, 59, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
/** c, a square root of -486664: x = c u/v, y = (u - 1)/(u + 1). */
const MAP = memory.data(160, 16);
const A = memory.data(160, 16);
splat(MAP, MAP_LIMBS);
splat(A, A_LIMBS);

const DY = memory.data(160, 16);
const INVERSE = memory.data(160, 16);
const SLOPE = memory.data(160, 16);
const T = memory.data(160, 16);
const U = memory.data(160, 16);
const V = memory.data(160, 16);
const SUM = memory.data(336, 16);

/** r = the affine points of (X : Y : Z : T), given 1/((Z - Y) X). No lane may have X = 0. */
export function fromEdwards(r: usize, p: usize, inverse: usize): void {
  const x = p;
  const y = p + QUAD;
  const z = p + 2 * QUAD;
  add(T, z, y);
  mul(T, T, inverse);
  mul(r, T, x);
  mul(T, T, z);
  mul(r + QUAD, T, MAP);
  v128.store(r + 2 * QUAD, i32x4.splat(0));
}

/** r = (X : Y : Z : T) of the affine points p. */
export function toEdwards(r: usize, p: usize): void {
  const u = p;
  const v = p + QUAD;
  const neutral = v128.load(p + 2 * QUAD);
  add(U, u, ONE); // alpha 2
  sub(V, u, ONE); // alpha 2
  mul(T, u, MAP);
  mul(r, T, U);
  mul(r + QUAD, V, v);
  mul(r + 2 * QUAD, U, v);
  mul(r + 3 * QUAD, T, V);
  // v = 0 only at the point of order two, (0, -1); the neutral one is (0, 1).
  const isZeroV = isZero(v);
  if (v128.any_true(v128.or(neutral, isZeroV))) {
    const apart = v128.or(neutral, isZeroV);
    negateWhere(T, ONE, v128.andnot(isZeroV, neutral));
    select(r, ZERO, r, apart);
    select(r + QUAD, T, r + QUAD, apart);
    select(r + 2 * QUAD, ONE, r + 2 * QUAD, apart);
    select(r + 3 * QUAD, ZERO, r + 3 * QUAD, apart);
  }
}

/** Bytes of work memory that addAffine takes for each four of points. */
export const ADD_WORK: usize = 2 * QUAD + 16;

/** p[i] += q[i] for `count` fours of points. `work` has room for count + 1 times ADD_WORK. */
export function addAffine(p: usize, q: usize, count: i32, work: usize): void {
  // Forward: before each denominator the product of those before it, the denominator, and whether lanes need care.
  let at = work;
  copy(at, ONE);
  for (let i = 0; i < count; i++, p += AFFINE, q += AFFINE, at += ADD_WORK) {
    const dx = at + QUAD;
    sub(dx, q, p);
    const apart = v128.or(v128.or(v128.load(p + 2 * QUAD), v128.load(q + 2 * QUAD)), isZero(dx));
    v128.store(at + 2 * QUAD, apart);
    if (v128.any_true(apart)) denominatorApart(dx, p, q, apart);
    mul(at + ADD_WORK, at, dx);
  }
  invert(INVERSE, at);
  // Backward: peel off one denominator after another.
  for (let i = 0; i < count; i++) {
    p -= AFFINE;
    q -= AFFINE;
    at -= ADD_WORK;
    sub(DY, q + QUAD, p + QUAD);
    mul(SLOPE, INVERSE, at);
    mul(INVERSE, INVERSE, at + QUAD);
    if (v128.any_true(v128.load(at + 2 * QUAD))) {
      addApart(p, q);
      continue;
    }
    mul(SLOPE, SLOPE, DY);
    addOnLine(p, p, q);
  }
}

/** r = p + q on the line through them of SLOPE: u = slope^2 - A - u1 - u2, v = slope (u1 - u) - v1. r may be p. */
function addOnLine(r: usize, p: usize, q: usize): void {
  add(T, p, q);
  add(T, T, A);
  sqrSub(U, SLOPE, T);
  sub(T, p, U);
  mulSub(r + QUAD, SLOPE, T, p + QUAD);
  copy(r, U);
}

/** Lanes `apart` of a denominator: 2 v for the tangent if p = q, and 1, to be ignored, if the sum needs none. */
function denominatorApart(dx: usize, p: usize, q: usize, apart: v128): void {
  select(dx, ONE, dx, apart);
  add(T, p + QUAD, p + QUAD);
  select(dx, T, dx, doubledLanes(p, q));
}

/** p += q where some lanes are neutral, equal or opposite; SLOPE = 1/denominator, DY = v2 - v1. */
function addApart(p: usize, q: usize): void {
  const pNeutral = v128.load(p + 2 * QUAD);
  const qNeutral = v128.load(q + 2 * QUAD);
  const doubled = doubledLanes(p, q);
  // The tangent's numerator, 3 u^2 + 2 A u + 1.
  sqr(U, p);
  mul(T, p, A);
  add(T, T, U);
  add(T, T, T);
  add(T, T, U);
  add(T, T, ONE);
  carry(T, T);
  select(DY, T, DY, doubled);
  mul(SLOPE, SLOPE, DY);
  sub(T, q, p);
  const opposite = v128.andnot(v128.andnot(isZero(T), v128.or(pNeutral, qNeutral)), doubled);
  addOnLine(SUM, p, q);
  select(SUM, q, SUM, pNeutral);
  select(SUM + QUAD, q + QUAD, SUM + QUAD, pNeutral);
  select(p, p, SUM, qNeutral);
  select(p + QUAD, p + QUAD, SUM + QUAD, qNeutral);
  v128.store(p + 2 * QUAD, v128.or(opposite, v128.and(pNeutral, qNeutral)));
}

/** Lanes in which p = q, both finite and not of order two, so that the sum has a tangent. Uses U. */
function doubledLanes(p: usize, q: usize): v128 {
  const neutral = v128.or(v128.load(p + 2 * QUAD), v128.load(q + 2 * QUAD));
  sub(U, q, p);
  const sameU = isZero(U);
  sub(U, q + QUAD, p + QUAD);
  const sameV = isZero(U);
  return v128.andnot(v128.andnot(v128.and(sameU, sameV), isZero(p + QUAD)), neutral);
}

/** Sum `positions` rows of `width` fours of points each into the first row. `work` as for addAffine. */
export function sumRows(points: usize, positions: i32, width: i32, work: usize): void {
  while (positions > 1) {
    const half = positions >> 1;
    positions -= half;
    addAffine(points, points + <usize>(positions * width) * AFFINE, half * width, work);
  }
}
