import { AFFINE, ENTRY, loadEntries, storeEntry } from "./affine";

/**
 * Tables of multiples of a point P, so that a product with any scalar is a sum of entries without doublings: row i holds
 * m 2^(width i) P for m = 1 .. 2^(width-1), as many rows as a scalar has signed digits of `width` bits.
 */

/** Bytes of a table. */
export function tableSize(width: i32, rows: i32): i32 {
  return (rows << (width - 1)) * <i32>ENTRY;
}

/** The entry for digit `m` > 0 of row `row`. */
export function entryAt(table: usize, width: i32, row: i32, m: i32): usize {
  return table + <usize>((row << (width - 1)) + m - 1) * ENTRY;
}

/** The entry for 2^i P. */
export function powerEntryAt(table: usize, width: i32, i: i32): usize {
  return entryAt(table, width, i / width, 1 << (i % width));
}

/** p[i] += q[i] for `count` fours of affine points, with work memory. */
export type AddAffine = (p: usize, q: usize, count: i32, work: usize) => void;

/** Additions that wait for a shared inversion: addresses of the two entries and of the sum's. */
let pending: i32 = 0;
let queue: usize = 0;

const QUEUE_QUADS = 256;
/** Bytes of scratch memory that fillTable needs beside what the addition of so many fours does. */
export const FILL_SCRATCH: usize = <usize>QUEUE_QUADS * (48 + 2 * AFFINE);
export const FILL_QUADS = QUEUE_QUADS;

/** Fill a table in which the powers of two times P are. P has an order above 2^width. */
export function fillTable(table: usize, width: i32, rows: i32, add: AddAffine, scratch: usize): void {
  queue = scratch;
  // With 1 .. m and a power m = 2^i, m + 1 .. 2 m - 1: never equal, never opposite.
  for (let m = 2; m < 1 << (width - 1); m <<= 1) {
    for (let row = 0; row < rows; row++) {
      for (let n = 1; n < m; n++) {
        const at = queue + ((<usize>pending) << 2);
        store<usize>(at, entryAt(table, width, row, n));
        store<usize>(at, entryAt(table, width, row, m), QUEUE_QUADS * 16);
        store<usize>(at, entryAt(table, width, row, m + n), QUEUE_QUADS * 32);
        if (++pending == QUEUE_QUADS * 4) addPending(add);
      }
    }
    addPending(add);
  }
}

function addPending(add: AddAffine): void {
  if (pending == 0) return;
  // Fill the last four with the addition before.
  while ((pending & 3) != 0) {
    const at = queue + ((<usize>pending) << 2);
    store<usize>(at, load<usize>(at - 4));
    store<usize>(at, load<usize>(at - 4, QUEUE_QUADS * 16), QUEUE_QUADS * 16);
    store<usize>(at, load<usize>(at - 4, QUEUE_QUADS * 32), QUEUE_QUADS * 32);
    pending++;
  }
  const quads = pending >> 2;
  const p = queue + QUEUE_QUADS * 48;
  const q = p + <usize>QUEUE_QUADS * AFFINE;
  const positive = i32x4.splat(0);
  for (let i = 0; i < quads; i++) {
    const at = queue + ((<usize>i) << 4);
    loadEntries(p + <usize>i * AFFINE, at, positive);
    loadEntries(q + <usize>i * AFFINE, at + QUEUE_QUADS * 16, positive);
  }
  add(p, q, quads, q + <usize>QUEUE_QUADS * AFFINE);
  for (let i = 0; i < pending; i++) {
    storeEntry(load<usize>(queue + ((<usize>i) << 2), QUEUE_QUADS * 32), p + <usize>(i >> 2) * AFFINE, i & 3);
  }
  pending = 0;
}
