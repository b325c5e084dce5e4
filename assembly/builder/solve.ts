import { coefficientsOf, shuffle, startOf } from "../status/ribbon";
import { reserve } from "../memory";

/** Building a ribbon: one linear equation over GF(2) for each hash, solved by elimination as they come. */

/** Most blocks of one ribbon. */
const MAX_BLOCKS: u32 = 4096;
const MAX_ROWS: u32 = MAX_BLOCKS * 64;

/** Row i of the triangular system: its coefficients, which begin with bit 0 for the row's own variable, and value. */
const COEFFICIENTS: usize = reserve(MAX_ROWS * 8);
const VALUES: usize = reserve(MAX_ROWS * 2);

/**
 * Build the ribbon that maps each of `count` hashes (u64) to its own low `columns` bits. Its `blocks * columns` words
 * are written to `out`. Returns `blocks << 8 | seed`, -1 where nothing works.
 */
export function buildFilter(hashes: usize, count: u32, columns: u32, ribbon: u32, out: usize): i32 {
  if (columns == 0 || count == 0) return constant(count != 0);
  return build(hashes, count, <u64>((1 << columns) - 1), 0, columns, ribbon, out);
}

/** The same for one bit each: the first `ones` of the `count` hashes map to 1, the others to 0. */
export function buildExact(hashes: usize, count: u32, ones: u32, ribbon: u32, out: usize): i32 {
  if (ones == 0 || ones == count) return constant(ones != 0);
  return build(hashes, count, 0, ones, 1, ribbon, out);
}

/** A ribbon without blocks: its answer is its seed. */
function constant(answer: bool): i32 {
  return <i32>answer;
}

/** Equations fit a table 1.6 % larger than their number about one time in four where there are 4,096. */
function fewestBlocks(count: u32): u32 {
  return (count + (count >>> 6) + 63) >>> 6;
}

/** Seeds tried for each number of blocks, and in all: each ribbon of a shard has its own quarter of the seeds. */
const SEEDS_PER_SIZE: u32 = 8;
const SEEDS: u32 = 64;

function build(hashes: usize, count: u32, mask: u64, ones: u32, columns: u32, ribbon: u32, out: usize): i32 {
  for (let attempt: u32 = 0; attempt < SEEDS; attempt++) {
    const blocks = fewestBlocks(count) + attempt / SEEDS_PER_SIZE;
    const seed = ribbon * SEEDS + attempt;
    if (blocks > MAX_BLOCKS) return -1;
    if (!solve(hashes, count, mask, ones, blocks, seed)) continue;
    substitute(columns, blocks, out);
    return <i32>((blocks << 8) | seed);
  }
  return -1;
}

function solve(hashes: usize, count: u32, mask: u64, ones: u32, blocks: u32, seed: u32): bool {
  clear(blocks);
  for (let i: u32 = 0; i < count; i++) {
    const hash = load<u64>(hashes + ((<usize>i) << 3));
    const value = mask != 0 ? hash & mask : <u64>(i < ones);
    if (!add(hash, <u32>value, blocks, seed)) return false;
  }
  return true;
}

function clear(blocks: u32): void {
  assert(blocks > 0 && blocks <= MAX_BLOCKS);
  memory.fill(COEFFICIENTS, 0, <usize>blocks * 64 * 8);
  memory.fill(VALUES, 0, <usize>blocks * 64 * 2);
}

/** Add one equation. False where it contradicts those before. */
function add(hash: u64, value: u32, blocks: u32, seed: u32): bool {
  const shuffled = shuffle(hash, seed);
  let row = startOf(shuffled, blocks);
  let coefficients = coefficientsOf(shuffled);
  let present = load<u64>(COEFFICIENTS + ((<usize>row) << 3));
  while (present != 0) {
    coefficients ^= present;
    value ^= load<u16>(VALUES + ((<usize>row) << 1));
    if (coefficients == 0) return value == 0;
    const zeros = ctz(coefficients);
    coefficients >>>= zeros;
    row += <u32>zeros;
    present = load<u64>(COEFFICIENTS + ((<usize>row) << 3));
  }
  store<u64>(COEFFICIENTS + ((<usize>row) << 3), coefficients);
  store<u16>(VALUES + ((<usize>row) << 1), <u16>value);
  return true;
}

/** Solve from the last row up. The free variables, rows without an equation, are 0. */
function substitute(columns: u32, blocks: u32, out: usize): void {
  for (let column: u32 = 0; column < columns; column++) {
    // Bit i of `window` is the solution of the row i places after the one at hand.
    let window: u64 = 0;
    for (let block = <i32>blocks - 1; block >= 0; block--) {
      let word: u64 = 0;
      for (let row = block * 64 + 63; row >= block * 64; row--) {
        const coefficients = load<u64>(COEFFICIENTS + ((<usize>row) << 3));
        window <<= 1;
        const value = <u64>(load<u16>(VALUES + ((<usize>row) << 1)) >>> (<u16>column));
        const bit = (popcnt(window & coefficients) ^ value) & (<u64>(coefficients != 0));
        window |= bit & 1;
        word = (word << 1) | (bit & 1);
      }
      store<u64>(out + ((<usize>block * columns + column) << 3), word);
    }
  }
}
