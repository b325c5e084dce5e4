/**
 * Arithmetic modulo the four 256-bit primes behind ECDSA on P-256 (FIPS 186-5, SP 800-186 section 3.2.1.3) and SM2
 * (GM/T 0003.5): the field and the group order of each, in Montgomery's representation x 2^261 mod m.
 *
 * An element is nine limbs of 29 bits, i32 each, in 48 bytes of which the last twelve are padding; its value is
 * l0 + l1 2^29 + .. + l8 2^232. Limbs are signed and carried lazily. With "size" the largest |limb| / 2^29:
 *
 * - results of `multiply` and `square` have size 1 and, l8 apart, no negative limbs; they lie between -|a b| / 2^261 and
 *   m + |a b| / 2^261, which for factors up to 2^258 is far from -m and 2 m;
 * - results of `multiplyLess` and `squareLess` have size 1.07 and lie a little around 0 .. 2^256, whatever was taken away;
 * - `add`, `subtract` and `negate` do not carry: sizes add up and must stay under 4, for a limb is an i32;
 * - `carry` brings any size back to 1;
 * - factors must have size(a) size(b) <= 3.25, so that nine products and the reduction stay under 2^63. Checked by
 *   assertion in the debug build.
 */

/** The moduli, as types, so that the code is compiled once for each. Only by their sizes can they be told apart. */
export type P256 = u8;
export type P256Order = u16;
export type SM2 = u32;
export type SM2Order = u64;

/** Is this M that modulus? Known when compiled. */
// @ts-ignore: decorator
@inline
export function is<M, Which>(): bool {
  return sizeof<M>() == sizeof<Which>();
}

/** Bytes of an element. */
export const ELEMENT: usize = 48;
const BITS: i64 = 29;
const MASK: i64 = 0x1fffffff;

// The moduli as four little-endian words, and 2^261, 2^522, 2^783 modulo each.
// prettier-ignore
const MODULI = memory.data<u64>([
  0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001,
  0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000,
  0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffeffffffff,
  0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff,
]);
// prettier-ignore
const POWERS = memory.data<i32>([
  0x20, 0x0, 0x0, 0x1fffc000, 0x1fffffff, 0x1fffffff, 0x1f7fffff, 0x3ffffff, 0x0, 0, 0, 0,
  0xc00, 0x0, 0x1fff0000, 0x1fdfffff, 0x1fbfffff, 0x1fffffff, 0x1fffffff, 0x1ffffffe, 0x13, 0, 0, 0,
  0x50000, 0x1ff40000, 0x1effffff, 0xdffffff, 0x7ffffff, 0x1fffffff, 0xb, 0x10, 0xc00, 0, 0, 0,
  0x139b55e0, 0x6353d03, 0x30bd862, 0x154963a, 0x8632, 0x0, 0x1f800000, 0x3ffffff, 0x0, 0, 0, 0,
  0x148d9ef5, 0xf4e7f75, 0x14c6a651, 0x3f8b765, 0x165861f1, 0x1256d7d8, 0x1c185b23, 0xd4cab0f, 0x84b655, 0, 0, 0,
  0x1e021dd3, 0x1d50b165, 0x1cc6c8ae, 0x2fc7618, 0x19313170, 0x1ae97a4f, 0xa137248, 0x41be64d, 0x2a73da, 0, 0, 0,
  0x20, 0x0, 0x1ffff800, 0x3fff, 0x0, 0x0, 0x0, 0x4000000, 0x0, 0, 0, 0,
  0xc00, 0x4000, 0x1fff0000, 0x17ffff, 0x400000, 0x2000000, 0x0, 0x1, 0x10, 0, 0, 0,
  0xb0000, 0x480000, 0x1f000000, 0xeffffff, 0x0, 0x3, 0x14, 0x90, 0xd80, 0, 0, 0,
  0x557dba0, 0x40bf6c6, 0xfd6a562, 0x825378e, 0x11bf8, 0x0, 0x0, 0x4000000, 0x0, 0, 0, 0,
  0x159b7552, 0x15c38c55, 0xb5ce697, 0x1164d74c, 0x151153b6, 0x1875ffc1, 0x1620fc84, 0x559e9d, 0xd7904b, 0, 0, 0,
  0xfd189c5, 0xba2c355, 0x7873037, 0x442d379, 0x7b63dc2, 0x5c616bf, 0x189f7767, 0x186ea144, 0x924ece, 0, 0, 0,
], 16);

/** Number of the modulus, in the order of the tables. */
// @ts-ignore: decorator
@inline
export function index<M>(): usize {
  return is<M, P256>() ? 0 : is<M, P256Order>() ? 1 : is<M, SM2>() ? 2 : 3;
}

/** Address of the modulus, four little-endian words. */
// @ts-ignore: decorator
@inline
export function modulus<M>(): usize {
  return MODULI + index<M>() * 32;
}

/** Address of the element 1. */
// @ts-ignore: decorator
@inline
export function one<M>(): usize {
  return POWERS + index<M>() * (3 * ELEMENT);
}

/** Address of the element that, multiplied by a plain number, gives that number as an element. */
// @ts-ignore: decorator
@inline
export function entering<M>(): usize {
  return POWERS + index<M>() * (3 * ELEMENT) + ELEMENT;
}

/** Address of the element that, multiplied by the plain inverse of an element, gives the inverse as an element. */
// @ts-ignore: decorator
@inline
export function inverting<M>(): usize {
  return POWERS + index<M>() * (3 * ELEMENT) + 2 * ELEMENT;
}

/** Largest |limb|. */
function bound(a: usize): i64 {
  let largest: i64 = 0;
  for (let i: usize = 0; i < 36; i += 4) largest = max(largest, abs(<i64>load<i32>(a + i)));
  return largest;
}

/** May these be multiplied: is 9 |a| |b| under 2^63 with room for the reduction? */
function areFactors(a: usize, b: usize): bool {
  return bound(a) * bound(b) <= 13 << 56;
}

/**
 * The columns c0 .. c16 of a product, times 2^-261, less what is at `less` (of any size), to `out`.
 * Montgomery's reduction takes the lowest column away by adding the multiple of the modulus that clears its 29 bits.
 * Both fields are -1 modulo 2^29, so that this multiple is those bits themselves, and the modulus plus one is a sum of
 * four powers of two.
 */
// @ts-ignore: decorator
@inline
function reduce<M>(out: usize, isLess: bool, less: usize, c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64, c9: i64, c10: i64, c11: i64, c12: i64, c13: i64, c14: i64, c15: i64, c16: i64): void {
  let t: i64;
  if (is<M, P256>()) {
    // p + 1 = 2^96 + 2^192 - 2^224 + 2^256.
    t = c0 & MASK;
    c1 += c0 >> BITS;
    c3 += t << 9;
    c6 += t << 18;
    c7 -= t << 21;
    c8 += t << 24;
    t = c1 & MASK;
    c2 += c1 >> BITS;
    c4 += t << 9;
    c7 += t << 18;
    c8 -= t << 21;
    c9 += t << 24;
    t = c2 & MASK;
    c3 += c2 >> BITS;
    c5 += t << 9;
    c8 += t << 18;
    c9 -= t << 21;
    c10 += t << 24;
    t = c3 & MASK;
    c4 += c3 >> BITS;
    c6 += t << 9;
    c9 += t << 18;
    c10 -= t << 21;
    c11 += t << 24;
    t = c4 & MASK;
    c5 += c4 >> BITS;
    c7 += t << 9;
    c10 += t << 18;
    c11 -= t << 21;
    c12 += t << 24;
    t = c5 & MASK;
    c6 += c5 >> BITS;
    c8 += t << 9;
    c11 += t << 18;
    c12 -= t << 21;
    c13 += t << 24;
    t = c6 & MASK;
    c7 += c6 >> BITS;
    c9 += t << 9;
    c12 += t << 18;
    c13 -= t << 21;
    c14 += t << 24;
    t = c7 & MASK;
    c8 += c7 >> BITS;
    c10 += t << 9;
    c13 += t << 18;
    c14 -= t << 21;
    c15 += t << 24;
    t = c8 & MASK;
    c9 += c8 >> BITS;
    c11 += t << 9;
    c14 += t << 18;
    c15 -= t << 21;
    c16 += t << 24;
  } else if (is<M, SM2>()) {
    // p + 1 = 2^64 - 2^96 - 2^224 + 2^256.
    t = c0 & MASK;
    c1 += c0 >> BITS;
    c2 += t << 6;
    c3 -= t << 9;
    c7 -= t << 21;
    c8 += t << 24;
    t = c1 & MASK;
    c2 += c1 >> BITS;
    c3 += t << 6;
    c4 -= t << 9;
    c8 -= t << 21;
    c9 += t << 24;
    t = c2 & MASK;
    c3 += c2 >> BITS;
    c4 += t << 6;
    c5 -= t << 9;
    c9 -= t << 21;
    c10 += t << 24;
    t = c3 & MASK;
    c4 += c3 >> BITS;
    c5 += t << 6;
    c6 -= t << 9;
    c10 -= t << 21;
    c11 += t << 24;
    t = c4 & MASK;
    c5 += c4 >> BITS;
    c6 += t << 6;
    c7 -= t << 9;
    c11 -= t << 21;
    c12 += t << 24;
    t = c5 & MASK;
    c6 += c5 >> BITS;
    c7 += t << 6;
    c8 -= t << 9;
    c12 -= t << 21;
    c13 += t << 24;
    t = c6 & MASK;
    c7 += c6 >> BITS;
    c8 += t << 6;
    c9 -= t << 9;
    c13 -= t << 21;
    c14 += t << 24;
    t = c7 & MASK;
    c8 += c7 >> BITS;
    c9 += t << 6;
    c10 -= t << 9;
    c14 -= t << 21;
    c15 += t << 24;
    t = c8 & MASK;
    c9 += c8 >> BITS;
    c10 += t << 6;
    c11 -= t << 9;
    c15 -= t << 21;
    c16 += t << 24;
  } else {
    const k: i64 = is<M, P256Order>() ? 0xe00bc4f : 0x12350975;
    const m0: i64 = is<M, P256Order>() ? 0x1c632551 : 0x19d54123;
    const m1: i64 = is<M, P256Order>() ? 0x1dce5617 : 0x1ddfa049;
    const m2: i64 = is<M, P256Order>() ? 0x5e7a13c : 0x11814ad4;
    const m3: i64 = is<M, P256Order>() ? 0xdf55b4e : 0x7bed643;
    const m4: i64 = is<M, P256Order>() ? 0x1ffffbce : 0x1ffff720;
    const m5: i64 = is<M, P256Order>() ? 0x1fffffff : 0x1fffffff;
    const m6: i64 = is<M, P256Order>() ? 0x3ffff : 0x1fffffff;
    const m7: i64 = is<M, P256Order>() ? 0x1fe00000 : 0x1fdfffff;
    const m8: i64 = is<M, P256Order>() ? 0xffffff : 0xffffff;
    t = (c0 * k) & MASK;
    c1 += (c0 + t * m0) >> BITS;
    c1 += t * m1;
    c2 += t * m2;
    c3 += t * m3;
    c4 += t * m4;
    c5 += t * m5;
    c6 += t * m6;
    c7 += t * m7;
    c8 += t * m8;
    t = (c1 * k) & MASK;
    c2 += (c1 + t * m0) >> BITS;
    c2 += t * m1;
    c3 += t * m2;
    c4 += t * m3;
    c5 += t * m4;
    c6 += t * m5;
    c7 += t * m6;
    c8 += t * m7;
    c9 += t * m8;
    t = (c2 * k) & MASK;
    c3 += (c2 + t * m0) >> BITS;
    c3 += t * m1;
    c4 += t * m2;
    c5 += t * m3;
    c6 += t * m4;
    c7 += t * m5;
    c8 += t * m6;
    c9 += t * m7;
    c10 += t * m8;
    t = (c3 * k) & MASK;
    c4 += (c3 + t * m0) >> BITS;
    c4 += t * m1;
    c5 += t * m2;
    c6 += t * m3;
    c7 += t * m4;
    c8 += t * m5;
    c9 += t * m6;
    c10 += t * m7;
    c11 += t * m8;
    t = (c4 * k) & MASK;
    c5 += (c4 + t * m0) >> BITS;
    c5 += t * m1;
    c6 += t * m2;
    c7 += t * m3;
    c8 += t * m4;
    c9 += t * m5;
    c10 += t * m6;
    c11 += t * m7;
    c12 += t * m8;
    t = (c5 * k) & MASK;
    c6 += (c5 + t * m0) >> BITS;
    c6 += t * m1;
    c7 += t * m2;
    c8 += t * m3;
    c9 += t * m4;
    c10 += t * m5;
    c11 += t * m6;
    c12 += t * m7;
    c13 += t * m8;
    t = (c6 * k) & MASK;
    c7 += (c6 + t * m0) >> BITS;
    c7 += t * m1;
    c8 += t * m2;
    c9 += t * m3;
    c10 += t * m4;
    c11 += t * m5;
    c12 += t * m6;
    c13 += t * m7;
    c14 += t * m8;
    t = (c7 * k) & MASK;
    c8 += (c7 + t * m0) >> BITS;
    c8 += t * m1;
    c9 += t * m2;
    c10 += t * m3;
    c11 += t * m4;
    c12 += t * m5;
    c13 += t * m6;
    c14 += t * m7;
    c15 += t * m8;
    t = (c8 * k) & MASK;
    c9 += (c8 + t * m0) >> BITS;
    c9 += t * m1;
    c10 += t * m2;
    c11 += t * m3;
    c12 += t * m4;
    c13 += t * m5;
    c14 += t * m6;
    c15 += t * m7;
    c16 += t * m8;
  }
  if (isLess) {
    c9 -= <i64>load<i32>(less, 0);
    c10 -= <i64>load<i32>(less, 4);
    c11 -= <i64>load<i32>(less, 8);
    c12 -= <i64>load<i32>(less, 12);
    c13 -= <i64>load<i32>(less, 16);
    c14 -= <i64>load<i32>(less, 20);
    c15 -= <i64>load<i32>(less, 24);
    c16 -= <i64>load<i32>(less, 28);
  }
  c10 += c9 >> BITS;
  c11 += c10 >> BITS;
  c12 += c11 >> BITS;
  c13 += c12 >> BITS;
  c14 += c13 >> BITS;
  c15 += c14 >> BITS;
  c16 += c15 >> BITS;
  let top = c16 >> BITS;
  if (isLess) {
    top -= <i64>load<i32>(less, 32);
    // Take the excess e over 256 bits away: less e p.
    t = top >> 24;
    top -= t << 24;
    c9 = (c9 & MASK) + t;
    c16 = (c16 & MASK) + (t << 21);
    if (is<M, P256>()) {
      c12 = (c12 & MASK) - (t << 9);
      c15 = (c15 & MASK) - (t << 18);
      c11 &= MASK;
    } else {
      c11 = (c11 & MASK) - (t << 6);
      c12 = (c12 & MASK) + (t << 9);
      c15 &= MASK;
    }
    c10 &= MASK;
    c13 &= MASK;
    c14 &= MASK;
  } else {
    c9 &= MASK;
    c10 &= MASK;
    c11 &= MASK;
    c12 &= MASK;
    c13 &= MASK;
    c14 &= MASK;
    c15 &= MASK;
    c16 &= MASK;
  }
  store<i32>(out, <i32>c9, 0);
  store<i32>(out, <i32>c10, 4);
  store<i32>(out, <i32>c11, 8);
  store<i32>(out, <i32>c12, 12);
  store<i32>(out, <i32>c13, 16);
  store<i32>(out, <i32>c14, 20);
  store<i32>(out, <i32>c15, 24);
  store<i32>(out, <i32>c16, 28);
  store<i32>(out, <i32>top, 32);
}

// @ts-ignore: decorator
@inline
function product<M>(out: usize, a: usize, b: usize, isLess: bool, less: usize): void {
  assert(areFactors(a, b));
  const a0 = <i64>load<i32>(a, 0);
  const a1 = <i64>load<i32>(a, 4);
  const a2 = <i64>load<i32>(a, 8);
  const a3 = <i64>load<i32>(a, 12);
  const a4 = <i64>load<i32>(a, 16);
  const a5 = <i64>load<i32>(a, 20);
  const a6 = <i64>load<i32>(a, 24);
  const a7 = <i64>load<i32>(a, 28);
  const a8 = <i64>load<i32>(a, 32);
  const b0 = <i64>load<i32>(b, 0);
  const b1 = <i64>load<i32>(b, 4);
  const b2 = <i64>load<i32>(b, 8);
  const b3 = <i64>load<i32>(b, 12);
  const b4 = <i64>load<i32>(b, 16);
  const b5 = <i64>load<i32>(b, 20);
  const b6 = <i64>load<i32>(b, 24);
  const b7 = <i64>load<i32>(b, 28);
  const b8 = <i64>load<i32>(b, 32);
  // prettier-ignore
  reduce<M>(out, isLess, less,
    a0 * b0,
    a0 * b1 + a1 * b0,
    a0 * b2 + a1 * b1 + a2 * b0,
    a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0,
    a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
    a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0,
    a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0,
    a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0,
    a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0,
    a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1,
    a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2,
    a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3,
    a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4,
    a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5,
    a6 * b8 + a7 * b7 + a8 * b6,
    a7 * b8 + a8 * b7,
    a8 * b8,
  );
}

// @ts-ignore: decorator
@inline
function squared<M>(out: usize, a: usize, isLess: bool, less: usize): void {
  assert(areFactors(a, a));
  const a0 = <i64>load<i32>(a, 0);
  const a1 = <i64>load<i32>(a, 4);
  const a2 = <i64>load<i32>(a, 8);
  const a3 = <i64>load<i32>(a, 12);
  const a4 = <i64>load<i32>(a, 16);
  const a5 = <i64>load<i32>(a, 20);
  const a6 = <i64>load<i32>(a, 24);
  const a7 = <i64>load<i32>(a, 28);
  const a8 = <i64>load<i32>(a, 32);
  const d0 = a0 << 1;
  const d1 = a1 << 1;
  const d2 = a2 << 1;
  const d3 = a3 << 1;
  const d4 = a4 << 1;
  const d5 = a5 << 1;
  const d6 = a6 << 1;
  const d7 = a7 << 1;
  // prettier-ignore
  reduce<M>(out, isLess, less,
    a0 * a0,
    d0 * a1,
    d0 * a2 + a1 * a1,
    d0 * a3 + d1 * a2,
    d0 * a4 + d1 * a3 + a2 * a2,
    d0 * a5 + d1 * a4 + d2 * a3,
    d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3,
    d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4,
    d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4,
    d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5,
    d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5,
    d3 * a8 + d4 * a7 + d5 * a6,
    d4 * a8 + d5 * a7 + a6 * a6,
    d5 * a8 + d6 * a7,
    d6 * a8 + a7 * a7,
    d7 * a8,
    a8 * a8,
  );
}

/** out = a b. */
export function multiply<M>(out: usize, a: usize, b: usize): void {
  product<M>(out, a, b, false, 0);
}

/** out = a b - less, for a field. */
export function multiplyLess<M>(out: usize, a: usize, b: usize, less: usize): void {
  product<M>(out, a, b, true, less);
}

/** out = a^2. */
export function square<M>(out: usize, a: usize): void {
  squared<M>(out, a, false, 0);
}

/** out = a^2 - less, for a field. */
export function squareLess<M>(out: usize, a: usize, less: usize): void {
  squared<M>(out, a, true, less);
}

// @ts-ignore: decorator
@inline
export function copy(out: usize, a: usize): void {
  v128.store(out, v128.load(a));
  v128.store(out, v128.load(a, 16), 16);
  v128.store(out, v128.load(a, 32), 32);
}

// @ts-ignore: decorator
@inline
export function add(out: usize, a: usize, b: usize): void {
  v128.store(out, i32x4.add(v128.load(a), v128.load(b)));
  v128.store(out, i32x4.add(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(out, i32x4.add(v128.load(a, 32), v128.load(b, 32)), 32);
}

// @ts-ignore: decorator
@inline
export function subtract(out: usize, a: usize, b: usize): void {
  v128.store(out, i32x4.sub(v128.load(a), v128.load(b)));
  v128.store(out, i32x4.sub(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(out, i32x4.sub(v128.load(a, 32), v128.load(b, 32)), 32);
}

// @ts-ignore: decorator
@inline
export function negate(out: usize, a: usize): void {
  v128.store(out, i32x4.neg(v128.load(a)));
  v128.store(out, i32x4.neg(v128.load(a, 16)), 16);
  v128.store(out, i32x4.neg(v128.load(a, 32)), 32);
}

/** Bring the limbs, l8 apart, back between 0 and 2^29 + 3. */
export function carry(a: usize): void {
  const low = v128.load(a);
  const high = v128.load(a, 16);
  const mask = i32x4.splat(<i32>MASK);
  const lowCarry = i32x4.shr_s(low, <i32>BITS);
  const highCarry = i32x4.shr_s(high, <i32>BITS);
  const zero = i32x4.splat(0);
  v128.store(a, i32x4.add(v128.and(low, mask), i32x4.shuffle(zero, lowCarry, 0, 4, 5, 6)));
  v128.store(a, i32x4.add(v128.and(high, mask), i32x4.shuffle(lowCarry, highCarry, 3, 4, 5, 6)), 16);
  v128.store(a, i32x4.add(v128.load(a, 32), i32x4.shuffle(highCarry, zero, 3, 4, 4, 4)), 32);
}

/** Element of the limbs of a number in four little-endian words. */
export function fromWords(out: usize, words: usize): void {
  const w0 = load<u64>(words);
  const w1 = load<u64>(words, 8);
  const w2 = load<u64>(words, 16);
  const w3 = load<u64>(words, 24);
  store<u32>(out, <u32>(w0 & MASK));
  store<u32>(out, <u32>((w0 >> 29) & MASK), 4);
  store<u32>(out, <u32>(((w0 >> 58) | (w1 << 6)) & MASK), 8);
  store<u32>(out, <u32>((w1 >> 23) & MASK), 12);
  store<u32>(out, <u32>(((w1 >> 52) | (w2 << 12)) & MASK), 16);
  store<u32>(out, <u32>((w2 >> 17) & MASK), 20);
  store<u32>(out, <u32>(((w2 >> 46) | (w3 << 18)) & MASK), 24);
  store<u32>(out, <u32>((w3 >> 11) & MASK), 28);
  store<u32>(out, <u32>(w3 >> 40), 32);
}

/** The number between 0 and the modulus that the limbs (of any size) stand for, in four little-endian words. */
export function toWords<M>(words: usize, a: usize): void {
  // Carried in full, limbs in i64; l8 takes the sign.
  let c: i64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    c += <i64>load<i32>(a + i);
    store<i32>(LIMBS + i, <i32>(c & MASK));
    c >>= BITS;
  }
  c += <i64>load<i32>(a, 32);
  // Above 256 bits: at most a few dozen multiples of the modulus away.
  store<i32>(LIMBS, <i32>(c & 0xffffff), 32);
  fromLimbs(words, LIMBS);
  let high = c >> 24;
  while (high < 0) high += addModulus<M>(words);
  while (high > 0 || !isBelow(words, modulus<M>())) high += subtractModulus<M>(words);
}

const LIMBS = memory.data(48, 16);

function fromLimbs(words: usize, limbs: usize): void {
  const l2 = <u64>load<u32>(limbs, 8);
  const l4 = <u64>load<u32>(limbs, 16);
  const l6 = <u64>load<u32>(limbs, 24);
  store<u64>(words, <u64>load<u32>(limbs) | (<u64>load<u32>(limbs, 4) << 29) | (l2 << 58));
  store<u64>(words, (l2 >> 6) | (<u64>load<u32>(limbs, 12) << 23) | (l4 << 52), 8);
  store<u64>(words, (l4 >> 12) | (<u64>load<u32>(limbs, 20) << 17) | (l6 << 46), 16);
  store<u64>(words, (l6 >> 18) | (<u64>load<u32>(limbs, 28) << 11) | (<u64>load<u32>(limbs, 32) << 40), 24);
}

/** Is x < y, both four little-endian words? */
export function isBelow(x: usize, y: usize): bool {
  for (let i: isize = 24; i >= 0; i -= 8) {
    const a = load<u64>(x + i);
    const b = load<u64>(y + i);
    if (a != b) return a < b;
  }
  return false;
}

/** words += modulus; returns the carry out, 0 or 1. */
export function addModulus<M>(words: usize): i64 {
  let c: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const a = load<u64>(words + i);
    const b = load<u64>(modulus<M>() + i);
    const sum = a + b;
    const total = sum + c;
    store<u64>(words + i, total);
    c = u64(sum < a) | u64(total < sum);
  }
  return <i64>c;
}

/** words -= modulus; returns the carry out, 0 or -1. */
function subtractModulus<M>(words: usize): i64 {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const a = load<u64>(words + i);
    const b = load<u64>(modulus<M>() + i);
    const difference = a - b;
    store<u64>(words + i, difference - borrow);
    borrow = u64(a < b) | u64(difference < borrow);
  }
  return -(<i64>borrow);
}

const WORDS = memory.data(32, 16);

/** Is the element 0 modulo M, whatever its size? */
export function isZero<M>(a: usize): bool {
  toWords<M>(WORDS, a);
  return (load<u64>(WORDS) | load<u64>(WORDS, 8) | load<u64>(WORDS, 16) | load<u64>(WORDS, 24)) == 0;
}

/** The same for a field and a product fresh from `multiply` or `square`, 0 or p where it is zero: one comparison for most. */
// @ts-ignore: decorator
@inline
export function isProductZero<M>(a: usize): bool {
  return (((load<u32>(a) + 1) & <u32>MASK) <= 1) && isZero<M>(a);
}
