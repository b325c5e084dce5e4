import { invertModuloVarTime } from "./divsteps";
import { addWords, isBelow, subtractWords } from "./words";
import { isP256, order } from "./prime";

/**
 * Scalars modulo the order n of the base point, as four little-endian words below n; products in Montgomery's
 * representation with 2^256.
 */

/** 2^512 modulo n: takes a number into the representation. */
// prettier-ignore
const SQUARES = memory.data<u64>([
  0x83244c95be79eea2, 0x4699799c49bd6fa6, 0x2845b2392b6bec59, 0x66e12d94f3d95620,
  0x901192af7c114f20, 0x3464504ade6fa2fa, 0x620fc84c3affe0d4, 0x1eb5e412a22b3d3b,
]);
const T = memory.data(32, 16);

/** r = a b / 2^256 mod n. One factor is below n, the other any number; r may be a or b. */
// prettier-ignore
export function mulOrder<C>(r: usize, a: usize, b: usize): void {
  const n = order<C>();
  // -1/n modulo 2^32.
  const k: u32 = isP256<C>() ? 0xee00bc4f : 0x72350975;
  const a0 = <u64>load<u32>(a, 0); const a1 = <u64>load<u32>(a, 4); const a2 = <u64>load<u32>(a, 8); const a3 = <u64>load<u32>(a, 12);
  const a4 = <u64>load<u32>(a, 16); const a5 = <u64>load<u32>(a, 20); const a6 = <u64>load<u32>(a, 24); const a7 = <u64>load<u32>(a, 28);
  const n0 = <u64>load<u32>(n, 0); const n1 = <u64>load<u32>(n, 4); const n2 = <u64>load<u32>(n, 8); const n3 = <u64>load<u32>(n, 12);
  const n4 = <u64>load<u32>(n, 16); const n5 = <u64>load<u32>(n, 20); const n6 = <u64>load<u32>(n, 24); const n7 = <u64>load<u32>(n, 28);
  // The sum so far, in digits of 32 bits; the last is 0 or 1.
  let t0: u64 = 0, t1: u64 = 0, t2: u64 = 0, t3: u64 = 0, t4: u64 = 0, t5: u64 = 0, t6: u64 = 0, t7: u64 = 0, t8: u64 = 0;
  for (let i: usize = 0; i < 32; i += 4) {
    const x = <u64>load<u32>(b + i);
    let up = a0 * x + t0; t0 = <u64><u32>up; up >>= 32;
    up += a1 * x + t1; t1 = <u64><u32>up; up >>= 32;
    up += a2 * x + t2; t2 = <u64><u32>up; up >>= 32;
    up += a3 * x + t3; t3 = <u64><u32>up; up >>= 32;
    up += a4 * x + t4; t4 = <u64><u32>up; up >>= 32;
    up += a5 * x + t5; t5 = <u64><u32>up; up >>= 32;
    up += a6 * x + t6; t6 = <u64><u32>up; up >>= 32;
    up += a7 * x + t7; t7 = <u64><u32>up; up >>= 32;
    t8 += up;
    // The multiple of n that clears the lowest digit.
    const m = <u64>(<u32>t0 * k);
    up = (n0 * m + t0) >> 32;
    up += n1 * m + t1; t0 = <u64><u32>up; up >>= 32;
    up += n2 * m + t2; t1 = <u64><u32>up; up >>= 32;
    up += n3 * m + t3; t2 = <u64><u32>up; up >>= 32;
    up += n4 * m + t4; t3 = <u64><u32>up; up >>= 32;
    up += n5 * m + t5; t4 = <u64><u32>up; up >>= 32;
    up += n6 * m + t6; t5 = <u64><u32>up; up >>= 32;
    up += n7 * m + t7; t6 = <u64><u32>up; up >>= 32;
    up += t8; t7 = <u64><u32>up; t8 = up >> 32;
  }
  store<u64>(T, t0 | (t1 << 32), 0);
  store<u64>(T, t2 | (t3 << 32), 8);
  store<u64>(T, t4 | (t5 << 32), 16);
  store<u64>(T, t6 | (t7 << 32), 24);
  if (t8 != 0 || !isBelow(T, n)) subtractWords(r, T, n);
  else memory.copy(r, T, 32);
}

/** r = a 2^256 mod n, any number a: into the representation. */
export function enterOrder<C>(r: usize, a: usize): void {
  mulOrder<C>(r, a, isP256<C>() ? SQUARES : SQUARES + 32);
}

/** a = a mod n, any number. */
export function reduceOrder<C>(a: usize): void {
  if (!isBelow(a, order<C>())) subtractWords(a, a, order<C>());
}

/** r = a + b mod n, both below n. */
export function addOrder<C>(r: usize, a: usize, b: usize): void {
  if (addWords(r, a, b) != 0 || !isBelow(r, order<C>())) subtractWords(r, r, order<C>());
}

/** r = a - b mod n, both below n. */
export function subtractOrder<C>(r: usize, a: usize, b: usize): void {
  if (subtractWords(r, a, b) != 0) addWords(r, r, order<C>());
}

/**
 * Replace `count` scalars, none of them 0, `step` bytes apart, by their inverses in the representation with one
 * inversion in all (Montgomery's trick). `work` has room for count scalars.
 */
export function invertAllOrder<C>(a: usize, step: usize, count: i32, work: usize): void {
  memory.copy(PRODUCT, a, 32);
  for (let i = 1; i < count; i++) {
    memory.copy(work + ((<usize>i) << 5), PRODUCT, 32);
    mulOrder<C>(PRODUCT, PRODUCT, a + <usize>i * step);
  }
  // Each product lost a factor of 2^256, which its inverse has too much and loses on the way back: one step up is left.
  invertModuloVarTime(PRODUCT, PRODUCT, order<C>());
  enterOrder<C>(PRODUCT, PRODUCT);
  for (let i = count - 1; i > 0; i--) {
    const at = a + <usize>i * step;
    const before = work + ((<usize>i) << 5);
    mulOrder<C>(before, before, PRODUCT);
    mulOrder<C>(PRODUCT, PRODUCT, at);
    memory.copy(at, before, 32);
  }
  memory.copy(a, PRODUCT, 32);
}

const PRODUCT = memory.data(32, 16);
const HALVED = memory.data(40, 16);

/** How many signed digits of `width` bits a scalar has. */
export function digitCount(width: i32): i32 {
  return 255 / width + 1;
}

/**
 * Write the scalar k < n as k or k - n, whichever is nearer to 0, = sum digit[i] 2^(width i) with |digit| <= 2^(width-1):
 * below 2^255 either way the last digit needs no more. i16 digits, `step` bytes apart.
 */
export function recodeScalar<C>(digits: usize, step: usize, scalar: usize, width: i32): void {
  subtractWords(HALVED, order<C>(), scalar);
  const isNegative = isBelow(HALVED, scalar);
  if (!isNegative) memory.copy(HALVED, scalar, 32);
  const count = digitCount(width);
  const half = 1 << (width - 1);
  let up = 0;
  for (let i = 0; i < count; i++) {
    const bit = i * width;
    // Above the scalar's 32 bytes there are eight of zeros.
    let digit = <i32>((load<u32>(HALVED + (bit >> 3)) >>> (bit & 7)) & ((1 << width) - 1)) + up;
    up = 0;
    if (digit > half) {
      digit -= half << 1;
      up = 1;
    }
    store<i16>(digits, <i16>(isNegative ? -digit : digit));
    digits += step;
  }
  assert(up == 0);
}
