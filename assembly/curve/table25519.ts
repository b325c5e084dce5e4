import { doublePoints, POINTS } from "./edwards25519";
import { mul, putLane, QUAD, sub, takeLane, invertAll } from "./field25519";
import { ADD_WORK, addAffine, AFFINE, ENTRY, fromEdwards, loadEntries, storeEntry } from "./montgomery25519";
import { digitCount } from "./scalar25519";

/**
 * Tables of multiples of a point P, so that a product with any scalar is a sum of entries without doublings: row i holds
 * m 2^(width i) P for m = 1 .. 2^(width-1), as many rows as a scalar has signed digits of `width` bits.
 */

/** Bytes of a table. */
export function tableSize(width: i32): i32 {
  return (digitCount(width) << (width - 1)) * <i32>ENTRY;
}

/** The entry for digit `m` > 0 of row `row`. */
export function entryAt(table: usize, width: i32, row: i32, m: i32): usize {
  return table + <usize>((row << (width - 1)) + m - 1) * ENTRY;
}

const POINT = memory.data(640, 16);

/** Additions that wait for a shared inversion: addresses of the two entries and of the sum's. */
let pending: i32 = 0;
let queue: usize = 0;
let arena: usize = 0;

const QUEUE_QUADS = 256;
const MAX_POWERS = 272;
/** Bytes of scratch memory that buildTable needs. */
export const BUILD_SCRATCH: usize = <usize>QUEUE_QUADS * (48 + 2 * AFFINE + ADD_WORK) + ADD_WORK;

/** Build the table of the point in lane 0 of `point`, which must not be of low order. */
export function buildTable(table: usize, width: i32, point: usize, scratch: usize): void {
  queue = scratch;
  arena = scratch + QUEUE_QUADS * 48;
  const rows = digitCount(width);
  storePowers(table, width, rows, point);
  // With 1 .. m and a power m = 2^i, m + 1 .. 2 m - 1: never equal, never opposite, for P has an order above 2 m.
  for (let m = 2; m < 1 << (width - 1); m <<= 1) {
    for (let row = 0; row < rows; row++) {
      for (let n = 1; n < m; n++) {
        const at = queue + (<usize>pending << 2);
        store<usize>(at, entryAt(table, width, row, n));
        store<usize>(at, entryAt(table, width, row, m), QUEUE_QUADS * 16);
        store<usize>(at, entryAt(table, width, row, m + n), QUEUE_QUADS * 32);
        if (++pending == QUEUE_QUADS * 4) addPending();
      }
    }
    addPending();
  }
}

/** The entries that are powers of two times P, by doubling in extended coordinates. */
function storePowers(table: usize, width: i32, rows: i32, point: usize): void {
  const powers = rows * width;
  assert(powers <= MAX_POWERS);
  const quads = (powers + 3) >> 2;
  memory.copy(POINT, point, POINTS);
  for (let i = 0; i < quads << 2; i++) {
    const to = arena + <usize>(i >> 2) * POINTS;
    for (let coordinate: usize = 0; coordinate < POINTS; coordinate += QUAD) {
      takeLane(LANE, POINT + coordinate, 0);
      putLane(to + coordinate, i & 3, LANE);
    }
    doublePoints(POINT, POINT);
  }
  const denominators = arena + <usize>quads * POINTS;
  const work = denominators + <usize>quads * QUAD;
  for (let i = 0; i < quads; i++) {
    const p = arena + <usize>i * POINTS;
    const denominator = denominators + <usize>i * QUAD;
    sub(denominator, p + 2 * QUAD, p + QUAD);
    mul(denominator, denominator, p);
  }
  invertAll(denominators, QUAD, quads, work);
  for (let i = 0; i < powers; i++) {
    if ((i & 3) == 0) fromEdwards(POINT, arena + <usize>(i >> 2) * POINTS, denominators + <usize>(i >> 2) * QUAD);
    storeEntry(entryAt(table, width, i / width, 1 << (i % width)), POINT, i & 3);
  }
}

const LANE = memory.data(40, 16);

function addPending(): void {
  if (pending == 0) return;
  // Fill the last four with the addition before.
  while ((pending & 3) != 0) {
    const at = queue + (<usize>pending << 2);
    store<usize>(at, load<usize>(at - 4));
    store<usize>(at, load<usize>(at - 4, QUEUE_QUADS * 16), QUEUE_QUADS * 16);
    store<usize>(at, load<usize>(at - 4, QUEUE_QUADS * 32), QUEUE_QUADS * 32);
    pending++;
  }
  const quads = pending >> 2;
  const q = arena + <usize>QUEUE_QUADS * AFFINE;
  const positive = i32x4.splat(0);
  for (let i = 0; i < quads; i++) {
    const at = queue + (<usize>i << 4);
    loadEntries(arena + <usize>i * AFFINE, at, positive);
    loadEntries(q + <usize>i * AFFINE, at + QUEUE_QUADS * 16, positive);
  }
  addAffine(arena, q, quads, q + <usize>QUEUE_QUADS * AFFINE);
  for (let i = 0; i < pending; i++) {
    storeEntry(load<usize>(queue + (<usize>i << 2), QUEUE_QUADS * 32), arena + <usize>(i >> 2) * AFFINE, i & 3);
  }
  pending = 0;
}
