import { assembleBlock, blockCount } from "./block";

/** SHA-256, FIPS 180-4. */

const BLOCK: usize = 64;

/** Section 5.3.3. */
// prettier-ignore
export const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

/** Section 4.2.2. */
// prettier-ignore
export const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

export const STATE = memory.data(32, 16);
const PADDED = memory.data(64, 16);

// Section 4.1.2.
// @ts-ignore: decorator
@inline
function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}
// @ts-ignore: decorator
@inline
function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y));
}
// @ts-ignore: decorator
@inline
function bigSigma0(x: u32): u32 {
  return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}
// @ts-ignore: decorator
@inline
function bigSigma1(x: u32): u32 {
  return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}
// @ts-ignore: decorator
@inline
function smallSigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}
// @ts-ignore: decorator
@inline
function smallSigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}

/** Take the block into STATE, section 6.2.2: 64 rounds, sixteen a turn, the names moving round instead of the values. */
export function compress(block: usize): void {
  let w0 = bswap(load<u32>(block, 0));
  let w1 = bswap(load<u32>(block, 4));
  let w2 = bswap(load<u32>(block, 8));
  let w3 = bswap(load<u32>(block, 12));
  let w4 = bswap(load<u32>(block, 16));
  let w5 = bswap(load<u32>(block, 20));
  let w6 = bswap(load<u32>(block, 24));
  let w7 = bswap(load<u32>(block, 28));
  let w8 = bswap(load<u32>(block, 32));
  let w9 = bswap(load<u32>(block, 36));
  let w10 = bswap(load<u32>(block, 40));
  let w11 = bswap(load<u32>(block, 44));
  let w12 = bswap(load<u32>(block, 48));
  let w13 = bswap(load<u32>(block, 52));
  let w14 = bswap(load<u32>(block, 56));
  let w15 = bswap(load<u32>(block, 60));

  let a = load<u32>(STATE, 0);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);
  let k = K;
  while (true) {
    h += w0 + load<u32>(k, 0) + bigSigma1(e) + choose(e, f, g);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += w1 + load<u32>(k, 4) + bigSigma1(d) + choose(d, e, f);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += w2 + load<u32>(k, 8) + bigSigma1(c) + choose(c, d, e);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += w3 + load<u32>(k, 12) + bigSigma1(b) + choose(b, c, d);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += w4 + load<u32>(k, 16) + bigSigma1(a) + choose(a, b, c);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += w5 + load<u32>(k, 20) + bigSigma1(h) + choose(h, a, b);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += w6 + load<u32>(k, 24) + bigSigma1(g) + choose(g, h, a);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += w7 + load<u32>(k, 28) + bigSigma1(f) + choose(f, g, h);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
    h += w8 + load<u32>(k, 32) + bigSigma1(e) + choose(e, f, g);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += w9 + load<u32>(k, 36) + bigSigma1(d) + choose(d, e, f);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += w10 + load<u32>(k, 40) + bigSigma1(c) + choose(c, d, e);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += w11 + load<u32>(k, 44) + bigSigma1(b) + choose(b, c, d);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += w12 + load<u32>(k, 48) + bigSigma1(a) + choose(a, b, c);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += w13 + load<u32>(k, 52) + bigSigma1(h) + choose(h, a, b);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += w14 + load<u32>(k, 56) + bigSigma1(g) + choose(g, h, a);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += w15 + load<u32>(k, 60) + bigSigma1(f) + choose(f, g, h);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
    k += 16 * sizeof<u32>();
    if (k == K + 64 * sizeof<u32>()) break;
    w0 += smallSigma1(w14) + w9 + smallSigma0(w1);
    w1 += smallSigma1(w15) + w10 + smallSigma0(w2);
    w2 += smallSigma1(w0) + w11 + smallSigma0(w3);
    w3 += smallSigma1(w1) + w12 + smallSigma0(w4);
    w4 += smallSigma1(w2) + w13 + smallSigma0(w5);
    w5 += smallSigma1(w3) + w14 + smallSigma0(w6);
    w6 += smallSigma1(w4) + w15 + smallSigma0(w7);
    w7 += smallSigma1(w5) + w0 + smallSigma0(w8);
    w8 += smallSigma1(w6) + w1 + smallSigma0(w9);
    w9 += smallSigma1(w7) + w2 + smallSigma0(w10);
    w10 += smallSigma1(w8) + w3 + smallSigma0(w11);
    w11 += smallSigma1(w9) + w4 + smallSigma0(w12);
    w12 += smallSigma1(w10) + w5 + smallSigma0(w13);
    w13 += smallSigma1(w11) + w6 + smallSigma0(w14);
    w14 += smallSigma1(w12) + w7 + smallSigma0(w15);
    w15 += smallSigma1(w13) + w8 + smallSigma0(w0);
  }
  store<u32>(STATE, load<u32>(STATE, 0) + a, 0);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
}

/**
 * SHA-256 of `prefixLength` (0..64) bytes at `prefix` followed by `length` bytes at `message`, to 32 bytes at `digest`.
 * Neither input is written to.
 */
export function sha256(prefix: usize, prefixLength: i32, message: usize, length: i32, digest: usize): void {
  memory.copy(STATE, INITIAL, 32);
  const blocks = blockCount(BLOCK, prefixLength, length);
  for (let i = 0; i < blocks; i++) {
    compress(assembleBlock(BLOCK, i, prefix, prefixLength, message, length, PADDED));
  }
  for (let i: usize = 0; i < 32; i += 4) store<u32>(digest + i, bswap(load<u32>(STATE + i)));
}
