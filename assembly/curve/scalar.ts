import { invertVarTime } from "./inverse";
import {
  copy,
  ELEMENT,
  entering,
  fromWords,
  inverting,
  isBelow,
  isProductZero,
  modulus,
  multiply,
  one,
  toWords,
} from "./montgomery";

/** Numbers and scalars: bytes to words, inverses, and signed digits. Words are four u64, little-endian. */

const WORDS = memory.data(32, 16);
const INVERSE = memory.data(48, 16);

/** Words of 32 bytes, big-endian. */
export function readWords(words: usize, bytes: usize): void {
  const w0 = bswap(load<u64>(bytes, 24));
  const w1 = bswap(load<u64>(bytes, 16));
  const w2 = bswap(load<u64>(bytes, 8));
  const w3 = bswap(load<u64>(bytes));
  store<u64>(words, w0);
  store<u64>(words, w1, 8);
  store<u64>(words, w2, 16);
  store<u64>(words, w3, 24);
}

export function areWordsZero(words: usize): bool {
  return (load<u64>(words) | load<u64>(words, 8) | load<u64>(words, 16) | load<u64>(words, 24)) == 0;
}

/** Read 32 big-endian bytes; is the number between 1 and the modulus less 1? */
export function readScalar<N>(words: usize, bytes: usize): bool {
  readWords(words, bytes);
  return !areWordsZero(words) && isBelow(words, modulus<N>());
}

/** out = 1 / a, both elements; 0 for 0. */
export function invert<M>(out: usize, a: usize): void {
  invertVarTime<M>(WORDS, a);
  fromWords(INVERSE, WORDS);
  multiply<M>(out, INVERSE, inverting<M>());
}

/**
 * Replace `count` elements, none of them 0, by their inverses with one inversion for all (Montgomery's trick). `work`
 * has room for as many.
 */
export function invertAll<M>(elements: usize, count: i32, work: usize): void {
  const end = elements + <usize>count * ELEMENT;
  copy(PRODUCT, one<M>());
  for (let a = elements, w = work; a < end; a += ELEMENT, w += ELEMENT) {
    copy(w, PRODUCT);
    multiply<M>(PRODUCT, PRODUCT, a);
  }
  assert(!isProductZero<M>(PRODUCT));
  invert<M>(PRODUCT, PRODUCT);
  for (let a = end - ELEMENT, w = work + <usize>(count - 1) * ELEMENT; a >= elements; a -= ELEMENT, w -= ELEMENT) {
    multiply<M>(w, w, PRODUCT);
    multiply<M>(PRODUCT, PRODUCT, a);
    copy(a, w);
  }
}

const PRODUCT = memory.data(48, 16);

/** Element of a number given in words, which may be anything below 2^256. */
export function enter<M>(out: usize, words: usize): void {
  fromWords(out, words);
  multiply<M>(out, out, entering<M>());
}

/** The words of the number that an element stands for. */
export function leave<M>(words: usize, a: usize): void {
  multiply<M>(INVERSE, a, UNIT);
  toWords<M>(words, INVERSE);
}

/** The limbs of 1. */
const UNIT = memory.data<i32>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 16);

/**
 * Make the scalar k in `words`, below the order n of N, odd for `oddDigit` by k = -(n - k); returns whether that
 * changed the sign.
 */
export function makeOdd<N>(words: usize): bool {
  if ((load<u64>(words) & 1) != 0) return false;
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const a = load<u64>(modulus<N>() + i);
    const b = load<u64>(words + i);
    const difference = a - b;
    store<u64>(words + i, difference - borrow);
    borrow = u64(a < b) | u64(difference < borrow);
  }
  return true;
}

/**
 * Digit i of an odd scalar in 32 digits, k = d0 + d1 2^8 + .. + d31 2^248: all odd, and so none zero, -255 .. 255.
 * Digit i takes the bits from 8 i, the lowest of them set, and 256 away which the digit above gives back.
 */
// @ts-ignore: decorator
@inline
export function oddDigit(words: usize, i: i32): i32 {
  if (i == 31) return load<u8>(words, 31) | 1;
  return ((<i32>load<u16>(words + <usize>i) & 511) | 1) - 256;
}
