import { AFFINE } from "./affine";
import {
  carryLess,
  carryLessTwice,
  carryTriple,
  invert,
  mul,
  one,
  readWords,
  sqr,
  toElements,
  zeroLanesVarTime,
} from "./field256";
import { coefficient, prime } from "./prime";
import { add, copy, QUAD, select, sub } from "./quad";
import { isBelow, readBigEndian } from "./words";

/**
 * The curves y^2 = x^3 - 3 x + b, four points side by side. Adding two affine points takes one inversion, 2 mul and
 * 1 sqr; a batch shares the inversion (Montgomery's trick), so that an addition costs 5 mul + 1 sqr, less than any other
 * coordinates ask. Where there are no tables to share, doublings go in Jacobian coordinates (X : W : Z), x = X / Z^2,
 * y = W / (2 Z^3), with Z = 0 at infinity.
 *
 * These formulas are not complete: a sum with the point at infinity, of equal or of opposite points is recognised
 * exactly, lane by lane, and done apart. The order is an odd prime, so that no point has y = 0.
 *
 * All coordinates are tight (see the field), but for W, which has alpha 2.
 */

/** Bytes of four Jacobian points: quads X, W, Z. */
export const JACOBIAN: usize = 3 * QUAD;

const DY = memory.data(160, 16);
const INVERSE = memory.data(160, 16);
const SLOPE = memory.data(160, 16);
const T = memory.data(160, 16);
const X = memory.data(160, 16);
const Y = memory.data(160, 16);
const SUM = memory.data(336, 16);

/** Bytes of work memory that addAffine takes for each four of points. */
export const ADD_WORK: usize = 2 * QUAD + 16;

/** p[i] += q[i] for `count` fours of affine points. `work` has room for count + 1 times ADD_WORK. */
export function addAffine<C>(p: usize, q: usize, count: i32, work: usize): void {
  // Forward: before each denominator the product of those before it, the denominator, and whether lanes need care.
  let at = work;
  copy(at, one<C>());
  for (let i = 0; i < count; i++, p += AFFINE, q += AFFINE, at += ADD_WORK) {
    const dx = at + QUAD;
    sub(dx, q, p);
    const apart = v128.or(v128.or(v128.load(p + 2 * QUAD), v128.load(q + 2 * QUAD)), zeroLanesVarTime<C>(dx));
    v128.store(at + 2 * QUAD, apart);
    if (v128.any_true(apart)) denominatorApart<C>(dx, p, q, apart);
    mul<C>(at + ADD_WORK, at, dx);
  }
  invert<C>(INVERSE, at);
  // Backward: peel off one denominator after another.
  for (let i = 0; i < count; i++) {
    p -= AFFINE;
    q -= AFFINE;
    at -= ADD_WORK;
    sub(DY, q + QUAD, p + QUAD); // alpha 2
    mul<C>(SLOPE, INVERSE, at);
    mul<C>(INVERSE, INVERSE, at + QUAD);
    if (v128.any_true(v128.load(at + 2 * QUAD))) {
      addApart<C>(p, q);
      continue;
    }
    mul<C>(SLOPE, SLOPE, DY);
    addOnLine<C>(p, p, q);
  }
}

/** r = p + q on the line through them of SLOPE: x = slope^2 - x1 - x2, y = slope (x1 - x) - y1. r may be p. */
function addOnLine<C>(r: usize, p: usize, q: usize): void {
  sqr<C>(X, SLOPE);
  sub(X, X, p);
  carryLess<C>(X, X, q);
  sub(Y, p, X);
  mul<C>(Y, Y, SLOPE);
  carryLess<C>(r + QUAD, Y, p + QUAD);
  copy(r, X);
}

/** Lanes `apart` of a denominator: 2 y for the tangent if p = q, and 1, to be ignored, if the sum needs none. */
function denominatorApart<C>(dx: usize, p: usize, q: usize, apart: v128): void {
  select(dx, one<C>(), dx, apart);
  add(T, p + QUAD, p + QUAD);
  select(dx, T, dx, doubledLanes<C>(p, q));
}

/** p += q where some lanes are neutral, equal or opposite; SLOPE = 1/denominator, DY = y2 - y1. */
function addApart<C>(p: usize, q: usize): void {
  const pNeutral = v128.load(p + 2 * QUAD);
  const qNeutral = v128.load(q + 2 * QUAD);
  const doubled = doubledLanes<C>(p, q);
  // The tangent's numerator, 3 x^2 - 3.
  sqr<C>(X, p);
  sub(X, X, one<C>());
  carryTriple<C>(T, X);
  select(DY, T, DY, doubled);
  mul<C>(SLOPE, SLOPE, DY);
  sub(T, q, p);
  const opposite = v128.andnot(v128.andnot(zeroLanesVarTime<C>(T), v128.or(pNeutral, qNeutral)), doubled);
  addOnLine<C>(SUM, p, q);
  select(SUM, q, SUM, pNeutral);
  select(SUM + QUAD, q + QUAD, SUM + QUAD, pNeutral);
  select(p, p, SUM, qNeutral);
  select(p + QUAD, p + QUAD, SUM + QUAD, qNeutral);
  v128.store(p + 2 * QUAD, v128.or(opposite, v128.and(pNeutral, qNeutral)));
}

/** Lanes in which p = q, both finite, so that the sum has a tangent. Uses X. */
function doubledLanes<C>(p: usize, q: usize): v128 {
  const neutral = v128.or(v128.load(p + 2 * QUAD), v128.load(q + 2 * QUAD));
  sub(X, q, p);
  const sameX = zeroLanesVarTime<C>(X);
  sub(X, q + QUAD, p + QUAD);
  return v128.andnot(v128.and(sameX, zeroLanesVarTime<C>(X)), neutral);
}

/** Sum `positions` rows of `width` fours of points each into the first row. `work` as for addAffine. */
export function sumRows<C>(points: usize, positions: i32, width: i32, work: usize): void {
  while (positions > 1) {
    const half = positions >> 1;
    positions -= half;
    addAffine<C>(points, points + <usize>(positions * width) * AFFINE, half * width, work);
  }
}

const W = memory.data(160, 16);
const DELTA = memory.data(160, 16);
const GAMMA = memory.data(160, 16);
const BETA = memory.data(160, 16);
const ALPHA = memory.data(160, 16);

/**
 * r = 2 p, Jacobian: 4 mul + 4 sqr. r may be p. At infinity Z stays 0.
 *
 * Bernstein and Lange's dbl-2001-b, written with W = 2 Y: 4 beta = X W^2, Z' = W Z and W' = 2 alpha (4 beta - X') - W^4,
 * so that only alpha and X' need a carry.
 */
export function doubleJacobian<C>(r: usize, p: usize): void {
  const x = p;
  const w = p + QUAD;
  const z = p + 2 * QUAD;
  sqr<C>(DELTA, z);
  sqr<C>(GAMMA, w);
  mul<C>(BETA, x, GAMMA);
  mul<C>(r + 2 * QUAD, w, z);
  sub(ALPHA, x, DELTA);
  add(T, x, DELTA);
  mul<C>(T, ALPHA, T);
  carryTriple<C>(ALPHA, T); // 3 (X - delta) (X + delta)
  sqr<C>(X, ALPHA);
  carryLessTwice<C>(r, X, BETA);
  sub(BETA, BETA, r);
  add(ALPHA, ALPHA, ALPHA);
  mul<C>(T, ALPHA, BETA); // alpha 2 * 2
  sqr<C>(GAMMA, GAMMA);
  sub(r + QUAD, T, GAMMA);
}

const H = memory.data(160, 16);
const I = memory.data(160, 16);
const J = memory.data(160, 16);
const V = memory.data(160, 16);
const Z = memory.data(160, 16);
const DOUBLE = memory.data(480, 16);

/** p += q, p Jacobian, q affine: 8 mul + 3 sqr (Bernstein and Lange's madd-2007-bl, with W = 2 Y). */
export function addMixed<C>(p: usize, q: usize): void {
  const x = p;
  const w = p + QUAD;
  const z = p + 2 * QUAD;
  const qNeutral = v128.load(q + 2 * QUAD);
  const pNeutral = zeroLanesVarTime<C>(z);
  sqr<C>(T, z);
  mul<C>(H, q, T);
  carryLess<C>(H, H, x);
  mul<C>(T, T, z);
  add(W, q + QUAD, q + QUAD);
  mul<C>(DY, W, T);
  carryLess<C>(DY, DY, w); // 2 (y Z^3 - Y)
  const same = zeroLanesVarTime<C>(H);
  const apart = v128.any_true(v128.or(v128.or(pNeutral, qNeutral), same));
  if (apart) doubleJacobian<C>(DOUBLE, p);
  const doubled = v128.and(same, apart ? zeroLanesVarTime<C>(DY) : same);
  add(T, H, H);
  mul<C>(Z, z, T);
  sqr<C>(I, T);
  mul<C>(J, H, I);
  mul<C>(V, x, I);
  sqr<C>(X, DY);
  sub(X, X, J);
  carryLessTwice<C>(X, X, V);
  mul<C>(J, J, w);
  sub(V, V, X);
  mul<C>(V, V, DY);
  carryLess<C>(V, V, J);
  add(V, V, V);
  if (apart) {
    // Opposite points need no care: H = 0 makes Z = 0.
    for (let c: usize = 0; c < JACOBIAN; c += QUAD) {
      const sum = c == 0 ? X : c == QUAD ? V : Z;
      select(sum, DOUBLE + c, sum, doubled);
      select(sum, c == 0 ? q : c == QUAD ? W : one<C>(), sum, pNeutral);
      select(sum, p + c, sum, qNeutral);
    }
  }
  copy(x, X);
  copy(w, V);
  copy(z, Z);
}

const WORDS = memory.data(32, 16);
const B_POINT = memory.data(160, 16);

/**
 * Read four public keys, their addresses at `keys`: 64 bytes each, x and y, big-endian. Returns the lanes in which both
 * are below p and the point is on the curve; in the others `other`, the address of a point in words, is taken instead.
 */
export function readKeysVarTime<C>(r: usize, keys: usize, other: usize): v128 {
  for (let lane = 0; lane < 4; lane++) {
    const key = load<usize>(keys + ((<usize>lane) << 2));
    readBigEndian(WORDS, key);
    let isBelowP = isBelow(WORDS, prime<C>());
    readWords(r, lane, WORDS);
    readBigEndian(WORDS, key + 32);
    isBelowP = isBelowP && isBelow(WORDS, prime<C>());
    readWords(r + QUAD, lane, WORDS);
    store<i32>(VALID + ((<usize>lane) << 2), isBelowP ? -1 : 0);
    readWords(B_POINT, lane, coefficient<C>());
    readWords(X, lane, other);
    readWords(Y, lane, other + 32);
  }
  toElements<C>(r);
  toElements<C>(r + QUAD);
  toElements<C>(B_POINT);
  toElements<C>(X);
  toElements<C>(Y);
  v128.store(r + 2 * QUAD, i32x4.splat(0));
  // y^2 - (x^2 - 3) x - b
  sqr<C>(T, r);
  sub(T, T, one<C>());
  sub(T, T, one<C>());
  sub(T, T, one<C>()); // alpha 4
  mul<C>(T, T, r);
  sqr<C>(V, r + QUAD);
  sub(V, V, T);
  sub(V, V, B_POINT);
  const valid = v128.and(v128.load(VALID), zeroLanesVarTime<C>(V));
  select(r, r, X, valid);
  select(r + QUAD, r + QUAD, Y, valid);
  return valid;
}

const VALID = memory.data(16, 16);
