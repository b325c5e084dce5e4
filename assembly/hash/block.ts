/**
 * Padding of FIPS 180-4 section 5.1, block by block, of a message in two pieces: the message, the bit 1, zeros, and
 * the length in bits, big-endian, in the last eighth of the last block. A block of the SHA-2 functions has 64 bytes
 * (SHA-256) or 128 (SHA-512).
 */

/** Blocks of `prefixLength + length` bytes once padded. */
// @ts-ignore: decorator
@inline
export function blockCount(block: usize, prefixLength: i32, length: i32): i32 {
  return <i32>((<usize>prefixLength + <usize>length + 1 + (block >> 3) + block - 1) / block);
}

/**
 * Address of block `index` of the padded message: inside the message where it lies there whole, else put together at
 * `scratch`, which has room for one block.
 */
export function assembleBlock(
  block: usize,
  index: i32,
  prefix: usize,
  prefixLength: i32,
  message: usize,
  length: i32,
  scratch: usize,
): usize {
  // Offset of the block from the start of the message.
  const start = <isize>index * <isize>block - <isize>prefixLength;
  const stop = start + <isize>block;
  if (start >= 0 && stop <= <isize>length) return message + <usize>start;

  for (let i: usize = 0; i < block; i += 16) v128.store(scratch + i, i64x2.splat(0));
  if (start < 0) {
    memory.copy(scratch, prefix + <usize>(start + prefixLength), <usize>min(-start, <isize>block));
  }
  const from = max(start, 0);
  const to = min(stop, <isize>length);
  if (to > from) memory.copy(scratch + <usize>(from - start), message + <usize>from, <usize>(to - from));
  if (<isize>length >= start && <isize>length < stop) store<u8>(scratch + <usize>(<isize>length - start), 0x80);
  if (index == blockCount(block, prefixLength, length) - 1) {
    store<u64>(scratch + block - 8, bswap((<u64>prefixLength + <u64>length) << 3));
  }
  return scratch;
}
