/**
 * Inverses modulo an odd number below 2^256, by Bernstein and Yang's divsteps ("Fast constant-time gcd computation and
 * modular inversion", 2019) in variable time: thirty steps at a time on the lowest bits of f and g give a 2 x 2 matrix,
 * which is then applied to f and g and, modulo the modulus, to d and e, where f = d x and g = e x all along.
 *
 * Numbers have nine limbs of 30 bits in i64, the last with the sign: |f|, |g| <= modulus, -2 modulus < d, e < modulus.
 */

const LIMBS: i32 = 9;
const LIMB_BYTES: usize = 72;
const BITS: i64 = 30;
const MASK: i64 = (1 << 30) - 1;

const F = memory.data(72, 16);
const G = memory.data(72, 16);
const D = memory.data(72, 16);
const E = memory.data(72, 16);
const M = memory.data(72, 16);

/** The matrix (u v, q r) of thirty steps, 2^30 times what they do. */
let u: i64 = 0;
let v: i64 = 0;
let q: i64 = 0;
let r: i64 = 0;

/** inverse = 1/x (32 bytes each, little-endian, x below the odd modulus); 0 for 0. */
export function invertModuloVarTime(inverse: usize, x: usize, modulus: usize): void {
  readLimbs(M, modulus);
  readLimbs(F, modulus);
  readLimbs(G, x);
  memory.fill(D, 0, LIMB_BYTES);
  memory.fill(E, 0, LIMB_BYTES);
  store<i64>(E, 1);
  const modulusInverse = invertLimb(load<i64>(M));
  let eta: i64 = -1;
  while (!isZero(G)) {
    eta = stepThirty(eta, load<i64>(F), load<i64>(G));
    applyExactly();
    applyModulo(modulusInverse);
  }
  // Now f = +-1 = d x, or x was 0 and so is d.
  if (load<i64>(D, 64) < 0) addModulus();
  if (load<i64>(F, 64) < 0) negate();
  if (load<i64>(D, 64) < 0) addModulus();
  writeLimbs(inverse, D);
}

/**
 * Thirty divsteps on the low bits; eta = -delta. Runs of zeros of g, and up to six more of its bits, go at once.
 * Sets the matrix and returns the new eta.
 */
function stepThirty(eta: i64, f: i64, g: i64): i64 {
  let fu: i64 = 1;
  let fv: i64 = 0;
  let gu: i64 = 0;
  let gv: i64 = 1;
  let left: i64 = BITS;
  while (true) {
    const zeros = ctz(g | ((<i64>-1) << left));
    g >>= zeros;
    fu <<= zeros;
    fv <<= zeros;
    eta -= zeros;
    left -= zeros;
    if (left == 0) break;
    if (eta < 0) {
      eta = -eta;
      let t = f;
      f = g;
      g = -t;
      t = fu;
      fu = gu;
      gu = -t;
      t = fv;
      fv = gv;
      gv = -t;
    }
    // g f (f^2 - 2) = -g/f mod 2^6: the multiple of f that clears as many low bits of g as may go before the next swap.
    const limit = min(min(eta + 1, left), 6);
    const w = (g * f * (f * f - 2)) & (((<i64>1) << limit) - 1);
    g += f * w;
    gu += fu * w;
    gv += fv * w;
  }
  u = fu;
  v = fv;
  q = gu;
  r = gv;
  return eta;
}

/** (f, g) = matrix (f, g) / 2^30, which is exact. */
function applyExactly(): void {
  let f = load<i64>(F);
  let g = load<i64>(G);
  let upF = (u * f + v * g) >> BITS;
  let upG = (q * f + r * g) >> BITS;
  for (let at: usize = 8; at < LIMB_BYTES; at += 8) {
    f = load<i64>(F + at);
    g = load<i64>(G + at);
    upF += u * f + v * g;
    upG += q * f + r * g;
    store<i64>(F + at - 8, upF & MASK);
    store<i64>(G + at - 8, upG & MASK);
    upF >>= BITS;
    upG >>= BITS;
  }
  store<i64>(F, upF, 64);
  store<i64>(G, upG, 64);
}

/** (d, e) = matrix (d, e) / 2^30 mod the modulus: multiples of it make both divisible. */
function applyModulo(modulusInverse: i64): void {
  let d = load<i64>(D);
  let e = load<i64>(E);
  const signD = load<i64>(D, 64) >> 63;
  const signE = load<i64>(E, 64) >> 63;
  let timesD = (u & signD) + (v & signE);
  let timesE = (q & signD) + (r & signE);
  let upD = u * d + v * e;
  let upE = q * d + r * e;
  timesD -= (modulusInverse * (upD & MASK) + timesD) & MASK;
  timesE -= (modulusInverse * (upE & MASK) + timesE) & MASK;
  const m = load<i64>(M);
  upD = (upD + m * timesD) >> BITS;
  upE = (upE + m * timesE) >> BITS;
  for (let at: usize = 8; at < LIMB_BYTES; at += 8) {
    d = load<i64>(D + at);
    e = load<i64>(E + at);
    const m = load<i64>(M + at);
    upD += u * d + v * e + m * timesD;
    upE += q * d + r * e + m * timesE;
    store<i64>(D + at - 8, upD & MASK);
    store<i64>(E + at - 8, upE & MASK);
    upD >>= BITS;
    upE >>= BITS;
  }
  store<i64>(D, upD, 64);
  store<i64>(E, upE, 64);
}

/** 1/m mod 2^30, m odd: Newton's iteration, from 3 right bits to 48. */
function invertLimb(m: i64): i64 {
  let x = m;
  for (let i = 0; i < 4; i++) x = (x * (2 - m * x)) & MASK;
  return x;
}

function isZero(x: usize): bool {
  let any: i64 = 0;
  for (let at: usize = 0; at < LIMB_BYTES; at += 8) any |= load<i64>(x + at);
  return any == 0;
}

/** d += modulus. */
function addModulus(): void {
  let up: i64 = 0;
  for (let at: usize = 0; at < LIMB_BYTES - 8; at += 8) {
    up += load<i64>(D + at) + load<i64>(M + at);
    store<i64>(D + at, up & MASK);
    up >>= BITS;
  }
  store<i64>(D, up + load<i64>(D, 64) + load<i64>(M, 64), 64);
}

/** d = -d. */
function negate(): void {
  let up: i64 = 0;
  for (let at: usize = 0; at < LIMB_BYTES - 8; at += 8) {
    up -= load<i64>(D + at);
    store<i64>(D + at, up & MASK);
    up >>= BITS;
  }
  store<i64>(D, up - load<i64>(D, 64), 64);
}

function readLimbs(x: usize, bytes: usize): void {
  for (let i = 0; i < LIMBS; i++) {
    const bit = i * 30;
    const word = load<u64>(bytes + ((bit >> 6) << 3)) >> (bit & 63);
    const next = (bit & 63) > 34 && bit < 192 ? load<u64>(bytes + ((bit >> 6) << 3), 8) << (64 - (bit & 63)) : 0;
    store<i64>(x + ((<usize>i) << 3), (word | next) & MASK);
  }
}

function writeLimbs(bytes: usize, x: usize): void {
  memory.fill(bytes, 0, 32);
  for (let i = 0; i < LIMBS; i++) {
    const bit = i * 30;
    const at = bytes + ((bit >> 6) << 3);
    const limb = load<u64>(x + ((<usize>i) << 3));
    store<u64>(at, load<u64>(at) | (limb << (bit & 63)));
    if ((bit & 63) > 34 && bit < 192) store<u64>(at, load<u64>(at, 8) | (limb >> (64 - (bit & 63))), 8);
  }
}
