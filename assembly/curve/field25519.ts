import { invertModuloVarTime } from "./divsteps";
import {
  alphaOf,
  and,
  blend,
  carryOf,
  copy,
  dot,
  LIMB_BITS,
  limbOf,
  LIMBS,
  lower,
  mac,
  overflowOf,
  pack,
  plus,
  QUAD,
  raise,
  rest,
  swap,
  swapHalves,
  swapNeighbours,
} from "./quad";

/**
 * The field of p = 2^255 - 19, four elements side by side in a quad.
 *
 * Bounds. An element is tight if |x[i]| <= TIGHT, and has alpha = n if |x[i]| <= n TIGHT, as a sum of n tight ones.
 * A product's column adds twenty products of limbs: alpha(a) alpha(b) <= 6 keeps it, its fold and its carry under 2^31
 * (20 * 6 * 4128^2 + 608 * 2^15 + 4864 * 2^11 + 2^18 < 2^31). Products, `carry` and what is read from bytes are tight.
 *
 * 2^260 = 608 (mod p): column m + 20 counts 608 times in column m. A column has 31 bits and a factor only 16, so its low
 * half is folded with weight 608, its high half, worth 2^16 = 8 * 2^13, one column further up with weight 8 * 608.
 *
 * Variable time: all that is computed here is public.
 */

/** For dot: 608 for a low half, 8 * 608 for a high half. */
const FOLD_WEIGHTS: i32 = 608 | (4864 << 16);

/** The last column's carry h goes round to limb 0 and from there on; limbs 0 to 3 are stored. */
function finish(r: usize, l0: v128, l1: v128, l2: v128, l3: v128, h: v128): void {
  l0 = plus(l0, i32x4.mul(h, i32x4.splat(608)));
  h = carryOf(l0);
  l0 = rest(l0, h);
  l1 = plus(l1, h);
  h = carryOf(l1);
  l1 = rest(l1, h);
  v128.store(r, pack(l0, l1), 0);
  v128.store(r, pack(plus(l2, h), l3), 16);
}

/** r = a b. Bounds: alpha(a) alpha(b) <= 6; r is tight. r may be a or b. */
export function mul(r: usize, a: usize, b: usize): void {
  product<void>(r, a, b, 0);
}

/** r = a b - c, c with any alpha up to 7, for the price of a product: its limbs join the columns before the carry. */
export function mulSub(r: usize, a: usize, b: usize, c: usize): void {
  product<bool>(r, a, b, c);
}

/** r = a^2, with each cross product taken once. Bound: alpha(a) <= 2; r is tight. r may be a. */
export function sqr(r: usize, a: usize): void {
  square<void>(r, a, 0);
}

/** r = a^2 - c. */
export function sqrSub(r: usize, a: usize, c: usize): void {
  square<bool>(r, a, c);
}

/** Less: void without a subtrahend, else bool; decided when compiled. */
// prettier-ignore
function product<Less>(r: usize, a: usize, b: usize, c: usize): void {
  const FOLD = i32x4.splat(FOLD_WEIGHTS), HALF = i32x4.splat(0x8000), LOW = i32x4.splat(0xffff);
  const HIGH = i32x4.splat(0xffff0000);
  // As factors LOW is (-1, 0) and HIGH (0, -1): with them dot takes off the even or the odd limb of c.
  const a0 = v128.load(a, 0); const a1 = v128.load(a, 16); const a2 = v128.load(a, 32); const a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64); const a5 = v128.load(a, 80); const a6 = v128.load(a, 96);
  const a7 = v128.load(a, 112); const a8 = v128.load(a, 128); const a9 = v128.load(a, 144);
  const b0 = v128.load(b, 0); const b1 = v128.load(b, 16); const b2 = v128.load(b, 32); const b3 = v128.load(b, 48);
  const b4 = v128.load(b, 64); const b5 = v128.load(b, 80); const b6 = v128.load(b, 96);
  const b7 = v128.load(b, 112); const b8 = v128.load(b, 128); const b9 = v128.load(b, 144);
  const e0 = and(b0, LOW); const e1 = blend(b1, b0); const e2 = blend(b2, b1); const e3 = blend(b3, b2);
  const e4 = blend(b4, b3); const e5 = blend(b5, b4); const e6 = blend(b6, b5); const e7 = blend(b7, b6);
  const e8 = blend(b8, b7); const e9 = blend(b9, b8); const e10 = and(b9, HIGH);
  const o0 = swap(b0); const o1 = swap(b1); const o2 = swap(b2); const o3 = swap(b3); const o4 = swap(b4);
  const o5 = swap(b5); const o6 = swap(b6); const o7 = swap(b7); const o8 = swap(b8); const o9 = swap(b9);
  let s: v128, h: v128 = i32x4.splat(0);
  s = dot(a0, e10); s = mac(s, a1, e9); s = mac(s, a2, e8); s = mac(s, a3, e7); s = mac(s, a4, e6);
  s = mac(s, a5, e5); s = mac(s, a6, e4); s = mac(s, a7, e3); s = mac(s, a8, e2); s = mac(s, a9, e1); const c20 = s;
  s = dot(a0, e0);
  s = mac(s, and(c20, LOW), FOLD);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 0), LOW);
  h = carryOf(s);
  const l0 = rest(s, h);
  s = dot(a1, o9); s = mac(s, a2, o8); s = mac(s, a3, o7); s = mac(s, a4, o6); s = mac(s, a5, o5);
  s = mac(s, a6, o4); s = mac(s, a7, o3); s = mac(s, a8, o2); s = mac(s, a9, o1); const c21 = s;
  s = dot(a0, o0);
  s = plus(mac(s, blend(c21, plus(c20, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 0), HIGH);
  h = carryOf(s);
  const l1 = rest(s, h);
  s = dot(a1, e10); s = mac(s, a2, e9); s = mac(s, a3, e8); s = mac(s, a4, e7); s = mac(s, a5, e6);
  s = mac(s, a6, e5); s = mac(s, a7, e4); s = mac(s, a8, e3); s = mac(s, a9, e2); const c22 = s;
  s = dot(a0, e1); s = mac(s, a1, e0);
  s = plus(mac(s, blend(c22, plus(c21, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 16), LOW);
  h = carryOf(s);
  const l2 = rest(s, h);
  s = dot(a2, o9); s = mac(s, a3, o8); s = mac(s, a4, o7); s = mac(s, a5, o6); s = mac(s, a6, o5);
  s = mac(s, a7, o4); s = mac(s, a8, o3); s = mac(s, a9, o2); const c23 = s;
  s = dot(a0, o1); s = mac(s, a1, o0);
  s = plus(mac(s, blend(c23, plus(c22, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 16), HIGH);
  h = carryOf(s);
  const l3 = rest(s, h);
  v128.store(r, pack(l2, l3), 16);
  s = dot(a2, e10); s = mac(s, a3, e9); s = mac(s, a4, e8); s = mac(s, a5, e7); s = mac(s, a6, e6);
  s = mac(s, a7, e5); s = mac(s, a8, e4); s = mac(s, a9, e3); const c24 = s;
  s = dot(a0, e2); s = mac(s, a1, e1); s = mac(s, a2, e0);
  s = plus(mac(s, blend(c24, plus(c23, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 32), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l4 = limbOf(s);
  s = dot(a3, o9); s = mac(s, a4, o8); s = mac(s, a5, o7); s = mac(s, a6, o6); s = mac(s, a7, o5);
  s = mac(s, a8, o4); s = mac(s, a9, o3); const c25 = s;
  s = dot(a0, o2); s = mac(s, a1, o1); s = mac(s, a2, o0);
  s = plus(mac(s, blend(c25, plus(c24, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 32), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l5 = limbOf(s);
  v128.store(r, lower(pack(l4, l5)), 32);
  s = dot(a3, e10); s = mac(s, a4, e9); s = mac(s, a5, e8); s = mac(s, a6, e7); s = mac(s, a7, e6);
  s = mac(s, a8, e5); s = mac(s, a9, e4); const c26 = s;
  s = dot(a0, e3); s = mac(s, a1, e2); s = mac(s, a2, e1); s = mac(s, a3, e0);
  s = plus(mac(s, blend(c26, plus(c25, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 48), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l6 = limbOf(s);
  s = dot(a4, o9); s = mac(s, a5, o8); s = mac(s, a6, o7); s = mac(s, a7, o6); s = mac(s, a8, o5);
  s = mac(s, a9, o4); const c27 = s;
  s = dot(a0, o3); s = mac(s, a1, o2); s = mac(s, a2, o1); s = mac(s, a3, o0);
  s = plus(mac(s, blend(c27, plus(c26, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 48), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l7 = limbOf(s);
  v128.store(r, lower(pack(l6, l7)), 48);
  s = dot(a4, e10); s = mac(s, a5, e9); s = mac(s, a6, e8); s = mac(s, a7, e7); s = mac(s, a8, e6);
  s = mac(s, a9, e5); const c28 = s;
  s = dot(a0, e4); s = mac(s, a1, e3); s = mac(s, a2, e2); s = mac(s, a3, e1); s = mac(s, a4, e0);
  s = plus(mac(s, blend(c28, plus(c27, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 64), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l8 = limbOf(s);
  s = dot(a5, o9); s = mac(s, a6, o8); s = mac(s, a7, o7); s = mac(s, a8, o6); s = mac(s, a9, o5); const c29 = s;
  s = dot(a0, o4); s = mac(s, a1, o3); s = mac(s, a2, o2); s = mac(s, a3, o1); s = mac(s, a4, o0);
  s = plus(mac(s, blend(c29, plus(c28, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 64), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l9 = limbOf(s);
  v128.store(r, lower(pack(l8, l9)), 64);
  s = dot(a5, e10); s = mac(s, a6, e9); s = mac(s, a7, e8); s = mac(s, a8, e7); s = mac(s, a9, e6); const c30 = s;
  s = dot(a0, e5); s = mac(s, a1, e4); s = mac(s, a2, e3); s = mac(s, a3, e2); s = mac(s, a4, e1);
  s = mac(s, a5, e0);
  s = plus(mac(s, blend(c30, plus(c29, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 80), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l10 = limbOf(s);
  s = dot(a6, o9); s = mac(s, a7, o8); s = mac(s, a8, o7); s = mac(s, a9, o6); const c31 = s;
  s = dot(a0, o5); s = mac(s, a1, o4); s = mac(s, a2, o3); s = mac(s, a3, o2); s = mac(s, a4, o1);
  s = mac(s, a5, o0);
  s = plus(mac(s, blend(c31, plus(c30, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 80), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l11 = limbOf(s);
  v128.store(r, lower(pack(l10, l11)), 80);
  s = dot(a6, e10); s = mac(s, a7, e9); s = mac(s, a8, e8); s = mac(s, a9, e7); const c32 = s;
  s = dot(a0, e6); s = mac(s, a1, e5); s = mac(s, a2, e4); s = mac(s, a3, e3); s = mac(s, a4, e2);
  s = mac(s, a5, e1); s = mac(s, a6, e0);
  s = plus(mac(s, blend(c32, plus(c31, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 96), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l12 = limbOf(s);
  s = dot(a7, o9); s = mac(s, a8, o8); s = mac(s, a9, o7); const c33 = s;
  s = dot(a0, o6); s = mac(s, a1, o5); s = mac(s, a2, o4); s = mac(s, a3, o3); s = mac(s, a4, o2);
  s = mac(s, a5, o1); s = mac(s, a6, o0);
  s = plus(mac(s, blend(c33, plus(c32, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 96), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l13 = limbOf(s);
  v128.store(r, lower(pack(l12, l13)), 96);
  s = dot(a7, e10); s = mac(s, a8, e9); s = mac(s, a9, e8); const c34 = s;
  s = dot(a0, e7); s = mac(s, a1, e6); s = mac(s, a2, e5); s = mac(s, a3, e4); s = mac(s, a4, e3);
  s = mac(s, a5, e2); s = mac(s, a6, e1); s = mac(s, a7, e0);
  s = plus(mac(s, blend(c34, plus(c33, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 112), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l14 = limbOf(s);
  s = dot(a8, o9); s = mac(s, a9, o8); const c35 = s;
  s = dot(a0, o7); s = mac(s, a1, o6); s = mac(s, a2, o5); s = mac(s, a3, o4); s = mac(s, a4, o3);
  s = mac(s, a5, o2); s = mac(s, a6, o1); s = mac(s, a7, o0);
  s = plus(mac(s, blend(c35, plus(c34, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 112), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l15 = limbOf(s);
  v128.store(r, lower(pack(l14, l15)), 112);
  s = dot(a8, e10); s = mac(s, a9, e9); const c36 = s;
  s = dot(a0, e8); s = mac(s, a1, e7); s = mac(s, a2, e6); s = mac(s, a3, e5); s = mac(s, a4, e4);
  s = mac(s, a5, e3); s = mac(s, a6, e2); s = mac(s, a7, e1); s = mac(s, a8, e0);
  s = plus(mac(s, blend(c36, plus(c35, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 128), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l16 = limbOf(s);
  s = dot(a9, o9); const c37 = s;
  s = dot(a0, o8); s = mac(s, a1, o7); s = mac(s, a2, o6); s = mac(s, a3, o5); s = mac(s, a4, o4);
  s = mac(s, a5, o3); s = mac(s, a6, o2); s = mac(s, a7, o1); s = mac(s, a8, o0);
  s = plus(mac(s, blend(c37, plus(c36, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 128), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l17 = limbOf(s);
  v128.store(r, lower(pack(l16, l17)), 128);
  s = dot(a9, e10); const c38 = s;
  s = dot(a0, e9); s = mac(s, a1, e8); s = mac(s, a2, e7); s = mac(s, a3, e6); s = mac(s, a4, e5);
  s = mac(s, a5, e4); s = mac(s, a6, e3); s = mac(s, a7, e2); s = mac(s, a8, e1); s = mac(s, a9, e0);
  s = plus(mac(s, blend(c38, plus(c37, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 144), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l18 = limbOf(s);
  s = dot(a0, o9); s = mac(s, a1, o8); s = mac(s, a2, o7); s = mac(s, a3, o6); s = mac(s, a4, o5);
  s = mac(s, a5, o4); s = mac(s, a6, o3); s = mac(s, a7, o2); s = mac(s, a8, o1); s = mac(s, a9, o0);
  s = plus(mac(s, and(plus(c38, HALF), HIGH), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 144), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l19 = limbOf(s);
  v128.store(r, lower(pack(l18, l19)), 144);
  finish(r, l0, l1, l2, l3, h);
}

/** As product, for a = b. */
// prettier-ignore
function square<Less>(r: usize, a: usize, c: usize): void {
  const FOLD = i32x4.splat(FOLD_WEIGHTS), HALF = i32x4.splat(0x8000), LOW = i32x4.splat(0xffff);
  const HIGH = i32x4.splat(0xffff0000);
  // As factors LOW is (-1, 0) and HIGH (0, -1): with them dot takes off the even or the odd limb of c.
  const a0 = v128.load(a, 0); const a1 = v128.load(a, 16); const a2 = v128.load(a, 32); const a3 = v128.load(a, 48);
  const a4 = v128.load(a, 64); const a5 = v128.load(a, 80); const a6 = v128.load(a, 96);
  const a7 = v128.load(a, 112); const a8 = v128.load(a, 128); const a9 = v128.load(a, 144);
  const d0 = i16x8.add(a0, a0); const d1 = i16x8.add(a1, a1); const d2 = i16x8.add(a2, a2);
  const d3 = i16x8.add(a3, a3); const d4 = i16x8.add(a4, a4); const d5 = i16x8.add(a5, a5);
  const d6 = i16x8.add(a6, a6); const d7 = i16x8.add(a7, a7); const d8 = i16x8.add(a8, a8);
  const d9 = i16x8.add(a9, a9);
  const e2 = blend(d2, d1); const e3 = blend(d3, d2); const e4 = blend(d4, d3);
  const e5 = blend(d5, d4); const e6 = blend(d6, d5); const e7 = blend(d7, d6); const e8 = blend(d8, d7);
  const e9 = blend(d9, d8); const e10 = and(d9, HIGH);
  const o0 = swap(d0); const o1 = swap(d1); const o2 = swap(d2); const o3 = swap(d3); const o4 = swap(d4);
  const o5 = swap(d5); const o6 = swap(d6); const o7 = swap(d7); const o8 = swap(d8); const o9 = swap(d9);
  let s: v128, h: v128 = i32x4.splat(0);
  s = dot(a0, e10); s = mac(s, a1, e9); s = mac(s, a2, e8); s = mac(s, a3, e7); s = mac(s, a4, e6);
  s = mac(s, a5, and(a5, LOW)); const c20 = s;
  s = dot(a0, and(a0, LOW));
  s = mac(s, and(c20, LOW), FOLD);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 0), LOW);
  h = carryOf(s);
  const l0 = rest(s, h);
  s = dot(a1, o9); s = mac(s, a2, o8); s = mac(s, a3, o7); s = mac(s, a4, o6); s = mac(s, a5, and(o5, LOW));
  const c21 = s;
  s = dot(a0, and(o0, LOW));
  s = plus(mac(s, blend(c21, plus(c20, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 0), HIGH);
  h = carryOf(s);
  const l1 = rest(s, h);
  s = dot(a1, e10); s = mac(s, a2, e9); s = mac(s, a3, e8); s = mac(s, a4, e7); s = mac(s, a5, blend(d6, a5));
  const c22 = s;
  s = dot(a0, blend(d1, a0));
  s = plus(mac(s, blend(c22, plus(c21, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 16), LOW);
  h = carryOf(s);
  const l2 = rest(s, h);
  s = dot(a2, o9); s = mac(s, a3, o8); s = mac(s, a4, o7); s = mac(s, a5, o6); const c23 = s;
  s = dot(a0, o1);
  s = plus(mac(s, blend(c23, plus(c22, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 16), HIGH);
  h = carryOf(s);
  const l3 = rest(s, h);
  v128.store(r, pack(l2, l3), 16);
  s = dot(a2, e10); s = mac(s, a3, e9); s = mac(s, a4, e8); s = mac(s, a5, e7); s = mac(s, a6, and(a6, LOW));
  const c24 = s;
  s = dot(a0, e2); s = mac(s, a1, and(a1, LOW));
  s = plus(mac(s, blend(c24, plus(c23, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 32), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l4 = limbOf(s);
  s = dot(a3, o9); s = mac(s, a4, o8); s = mac(s, a5, o7); s = mac(s, a6, and(o6, LOW)); const c25 = s;
  s = dot(a0, o2); s = mac(s, a1, and(o1, LOW));
  s = plus(mac(s, blend(c25, plus(c24, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 32), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l5 = limbOf(s);
  v128.store(r, lower(pack(l4, l5)), 32);
  s = dot(a3, e10); s = mac(s, a4, e9); s = mac(s, a5, e8); s = mac(s, a6, blend(d7, a6)); const c26 = s;
  s = dot(a0, e3); s = mac(s, a1, blend(d2, a1));
  s = plus(mac(s, blend(c26, plus(c25, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 48), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l6 = limbOf(s);
  s = dot(a4, o9); s = mac(s, a5, o8); s = mac(s, a6, o7); const c27 = s;
  s = dot(a0, o3); s = mac(s, a1, o2);
  s = plus(mac(s, blend(c27, plus(c26, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 48), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l7 = limbOf(s);
  v128.store(r, lower(pack(l6, l7)), 48);
  s = dot(a4, e10); s = mac(s, a5, e9); s = mac(s, a6, e8); s = mac(s, a7, and(a7, LOW)); const c28 = s;
  s = dot(a0, e4); s = mac(s, a1, e3); s = mac(s, a2, and(a2, LOW));
  s = plus(mac(s, blend(c28, plus(c27, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 64), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l8 = limbOf(s);
  s = dot(a5, o9); s = mac(s, a6, o8); s = mac(s, a7, and(o7, LOW)); const c29 = s;
  s = dot(a0, o4); s = mac(s, a1, o3); s = mac(s, a2, and(o2, LOW));
  s = plus(mac(s, blend(c29, plus(c28, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 64), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l9 = limbOf(s);
  v128.store(r, lower(pack(l8, l9)), 64);
  s = dot(a5, e10); s = mac(s, a6, e9); s = mac(s, a7, blend(d8, a7)); const c30 = s;
  s = dot(a0, e5); s = mac(s, a1, e4); s = mac(s, a2, blend(d3, a2));
  s = plus(mac(s, blend(c30, plus(c29, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 80), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l10 = limbOf(s);
  s = dot(a6, o9); s = mac(s, a7, o8); const c31 = s;
  s = dot(a0, o5); s = mac(s, a1, o4); s = mac(s, a2, o3);
  s = plus(mac(s, blend(c31, plus(c30, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 80), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l11 = limbOf(s);
  v128.store(r, lower(pack(l10, l11)), 80);
  s = dot(a6, e10); s = mac(s, a7, e9); s = mac(s, a8, and(a8, LOW)); const c32 = s;
  s = dot(a0, e6); s = mac(s, a1, e5); s = mac(s, a2, e4); s = mac(s, a3, and(a3, LOW));
  s = plus(mac(s, blend(c32, plus(c31, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 96), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l12 = limbOf(s);
  s = dot(a7, o9); s = mac(s, a8, and(o8, LOW)); const c33 = s;
  s = dot(a0, o6); s = mac(s, a1, o5); s = mac(s, a2, o4); s = mac(s, a3, and(o3, LOW));
  s = plus(mac(s, blend(c33, plus(c32, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 96), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l13 = limbOf(s);
  v128.store(r, lower(pack(l12, l13)), 96);
  s = dot(a7, e10); s = mac(s, a8, blend(d9, a8)); const c34 = s;
  s = dot(a0, e7); s = mac(s, a1, e6); s = mac(s, a2, e5); s = mac(s, a3, blend(d4, a3));
  s = plus(mac(s, blend(c34, plus(c33, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 112), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l14 = limbOf(s);
  s = dot(a8, o9); const c35 = s;
  s = dot(a0, o7); s = mac(s, a1, o6); s = mac(s, a2, o5); s = mac(s, a3, o4);
  s = plus(mac(s, blend(c35, plus(c34, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 112), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l15 = limbOf(s);
  v128.store(r, lower(pack(l14, l15)), 112);
  s = dot(a8, e10); s = mac(s, a9, and(a9, LOW)); const c36 = s;
  s = dot(a0, e8); s = mac(s, a1, e7); s = mac(s, a2, e6); s = mac(s, a3, e5); s = mac(s, a4, and(a4, LOW));
  s = plus(mac(s, blend(c36, plus(c35, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 128), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l16 = limbOf(s);
  s = dot(a9, and(o9, LOW)); const c37 = s;
  s = dot(a0, o8); s = mac(s, a1, o7); s = mac(s, a2, o6); s = mac(s, a3, o5); s = mac(s, a4, and(o4, LOW));
  s = plus(mac(s, blend(c37, plus(c36, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 128), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l17 = limbOf(s);
  v128.store(r, lower(pack(l16, l17)), 128);
  s = dot(a9, and(a9, HIGH)); const c38 = s;
  s = dot(a0, e9); s = mac(s, a1, e8); s = mac(s, a2, e7); s = mac(s, a3, e6); s = mac(s, a4, blend(d5, a4));
  s = plus(mac(s, blend(c38, plus(c37, HALF)), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 144), LOW);
  s = raise(s);
  h = overflowOf(s);
  const l18 = limbOf(s);
  s = dot(a0, o9); s = mac(s, a1, o8); s = mac(s, a2, o7); s = mac(s, a3, o6); s = mac(s, a4, o5);
  s = plus(mac(s, and(plus(c38, HALF), HIGH), FOLD), h);
  if (!isVoid<Less>()) s = mac(s, v128.load(c, 144), HIGH);
  s = raise(s);
  h = overflowOf(s);
  const l19 = limbOf(s);
  v128.store(r, lower(pack(l18, l19)), 144);
  finish(r, l0, l1, l2, l3, h);
}

/** All limbs at once hand on their carry; then limb 0, which 608 has made large, once more. r is tight; r may be a. */
export function carry(r: usize, a: usize): void {
  assert(alphaOf(a) <= 7);
  const round = i16x8.splat(0x1000);
  let x = v128.load(a, 144);
  let h = swap(i16x8.shr_s(i16x8.add(x, round), LIMB_BITS));
  // Only the low half is the top limb's carry.
  let before = i16x8.mul(h, i16x8.splat(608));
  for (let t: usize = 0; t < QUAD; t += 16) {
    x = v128.load(a + t);
    const up = i16x8.shr_s(i16x8.add(x, round), LIMB_BITS);
    h = swap(up);
    v128.store(r + t, i16x8.add(i16x8.sub(x, i16x8.shl(up, LIMB_BITS)), blend(before, h)));
    before = h;
  }
  x = v128.load(r);
  h = v128.and(i16x8.shr_s(i16x8.add(x, round), LIMB_BITS), i32x4.splat(0xffff));
  v128.store(r, i16x8.add(i16x8.sub(x, i16x8.shl(h, LIMB_BITS)), swap(h)));
  assert(alphaOf(r) <= 1);
}

/** Lanes in which a = 0 (mod p). Bound: alpha(a) <= 7. */
export function isZero(a: usize): v128 {
  // k 2^255 - 19 k is -19 k modulo 2^26, |k| < 256: the first two limbs clear all but one lane in thousands.
  const first = v128.load(a);
  const low = i32x4.shr_s(i32x4.shl(first, 16), 10);
  const sum = i32x4.shr_s(i32x4.add(low, i32x4.shl(i32x4.shr_s(first, 16), 19)), 6);
  if (!v128.any_true(i32x4.le_s(i32x4.abs(sum), i32x4.splat(19 * 256)))) return i32x4.splat(0);
  return isZeroExactly(a);
}

function isZeroExactly(a: usize): v128 {
  // With balanced limbs a multiple of p, k 2^255 - 19 k with |k| <= 16, has but one form: -19 k, 0 .. 0, 256 k.
  carry(ZERO_TEST, a);
  let middle = v128.or(
    v128.and(v128.load(ZERO_TEST), i32x4.splat(0xffff0000)),
    v128.and(v128.load(ZERO_TEST, 144), i32x4.splat(0xffff)),
  );
  for (let t: usize = 16; t < 144; t += 16) middle = v128.or(middle, v128.load(ZERO_TEST + t));
  const low = i32x4.shr_s(i32x4.shl(v128.load(ZERO_TEST), 16), 16);
  const top = i32x4.shr_s(v128.load(ZERO_TEST, 144), 16);
  const multiple = i32x4.eq(i32x4.shl(low, 8), i32x4.mul(top, i32x4.splat(-19)));
  return v128.and(i32x4.eq(middle, i32x4.splat(0)), multiple);
}

const ZERO_TEST = memory.data(160, 16);

/** Set one lane from 32 bytes, little-endian; bit 255 is ignored. */
export function fromBytes(r: usize, lane: i32, bytes: usize): void {
  r += (<usize>lane) << 2;
  let up: i32 = 0;
  for (let i = 0; i < LIMBS; i++) {
    const bit = i * LIMB_BITS;
    // Three bytes hold any 13 bits with their shift, and limb 19 ends at bit 254.
    let limb = (<i32>load<u16>(bytes + (bit >> 3))) >>> (bit & 7);
    if ((bit >> 3) + 2 < 32) limb |= (<i32>load<u8>(bytes + (bit >> 3) + 2)) << (16 - (bit & 7));
    limb = (i == LIMBS - 1 ? limb & 0xff : limb & 0x1fff) + up;
    up = (limb + 0x1000) >> LIMB_BITS;
    if (i == LIMBS - 1) up = 0;
    store<i16>(r + ((<usize>(i >> 1)) << 4) + ((<usize>(i & 1)) << 1), <i16>(limb - (up << LIMB_BITS)));
  }
}

/** The canonical 32 bytes, little-endian, of one lane. Bound: alpha(a) <= 7. */
export function toBytes(bytes: usize, a: usize, lane: i32): void {
  a += (<usize>lane) << 2;
  // Four limbs make a word of 52 bits, five words the element; bit 255 is bit 47 of the last.
  let w0 = word(a);
  let w1 = word(a + 32);
  let w2 = word(a + 64);
  let w3 = word(a + 96);
  // x + 2^7 p is positive. With h = floor(x / 2^255), floor(x / p) is h or h + 1, and h + 1 if x + 19 (h + 1) says so.
  let w4 = word(a + 128) + ((<i64>128) << 47);
  const h = carried(w0 - 19 * 128, w1, w2, w3, w4) >> 47;
  const quotient = carried(w0 + 19 * (h - 127), w1, w2, w3, w4) >> 47;
  w0 += 19 * (quotient - 128);
  w1 += w0 >> 52;
  w2 += w1 >> 52;
  w3 += w2 >> 52;
  w4 += w3 >> 52;
  w0 &= WORD_MASK;
  w1 &= WORD_MASK;
  w2 &= WORD_MASK;
  w3 &= WORD_MASK;
  w4 &= WORD_MASK >> 5;
  store<i64>(bytes, w0 | (w1 << 52));
  store<i64>(bytes, (w1 >> 12) | (w2 << 40), 8);
  store<i64>(bytes, (w2 >> 24) | (w3 << 28), 16);
  store<i64>(bytes, (w3 >> 36) | (w4 << 16), 24);
}

const WORD_MASK: i64 = (1 << 52) - 1;

/** Limbs 0 to 3 from here on as one number. */
function word(a: usize): i64 {
  return (
    <i64>load<i16>(a) +
    ((<i64>load<i16>(a, 2)) << 13) +
    ((<i64>load<i16>(a, 16)) << 26) +
    ((<i64>load<i16>(a, 18)) << 39)
  );
}

/** The last word when all carries have come up. */
function carried(w0: i64, w1: i64, w2: i64, w3: i64, w4: i64): i64 {
  return w4 + ((w3 + ((w2 + ((w1 + (w0 >> 52)) >> 52)) >> 52)) >> 52);
}

/** r = a^(2^n). */
export function sqrTimes(r: usize, a: usize, n: i32): void {
  sqr(r, a);
  while (--n > 0) sqr(r, r);
}

/** r = a^((p-5)/8), from which a square root is made (RFC 8032, section 5.1.3). */
export function powerForRoot(r: usize, a: usize): void {
  sqr(T0, a);
  sqrTimes(T1, T0, 2);
  mul(T1, T1, a);
  mul(T0, T1, T0); // 11
  sqr(T0, T0);
  mul(T0, T0, T1); // 2^5 - 1
  sqrTimes(T1, T0, 5);
  mul(T0, T1, T0); // 2^10 - 1
  sqrTimes(T1, T0, 10);
  mul(T1, T1, T0); // 2^20 - 1
  sqrTimes(T2, T1, 20);
  mul(T1, T2, T1); // 2^40 - 1
  sqrTimes(T1, T1, 10);
  mul(T0, T1, T0); // 2^50 - 1
  sqrTimes(T1, T0, 50);
  mul(T1, T1, T0); // 2^100 - 1
  sqrTimes(T2, T1, 100);
  mul(T1, T2, T1); // 2^200 - 1
  sqrTimes(T1, T1, 50);
  mul(T0, T1, T0); // 2^250 - 1
  sqrTimes(T0, T0, 2);
  mul(r, T0, a);
}

const T0 = memory.data(160, 16);
const T1 = memory.data(160, 16);
const T2 = memory.data(160, 16);

/** r = 1/a. No lane may be zero: all four share one inversion of their product. r may be a. */
export function invert(r: usize, a: usize): void {
  swapNeighbours(T0, a);
  mul(T1, a, T0);
  swapHalves(T1, T1);
  mul(T0, T0, T1); // the product of the three others
  mul(T1, a, T0);
  toBytes(BYTES, T1, 0);
  invertModuloVarTime(BYTES, BYTES, P);
  for (let lane = 0; lane < 4; lane++) fromBytes(T1, lane, BYTES);
  mul(r, T0, T1);
}

const BYTES = memory.data(32, 16);
const P = memory.data<u64>([0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff]);

/**
 * Replace `count` quads, `step` bytes apart, by their inverses with one inversion in all (Montgomery's trick). None may
 * be zero in any lane. `work` has room for count quads.
 */
export function invertAll(a: usize, step: usize, count: i32, work: usize): void {
  copy(PRODUCT, a);
  for (let i = 1; i < count; i++) {
    copy(work + <usize>i * QUAD, PRODUCT);
    mul(PRODUCT, PRODUCT, a + <usize>i * step);
  }
  invert(PRODUCT, PRODUCT);
  for (let i = count - 1; i > 0; i--) {
    const at = a + <usize>i * step;
    const before = work + <usize>i * QUAD;
    mul(before, before, PRODUCT);
    mul(PRODUCT, PRODUCT, at);
    copy(at, before);
  }
  copy(a, PRODUCT);
}

const PRODUCT = memory.data(160, 16);
