import { assembleBlock, blockCount } from "./block";

/** SM3, GM/T 0004 (GB/T 32905). Its padding is that of SHA-256. */

const BLOCK: usize = 64;

/** Section 4.1. */
// prettier-ignore
export const INITIAL = memory.data<u32>([
  0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
  0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e,
]);

export const STATE = memory.data(32, 16);
const PADDED = memory.data(64, 16);
/** W0 .. W67, section 5.3.2. */
const W = memory.data(68 * 4, 16);

// Section 4.4: permutations P0 and P1.
// @ts-ignore: decorator
@inline
function p0(x: u32): u32 {
  return x ^ rotl(x, 9) ^ rotl(x, 17);
}
// @ts-ignore: decorator
@inline
function p1(x: u32): u32 {
  return x ^ rotl(x, 15) ^ rotl(x, 23);
}

/** Take the block into STATE, section 5.3.3. */
export function compress(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(W + i, bswap(load<u32>(block + i)));
  for (let w = W + 64; w < W + 68 * 4; w += 4) {
    const x = load<u32>(w - 64) ^ load<u32>(w - 36) ^ rotl(load<u32>(w - 12), 15);
    store<u32>(w, p1(x) ^ rotl(load<u32>(w - 52), 7) ^ load<u32>(w - 24));
  }
  let a = load<u32>(STATE, 0);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);
  let t: u32 = 0x79cc4519;
  for (let i = 0; i < 64; i++) {
    if (i == 16) t = rotl<u32>(0x7a879d8a, 16);
    const w = load<u32>(W + ((<usize>i) << 2));
    const a12 = rotl(a, 12);
    const ss1 = rotl(a12 + e + t, 7);
    const ff = i < 16 ? a ^ b ^ c : (a & b) | (c & (a | b));
    const gg = i < 16 ? e ^ f ^ g : g ^ (e & (f ^ g));
    const tt1 = ff + d + (ss1 ^ a12) + (w ^ load<u32>(W + ((<usize>i) << 2), 16));
    const tt2 = gg + h + ss1 + w;
    d = c;
    c = rotl(b, 9);
    b = a;
    a = tt1;
    h = g;
    g = rotl(f, 19);
    f = e;
    e = p0(tt2);
    t = rotl(t, 1);
  }
  store<u32>(STATE, load<u32>(STATE, 0) ^ a, 0);
  store<u32>(STATE, load<u32>(STATE, 4) ^ b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) ^ c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) ^ d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) ^ e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) ^ f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) ^ g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) ^ h, 28);
}

/**
 * SM3 of `prefixLength` (0..64) bytes at `prefix` followed by `length` bytes at `message`, to 32 bytes at `digest`.
 * Neither input is written to.
 */
export function sm3(prefix: usize, prefixLength: i32, message: usize, length: i32, digest: usize): void {
  memory.copy(STATE, INITIAL, 32);
  const blocks = blockCount(BLOCK, prefixLength, length);
  for (let i = 0; i < blocks; i++) {
    compress(assembleBlock(BLOCK, i, prefix, prefixLength, message, length, PADDED));
  }
  for (let i: usize = 0; i < 32; i += 4) store<u32>(digest + i, bswap(load<u32>(STATE + i)));
}
