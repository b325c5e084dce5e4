import { index, toWords } from "./montgomery";

/**
 * Inverse modulo an odd prime by division steps: D. J. Bernstein, B.-Y. Yang, "Fast constant-time gcd computation and
 * modular inversion" (2019), section 8, in variable time. Thirty steps are taken on the lowest 30 bits of f and g and
 * written as a matrix, which is then applied to f and g whole, and modulo m to d and e, where f = d x and g = e x.
 *
 * Numbers are nine limbs of 30 bits, i64 each, the last with the sign; f and g stay within (-m, m), d and e within
 * (-2 m, m). Values of the matrix are at most 2^30.
 */

const BITS: i64 = 30;
const MASK: i64 = 0x3fffffff;

/** For each modulus its limbs, then its inverse modulo 2^30. */
// prettier-ignore
const MODULI = memory.data<i64>([
  0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3f, 0x0, 0x0, 0x1000, 0x3fffc000, 0xffff, 0x3fffffff,
  0x3c632551, 0xee72b0b, 0x3179e84f, 0x39beab69, 0x3fffffbc, 0x3fffffff, 0xfff, 0x3fffc000, 0xffff, 0x11ff43b1,
  0x3fffffff, 0x3fffffff, 0xf, 0x3fffffc0, 0x3fffffff, 0x3fffffff, 0x3fffffff, 0x3fffbfff, 0xffff, 0x3fffffff,
  0x39d54123, 0xeefd024, 0x1c6052b5, 0xf7dac8, 0x3fffff72, 0x3fffffff, 0x3fffffff, 0x3fffbfff, 0xffff, 0xdcaf68b,
], 16);
const ROW: usize = 80;

const F = memory.data(72, 16);
const G = memory.data(72, 16);
const D = memory.data(72, 16);
const E = memory.data(72, 16);
const WORDS = memory.data(32, 16);

/** The matrix (u v; q r): 2^30 f' = u f + v g, 2^30 g' = q f + r g. */
let u: i64 = 0;
let v: i64 = 0;
let q: i64 = 0;
let r: i64 = 0;

/** words = the inverse of the element's limbs as a plain number, four little-endian words; 0 for 0. */
export function invertVarTime<M>(words: usize, element: usize): void {
  const modulus = MODULI + index<M>() * ROW;
  toWords<M>(WORDS, element);
  memory.copy(F, modulus, 72);
  for (let i = 0; i < 9; i++) store<i64>(G + (<usize>i << 3), bitsAt(WORDS, i * 30));
  memory.fill(D, 0, 72);
  memory.fill(E, 0, 72);
  store<i64>(E, 1);
  let eta: i64 = -1;
  while (!isZero(G)) {
    eta = divide(eta, load<i64>(F), load<i64>(G));
    transformFG();
    transformDE(modulus);
  }
  // Now f is 1 or -1 (m where the element is 0, and d is 0): the inverse is d f.
  normalize(modulus, load<i64>(F, 64) < 0);
  let word: u64 = 0;
  for (let i = 0; i < 4; i++) {
    word = 0;
    for (let limb = (i << 6) / 30; limb < 9 && limb * 30 < (i + 1) << 6; limb++) {
      const shift = limb * 30 - (i << 6);
      const value = load<u64>(D + (<usize>limb << 3));
      word |= shift < 0 ? value >> <u64>-shift : value << <u64>shift;
    }
    store<u64>(words + (<usize>i << 3), word);
  }
}

/** Thirty bits of four little-endian words. */
function bitsAt(words: usize, bit: i32): i64 {
  const at = words + (<usize>(bit >> 6) << 3);
  const shift = <u64>(bit & 63);
  let value = load<u64>(at) >> shift;
  if (shift > 34 && bit < 192) value |= load<u64>(at, 8) << (64 - shift);
  return <i64>(value & MASK);
}

function isZero(a: usize): bool {
  let any: i64 = 0;
  for (let i: usize = 0; i < 72; i += 8) any |= load<i64>(a + i);
  return any == 0;
}

/** Thirty division steps from eta (minus delta) and the lowest bits of f and g; sets the matrix, returns the new eta. */
function divide(eta: i64, f: i64, g: i64): i64 {
  let a: i64 = 1;
  let b: i64 = 0;
  let c: i64 = 0;
  let d: i64 = 1;
  let left: i64 = 30;
  while (true) {
    // Steps with g even only halve it; u and v double instead.
    const zeros = ctz(g | (-1 << left));
    g >>= zeros;
    a <<= zeros;
    b <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (eta < 0) {
      let t = f;
      eta = -eta;
      f = g;
      g = -t;
      t = a;
      a = c;
      c = -t;
      t = b;
      b = d;
      d = -t;
    }
    // Before eta changes sign again that many bits of g can be cleared at once, by a multiple w of f. f (f^2 - 2) is
    // -1 / f modulo 2^6.
    const limit = min(min(eta + 1, left), 6);
    const w = (f * g * (f * f - 2)) & ((1 << limit) - 1);
    g += f * w;
    c += a * w;
    d += b * w;
  }
  u = a;
  v = b;
  q = c;
  r = d;
  return eta;
}

function transformFG(): void {
  const a = u;
  const b = v;
  const c = q;
  const d = r;
  let f = load<i64>(F);
  let g = load<i64>(G);
  let cf = a * f + b * g;
  let cg = c * f + d * g;
  assert((cf & MASK) == 0 && (cg & MASK) == 0);
  cf >>= BITS;
  cg >>= BITS;
  for (let i: usize = 8; i < 72; i += 8) {
    f = load<i64>(F + i);
    g = load<i64>(G + i);
    cf += a * f + b * g;
    cg += c * f + d * g;
    store<i64>(F + i - 8, cf & MASK);
    store<i64>(G + i - 8, cg & MASK);
    cf >>= BITS;
    cg >>= BITS;
  }
  store<i64>(F, cf, 64);
  store<i64>(G, cg, 64);
}

/** The same modulo m: multiples of m make the results divisible by 2^30, and keep them within (-2 m, m). */
function transformDE(modulus: usize): void {
  const a = u;
  const b = v;
  const c = q;
  const d = r;
  const dSign = load<i64>(D, 64) >> 63;
  const eSign = load<i64>(E, 64) >> 63;
  let md = (a & dSign) + (b & eSign);
  let me = (c & dSign) + (d & eSign);
  let x = load<i64>(D);
  let y = load<i64>(E);
  let cd = a * x + b * y;
  let ce = c * x + d * y;
  const inverse = load<i64>(modulus, 72);
  md -= (inverse * cd + md) & MASK;
  me -= (inverse * ce + me) & MASK;
  let m = load<i64>(modulus);
  cd += m * md;
  ce += m * me;
  assert((cd & MASK) == 0 && (ce & MASK) == 0);
  cd >>= BITS;
  ce >>= BITS;
  for (let i: usize = 8; i < 72; i += 8) {
    x = load<i64>(D + i);
    y = load<i64>(E + i);
    m = load<i64>(modulus + i);
    cd += a * x + b * y + m * md;
    ce += c * x + d * y + m * me;
    store<i64>(D + i - 8, cd & MASK);
    store<i64>(E + i - 8, ce & MASK);
    cd >>= BITS;
    ce >>= BITS;
  }
  store<i64>(D, cd, 64);
  store<i64>(E, ce, 64);
}

/** d, or -d, into [0, m). */
function normalize(modulus: usize, isNegative: bool): void {
  if (load<i64>(D, 64) < 0) addMultiple(modulus, 1);
  if (isNegative) {
    for (let i: usize = 0; i < 72; i += 8) store<i64>(D + i, -load<i64>(D + i));
    addMultiple(modulus, 0);
  }
  while (load<i64>(D, 64) < 0) addMultiple(modulus, 1);
}

/** d += times m, carried. */
function addMultiple(modulus: usize, times: i64): void {
  let c: i64 = 0;
  for (let i: usize = 0; i < 64; i += 8) {
    c += load<i64>(D + i) + times * load<i64>(modulus + i);
    store<i64>(D + i, c & MASK);
    c >>= BITS;
  }
  store<i64>(D, c + load<i64>(D, 64) + times * load<i64>(modulus, 64), 64);
}
