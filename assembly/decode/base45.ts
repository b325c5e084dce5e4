import { Code } from "../result";

/**
 * Base45, RFC 9285 section 4: three characters c, d, e hold c + 45 d + 2025 e = two bytes, big-endian; two characters
 * at the end hold one byte. Strict: 45 characters, no white space, no value past 65535 or 255, no lone last character.
 */

// Value + 1 of each character of the alphabet (RFC 9285, table 1), 0 elsewhere, by the columns of ASCII.
// prettier-ignore
const COLUMN_20 = i8x16(37, 0, 0, 0, 38, 39, 0, 0, 0, 0, 40, 41, 0, 42, 43, 44); // space $ % * + - . /
// prettier-ignore
const COLUMN_30 = i8x16(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 45, 0, 0, 0, 0, 0); // 0-9 :
// prettier-ignore
const COLUMN_40 = i8x16(0, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25); // A-O
// prettier-ignore
const COLUMN_50 = i8x16(26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 0, 0, 0, 0, 0); // P-Z

/** Sixteen characters to value + 1, or 0 where not in the alphabet: a swizzle gives 0 for an index beyond 15. */
// @ts-ignore: decorator
@inline
function values(text: v128): v128 {
  return v128.or(
    v128.or(
      i8x16.swizzle(COLUMN_20, i8x16.sub(text, i8x16.splat(0x20))),
      i8x16.swizzle(COLUMN_30, i8x16.sub(text, i8x16.splat(0x30))),
    ),
    v128.or(
      i8x16.swizzle(COLUMN_40, i8x16.sub(text, i8x16.splat(0x40))),
      i8x16.swizzle(COLUMN_50, i8x16.sub(text, i8x16.splat(0x50))),
    ),
  );
}

/** Four groups of three values + 1, in bytes 0..11, to four sums in i32 lanes. Bytes 12..15 are not looked at. */
// @ts-ignore: decorator
@inline
function sums(v: v128): v128 {
  const zero = i64x2.splat(0);
  // c and d as neighbouring i16, then e alone; -1 - 45 - 2025 takes back what "value + 1" added.
  // prettier-ignore
  const cd = i8x16.shuffle(v, zero, 0, 16, 1, 16, 3, 16, 4, 16, 6, 16, 7, 16, 9, 16, 10, 16);
  // prettier-ignore
  const e = i8x16.shuffle(v, zero, 2, 16, 16, 16, 5, 16, 16, 16, 8, 16, 16, 16, 11, 16, 16, 16);
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(cd, i32x4.splat((45 << 16) | 1)), i32x4.dot_i16x8_s(e, i32x4.splat(2025))),
    i32x4.splat(-1 - 45 - 2025),
  );
}

/** Value of one character, or a number large enough to spoil any sum it is part of. */
// @ts-ignore: decorator
@inline
function value(address: usize): u32 {
  const v = i8x16.extract_lane_u(values(v128.load8_splat(address)), 0);
  return v == 0 ? 1 << 20 : v - 1;
}

/** Up to four groups, zeros after them. */
const TAIL = memory.data(16, 16);

/**
 * Decode `length` characters at `text` to `out`; returns the bytes written or -Code.BAD_BASE45. Reads no byte outside
 * the text, but may write up to 8 bytes past those it returns, so `out` needs room for length / 3 * 2 + 8.
 */
export function decodeBase45(text: usize, length: i32, out: usize): i32 {
  const last = <usize>length % 3;
  if (last == 1) return -Code.BAD_BASE45;
  const pair = text + <usize>length - last;
  const written = (<usize>length / 3) * 2 + (last >>> 1);
  const end = out + written;
  let foreign = i64x2.splat(0);
  let spill = i64x2.splat(0);
  // Twelve characters to eight bytes a turn. A load takes sixteen, so the last turns run over a copy.
  while (text < pair) {
    let from = text;
    if (text + 16 > pair) {
      from = TAIL;
      v128.store(TAIL, i8x16.splat(0x30));
      memory.copy(TAIL, text, min(pair - text, 12));
    }
    const v = values(v128.load(from));
    const s = sums(v);
    foreign = v128.or(foreign, i8x16.eq(v, i64x2.splat(0)));
    spill = v128.or(spill, s);
    // prettier-ignore
    v128.store64_lane(out, i8x16.shuffle(s, s, 1, 0, 5, 4, 9, 8, 13, 12, 0, 0, 0, 0, 0, 0, 0, 0), 0);
    text += 12;
    out += 8;
  }
  let bad = (<u32>v128.any_true(foreign)) | (<u32>v128.any_true(i32x4.shr_u(spill, 16)));
  if (last == 2) {
    const sum = value(pair) + 45 * value(pair + 1);
    bad |= sum >> 8;
    store<u8>(end - 1, <u8>sum);
  }
  return bad == 0 ? <i32>written : -Code.BAD_BASE45;
}
