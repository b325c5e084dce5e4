import { reserve } from "../memory";
import { Code } from "../result";
import { adler32 } from "./adler32";
import { buildTable, CODE_SIZE, EXCEPTION, findCode, INVALID, MAX_INDEX_BITS, MAX_SYMBOLS } from "./huffman";

/**
 * zlib (RFC 1950) around deflate (RFC 1951), for streams of a few hundred bytes. What is a valid stream is decided as
 * zlib decides it, except that nothing may follow it.
 */

// Meanings of symbols beside those of huffman.ts: bits 16-30 the literal byte, or the base of a length or distance.
const LITERAL: u32 = 0x80000000;
/** With EXCEPTION: end of block. */
const END: u32 = 0x4000;
// And of the code length code: bits 16-19 how often the length in bits 20-23 comes, before the extra bits add to that.
/** Repeat the length before. */
const COPY: u32 = 0x80000000;

const LITLEN_BITS: u32 = MAX_INDEX_BITS;
const DISTANCE_BITS: u32 = 7;
const PRECODE_BITS: u32 = 7;
const LITLEN_SYMBOLS: u32 = MAX_SYMBOLS;
const DISTANCE_SYMBOLS: u32 = 32;
const PRECODE_SYMBOLS: u32 = 19;

/** u32 a symbol. */
const LITLEN_MEANINGS = reserve(LITLEN_SYMBOLS * 4);
const DISTANCE_MEANINGS = reserve(DISTANCE_SYMBOLS * 4);
const PRECODE_MEANINGS = reserve(PRECODE_SYMBOLS * 4);

const FIXED_LITLEN_TABLE = reserve(4 << LITLEN_BITS);
const FIXED_DISTANCE_TABLE = reserve(4 << DISTANCE_BITS);
const LITLEN_TABLE = reserve(4 << LITLEN_BITS);
const DISTANCE_TABLE = reserve(4 << DISTANCE_BITS);
const PRECODE_TABLE = reserve(4 << PRECODE_BITS);

const LITLEN_CODE = reserve(CODE_SIZE);
const DISTANCE_CODE = reserve(CODE_SIZE);
const PRECODE_CODE = reserve(CODE_SIZE);

/** u8 code lengths of one block, literals and distances in one row; the last repeat may run over by 153. */
const LENGTHS = reserve(LITLEN_SYMBOLS + DISTANCE_SYMBOLS + 160);
const PRECODE_LENGTHS = reserve(64);

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
  return (
    buildTable(PRECODE_LENGTHS, PRECODE_SYMBOLS, PRECODE_MEANINGS, PRECODE_BITS, PRECODE_TABLE, PRECODE_CODE) &&
    readLengths(litlens + distances) &&
    load<u8>(LENGTHS + 256) != 0 &&
    buildTable(LENGTHS, litlens, LITLEN_MEANINGS, LITLEN_BITS, LITLEN_TABLE, LITLEN_CODE) &&
    buildTable(LENGTHS + litlens, distances, DISTANCE_MEANINGS, DISTANCE_BITS, DISTANCE_TABLE, DISTANCE_CODE)
  );
}

/** Expand exactly `count` code lengths to LENGTHS; a run may go on from literals to distances. */
function readLengths(count: u32): bool {
  const stop = LENGTHS + count;
  const end_ = end;
  let p = next;
  let b = buffer;
  let n = bits;
  let at = LENGTHS;
  let length: u32 = 0;
  while (at < stop) {
    if (p - (n >>> 3) > end_) return false;
    b |= load<u64>(p) << n;
    p += (63 - n) >>> 3;
    n |= 56;
    const entry = load<u32>(PRECODE_TABLE + (((<usize>b) & ((1 << PRECODE_BITS) - 1)) << 2));
    // Without any code length code there is no entry, and then no end of block either.
    if (entry & EXCEPTION || (at == LENGTHS && entry & COPY)) return false;
    const used = <u32>(<u8>entry);
    const times = ((entry >>> 16) & 15) + (((<u32>b) & ((1 << used) - 1)) >>> ((entry >>> 8) & 15));
    b >>= used;
    n -= used;
    // One length is a run of one: all symbols go the same way.
    length = entry & COPY ? length : entry >>> 20;
    const run = i8x16.splat(<i8>length);
    v128.store(at, run);
    for (let i: u32 = 16; i < times; i += 16) v128.store(at + i, run);
    at += times;
  }
  next = p;
  buffer = b;
  bits = n;
  return at == stop;
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
      if (entry == EXCEPTION) entry = findCode(b, LITLEN_CODE, LITLEN_MEANINGS);
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
      if (entry == EXCEPTION) entry = findCode(b, DISTANCE_CODE, DISTANCE_MEANINGS);
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
  // The bits that fill the last byte are zero, as every encoder writes them, though RFC 1951 leaves them open: so that no
  // bit of a text can change and leave the text good.
  if (consumed() != end || (buffer & ((1 << (bits & 7)) - 1)) != 0) return -Code.BAD_ZLIB;
  const written = <i32>(output - out);
  return adler32(out, written) == bswap<u32>(load<u32>(end)) ? written : -Code.BAD_ZLIB;
}

/** Meanings, base and extra bits of RFC 1951 section 3.2.5, and the fixed codes of section 3.2.6. */
function prepare(): void {
  for (let distance: u32 = 1; distance < 16; distance++) {
    for (let i: u32 = 0; i < 16; i++) store<u8>(REPEAT + (distance << 4) + i, <u8>(i % distance));
  }

  for (let symbol: u32 = 0; symbol < 16; symbol++) {
    store<u32>(PRECODE_MEANINGS + (symbol << 2), (symbol << 20) | (1 << 16));
  }
  store<u32>(PRECODE_MEANINGS, COPY | (3 << 16) | 2, 16 << 2);
  store<u32>(PRECODE_MEANINGS, (3 << 16) | 3, 17 << 2);
  store<u32>(PRECODE_MEANINGS, (11 << 16) | 7, 18 << 2);

  // Literal/length symbols 286 and 287 and distances 30 and 31 are in the fixed codes but mean nothing.
  for (let symbol: u32 = 0; symbol < LITLEN_SYMBOLS; symbol++) {
    store<u32>(LITLEN_MEANINGS + (symbol << 2), symbol < 256 ? LITERAL | (symbol << 16) : EXCEPTION | INVALID);
  }
  store<u32>(LITLEN_MEANINGS, EXCEPTION | END, 256 << 2);
  let base: u32 = 3;
  for (let symbol: u32 = 257; symbol < 285; symbol++) {
    const extra = symbol < 265 ? 0 : (symbol - 261) >>> 2;
    store<u32>(LITLEN_MEANINGS + (symbol << 2), (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(LITLEN_MEANINGS, 258 << 16, 285 << 2);
  base = 1;
  for (let symbol: u32 = 0; symbol < DISTANCE_SYMBOLS; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >>> 1;
    store<u32>(DISTANCE_MEANINGS + (symbol << 2), symbol < 30 ? (base << 16) | extra : EXCEPTION | INVALID);
    base += 1 << extra;
  }

  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  buildTable(LENGTHS, LITLEN_SYMBOLS, LITLEN_MEANINGS, LITLEN_BITS, FIXED_LITLEN_TABLE, LITLEN_CODE);
  memory.fill(LENGTHS, 5, DISTANCE_SYMBOLS);
  buildTable(LENGTHS, DISTANCE_SYMBOLS, DISTANCE_MEANINGS, DISTANCE_BITS, FIXED_DISTANCE_TABLE, DISTANCE_CODE);
}

prepare();
