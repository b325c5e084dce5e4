/**
 * Ribbons: maps from a set of hashes to values of a few bits, in hardly more space than the values themselves, after
 * Dillinger and Walzer, "Ribbon filter: practically smaller than Bloom and Xor", https://arxiv.org/abs/2103.02515.
 *
 * A ribbon is a table of rows, each as wide as a value. The value of a hash is the sum (xor) of some of the 64 rows
 * from its start on: those that its coefficients, 64 bits, pick. The table is the solution of the linear equations that
 * this makes of the set (assembly/builder/solve.ts). A hash outside the set gets a random value: so a ribbon of
 * fingerprints is a filter, and one of single bits is exact for everything it was built over.
 *
 * Rows are stored in blocks of 64, and a block as one 64-bit word for each column. A look-up reads a block and the
 * next: 96 bytes that lie together where there are 6 columns.
 */

/** What both the start and the coefficients are drawn from: the hash, shuffled by the ribbon's own seed. */
// @ts-ignore: decorator
@inline
export function shuffle(hash: u64, seed: u32): u64 {
  const x = (hash ^ ((<u64>seed) << 32)) * 0x9fb21c651e98df25;
  return x ^ (x >>> 32);
}

/** First row of 64 that lie inside the blocks. */
// @ts-ignore: decorator
@inline
export function startOf(shuffled: u64, blocks: u32): u32 {
  return <u32>(((shuffled >>> 32) * <u64>((blocks << 6) - 63)) >>> 32);
}

/** Bit i picks the row `start + i`; the first one is always picked. */
// @ts-ignore: decorator
@inline
export function coefficientsOf(shuffled: u64): u64 {
  const x = shuffled * 0xd6e8feb86659fd93;
  return (x ^ (x >>> 32)) | 1;
}

/** How the coefficients, shifted to the start, fall on its block and on the next one. */
// @ts-ignore: decorator
@inline
export function lowOf(coefficients: u64, start: u32): u64 {
  return coefficients << (start & 63);
}

// @ts-ignore: decorator
@inline
export function highOf(coefficients: u64, start: u32): u64 {
  return (coefficients >>> 1) >>> (~start & 63);
}

/**
 * Does a filter of `width` bytes a block, 8 for each column and an even number of them, have at `block` the low bits of
 * `value`? Reads one block past the last, and adds none of it.
 */
// @ts-ignore: decorator
@inline
export function matches(block: usize, width: usize, low: u64, high: u64, value: u64): bool {
  const lows = i64x2.splat(low);
  const highs = i64x2.splat(high);
  let differ: u64 = 0;
  for (let end = block + width; block < end; block += 16) {
    const picked = v128.xor(v128.and(v128.load(block), lows), v128.and(v128.load(block + width), highs));
    differ |= popcnt(i64x2.extract_lane(picked, 0)) ^ value;
    differ |= popcnt(i64x2.extract_lane(picked, 1)) ^ (value >>> 1);
    value >>>= 2;
  }
  return (differ & 1) == 0;
}

/** Does a filter that lies at `words` say yes to `hash`? */
export function passes(words: usize, columns: u32, blocks: u32, seed: u32, hash: u64): bool {
  const shuffled = shuffle(hash, seed);
  const start = startOf(shuffled, blocks);
  const coefficients = coefficientsOf(shuffled);
  const width = (<usize>columns) << 3;
  const block = words + <usize>(start >>> 6) * width;
  return matches(block, width, lowOf(coefficients, start), highOf(coefficients, start), hash);
}

/** The bit that an exact ribbon at `words` holds for `hash`. */
export function bitOf(words: usize, blocks: u32, seed: u32, hash: u64): bool {
  const shuffled = shuffle(hash, seed);
  const start = startOf(shuffled, blocks);
  const coefficients = coefficientsOf(shuffled);
  const block = words + ((<usize>(start >>> 6)) << 3);
  const low = load<u64>(block) & lowOf(coefficients, start);
  const high = load<u64>(block, 8) & highOf(coefficients, start);
  return (popcnt(low ^ high) & 1) != 0;
}
