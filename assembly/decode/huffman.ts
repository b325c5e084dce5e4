import { reserve } from "../memory";

/**
 * Huffman codes of deflate (RFC 1951 sections 3.1.1 and 3.2.2). For a card the tables cost more than the symbols, so a
 * table resolves only codes of up to its index bits, and is filled in canonical order by doubling: one store a symbol.
 * The rare longer code is found in the canonical order, bit by bit.
 */

// An entry of a decoding table:
//   bits 0-7   bits to drop: the code and its extra bits
//   bits 8-11  bits of the code alone
//   bit 15     EXCEPTION, alone: the code is longer than the index, or there is none
//   the rest   what the symbol means
export const EXCEPTION: u32 = 0x8000;
/** With EXCEPTION: no symbol. */
export const INVALID: u32 = 0x2000;
/** The meaning of a symbol plus ONE_BIT * n is the entry of its n-bit code. */
const ONE_BIT: u32 = 0x101;

export const MAX_SYMBOLS: u32 = 288;
export const MAX_INDEX_BITS: u32 = 9;
const MAX_CODE_BITS: u32 = 15;

/** Bytes of a code: u16 how many symbols each length 0..15 has, then the u16 symbols in canonical order. */
export const CODE_SIZE: usize = 32 + MAX_SYMBOLS * 2;
const SORTED: usize = 32;

/** u16 nine bits reversed: codes come with their first bit lowest. */
const REVERSED = reserve(2 << MAX_INDEX_BITS);
/** For each length 0..15, sixteen bytes of which that one is 1. */
const ONE_HOT = reserve(16 * 16);
/** Symbols in use: u16 symbol, u16 length. */
const USED = reserve(MAX_SYMBOLS * 4);
/** For each length, u16 where its next symbol goes in the canonical order. */
const OFFSETS = reserve(32);

/** One bit for each of the 64 bytes at `address` that is not 0. */
// @ts-ignore: decorator
@inline
function nonZero(address: usize): u64 {
  const zero = i64x2.splat(0);
  return (
    (<u64>i8x16.bitmask(i8x16.ne(v128.load(address), zero))) |
    ((<u64>i8x16.bitmask(i8x16.ne(v128.load(address, 16), zero))) << 16) |
    ((<u64>i8x16.bitmask(i8x16.ne(v128.load(address, 32), zero))) << 32) |
    ((<u64>i8x16.bitmask(i8x16.ne(v128.load(address, 48), zero))) << 48)
  );
}

/**
 * Build the decoding table of `1 << indexBits` entries and the canonical order of the code whose lengths are the
 * `symbols` bytes at `lengths`, of which up to 63 more are read; `meanings` gives a u32 for each symbol. False where the
 * lengths are over-subscribed, or incomplete other than by a single one-bit code or by having no code (zlib's rule).
 */
export function buildTable(
  lengths: usize,
  symbols: u32,
  meanings: usize,
  indexBits: u32,
  table: usize,
  code: usize,
): bool {
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  let end = USED;
  for (let start: u32 = 0; start < symbols; start += 64) {
    let mask = nonZero(lengths + start);
    if (symbols - start < 64) mask &= ((<u64>1) << (symbols - start)) - 1;
    let counts = i64x2.splat(0);
    while (mask != 0) {
      const symbol = start + <u32>ctz(mask);
      mask &= mask - 1;
      const length = <u32>load<u8>(lengths + symbol);
      counts = i8x16.add(counts, v128.load(ONE_HOT + (length << 4)));
      store<u32>(end, (length << 16) | symbol);
      end += 4;
    }
    low = i16x8.add(low, i16x8.extend_low_i8x16_u(counts));
    high = i16x8.add(high, i16x8.extend_high_i8x16_u(counts));
  }
  v128.store(code, low);
  v128.store(code, high, 16);

  let free: i32 = 1;
  let offset: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_BITS; length++) {
    const count = <u32>load<u16>(code + (length << 1));
    free = (free << 1) - <i32>count;
    if (free < 0) return false;
    store<u16>(OFFSETS + (length << 1), <u16>offset);
    offset += count;
  }
  if (free > 0 && offset != 0 && !(offset == 1 && load<u16>(code, 2) == 1)) return false;

  const sorted = code + SORTED;
  for (let used = USED; used < end; used += 4) {
    const place = OFFSETS + ((<usize>load<u16>(used, 2)) << 1);
    const at = <usize>load<u16>(place);
    store<u16>(place, <u16>(at + 1));
    store<u16>(sorted + (at << 1), load<u16>(used));
  }

  // Codes in canonical order, aligned left in nine bits. Before the codes of a length come, the table doubles: the new
  // bit does not matter to the shorter ones.
  let symbol = sorted;
  let aligned: u32 = 0;
  for (let length: u32 = 1; length <= indexBits; length++) {
    const half: usize = 2 << length;
    for (let i: usize = 0; i < half; i += 16) v128.store(table + half + i, v128.load(table + i));
    const step = (1 << MAX_INDEX_BITS) >>> length;
    for (let count = <u32>load<u16>(code + (length << 1)); count != 0; count--) {
      const meaning = load<u32>(meanings + ((<usize>load<u16>(symbol)) << 2));
      store<u32>(slotOf(table, aligned), meaning + length * ONE_BIT);
      symbol += 2;
      aligned += step;
    }
  }
  // What is left are the beginnings of longer codes, or no code at all.
  const step = (1 << MAX_INDEX_BITS) >>> indexBits;
  for (; aligned < 1 << MAX_INDEX_BITS; aligned += step) store<u32>(slotOf(table, aligned), EXCEPTION);
  return true;
}

// @ts-ignore: decorator
@inline
function slotOf(table: usize, aligned: u32): usize {
  return table + ((<usize>load<u16>(REVERSED + (aligned << 1))) << 2);
}

/** Entry of the code that `input` begins with, whatever its length; EXCEPTION | INVALID where there is none. */
export function findCode(input: u64, code: usize, meanings: usize): u32 {
  let first: u32 = 0;
  let index: u32 = 0;
  let value: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_BITS; length++) {
    value |= (<u32>input) & 1;
    const count = <u32>load<u16>(code + (length << 1));
    if (value < first + count) {
      const symbol = <usize>load<u16>(code + SORTED + ((index + value - first) << 1));
      return load<u32>(meanings + (symbol << 2)) + length * ONE_BIT;
    }
    index += count;
    first = (first + count) << 1;
    value <<= 1;
    input >>= 1;
  }
  return EXCEPTION | INVALID;
}

for (let i: u32 = 0; i < 1 << MAX_INDEX_BITS; i++) {
  let reversed: u32 = 0;
  for (let bit: u32 = 0; bit < MAX_INDEX_BITS; bit++) reversed |= ((i >>> bit) & 1) << (MAX_INDEX_BITS - 1 - bit);
  store<u16>(REVERSED + (i << 1), <u16>reversed);
}
for (let length: usize = 0; length < 16; length++) store<u8>(ONE_HOT + length * 17, 1);
