import { reserve } from "../layout";
import { Code } from "../result";
import { adler32 } from "./adler32";

/**
 * zlib (RFC 1950) around deflate (RFC 1951), for streams of a few hundred bytes: what costs there is not the symbols
 * but the tables of a dynamic block. So a table resolves codes of up to nine bits (seven for distances) and is filled
 * by doubling, one store a symbol; the rare longer code is found in the canonical order, bit by bit.
 * What is a valid stream is decided as zlib decides it.
 */

// An entry of a decoding table:
//   bits 0-7   bits to drop: the code and its extra bits
//   bits 8-11  bits of the code alone
//   bits 16-30 literal byte, or base of the length or distance
//   and these flags
const LITERAL: u32 = 0x80000000;
const EXCEPTION: u32 = 0x8000;
/** With EXCEPTION: end of block. */
const END: u32 = 0x4000;
/** With EXCEPTION: no symbol; RFC 1951 section 3.2.6 leaves 286, 287 and distances 30, 31 without meaning. */
const INVALID: u32 = 0x2000;
/** An entry for a symbol plus ONE_BIT * n is the table entry of its n-bit code. */
const ONE_BIT: u32 = 0x101;

const LITLEN_BITS: u32 = 9;
const DISTANCE_BITS: u32 = 7;
const PRECODE_BITS: u32 = 7;
const MAX_CODE_BITS: u32 = 15;
const LITLEN_SYMBOLS: u32 = 288;
const DISTANCE_SYMBOLS: u32 = 32;
const PRECODE_SYMBOLS: u32 = 19;

/** What a symbol means, as an entry without a code: u32 a symbol. */
const LITLEN_MEANING = reserve(LITLEN_SYMBOLS * 4);
const DISTANCE_MEANING = reserve(DISTANCE_SYMBOLS * 4);
const PRECODE_MEANING = reserve(PRECODE_SYMBOLS * 4);

const FIXED_LITLEN_TABLE = reserve(4 << LITLEN_BITS);
const FIXED_DISTANCE_TABLE = reserve(4 << DISTANCE_BITS);
const LITLEN_TABLE = reserve(4 << LITLEN_BITS);
const DISTANCE_TABLE = reserve(4 << DISTANCE_BITS);
const PRECODE_TABLE = reserve(4 << PRECODE_BITS);

/** A code beside its table: u16 symbols a length 0..15, then u16 symbols in canonical order. */
const SORTED: usize = 32;
const LITLEN_CODE = reserve(SORTED + LITLEN_SYMBOLS * 2);
const DISTANCE_CODE = reserve(SORTED + DISTANCE_SYMBOLS * 2);
const PRECODE_CODE = reserve(SORTED + PRECODE_SYMBOLS * 2);

/** u8 code lengths of one block, literals and distances in one row; the last repeat may run over by 144. */
const LENGTHS = reserve(LITLEN_SYMBOLS + DISTANCE_SYMBOLS + 160);
const PRECODE_LENGTHS = reserve(32);
const OFFSETS = reserve(32);

/** u16 nine bits reversed: Huffman codes come with their first bit lowest (RFC 1951 section 3.1.1). */
const REVERSED = reserve(2 << LITLEN_BITS);

/** Order in which the lengths of the code length code are sent (RFC 1951 section 3.2.7). */
// prettier-ignore
const PRECODE_ORDER = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

/** For each distance below 16, sixteen indices i mod distance: what repeats a short match. */
const REPEAT = reserve(16 * 16);

// The stream as it stands between functions. `buffer` holds at least `bits` bits that were not used yet, lowest first.
let next: usize = 0;
let end: usize = 0;
let buffer: u64 = 0;
let bits: u32 = 0;
let output: usize = 0;
let outputStart: usize = 0;
let outputEnd: usize = 0;

/** Address after the last byte of which a bit was used. */
// @ts-ignore: decorator
@inline
function consumed(): usize {
  return next - (bits >>> 3);
}

/** Make at least 56 bits ready. False where more bits were used than there are: what is read past the end is never kept. */
// @ts-ignore: decorator
@inline
function refill(): bool {
  if (consumed() > end) return false;
  buffer |= load<u64>(next) << bits;
  next += (63 - bits) >>> 3;
  bits |= 56;
  return true;
}

// @ts-ignore: decorator
@inline
function take(count: u32): u32 {
  const value = (<u32>buffer) & ((1 << count) - 1);
  buffer >>= count;
  bits -= count;
  return value;
}

/**
 * Build the decoding table of `1 << tableBits` entries and the canonical order of the code whose lengths are the
 * `symbols` bytes at `lengths`; `meaning` gives the entry of each symbol. False if the lengths are over-subscribed, or
 * incomplete other than by a single one-bit code or by having no code at all (as zlib, inftrees.c).
 */
function build(lengths: usize, symbols: u32, meaning: usize, tableBits: u32, table: usize, code: usize): bool {
  v128.store(code, i64x2.splat(0));
  v128.store(code, i64x2.splat(0), 16);
  for (let i: usize = 0; i < symbols; i++) {
    const count = code + ((<usize>load<u8>(lengths + i)) << 1);
    store<u16>(count, load<u16>(count) + 1);
  }
  const unused = <u32>load<u16>(code);
  store<u16>(code, 0);

  let left: i32 = 1;
  let offset: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_BITS; length++) {
    const count = <u32>load<u16>(code + (length << 1));
    left = (left << 1) - <i32>count;
    if (left < 0) return false;
    store<u16>(OFFSETS + (length << 1), <u16>offset);
    offset += count;
  }
  const used = symbols - unused;
  if (left > 0 && used != 0 && !(used == 1 && load<u16>(code + 2) == 1)) return false;

  const sorted = code + SORTED;
  for (let i: usize = 0; i < symbols; i++) {
    const length = <usize>load<u8>(lengths + i);
    if (length == 0) continue;
    const place = OFFSETS + (length << 1);
    const at = <usize>load<u16>(place);
    store<u16>(place, <u16>(at + 1));
    store<u16>(sorted + (at << 1), <u16>i);
  }

  // Codes in canonical order, aligned left in nine bits. After the codes of one length the table doubles: the next
  // bit does not matter to them.
  const step = (1 << LITLEN_BITS) >>> tableBits;
  let symbol = sorted;
  let aligned: u32 = 0;
  for (let length: u32 = 1; length <= tableBits; length++) {
    const size: usize = 2 << length;
    for (let i: usize = 0; i < size; i += 16) v128.store(table + size + i, v128.load(table + i));
    const stride = (1 << LITLEN_BITS) >>> length;
    for (let left = load<u16>(code + (length << 1)); left != 0; left--) {
      const slot = <usize>load<u16>(REVERSED + (aligned << 1));
      store<u32>(table + (slot << 2), load<u32>(meaning + ((<usize>load<u16>(symbol)) << 2)) + length * ONE_BIT);
      symbol += 2;
      aligned += stride;
    }
  }
  for (; aligned < 1 << LITLEN_BITS; aligned += step) {
    store<u32>(table + ((<usize>load<u16>(REVERSED + (aligned << 1))) << 2), EXCEPTION);
  }
  return true;
}

/** Entry of a code longer than its table's index, found length by length in the canonical order. */
function longCode(input: u64, code: usize, meaning: usize): u32 {
  let first: u32 = 0;
  let index: u32 = 0;
  let value: u32 = 0;
  for (let length: u32 = 1; length <= MAX_CODE_BITS; length++) {
    value |= (<u32>input) & 1;
    const count = <u32>load<u16>(code + (length << 1));
    if (value < first + count) {
      const symbol = <usize>load<u16>(code + SORTED + ((index + value - first) << 1));
      return load<u32>(meaning + (symbol << 2)) + length * ONE_BIT;
    }
    index += count;
    first = (first + count) << 1;
    value <<= 1;
    input >>= 1;
  }
  return EXCEPTION | INVALID;
}

/** Copy `length` bytes from `distance` before `to`; may write up to 15 bytes more. */
// @ts-ignore: decorator
@inline
function copyMatch(to: usize, distance: usize, length: usize): void {
  const stop = to + length;
  if (distance >= 16) {
    do {
      v128.store(to, v128.load(to - distance));
      to += 16;
    } while (to < stop);
    return;
  }
  const repeat = REPEAT + (distance << 4);
  const pattern = i8x16.swizzle(v128.load(to - distance), v128.load(repeat));
  const stride = 16 - (16 % <u32>distance);
  do {
    v128.store(to, pattern);
    to += stride;
  } while (to < stop);
}

/** Section 3.2.4. */
function storedBlock(): i32 {
  const header = consumed();
  if (header + 4 > end) return Code.BAD_ZLIB;
  const length = <u32>load<u16>(header);
  if ((length ^ load<u16>(header, 2)) != 0xffff) return Code.BAD_ZLIB;
  if (header + 4 + length > end) return Code.BAD_ZLIB;
  if (output + length > outputEnd) return Code.TOO_LARGE;
  memory.copy(output, header + 4, length);
  output += length;
  next = header + 4 + length;
  buffer = 0;
  bits = 0;
  return 0;
}

/** Section 3.2.7: read the code lengths and build the tables of a dynamic block. */
function dynamicTables(): bool {
  if (!refill()) return false;
  const litlens = take(5) + 257;
  const distances = take(5) + 1;
  const prelengths = take(4) + 4;
  if (litlens > 286 || distances > 30) return false;

  v128.store(PRECODE_LENGTHS, i64x2.splat(0));
  v128.store(PRECODE_LENGTHS, i64x2.splat(0), 16);
  for (let i: usize = 0; i < prelengths; i++) {
    if (i == 12 && !refill()) return false;
    store<u8>(PRECODE_LENGTHS + load<u8>(PRECODE_ORDER + i), <u8>take(3));
  }
  if (!build(PRECODE_LENGTHS, PRECODE_SYMBOLS, PRECODE_MEANING, PRECODE_BITS, PRECODE_TABLE, PRECODE_CODE))
    return false;

  let at = LENGTHS;
  const stop = LENGTHS + litlens + distances;
  while (at < stop) {
    if (!refill()) return false;
    const entry = load<u32>(PRECODE_TABLE + (((<usize>buffer) & ((1 << PRECODE_BITS) - 1)) << 2));
    // Only the code without any length is incomplete and comes this far; it cannot name an end of block.
    if (entry & EXCEPTION) return false;
    take((entry >>> 8) & 15);
    const symbol = entry >>> 16;
    if (symbol < 16) {
      store<u8>(at, <u8>symbol);
      at += 1;
      continue;
    }
    let run = i64x2.splat(0);
    let repeat: usize;
    if (symbol == 16) {
      if (at == LENGTHS) return false;
      run = v128.load8_splat(at - 1);
      repeat = 3 + take(2);
    } else if (symbol == 17) {
      repeat = 3 + take(3);
    } else {
      repeat = 11 + take(7);
    }
    for (let i: usize = 0; i < repeat; i += 16) v128.store(at + i, run);
    at += repeat;
  }
  if (at != stop || load<u8>(LENGTHS + 256) == 0) return false;
  return (
    build(LENGTHS, litlens, LITLEN_MEANING, LITLEN_BITS, LITLEN_TABLE, LITLEN_CODE) &&
    build(LENGTHS + litlens, distances, DISTANCE_MEANING, DISTANCE_BITS, DISTANCE_TABLE, DISTANCE_CODE)
  );
}

/** Section 3.2.3: literals and matches until the end of the block. */
function compressedBlock(litlenTable: usize, distanceTable: usize): i32 {
  const end_ = end;
  const outputEnd_ = outputEnd;
  const outputStart_ = outputStart;
  let p = next;
  let b = buffer;
  let n = bits;
  let o = output;
  while (true) {
    // Past the end of the input everything is noise; this decides first, so noise never decides.
    if (p - (n >>> 3) > end_) return Code.BAD_ZLIB;
    if (o > outputEnd_) return Code.TOO_LARGE;
    b |= load<u64>(p) << n;
    p += (63 - n) >>> 3;
    n |= 56;

    let entry = load<u32>(litlenTable + (((<usize>b) & ((1 << LITLEN_BITS) - 1)) << 2));
    if (entry & LITERAL) {
      // Three literals take at most 27 bits; what follows them needs at most 48 and gets a refill.
      b >>= <u8>entry;
      n -= <u8>entry;
      store<u8>(o, <u8>(entry >>> 16));
      o += 1;
      entry = load<u32>(litlenTable + (((<usize>b) & ((1 << LITLEN_BITS) - 1)) << 2));
      if (entry & LITERAL) {
        b >>= <u8>entry;
        n -= <u8>entry;
        store<u8>(o, <u8>(entry >>> 16));
        o += 1;
        entry = load<u32>(litlenTable + (((<usize>b) & ((1 << LITLEN_BITS) - 1)) << 2));
        if (entry & LITERAL) {
          b >>= <u8>entry;
          n -= <u8>entry;
          store<u8>(o, <u8>(entry >>> 16));
          o += 1;
        }
      }
      continue;
    }

    if (entry & EXCEPTION) {
      if (entry == EXCEPTION) entry = longCode(b, LITLEN_CODE, LITLEN_MEANING);
      if (entry & INVALID) return Code.BAD_ZLIB;
      if (entry & END) {
        next = p;
        buffer = b >> (<u8>entry);
        bits = n - <u8>entry;
        output = o;
        return 0;
      }
      if (entry & LITERAL) {
        b >>= <u8>entry;
        n -= <u8>entry;
        store<u8>(o, <u8>(entry >>> 16));
        o += 1;
        continue;
      }
    }
    let used = <u32>(<u8>entry);
    const length = <usize>(entry >>> 16) + ((<usize>(b & (((<u64>1) << used) - 1))) >>> ((entry >>> 8) & 15));
    b >>= used;
    n -= used;

    entry = load<u32>(distanceTable + (((<usize>b) & ((1 << DISTANCE_BITS) - 1)) << 2));
    if (entry & EXCEPTION) {
      if (entry == EXCEPTION) entry = longCode(b, DISTANCE_CODE, DISTANCE_MEANING);
      if (entry & INVALID) return Code.BAD_ZLIB;
    }
    used = <u32>(<u8>entry);
    const distance = <usize>(entry >>> 16) + ((<usize>(b & (((<u64>1) << used) - 1))) >>> ((entry >>> 8) & 15));
    b >>= used;
    n -= used;
    if (distance > o - outputStart_ || p - (n >>> 3) > end_) return Code.BAD_ZLIB;
    if (o + length > outputEnd_) return Code.TOO_LARGE;
    copyMatch(o, distance, length);
    o += length;
  }
}

/** Raw deflate from `next` to the end of the last block. */
function inflateBlocks(): i32 {
  let last = false;
  while (!last) {
    if (!refill()) return Code.BAD_ZLIB;
    last = take(1) == 1;
    let code: i32 = Code.BAD_ZLIB;
    switch (take(2)) {
      case 0:
        code = storedBlock();
        break;
      case 1:
        code = compressedBlock(FIXED_LITLEN_TABLE, FIXED_DISTANCE_TABLE);
        break;
      case 2:
        if (dynamicTables()) code = compressedBlock(LITLEN_TABLE, DISTANCE_TABLE);
        break;
    }
    if (code != 0) return code;
  }
  return 0;
}

/**
 * Inflate the zlib stream that is exactly the `length` bytes at `src` to at most `capacity` bytes at `out`. Returns the
 * bytes written, -Code.BAD_ZLIB, or -Code.TOO_LARGE where there would be more than `capacity`. The 16 bytes after the
 * input may be read, without effect on the result; the 32 bytes after `capacity` may be written.
 */
export function inflateZlib(src: usize, length: i32, out: usize, capacity: i32): i32 {
  if (length < 6) return -Code.BAD_ZLIB;
  // RFC 1950 section 2.2: CM 8, CINFO at most 7, the check bits, no preset dictionary.
  const header = <u32>bswap<u16>(load<u16>(src));
  if ((header & 0x0f00) != 0x0800 || header > 0x7fff || header % 31 != 0 || (header & 0x20) != 0) {
    return -Code.BAD_ZLIB;
  }
  next = src + 2;
  end = src + <usize>length - 4;
  buffer = 0;
  bits = 0;
  output = out;
  outputStart = out;
  outputEnd = out + <usize>capacity;
  const code = inflateBlocks();
  if (code != 0) return -code;
  if (consumed() != end) return -Code.BAD_ZLIB;
  const written = <i32>(output - out);
  return adler32(out, written) == bswap<u32>(load<u32>(end)) ? written : -Code.BAD_ZLIB;
}

/** Meanings, base and extra bits of RFC 1951 section 3.2.5, and the fixed codes of section 3.2.6. */
function prepare(): void {
  for (let i: u32 = 0; i < 1 << LITLEN_BITS; i++) {
    let reversed: u32 = 0;
    for (let bit: u32 = 0; bit < LITLEN_BITS; bit++) reversed |= ((i >>> bit) & 1) << (LITLEN_BITS - 1 - bit);
    store<u16>(REVERSED + (i << 1), <u16>reversed);
  }
  for (let distance: u32 = 1; distance < 16; distance++) {
    for (let i: u32 = 0; i < 16; i++) store<u8>(REPEAT + (distance << 4) + i, <u8>(i % distance));
  }

  for (let symbol: u32 = 0; symbol < PRECODE_SYMBOLS; symbol++)
    store<u32>(PRECODE_MEANING + (symbol << 2), symbol << 16);
  for (let symbol: u32 = 0; symbol < LITLEN_SYMBOLS; symbol++) {
    store<u32>(LITLEN_MEANING + (symbol << 2), symbol < 256 ? LITERAL | (symbol << 16) : EXCEPTION | INVALID);
  }
  store<u32>(LITLEN_MEANING + (256 << 2), EXCEPTION | END);
  let base: u32 = 3;
  for (let symbol: u32 = 257; symbol < 285; symbol++) {
    const extra = symbol < 265 ? 0 : (symbol - 261) >>> 2;
    store<u32>(LITLEN_MEANING + (symbol << 2), (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(LITLEN_MEANING + (285 << 2), 258 << 16);
  base = 1;
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >>> 1;
    store<u32>(DISTANCE_MEANING + (symbol << 2), symbol < 30 ? (base << 16) | extra : EXCEPTION | INVALID);
    base += 1 << extra;
  }

  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  build(LENGTHS, LITLEN_SYMBOLS, LITLEN_MEANING, LITLEN_BITS, FIXED_LITLEN_TABLE, LITLEN_CODE);
  memory.fill(LENGTHS, 5, DISTANCE_SYMBOLS);
  build(LENGTHS, DISTANCE_SYMBOLS, DISTANCE_MEANING, DISTANCE_BITS, FIXED_DISTANCE_TABLE, DISTANCE_CODE);
}

prepare();
