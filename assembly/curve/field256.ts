import { invertModuloVarTime } from "./divsteps";
import { isBelow, addWords, subtractWords } from "./words";
import { isP256, prime } from "./prime";
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
  splat,
  swap,
  swapHalves,
  swapNeighbours,
} from "./quad";

/**
 * The fields of P-256 and SM2, four elements side by side in a quad, in Montgomery's representation: the element x
 * stands for x / R, R = 2^260.
 *
 * Bounds. An element is tight if every |limb| <= TIGHT and its value lies within 2^256 either way; it has alpha = n if
 * it is a sum of n tight ones. Products, `carry` and what is read from words are tight. A column of a product adds
 * twenty products of limbs: alpha(a) alpha(b) <= 6 keeps it, with what reduction and carry add to it, under 2^31
 * (20 * 6 * 4128^2 + 4648 * 2^13 + 2^18 < 2^31), and the product's value under (6 / 16 + 1 / 2 + 2^-13) 2^256.
 *
 * Montgomery's reduction adds the multiple of p that clears the lowest limb. Both primes are -1 modulo 2^13, so that
 * this multiple is what a column keeps when it hands on its carry, and p + 1 is four powers of two, or minus such:
 *   P-256  2^96 + 2^192 - 2^224 + 2^256
 *   SM2    2^64 - 2^96 - 2^224 + 2^256
 *
 * Variable time: all that is computed here is public.
 */

// Add to a column the part of m (p + 1) that one of these powers brings there.

// @ts-ignore: decorator
@inline
function plus64<C>(s: v128, m: v128): v128 {
  return isP256<C>() ? s : i32x4.add(s, i32x4.shl(m, 64 - 4 * LIMB_BITS));
}

// @ts-ignore: decorator
@inline
function plus96<C>(s: v128, m: v128): v128 {
  const part = i32x4.shl(m, 96 - 7 * LIMB_BITS);
  return isP256<C>() ? i32x4.add(s, part) : i32x4.sub(s, part);
}

// @ts-ignore: decorator
@inline
function plus192<C>(s: v128, m: v128): v128 {
  return isP256<C>() ? i32x4.add(s, i32x4.shl(m, 192 - 14 * LIMB_BITS)) : s;
}

// @ts-ignore: decorator
@inline
function plus224(s: v128, m: v128): v128 {
  return i32x4.sub(s, i32x4.shl(m, 224 - 17 * LIMB_BITS));
}

// @ts-ignore: decorator
@inline
function plus256(s: v128, m: v128): v128 {
  return i32x4.add(s, i32x4.shl(m, 256 - 19 * LIMB_BITS));
}

/** Debug build: may these be multiplied? */
function areFactors(a: usize, b: usize): bool {
  return alphaOf(a) * alphaOf(b) <= 6;
}

/** r = a b / R. Bounds: alpha(a) alpha(b) <= 6; r is tight. r may be a or b. */
// prettier-ignore
export function mul<C>(r: usize, a: usize, b: usize): void {
  const LOW = i32x4.splat(0xffff), HIGH = i32x4.splat(0xffff0000);
  assert(areFactors(a, b));
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
  let s: v128, h: v128, low: v128;
  s = dot(a0, e0); h = carryOf(s); const m0 = rest(s, h);
  s = dot(a0, o0); s = plus(s, h); h = carryOf(s); const m1 = rest(s, h);
  s = dot(a0, e1); s = mac(s, a1, e0); s = plus(s, h); h = carryOf(s); const m2 = rest(s, h);
  s = dot(a0, o1); s = mac(s, a1, o0); s = plus(s, h); h = carryOf(s); const m3 = rest(s, h);
  s = dot(a0, e2); s = mac(s, a1, e1); s = mac(s, a2, e0); s = plus64<C>(s, m0); s = plus(s, h); h = carryOf(s);
  const m4 = rest(s, h);
  s = dot(a0, o2); s = mac(s, a1, o1); s = mac(s, a2, o0); s = plus64<C>(s, m1); s = plus(s, h); h = carryOf(s);
  const m5 = rest(s, h);
  s = dot(a0, e3); s = mac(s, a1, e2); s = mac(s, a2, e1); s = mac(s, a3, e0); s = plus64<C>(s, m2); s = plus(s, h);
  h = carryOf(s); const m6 = rest(s, h);
  s = dot(a0, o3); s = mac(s, a1, o2); s = mac(s, a2, o1); s = mac(s, a3, o0); s = plus64<C>(s, m3);
  s = plus96<C>(s, m0); s = plus(s, h); h = carryOf(s); const m7 = rest(s, h);
  s = dot(a0, e4); s = mac(s, a1, e3); s = mac(s, a2, e2); s = mac(s, a3, e1); s = mac(s, a4, e0);
  s = plus64<C>(s, m4); s = plus96<C>(s, m1); s = plus(s, h); h = carryOf(s); const m8 = rest(s, h);
  s = dot(a0, o4); s = mac(s, a1, o3); s = mac(s, a2, o2); s = mac(s, a3, o1); s = mac(s, a4, o0);
  s = plus64<C>(s, m5); s = plus96<C>(s, m2); s = plus(s, h); h = carryOf(s); const m9 = rest(s, h);
  s = dot(a0, e5); s = mac(s, a1, e4); s = mac(s, a2, e3); s = mac(s, a3, e2); s = mac(s, a4, e1);
  s = mac(s, a5, e0); s = plus64<C>(s, m6); s = plus96<C>(s, m3); s = plus(s, h); h = carryOf(s);
  const m10 = rest(s, h);
  s = dot(a0, o5); s = mac(s, a1, o4); s = mac(s, a2, o3); s = mac(s, a3, o2); s = mac(s, a4, o1);
  s = mac(s, a5, o0); s = plus64<C>(s, m7); s = plus96<C>(s, m4); s = plus(s, h); h = carryOf(s);
  const m11 = rest(s, h);
  s = dot(a0, e6); s = mac(s, a1, e5); s = mac(s, a2, e4); s = mac(s, a3, e3); s = mac(s, a4, e2);
  s = mac(s, a5, e1); s = mac(s, a6, e0); s = plus64<C>(s, m8); s = plus96<C>(s, m5); s = plus(s, h); h = carryOf(s);
  const m12 = rest(s, h);
  s = dot(a0, o6); s = mac(s, a1, o5); s = mac(s, a2, o4); s = mac(s, a3, o3); s = mac(s, a4, o2);
  s = mac(s, a5, o1); s = mac(s, a6, o0); s = plus64<C>(s, m9); s = plus96<C>(s, m6); s = plus(s, h); h = carryOf(s);
  const m13 = rest(s, h);
  s = dot(a0, e7); s = mac(s, a1, e6); s = mac(s, a2, e5); s = mac(s, a3, e4); s = mac(s, a4, e3);
  s = mac(s, a5, e2); s = mac(s, a6, e1); s = mac(s, a7, e0); s = plus64<C>(s, m10); s = plus96<C>(s, m7);
  s = plus192<C>(s, m0); s = plus(s, h); h = carryOf(s); const m14 = rest(s, h);
  s = dot(a0, o7); s = mac(s, a1, o6); s = mac(s, a2, o5); s = mac(s, a3, o4); s = mac(s, a4, o3);
  s = mac(s, a5, o2); s = mac(s, a6, o1); s = mac(s, a7, o0); s = plus64<C>(s, m11); s = plus96<C>(s, m8);
  s = plus192<C>(s, m1); s = plus(s, h); h = carryOf(s); const m15 = rest(s, h);
  s = dot(a0, e8); s = mac(s, a1, e7); s = mac(s, a2, e6); s = mac(s, a3, e5); s = mac(s, a4, e4);
  s = mac(s, a5, e3); s = mac(s, a6, e2); s = mac(s, a7, e1); s = mac(s, a8, e0); s = plus64<C>(s, m12);
  s = plus96<C>(s, m9); s = plus192<C>(s, m2); s = plus(s, h); h = carryOf(s); const m16 = rest(s, h);
  s = dot(a0, o8); s = mac(s, a1, o7); s = mac(s, a2, o6); s = mac(s, a3, o5); s = mac(s, a4, o4);
  s = mac(s, a5, o3); s = mac(s, a6, o2); s = mac(s, a7, o1); s = mac(s, a8, o0); s = plus64<C>(s, m13);
  s = plus96<C>(s, m10); s = plus192<C>(s, m3); s = plus224(s, m0); s = plus(s, h); h = carryOf(s);
  const m17 = rest(s, h);
  s = dot(a0, e9); s = mac(s, a1, e8); s = mac(s, a2, e7); s = mac(s, a3, e6); s = mac(s, a4, e5);
  s = mac(s, a5, e4); s = mac(s, a6, e3); s = mac(s, a7, e2); s = mac(s, a8, e1); s = mac(s, a9, e0);
  s = plus64<C>(s, m14); s = plus96<C>(s, m11); s = plus192<C>(s, m4); s = plus224(s, m1); s = plus(s, h);
  h = carryOf(s); const m18 = rest(s, h);
  s = dot(a0, o9); s = mac(s, a1, o8); s = mac(s, a2, o7); s = mac(s, a3, o6); s = mac(s, a4, o5);
  s = mac(s, a5, o4); s = mac(s, a6, o3); s = mac(s, a7, o2); s = mac(s, a8, o1); s = mac(s, a9, o0);
  s = plus64<C>(s, m15); s = plus96<C>(s, m12); s = plus192<C>(s, m5); s = plus224(s, m2); s = plus256(s, m0);
  s = plus(s, h); h = carryOf(s); const m19 = rest(s, h);
  s = dot(a0, e10); s = mac(s, a1, e9); s = mac(s, a2, e8); s = mac(s, a3, e7); s = mac(s, a4, e6);
  s = mac(s, a5, e5); s = mac(s, a6, e4); s = mac(s, a7, e3); s = mac(s, a8, e2); s = mac(s, a9, e1);
  s = plus64<C>(s, m16); s = plus96<C>(s, m13); s = plus192<C>(s, m6); s = plus224(s, m3); s = plus256(s, m1);
  s = plus(s, h); h = carryOf(s); low = rest(s, h);
  s = dot(a1, o9); s = mac(s, a2, o8); s = mac(s, a3, o7); s = mac(s, a4, o6); s = mac(s, a5, o5);
  s = mac(s, a6, o4); s = mac(s, a7, o3); s = mac(s, a8, o2); s = mac(s, a9, o1); s = plus64<C>(s, m17);
  s = plus96<C>(s, m14); s = plus192<C>(s, m7); s = plus224(s, m4); s = plus256(s, m2); s = plus(s, h);
  h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 0);
  s = dot(a1, e10); s = mac(s, a2, e9); s = mac(s, a3, e8); s = mac(s, a4, e7); s = mac(s, a5, e6);
  s = mac(s, a6, e5); s = mac(s, a7, e4); s = mac(s, a8, e3); s = mac(s, a9, e2); s = plus64<C>(s, m18);
  s = plus96<C>(s, m15); s = plus192<C>(s, m8); s = plus224(s, m5); s = plus256(s, m3); s = plus(s, h);
  h = carryOf(s); low = rest(s, h);
  s = dot(a2, o9); s = mac(s, a3, o8); s = mac(s, a4, o7); s = mac(s, a5, o6); s = mac(s, a6, o5);
  s = mac(s, a7, o4); s = mac(s, a8, o3); s = mac(s, a9, o2); s = plus64<C>(s, m19); s = plus96<C>(s, m16);
  s = plus192<C>(s, m9); s = plus224(s, m6); s = plus256(s, m4); s = plus(s, h); h = carryOf(s);
  v128.store(r, pack(low, rest(s, h)), 16);
  s = dot(a2, e10); s = mac(s, a3, e9); s = mac(s, a4, e8); s = mac(s, a5, e7); s = mac(s, a6, e6);
  s = mac(s, a7, e5); s = mac(s, a8, e4); s = mac(s, a9, e3); s = plus96<C>(s, m17); s = plus192<C>(s, m10);
  s = plus224(s, m7); s = plus256(s, m5); s = plus(s, h); h = carryOf(s); low = rest(s, h);
  s = dot(a3, o9); s = mac(s, a4, o8); s = mac(s, a5, o7); s = mac(s, a6, o6); s = mac(s, a7, o5);
  s = mac(s, a8, o4); s = mac(s, a9, o3); s = plus96<C>(s, m18); s = plus192<C>(s, m11); s = plus224(s, m8);
  s = plus256(s, m6); s = plus(s, h); h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 32);
  s = dot(a3, e10); s = mac(s, a4, e9); s = mac(s, a5, e8); s = mac(s, a6, e7); s = mac(s, a7, e6);
  s = mac(s, a8, e5); s = mac(s, a9, e4); s = plus96<C>(s, m19); s = plus192<C>(s, m12); s = plus224(s, m9);
  s = plus256(s, m7); s = plus(s, h); h = carryOf(s); low = rest(s, h);
  s = dot(a4, o9); s = mac(s, a5, o8); s = mac(s, a6, o7); s = mac(s, a7, o6); s = mac(s, a8, o5);
  s = mac(s, a9, o4); s = plus192<C>(s, m13); s = plus224(s, m10); s = plus256(s, m8); s = plus(s, h);
  h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 48);
  s = dot(a4, e10); s = mac(s, a5, e9); s = mac(s, a6, e8); s = mac(s, a7, e7); s = mac(s, a8, e6);
  s = mac(s, a9, e5); s = plus192<C>(s, m14); s = plus224(s, m11); s = plus256(s, m9); s = plus(s, h);
  h = carryOf(s); low = rest(s, h);
  s = dot(a5, o9); s = mac(s, a6, o8); s = mac(s, a7, o7); s = mac(s, a8, o6); s = mac(s, a9, o5);
  s = plus192<C>(s, m15); s = plus224(s, m12); s = plus256(s, m10); s = plus(s, h); h = carryOf(s);
  v128.store(r, pack(low, rest(s, h)), 64);
  s = dot(a5, e10); s = mac(s, a6, e9); s = mac(s, a7, e8); s = mac(s, a8, e7); s = mac(s, a9, e6);
  s = plus192<C>(s, m16); s = plus224(s, m13); s = plus256(s, m11); s = plus(s, h); h = carryOf(s);
  low = rest(s, h);
  s = dot(a6, o9); s = mac(s, a7, o8); s = mac(s, a8, o7); s = mac(s, a9, o6); s = plus192<C>(s, m17);
  s = plus224(s, m14); s = plus256(s, m12); s = plus(s, h); h = carryOf(s);
  v128.store(r, pack(low, rest(s, h)), 80);
  s = dot(a6, e10); s = mac(s, a7, e9); s = mac(s, a8, e8); s = mac(s, a9, e7); s = plus192<C>(s, m18);
  s = plus224(s, m15); s = plus256(s, m13); s = plus(s, h); h = carryOf(s); low = rest(s, h);
  s = dot(a7, o9); s = mac(s, a8, o8); s = mac(s, a9, o7); s = plus192<C>(s, m19); s = plus224(s, m16);
  s = plus256(s, m14); s = plus(s, h); h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 96);
  s = dot(a7, e10); s = mac(s, a8, e9); s = mac(s, a9, e8); s = plus224(s, m17); s = plus256(s, m15);
  s = plus(s, h); h = carryOf(s); low = rest(s, h);
  s = dot(a8, o9); s = mac(s, a9, o8); s = plus224(s, m18); s = plus256(s, m16); s = plus(s, h);
  h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 112);
  s = dot(a8, e10); s = mac(s, a9, e9); s = plus224(s, m19); s = plus256(s, m17); s = plus(s, h);
  h = carryOf(s); low = rest(s, h);
  s = dot(a9, o9); s = plus256(s, m18); s = plus(s, h); h = carryOf(s); v128.store(r, pack(low, rest(s, h)), 128);
  s = dot(a9, e10); s = plus256(s, m19); s = plus(s, h); h = carryOf(s); low = rest(s, h);
  v128.store(r, pack(low, h), 144);
}

/**
 * r = a^2 / R, with each cross product taken once. Bound: alpha(a) <= 2; r is tight. r may be a. The multiple of p is
 * added up from limbs that are not negative, but for the last, which brings its value to within R / 2 either way.
 */
// prettier-ignore
export function sqr<C>(r: usize, a: usize): void {
  const LOW = i32x4.splat(0xffff), HIGH = i32x4.splat(0xffff0000);
  assert(areFactors(a, a));
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
  let s: v128, h: v128, low: v128;
  s = dot(a0, and(a0, LOW)); h = overflowOf(s); const m0 = limbOf(s);
  s = dot(a0, and(o0, LOW)); s = plus(s, h); h = overflowOf(s); const m1 = limbOf(s);
  s = dot(a0, blend(d1, a0)); s = plus(s, h); h = overflowOf(s); const m2 = limbOf(s);
  s = dot(a0, o1); s = plus(s, h); h = overflowOf(s); const m3 = limbOf(s);
  s = dot(a0, e2); s = mac(s, a1, and(a1, LOW)); s = plus64<C>(s, m0); s = plus(s, h); h = overflowOf(s);
  const m4 = limbOf(s);
  s = dot(a0, o2); s = mac(s, a1, and(o1, LOW)); s = plus64<C>(s, m1); s = plus(s, h); h = overflowOf(s);
  const m5 = limbOf(s);
  s = dot(a0, e3); s = mac(s, a1, blend(d2, a1)); s = plus64<C>(s, m2); s = plus(s, h); h = overflowOf(s);
  const m6 = limbOf(s);
  s = dot(a0, o3); s = mac(s, a1, o2); s = plus64<C>(s, m3); s = plus96<C>(s, m0); s = plus(s, h); h = overflowOf(s);
  const m7 = limbOf(s);
  s = dot(a0, e4); s = mac(s, a1, e3); s = mac(s, a2, and(a2, LOW)); s = plus64<C>(s, m4); s = plus96<C>(s, m1);
  s = plus(s, h); h = overflowOf(s); const m8 = limbOf(s);
  s = dot(a0, o4); s = mac(s, a1, o3); s = mac(s, a2, and(o2, LOW)); s = plus64<C>(s, m5); s = plus96<C>(s, m2);
  s = plus(s, h); h = overflowOf(s); const m9 = limbOf(s);
  s = dot(a0, e5); s = mac(s, a1, e4); s = mac(s, a2, blend(d3, a2)); s = plus64<C>(s, m6); s = plus96<C>(s, m3);
  s = plus(s, h); h = overflowOf(s); const m10 = limbOf(s);
  s = dot(a0, o5); s = mac(s, a1, o4); s = mac(s, a2, o3); s = plus64<C>(s, m7); s = plus96<C>(s, m4); s = plus(s, h);
  h = overflowOf(s); const m11 = limbOf(s);
  s = dot(a0, e6); s = mac(s, a1, e5); s = mac(s, a2, e4); s = mac(s, a3, and(a3, LOW)); s = plus64<C>(s, m8);
  s = plus96<C>(s, m5); s = plus(s, h); h = overflowOf(s); const m12 = limbOf(s);
  s = dot(a0, o6); s = mac(s, a1, o5); s = mac(s, a2, o4); s = mac(s, a3, and(o3, LOW)); s = plus64<C>(s, m9);
  s = plus96<C>(s, m6); s = plus(s, h); h = overflowOf(s); const m13 = limbOf(s);
  s = dot(a0, e7); s = mac(s, a1, e6); s = mac(s, a2, e5); s = mac(s, a3, blend(d4, a3)); s = plus64<C>(s, m10);
  s = plus96<C>(s, m7); s = plus192<C>(s, m0); s = plus(s, h); h = overflowOf(s); const m14 = limbOf(s);
  s = dot(a0, o7); s = mac(s, a1, o6); s = mac(s, a2, o5); s = mac(s, a3, o4); s = plus64<C>(s, m11);
  s = plus96<C>(s, m8); s = plus192<C>(s, m1); s = plus(s, h); h = overflowOf(s); const m15 = limbOf(s);
  s = dot(a0, e8); s = mac(s, a1, e7); s = mac(s, a2, e6); s = mac(s, a3, e5); s = mac(s, a4, and(a4, LOW));
  s = plus64<C>(s, m12); s = plus96<C>(s, m9); s = plus192<C>(s, m2); s = plus(s, h); h = overflowOf(s);
  const m16 = limbOf(s);
  s = dot(a0, o8); s = mac(s, a1, o7); s = mac(s, a2, o6); s = mac(s, a3, o5); s = mac(s, a4, and(o4, LOW));
  s = plus64<C>(s, m13); s = plus96<C>(s, m10); s = plus192<C>(s, m3); s = plus224(s, m0); s = plus(s, h);
  h = overflowOf(s); const m17 = limbOf(s);
  s = dot(a0, e9); s = mac(s, a1, e8); s = mac(s, a2, e7); s = mac(s, a3, e6); s = mac(s, a4, blend(d5, a4));
  s = plus64<C>(s, m14); s = plus96<C>(s, m11); s = plus192<C>(s, m4); s = plus224(s, m1); s = plus(s, h);
  h = overflowOf(s); const m18 = limbOf(s);
  s = dot(a0, o9); s = mac(s, a1, o8); s = mac(s, a2, o7); s = mac(s, a3, o6); s = mac(s, a4, o5);
  s = plus64<C>(s, m15); s = plus96<C>(s, m12); s = plus192<C>(s, m5); s = plus224(s, m2); s = plus256(s, m0);
  s = plus(s, h); h = carryOf(s); const m19 = rest(s, h);
  s = dot(a0, e10); s = mac(s, a1, e9); s = mac(s, a2, e8); s = mac(s, a3, e7); s = mac(s, a4, e6);
  s = mac(s, a5, and(a5, LOW)); s = plus64<C>(s, m16); s = plus96<C>(s, m13); s = plus192<C>(s, m6);
  s = plus224(s, m3); s = plus256(s, m1); s = raise(s); s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a1, o9); s = mac(s, a2, o8); s = mac(s, a3, o7); s = mac(s, a4, o6); s = mac(s, a5, and(o5, LOW));
  s = plus64<C>(s, m17); s = plus96<C>(s, m14); s = plus192<C>(s, m7); s = plus224(s, m4); s = plus256(s, m2);
  s = raise(s); s = plus(s, h); h = overflowOf(s); v128.store(r, lower(pack(low, limbOf(s))), 0);
  s = dot(a1, e10); s = mac(s, a2, e9); s = mac(s, a3, e8); s = mac(s, a4, e7); s = mac(s, a5, blend(d6, a5));
  s = plus64<C>(s, m18); s = plus96<C>(s, m15); s = plus192<C>(s, m8); s = plus224(s, m5); s = plus256(s, m3);
  s = raise(s); s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a2, o9); s = mac(s, a3, o8); s = mac(s, a4, o7); s = mac(s, a5, o6); s = plus64<C>(s, m19);
  s = plus96<C>(s, m16); s = plus192<C>(s, m9); s = plus224(s, m6); s = plus256(s, m4); s = raise(s);
  s = plus(s, h); h = overflowOf(s); v128.store(r, lower(pack(low, limbOf(s))), 16);
  s = dot(a2, e10); s = mac(s, a3, e9); s = mac(s, a4, e8); s = mac(s, a5, e7); s = mac(s, a6, and(a6, LOW));
  s = plus96<C>(s, m17); s = plus192<C>(s, m10); s = plus224(s, m7); s = plus256(s, m5); s = raise(s);
  s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a3, o9); s = mac(s, a4, o8); s = mac(s, a5, o7); s = mac(s, a6, and(o6, LOW)); s = plus96<C>(s, m18);
  s = plus192<C>(s, m11); s = plus224(s, m8); s = plus256(s, m6); s = raise(s); s = plus(s, h);
  h = overflowOf(s); v128.store(r, lower(pack(low, limbOf(s))), 32);
  s = dot(a3, e10); s = mac(s, a4, e9); s = mac(s, a5, e8); s = mac(s, a6, blend(d7, a6)); s = plus96<C>(s, m19);
  s = plus192<C>(s, m12); s = plus224(s, m9); s = plus256(s, m7); s = raise(s); s = plus(s, h);
  h = overflowOf(s); low = limbOf(s);
  s = dot(a4, o9); s = mac(s, a5, o8); s = mac(s, a6, o7); s = plus192<C>(s, m13); s = plus224(s, m10);
  s = plus256(s, m8); s = raise(s); s = plus(s, h); h = overflowOf(s);
  v128.store(r, lower(pack(low, limbOf(s))), 48);
  s = dot(a4, e10); s = mac(s, a5, e9); s = mac(s, a6, e8); s = mac(s, a7, and(a7, LOW)); s = plus192<C>(s, m14);
  s = plus224(s, m11); s = plus256(s, m9); s = raise(s); s = plus(s, h); h = overflowOf(s);
  low = limbOf(s);
  s = dot(a5, o9); s = mac(s, a6, o8); s = mac(s, a7, and(o7, LOW)); s = plus192<C>(s, m15); s = plus224(s, m12);
  s = plus256(s, m10); s = raise(s); s = plus(s, h); h = overflowOf(s);
  v128.store(r, lower(pack(low, limbOf(s))), 64);
  s = dot(a5, e10); s = mac(s, a6, e9); s = mac(s, a7, blend(d8, a7)); s = plus192<C>(s, m16); s = plus224(s, m13);
  s = plus256(s, m11); s = raise(s); s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a6, o9); s = mac(s, a7, o8); s = plus192<C>(s, m17); s = plus224(s, m14); s = plus256(s, m12);
  s = raise(s); s = plus(s, h); h = overflowOf(s); v128.store(r, lower(pack(low, limbOf(s))), 80);
  s = dot(a6, e10); s = mac(s, a7, e9); s = mac(s, a8, and(a8, LOW)); s = plus192<C>(s, m18); s = plus224(s, m15);
  s = plus256(s, m13); s = raise(s); s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a7, o9); s = mac(s, a8, and(o8, LOW)); s = plus192<C>(s, m19); s = plus224(s, m16);
  s = plus256(s, m14); s = raise(s); s = plus(s, h); h = overflowOf(s);
  v128.store(r, lower(pack(low, limbOf(s))), 96);
  s = dot(a7, e10); s = mac(s, a8, blend(d9, a8)); s = plus224(s, m17); s = plus256(s, m15); s = raise(s);
  s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a8, o9); s = plus224(s, m18); s = plus256(s, m16); s = raise(s); s = plus(s, h); h = overflowOf(s);
  v128.store(r, lower(pack(low, limbOf(s))), 112);
  s = dot(a8, e10); s = mac(s, a9, and(a9, LOW)); s = plus224(s, m19); s = plus256(s, m17); s = raise(s);
  s = plus(s, h); h = overflowOf(s); low = limbOf(s);
  s = dot(a9, and(o9, LOW)); s = plus256(s, m18); s = raise(s); s = plus(s, h); h = overflowOf(s);
  v128.store(r, lower(pack(low, limbOf(s))), 128);
  s = dot(a9, and(a9, HIGH)); s = plus256(s, m19); s = raise(s); s = plus(s, h); h = overflowOf(s);
  low = limbOf(s);
  v128.store(r, lower(pack(low, raise(h))), 144);
}

/** Store two limbs of each lane without what they hand on, and with what is handed to them; returns the former, swapped. */
// @ts-ignore: decorator
@inline
function carryVector(r: usize, x: v128, before: v128): v128 {
  const up = i16x8.shr_s(i16x8.add(x, i16x8.splat(0x1000)), LIMB_BITS);
  const h = swap(up);
  v128.store(r, i16x8.add(i16x8.sub(x, i16x8.shl(up, LIMB_BITS)), blend(before, h)));
  return h;
}

// What is carried, of a and b.
const JUST_A = 0;
const TRIPLE_A = 1;
const A_LESS_B = 2;
const A_LESS_TWICE_B = 3;

// @ts-ignore: decorator
@inline
function termOf(what: i32, a: usize, b: usize): v128 {
  const x = v128.load(a);
  if (what == JUST_A) return x;
  if (what == TRIPLE_A) return i16x8.add(i16x8.add(x, x), x);
  const y = v128.load(b);
  return what == A_LESS_B ? i16x8.sub(x, y) : i16x8.sub(i16x8.sub(x, y), y);
}

/** r = a, tight. Bound: alpha(a) <= 6; r may be a. The value of r lies within 0.51 * 2^256 either way. */
export function carry<C>(r: usize, a: usize): void {
  assert(alphaOf(a) <= 6);
  carryTerms<C>(JUST_A, r, a, a);
}

/** r = 3 a, as `carry`. Bound: alpha(a) <= 2. */
export function carryTriple<C>(r: usize, a: usize): void {
  assert(alphaOf(a) <= 2);
  carryTerms<C>(TRIPLE_A, r, a, a);
}

/** r = a - b, as `carry`. Bound: alphas that add to 6. r may be a or b. */
export function carryLess<C>(r: usize, a: usize, b: usize): void {
  assert(alphaOf(a) + alphaOf(b) <= 6);
  carryTerms<C>(A_LESS_B, r, a, b);
}

/** r = a - 2 b, as `carry`. Bound: alpha(a) + 2 alpha(b) <= 6. r may be a or b. */
export function carryLessTwice<C>(r: usize, a: usize, b: usize): void {
  assert(alphaOf(a) + 2 * alphaOf(b) <= 6);
  carryTerms<C>(A_LESS_TWICE_B, r, a, b);
}

/** Takes the multiple of p away that the top limb shows, then all limbs at once hand on their carry. */
// @ts-ignore: decorator
@inline
function carryTerms<C>(what: i32, r: usize, a: usize, b: usize): void {
  const LOW = i32x4.splat(0xffff);
  const top = termOf(what, a + 144, b + 144);
  const t = i32x4.shr_s(i32x4.add(top, i32x4.splat(0x100 << 16)), 25);
  // x - t p, where p = 2^256 - (2^256 - p).
  const x0 = i16x8.add(termOf(what, a, b), and(t, LOW));
  const t96 = i32x4.shl(t, 21);
  let x2 = termOf(what, a + 32, b + 32);
  let x3 = termOf(what, a + 48, b + 48);
  let x7 = termOf(what, a + 112, b + 112);
  if (isP256<C>()) {
    x3 = i16x8.sub(x3, t96);
    x7 = i16x8.sub(x7, and(i32x4.shl(t, 10), LOW));
  } else {
    // 2^64 t is too much for limb 4: the half of it goes to limb 5, the odd 2^12 stays.
    x2 = i16x8.sub(x2, blend(and(i32x4.shl(t, 12), i32x4.splat(0x1000)), i32x4.shl(i32x4.shr_s(t, 1), 16)));
    x3 = i16x8.add(x3, t96);
  }
  let h = carryVector(r, x0, i32x4.splat(0));
  h = carryVector(r + 16, termOf(what, a + 16, b + 16), h);
  h = carryVector(r + 32, x2, h);
  h = carryVector(r + 48, x3, h);
  h = carryVector(r + 64, termOf(what, a + 64, b + 64), h);
  h = carryVector(r + 80, termOf(what, a + 80, b + 80), h);
  h = carryVector(r + 96, termOf(what, a + 96, b + 96), h);
  h = carryVector(r + 112, x7, h);
  h = carryVector(r + 128, i16x8.add(termOf(what, a + 128, b + 128), i32x4.shl(t, 19)), h);
  carryVector(r + 144, i16x8.sub(top, i32x4.shl(t, 25)), h);
  assert(alphaOf(r) <= 1);
}

const ZERO_TEST = memory.data(160, 16);

/** Lanes in which a = 0 (mod p). Bound: alpha(a) <= 6. */
export function zeroLanesVarTime<C>(a: usize): v128 {
  // A multiple k p within the bounds has |k| <= 6 and ends in -k, as few other numbers do.
  const low = and(i32x4.add(v128.load(a), i32x4.splat(8)), i32x4.splat(0x1fff));
  if (!v128.any_true(i32x4.lt_s(low, i32x4.splat(17)))) return i32x4.splat(0);
  // Less than p either way and carried, zero has but one form.
  carry<C>(ZERO_TEST, a);
  let x = v128.load(ZERO_TEST);
  for (let t: usize = 16; t < QUAD; t += 16) x = v128.or(x, v128.load(ZERO_TEST + t));
  return i32x4.eq(x, i32x4.splat(0));
}

// prettier-ignore
const ONE_LIMBS = memory.data<i16>([
  16, 0, 0, 0, 0, 0, 0, -512, 0, 0, 0, 0, 0, 0, 0, -2, 0, 128, 0, 0,
  16, 0, 0, 0, 0, -8, 0, 512, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 0, 0,
]);
/** R^2 modulo p. */
// prettier-ignore
const SQUARE_LIMBS = memory.data<i16>([
  768, 0, 0, 0, 0, -128, 0, 0, -4, 0, -64, 0, 0, 0, 0, -64, 0, 2048, 1, 0,
  768, 0, 0, 4, 0, -128, 0, 0, 3, 0, 64, 0, -4096, 1, 0, 64, 0, 0, 1, 0,
]);
const ONES = memory.data(320, 16);
const SQUARES = memory.data(320, 16);
/** The number 1, which is the element 1/R. */
const UNIT = memory.data(160, 16);
splat(ONES, ONE_LIMBS);
splat(ONES + QUAD, ONE_LIMBS + 40);
splat(SQUARES, SQUARE_LIMBS);
splat(SQUARES + QUAD, SQUARE_LIMBS + 40);
v128.store(UNIT, i32x4.splat(1));

/** Address of the element 1, in four lanes. */
// @ts-ignore: decorator
@inline
export function one<C>(): usize {
  return isP256<C>() ? ONES : ONES + QUAD;
}

/** Set one lane to the limbs of a number below 2^256; `toElements` then makes it an element. */
export function readWords(r: usize, lane: i32, words: usize): void {
  r += (<usize>lane) << 2;
  let up: i32 = 0;
  for (let i = 0; i < LIMBS; i++) {
    const bit = i * LIMB_BITS;
    const word = words + ((<usize>(bit >> 6)) << 3);
    const shift = bit & 63;
    let limb = <i32>((load<u64>(word) >> shift) & 0x1fff);
    if (shift > 64 - LIMB_BITS && i < LIMBS - 1) limb |= <i32>((load<u64>(word, 8) << (64 - shift)) & 0x1fff);
    limb += up;
    up = i < LIMBS - 1 ? (limb + 0x1000) >> LIMB_BITS : 0;
    store<i16>(r + ((<usize>(i >> 1)) << 4) + ((<usize>(i & 1)) << 1), <i16>(limb - (up << LIMB_BITS)));
  }
}

/** r = the elements for the numbers whose limbs r holds. */
export function toElements<C>(r: usize): void {
  mul<C>(r, r, isP256<C>() ? SQUARES : SQUARES + QUAD);
}

/** r = the numbers for the elements a, less than p either way, for `writeWords`. Bound: alpha(a) <= 6. */
export function fromElements<C>(r: usize, a: usize): void {
  mul<C>(r, a, UNIT);
}

/** The number in one lane, from `fromElements`, brought between 0 and p. */
export function writeWords<C>(words: usize, a: usize, lane: i32): void {
  a += (<usize>lane) << 2;
  let low: i64 = 0;
  let bits = 0;
  let at = words;
  for (let i = 0; i < LIMBS; i++) {
    const limb = <i64>load<i16>(a + ((<usize>(i >> 1)) << 4) + ((<usize>(i & 1)) << 1));
    // `low` holds the sign of what is below: a borrow from here.
    const sum = low + (limb << bits);
    const next = bits + LIMB_BITS;
    if (next < 51) {
      low = sum;
      bits = next;
    } else {
      // 32 bits are settled.
      store<u32>(at, <u32>sum);
      at += 4;
      low = sum >> 32;
      bits = next - 32;
    }
  }
  for (; at < words + 32; at += 4) {
    store<u32>(at, <u32>low);
    low >>= 32;
  }
  if (low < 0) addWords(words, words, prime<C>());
  if (!isBelow(words, prime<C>())) subtractWords(words, words, prime<C>());
}

const PAIRS = memory.data(160, 16);
const ALL = memory.data(160, 16);
const TURNED = memory.data(160, 16);
const INVERSE = memory.data(32, 16);

/** r = 1/a. No lane may be zero: all four share one inversion of their product. r may be a. */
export function invert<C>(r: usize, a: usize): void {
  swapNeighbours(TURNED, a);
  mul<C>(PAIRS, a, TURNED);
  swapHalves(PAIRS, PAIRS);
  mul<C>(TURNED, TURNED, PAIRS); // the product of the three others
  mul<C>(ALL, a, TURNED);
  fromElements<C>(ALL, ALL);
  writeWords<C>(INVERSE, ALL, 0);
  invertModuloVarTime(INVERSE, INVERSE, prime<C>());
  for (let lane = 0; lane < 4; lane++) readWords(ALL, lane, INVERSE);
  toElements<C>(ALL);
  mul<C>(r, ALL, TURNED);
}

const PRODUCT = memory.data(160, 16);

/**
 * Replace `count` quads, `step` bytes apart, by their inverses with one inversion in all (Montgomery's trick). None may
 * be zero in any lane. `work` has room for count quads.
 */
export function invertAll<C>(a: usize, step: usize, count: i32, work: usize): void {
  copy(PRODUCT, a);
  for (let i = 1; i < count; i++) {
    copy(work + <usize>i * QUAD, PRODUCT);
    mul<C>(PRODUCT, PRODUCT, a + <usize>i * step);
  }
  invert<C>(PRODUCT, PRODUCT);
  for (let i = count - 1; i > 0; i--) {
    const at = a + <usize>i * step;
    const before = work + <usize>i * QUAD;
    mul<C>(before, before, PRODUCT);
    mul<C>(PRODUCT, PRODUCT, at);
    copy(at, before);
  }
  copy(a, PRODUCT);
}
