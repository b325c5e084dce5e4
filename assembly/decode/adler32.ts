const MODULUS: u32 = 65521;
/** Bytes after which the sums must be reduced to stay below 2^32 (as zlib's NMAX); a multiple of 16. */
const RUN: usize = 5552;

/** Adler-32 (RFC 1950 section 8.2) of `length` bytes. */
export function adler32(data: usize, length: i32): u32 {
  let a: u32 = 1;
  let b: u32 = 0;
  let left = <usize>length;
  while (left >= 16) {
    const run = min(left, RUN) & ~(<usize>15);
    const stop = data + run;
    b += a * <u32>run;
    // Sixteen bytes x0..x15 add x0 + .. + x15 to a, and 16 times the old a and 16 x0 + 15 x1 + .. + x15 to b.
    let sum = i64x2.splat(0);
    let sums = i64x2.splat(0);
    let weighted = i64x2.splat(0);
    for (; data < stop; data += 16) {
      const x = v128.load(data);
      sums = i32x4.add(sums, sum);
      sum = i32x4.add(sum, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(x)));
      weighted = i32x4.add(
        weighted,
        i32x4.add(
          i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(x), i16x8(16, 15, 14, 13, 12, 11, 10, 9)),
          i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(x), i16x8(8, 7, 6, 5, 4, 3, 2, 1)),
        ),
      );
    }
    weighted = i32x4.add(weighted, i32x4.shl(sums, 4));
    a = (a + lanes(sum)) % MODULUS;
    b = (b + lanes(weighted)) % MODULUS;
    left -= run;
  }
  for (; left > 0; left--) {
    a += load<u8>(data);
    b += a;
    data += 1;
  }
  return ((b % MODULUS) << 16) | (a % MODULUS);
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): u32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}
