import { assembleBlock, blockCount } from "./block";

/** SHA-512, FIPS 180-4. */

const BLOCK: usize = 128;

/** Section 5.3.5. */
// prettier-ignore
export const INITIAL = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

/** Section 4.2.3. */
// prettier-ignore
export const K = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);

export const STATE = memory.data(64, 16);
const PADDED = memory.data(128, 16);

// Section 4.1.3.
// @ts-ignore: decorator
@inline
function choose(x: u64, y: u64, z: u64): u64 {
  return z ^ (x & (y ^ z));
}
// @ts-ignore: decorator
@inline
function majority(x: u64, y: u64, z: u64): u64 {
  return (x & y) | (z & (x | y));
}
// @ts-ignore: decorator
@inline
function bigSigma0(x: u64): u64 {
  return rotr(x, 28) ^ rotr(x, 34) ^ rotr(x, 39);
}
// @ts-ignore: decorator
@inline
function bigSigma1(x: u64): u64 {
  return rotr(x, 14) ^ rotr(x, 18) ^ rotr(x, 41);
}
// @ts-ignore: decorator
@inline
function smallSigma0(x: u64): u64 {
  return rotr(x, 1) ^ rotr(x, 8) ^ (x >> 7);
}
// @ts-ignore: decorator
@inline
function smallSigma1(x: u64): u64 {
  return rotr(x, 19) ^ rotr(x, 61) ^ (x >> 6);
}

/** Take the block into STATE, section 6.4.2: 80 rounds, sixteen a turn, the names moving round instead of the values. */
export function compress(block: usize): void {
  let w0 = bswap(load<u64>(block, 0));
  let w1 = bswap(load<u64>(block, 8));
  let w2 = bswap(load<u64>(block, 16));
  let w3 = bswap(load<u64>(block, 24));
  let w4 = bswap(load<u64>(block, 32));
  let w5 = bswap(load<u64>(block, 40));
  let w6 = bswap(load<u64>(block, 48));
  let w7 = bswap(load<u64>(block, 56));
  let w8 = bswap(load<u64>(block, 64));
  let w9 = bswap(load<u64>(block, 72));
  let w10 = bswap(load<u64>(block, 80));
  let w11 = bswap(load<u64>(block, 88));
  let w12 = bswap(load<u64>(block, 96));
  let w13 = bswap(load<u64>(block, 104));
  let w14 = bswap(load<u64>(block, 112));
  let w15 = bswap(load<u64>(block, 120));

  let a = load<u64>(STATE, 0);
  let b = load<u64>(STATE, 8);
  let c = load<u64>(STATE, 16);
  let d = load<u64>(STATE, 24);
  let e = load<u64>(STATE, 32);
  let f = load<u64>(STATE, 40);
  let g = load<u64>(STATE, 48);
  let h = load<u64>(STATE, 56);
  let k = K;
  while (true) {
    h += w0 + load<u64>(k, 0) + bigSigma1(e) + choose(e, f, g);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += w1 + load<u64>(k, 8) + bigSigma1(d) + choose(d, e, f);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += w2 + load<u64>(k, 16) + bigSigma1(c) + choose(c, d, e);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += w3 + load<u64>(k, 24) + bigSigma1(b) + choose(b, c, d);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += w4 + load<u64>(k, 32) + bigSigma1(a) + choose(a, b, c);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += w5 + load<u64>(k, 40) + bigSigma1(h) + choose(h, a, b);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += w6 + load<u64>(k, 48) + bigSigma1(g) + choose(g, h, a);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += w7 + load<u64>(k, 56) + bigSigma1(f) + choose(f, g, h);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
    h += w8 + load<u64>(k, 64) + bigSigma1(e) + choose(e, f, g);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += w9 + load<u64>(k, 72) + bigSigma1(d) + choose(d, e, f);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += w10 + load<u64>(k, 80) + bigSigma1(c) + choose(c, d, e);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += w11 + load<u64>(k, 88) + bigSigma1(b) + choose(b, c, d);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += w12 + load<u64>(k, 96) + bigSigma1(a) + choose(a, b, c);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += w13 + load<u64>(k, 104) + bigSigma1(h) + choose(h, a, b);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += w14 + load<u64>(k, 112) + bigSigma1(g) + choose(g, h, a);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += w15 + load<u64>(k, 120) + bigSigma1(f) + choose(f, g, h);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
    k += 16 * sizeof<u64>();
    if (k == K + 80 * sizeof<u64>()) break;
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
  store<u64>(STATE, load<u64>(STATE, 0) + a, 0);
  store<u64>(STATE, load<u64>(STATE, 8) + b, 8);
  store<u64>(STATE, load<u64>(STATE, 16) + c, 16);
  store<u64>(STATE, load<u64>(STATE, 24) + d, 24);
  store<u64>(STATE, load<u64>(STATE, 32) + e, 32);
  store<u64>(STATE, load<u64>(STATE, 40) + f, 40);
  store<u64>(STATE, load<u64>(STATE, 48) + g, 48);
  store<u64>(STATE, load<u64>(STATE, 56) + h, 56);
}

/**
 * SHA-512 of `prefixLength` (0..128) bytes at `prefix` followed by `length` bytes at `message`, to 64 bytes at `digest`.
 * Neither input is written to.
 */
export function sha512(prefix: usize, prefixLength: i32, message: usize, length: i32, digest: usize): void {
  memory.copy(STATE, INITIAL, 64);
  const blocks = blockCount(BLOCK, prefixLength, length);
  for (let i = 0; i < blocks; i++) {
    compress(assembleBlock(BLOCK, i, prefix, prefixLength, message, length, PADDED));
  }
  for (let i: usize = 0; i < 64; i += 8) store<u64>(digest + i, bswap(load<u64>(STATE + i)));
}
