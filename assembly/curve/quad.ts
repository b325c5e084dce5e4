/**
 * Four elements of a field of 256 bits side by side, whatever the field: what of their arithmetic does not reduce.
 *
 * An element is x = sum x[i] 2^(13 i), twenty signed 16-bit limbs. A quad holds four elements in 160 bytes: ten vectors,
 * vector t with the limbs (2t, 2t+1) of each of the four in a 32-bit lane of its own. That is the shape
 * i32x4.dot_i16x8_s wants: eight products of 16 bits and four sums in one instruction, the most multiplication
 * WebAssembly SIMD has to give.
 */

/** Bytes of a quad. */
export const QUAD: usize = 160;
/** Bytes of one element on its own: twenty i16. */
export const ELEMENT: usize = 40;
export const LIMBS: i32 = 20;
export const LIMB_BITS: i32 = 13;
/** Largest limb of a tight element; alpha n means n times that. */
export const TIGHT: i32 = 4096 + 32;

// Names for single instructions, so that the arithmetic of a field reads as such.

export function dot(x: v128, y: v128): v128 {
  return i32x4.dot_i16x8_s(x, y);
}

export function mac(s: v128, x: v128, y: v128): v128 {
  return i32x4.add(s, i32x4.dot_i16x8_s(x, y));
}

export function plus(x: v128, y: v128): v128 {
  return i32x4.add(x, y);
}

export function and(x: v128, y: v128): v128 {
  return v128.and(x, y);
}

/** In each lane the low half of x and the high half of y. */
export function blend(x: v128, y: v128): v128 {
  return i16x8.shuffle(x, y, 0, 9, 2, 11, 4, 13, 6, 15);
}

/** In each lane the halves exchanged. */
export function swap(x: v128): v128 {
  return i16x8.shuffle(x, x, 1, 0, 3, 2, 5, 4, 7, 6);
}

/** What column s hands to the next: s / 2^13, rounded to the nearest. */
export function carryOf(s: v128): v128 {
  return i32x4.shr_s(i32x4.add(s, i32x4.splat(1 << (LIMB_BITS - 1))), LIMB_BITS);
}

/** What stays in column s after it handed on h: -2^12 .. 2^12 - 1. */
export function rest(s: v128, h: v128): v128 {
  return i32x4.sub(s, i32x4.shl(h, LIMB_BITS));
}

// The same for a column that was raised by 2^12, so that nothing in it is negative: three instructions in place of four.

export function raise(s: v128): v128 {
  return i32x4.add(s, i32x4.splat(1 << (LIMB_BITS - 1)));
}

/** What raised column s hands to the next. */
export function overflowOf(s: v128): v128 {
  return i32x4.shr_s(s, LIMB_BITS);
}

/** What stays in raised column s: 0 .. 2^13 - 1. */
export function limbOf(s: v128): v128 {
  return v128.and(s, i32x4.splat((1 << LIMB_BITS) - 1));
}

/** Limb pairs of raised columns, brought back to -2^12 .. 2^12 - 1. */
export function lower(limbs: v128): v128 {
  return i16x8.sub(limbs, i16x8.splat(<i16>((<i32>1) << (LIMB_BITS - 1))));
}

/** Two columns become one vector of limb pairs. */
export function pack(even: v128, odd: v128): v128 {
  return blend(even, i32x4.shl(odd, 16));
}

/** r = a + b; alphas add. */
export function add(r: usize, a: usize, b: usize): void {
  v128.store(r, i16x8.add(v128.load(a), v128.load(b)));
  v128.store(r, i16x8.add(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(r, i16x8.add(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(r, i16x8.add(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(r, i16x8.add(v128.load(a, 64), v128.load(b, 64)), 64);
  v128.store(r, i16x8.add(v128.load(a, 80), v128.load(b, 80)), 80);
  v128.store(r, i16x8.add(v128.load(a, 96), v128.load(b, 96)), 96);
  v128.store(r, i16x8.add(v128.load(a, 112), v128.load(b, 112)), 112);
  v128.store(r, i16x8.add(v128.load(a, 128), v128.load(b, 128)), 128);
  v128.store(r, i16x8.add(v128.load(a, 144), v128.load(b, 144)), 144);
  assert(alphaOf(r) <= 7);
}

/** r = a - b; alphas add. */
export function sub(r: usize, a: usize, b: usize): void {
  v128.store(r, i16x8.sub(v128.load(a), v128.load(b)));
  v128.store(r, i16x8.sub(v128.load(a, 16), v128.load(b, 16)), 16);
  v128.store(r, i16x8.sub(v128.load(a, 32), v128.load(b, 32)), 32);
  v128.store(r, i16x8.sub(v128.load(a, 48), v128.load(b, 48)), 48);
  v128.store(r, i16x8.sub(v128.load(a, 64), v128.load(b, 64)), 64);
  v128.store(r, i16x8.sub(v128.load(a, 80), v128.load(b, 80)), 80);
  v128.store(r, i16x8.sub(v128.load(a, 96), v128.load(b, 96)), 96);
  v128.store(r, i16x8.sub(v128.load(a, 112), v128.load(b, 112)), 112);
  v128.store(r, i16x8.sub(v128.load(a, 128), v128.load(b, 128)), 128);
  v128.store(r, i16x8.sub(v128.load(a, 144), v128.load(b, 144)), 144);
  assert(alphaOf(r) <= 7);
}

/** r = a with lanes of `mask` (all ones or zero) negated. */
export function negateWhere(r: usize, a: usize, mask: v128): void {
  for (let t: usize = 0; t < QUAD; t += 16) {
    v128.store(r + t, i16x8.sub(v128.xor(v128.load(a + t), mask), mask));
  }
}

/** r = a where `mask` is all ones, else b. */
export function select(r: usize, a: usize, b: usize, mask: v128): void {
  for (let t: usize = 0; t < QUAD; t += 16) {
    v128.store(r + t, v128.bitselect(v128.load(a + t), v128.load(b + t), mask));
  }
}

export function copy(r: usize, a: usize): void {
  v128.store(r, v128.load(a));
  v128.store(r, v128.load(a, 16), 16);
  v128.store(r, v128.load(a, 32), 32);
  v128.store(r, v128.load(a, 48), 48);
  v128.store(r, v128.load(a, 64), 64);
  v128.store(r, v128.load(a, 80), 80);
  v128.store(r, v128.load(a, 96), 96);
  v128.store(r, v128.load(a, 112), 112);
  v128.store(r, v128.load(a, 128), 128);
  v128.store(r, v128.load(a, 144), 144);
}

/** r = a with the lanes exchanged: 1 0 3 2. */
export function swapNeighbours(r: usize, a: usize): void {
  for (let t: usize = 0; t < QUAD; t += 16) {
    const x = v128.load(a + t);
    v128.store(r + t, i32x4.shuffle(x, x, 1, 0, 3, 2));
  }
}

/** r = a with the lanes exchanged: 2 3 0 1. */
export function swapHalves(r: usize, a: usize): void {
  for (let t: usize = 0; t < QUAD; t += 16) {
    const x = v128.load(a + t);
    v128.store(r + t, i64x2.shuffle(x, x, 1, 0));
  }
}

/** The element `x` (twenty i16) in all four lanes. */
export function splat(r: usize, x: usize): void {
  for (let t: usize = 0; t < 10; t++) v128.store(r + (t << 4), v128.load32_splat(x + (t << 2)));
}

/** Copy one lane's element out, to twenty i16. */
export function takeLane(x: usize, a: usize, lane: i32): void {
  a += (<usize>lane) << 2;
  for (let t: usize = 0; t < 10; t++) store<u32>(x + (t << 2), load<u32>(a + (t << 4)));
}

/** Set one lane to the element `x`. */
export function putLane(r: usize, lane: i32, x: usize): void {
  r += (<usize>lane) << 2;
  for (let t: usize = 0; t < 10; t++) store<u32>(r + (t << 4), load<u32>(x + (t << 2)));
}

/** Debug build: the alpha of a, rounded up. Elsewhere 0: an assertion's condition is computed though nothing looks at it. */
export function alphaOf(a: usize): i32 {
  if (ASC_NO_ASSERT) return 0;
  let largest = 0;
  for (let i: usize = 0; i < QUAD; i += 2) largest = max(largest, abs<i32>(load<i16>(a + i)));
  return (largest + TIGHT - 1) / TIGHT;
}
