import {
  add,
  carry,
  copy,
  ELEMENT,
  fromWords,
  is,
  isBelow,
  isProductZero,
  isZero,
  modulus,
  multiply,
  multiplyLess,
  negate,
  one,
  P256,
  square,
  squareLess,
  subtract,
  toWords,
} from "./montgomery";
import { enter, invert, readWords } from "./scalar";
import { reserve } from "../layout";

/**
 * The curves y^2 = x^3 - 3 x + b of P-256 and SM2, P naming their field and so the curve. Both have prime order: no
 * point but infinity has a small order or y = 0.
 */

/** Bytes of an affine point: x, y. Infinity is (0, 0), which is on neither curve. */
export const AFFINE: usize = 2 * ELEMENT;
/** Bytes of a Jacobian point: X, Y, Z stand for (X / Z^2, Y / Z^3); infinity has Z = 0. */
export const JACOBIAN: usize = 3 * ELEMENT;
/** Bytes of a point in a table: x and y as words, in Montgomery form. One cache line. */
export const ENTRY: usize = 64;

/** SP 800-186 section 3.2.1.3: b as an element, and the base point. */
// prettier-ignore
const P256_B = memory.data<i32>([0x1897bbfb, 0x1cdf6229, 0x18486c4, 0x1732821, 0x1dad59e0, 0xabf7212, 0x1a06d110, 0x17721d20, 0x8600c3, 0, 0, 0], 16);
// prettier-ignore
const P256_BASE = memory.data<u8>([0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5]);
/** GM/T 0003.5. */
// prettier-ignore
const SM2_B = memory.data<i32>([0x181ba844, 0x1230632b, 0x9bd5b86, 0xde6c26d, 0x1878e39e, 0x1505ea51, 0x4293cc0, 0x368838b, 0x81fc31, 0, 0, 0], 16);
// prettier-ignore
const SM2_BASE = memory.data<u8>([0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, 0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7, 0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0]);

const T0 = memory.data(48, 16);
const T1 = memory.data(48, 16);
const T2 = memory.data(48, 16);
const T3 = memory.data(48, 16);
const T4 = memory.data(48, 16);
const T5 = memory.data(48, 16);
const T6 = memory.data(48, 16);
const WORDS = memory.data(32, 16);

/** Address of the base point, x || y big-endian. */
export function basePoint<P>(): usize {
  return is<P, P256>() ? P256_BASE : SM2_BASE;
}

/** Read x || y, 32 bytes each, big-endian (SEC 1 section 2.3.4, uncompressed): false unless it is a point of the curve. */
export function readPoint<P>(point: usize, bytes: usize): bool {
  for (let i: usize = 0; i < 2; i++) {
    readWords(WORDS, bytes + i * 32);
    if (!isBelow(WORDS, modulus<P>())) return false;
    enter<P>(point + i * ELEMENT, WORDS);
  }
  // y^2 = x (x^2 - 3) + b.
  square<P>(T0, point);
  for (let i = 0; i < 3; i++) subtract(T0, T0, one<P>());
  carry(T0);
  multiply<P>(T0, T0, point);
  add(T0, T0, is<P, P256>() ? P256_B : SM2_B);
  square<P>(T1, point + ELEMENT);
  subtract(T0, T0, T1);
  return isZero<P>(T0);
}

/** The point of a table entry, or its opposite. */
// @ts-ignore: decorator
@inline
export function loadEntry(point: usize, entry: usize, isOpposite: bool): void {
  fromWords(point, entry);
  fromWords(point + ELEMENT, entry + 32);
  if (isOpposite) negate(point + ELEMENT, point + ELEMENT);
}

export function storeEntry<P>(entry: usize, point: usize): void {
  toWords<P>(entry, point);
  toWords<P>(entry + 32, point + ELEMENT);
}

export function isInfinity(point: usize): bool {
  let any = v128.or(v128.load(point), v128.load(point, 16));
  any = v128.or(any, v128.or(v128.load(point, 48), v128.load(point, 64)));
  return !v128.any_true(v128.or(any, v128.or(v128.load(point, 32), v128.load(point, 80))));
}

export function setInfinity(point: usize): void {
  memory.fill(point, 0, AFFINE);
}

/** One addition to make: the sum of the points at `left` and `right` goes to `out`, which may be either of them. */
@unmanaged
export class Addition {
  /** 0: the points were opposite. */
  left: usize;
  /** The same as `left` for a doubling. */
  right: usize;
  out: usize;
}

export const ADDITION: usize = offsetof<Addition>();
/** Additions at once. */
export const MAX_ADDITIONS: i32 = 2048;
const PREFIXES: usize = reserve(<usize>MAX_ADDITIONS * ELEMENT);
const PRODUCT = memory.data(48, 16);

/**
 * Make `count` affine additions of finite points, none of which takes a sum of another. All share one inversion
 * (Montgomery's trick), so that each costs five multiplications and a squaring. Exact for equal and opposite points.
 */
export function addAll<P>(additions: usize, count: i32): void {
  assert(count > 0 && count <= MAX_ADDITIONS);
  multiplyDenominators<P>(additions, count);
  if (isProductZero<P>(PRODUCT)) {
    resolve<P>(additions, count);
    multiplyDenominators<P>(additions, count);
  }
  invert<P>(PRODUCT, PRODUCT);
  for (let i = count - 1; i >= 0; i--) {
    const addition = changetype<Addition>(additions + <usize>i * ADDITION);
    const left = addition.left;
    const right = addition.right;
    const out = addition.out;
    if (left == 0) {
      setInfinity(out);
      continue;
    }
    // The slope, then x = slope^2 - x1 - x2 and y = slope (x1 - x) - y1.
    multiply<P>(T0, PRODUCT, PREFIXES + <usize>i * ELEMENT);
    denominator(T1, left, right);
    multiply<P>(PRODUCT, PRODUCT, T1);
    if (left == right) tangentNumerator<P>(T1, left);
    else subtract(T1, right + ELEMENT, left + ELEMENT);
    multiply<P>(T0, T0, T1);
    add(T1, left, right);
    squareLess<P>(T1, T0, T1);
    subtract(T2, left, T1);
    multiplyLess<P>(out + ELEMENT, T0, T2, left + ELEMENT);
    copy(out, T1);
  }
}

/** PREFIXES[i] = the product of the denominators before i; PRODUCT = that of all. */
function multiplyDenominators<P>(additions: usize, count: i32): void {
  copy(PRODUCT, one<P>());
  for (let i = 0; i < count; i++) {
    const addition = changetype<Addition>(additions + <usize>i * ADDITION);
    copy(PREFIXES + <usize>i * ELEMENT, PRODUCT);
    if (addition.left == 0) continue;
    denominator(T1, addition.left, addition.right);
    multiply<P>(PRODUCT, PRODUCT, T1);
  }
}

// @ts-ignore: decorator
@inline
function denominator(out: usize, left: usize, right: usize): void {
  if (left == right) add(out, left + ELEMENT, left + ELEMENT);
  else subtract(out, right, left);
}

/** out = 3 x^2 - 3. */
function tangentNumerator<P>(out: usize, point: usize): void {
  squareLess<P>(out, point, one<P>());
  triple(out, out);
}

/** out = 3 a, carried. */
function triple(out: usize, a: usize): void {
  add(T6, a, a);
  add(out, T6, a);
  carry(out);
}

/** Some denominator is 0: equal points become a doubling, opposite ones are marked. */
function resolve<P>(additions: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const addition = changetype<Addition>(additions + <usize>i * ADDITION);
    if (addition.left == addition.right) continue;
    subtract(T1, addition.right, addition.left);
    if (!isZero<P>(T1)) continue;
    subtract(T1, addition.right + ELEMENT, addition.left + ELEMENT);
    if (isZero<P>(T1)) addition.right = addition.left;
    else addition.left = 0;
  }
}

/**
 * Does the sum of two affine points, either of which may be infinity, have the x coordinate `x`, an element? No
 * inversion: x is multiplied by the square of the denominator instead.
 */
export function isSumAt<P>(left: usize, right: usize, x: usize): bool {
  if (isInfinity(left) || isInfinity(right)) {
    if (isInfinity(left) && isInfinity(right)) return false;
    subtract(T0, isInfinity(left) ? right : left, x);
    return isZero<P>(T0);
  }
  subtract(T0, right, left);
  subtract(T1, right + ELEMENT, left + ELEMENT);
  square<P>(T2, T0);
  if (isProductZero<P>(T2)) {
    if (!isZero<P>(T1)) return false;
    add(T0, left + ELEMENT, left + ELEMENT);
    tangentNumerator<P>(T1, left);
    carry(T0);
    square<P>(T2, T0);
  }
  carry(T1);
  // x + x1 + x2 = numerator^2 / denominator^2.
  add(T3, left, right);
  add(T3, T3, x);
  multiply<P>(T3, T3, T2);
  squareLess<P>(T1, T1, T3);
  return isZero<P>(T1);
}

/** Does the Jacobian point, which may be infinity, have the x coordinate `x`? */
export function isAt<P>(point: usize, x: usize): bool {
  square<P>(T0, point + 2 * ELEMENT);
  if (isProductZero<P>(T0)) return false;
  multiplyLess<P>(T0, T0, x, point);
  return isZero<P>(T0);
}

export function setJacobianInfinity<P>(point: usize): void {
  copy(point, one<P>());
  copy(point + ELEMENT, one<P>());
  memory.fill(point + 2 * ELEMENT, 0, ELEMENT);
}

/** point = 2 point. 4 multiplications, 4 squarings; infinity stays infinity. */
export function double<P>(point: usize): void {
  const x = point;
  const y = point + ELEMENT;
  const z = point + 2 * ELEMENT;
  // M = 3 (X - Z^2) (X + Z^2) = 3 X^2 - 3 Z^4.
  square<P>(T0, z);
  subtract(T1, x, T0);
  add(T0, x, T0);
  multiply<P>(T0, T1, T0);
  triple(T0, T0);
  // Z' = 2 Y Z.
  add(T1, y, y);
  multiply<P>(z, T1, z);
  // B = 2 X Y^2, so that X' = M^2 - 4 B; C = 4 Y^4, so that Y' = M (2 B - X') - 2 C.
  square<P>(T1, y);
  add(T1, T1, T1);
  multiply<P>(T2, x, T1);
  carry(T1);
  square<P>(T1, T1);
  add(T1, T1, T1);
  add(T2, T2, T2);
  add(T3, T2, T2);
  squareLess<P>(x, T0, T3);
  subtract(T2, T2, x);
  carry(T2);
  multiplyLess<P>(y, T0, T2, T1);
}

/** point = point + (x, y), a finite affine point. 8 multiplications, 3 squarings. */
export function addMixed<P>(point: usize, other: usize): void {
  const x = point;
  const y = point + ELEMENT;
  const z = point + 2 * ELEMENT;
  square<P>(T0, z);
  if (isProductZero<P>(T0)) {
    memory.copy(point, other, AFFINE);
    copy(z, one<P>());
    return;
  }
  // H = x2 Z^2 - X and R = y2 Z^3 - Y.
  multiplyLess<P>(T1, other, T0, x);
  multiply<P>(T0, T0, z);
  multiplyLess<P>(T2, other + ELEMENT, T0, y);
  square<P>(T0, T1);
  if (isProductZero<P>(T0)) {
    if (isZero<P>(T2)) double<P>(point);
    else setJacobianInfinity<P>(point);
    return;
  }
  // X' = R^2 - H^3 - 2 X H^2, Y' = R (X H^2 - X') - Y H^3, Z' = Z H.
  multiply<P>(z, z, T1);
  multiply<P>(T1, T1, T0);
  multiply<P>(T0, x, T0);
  add(T3, T0, T0);
  add(T3, T3, T1);
  squareLess<P>(x, T2, T3);
  multiply<P>(T1, y, T1);
  subtract(T0, T0, x);
  multiplyLess<P>(y, T2, T0, T1);
}
