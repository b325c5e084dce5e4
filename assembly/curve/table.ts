import { reserve } from "../layout";
import { ADDITION, Addition, addAll, AFFINE, ENTRY, loadEntry, MAX_ADDITIONS, storeEntry } from "./weierstrass";

/**
 * Tables of multiples of a point Q, so that a product with any scalar is a sum of 32 entries, one for each odd digit of
 * eight bits: row i holds m 2^(8 i) Q for m = 1, 3, .. 255.
 */

export const ROWS: i32 = 32;
const COLUMNS: i32 = 128;
/** Bytes of a table: 262,144. */
export const TABLE_SIZE: i32 = ROWS * COLUMNS * <i32>ENTRY;

/** Multiples in the making: powers of two times Q, then rows. */
const POWERS: usize = reserve(<usize>(8 * ROWS + 1) * AFFINE);
const ROW_POINTS: usize = reserve(<usize>(ROWS * COLUMNS) * AFFINE);
export const ADDITIONS: usize = reserve(<usize>MAX_ADDITIONS * ADDITION);

/** Write the addition `index` of ADDITIONS. */
// @ts-ignore: decorator
@inline
export function setAddition(index: i32, left: usize, right: usize, out: usize): void {
  const addition = changetype<Addition>(ADDITIONS + <usize>index * ADDITION);
  addition.left = left;
  addition.right = right;
  addition.out = out;
}

/** Build the table of a finite affine point. */
export function buildTable<P>(table: usize, point: usize): void {
  memory.copy(POWERS, point, AFFINE);
  for (let i = 0; i < 8 * ROWS; i++) {
    const power = POWERS + <usize>i * AFFINE;
    setAddition(0, power, power, power + AFFINE);
    addAll<P>(ADDITIONS, 1);
  }
  for (let row = 0; row < ROWS; row++) memory.copy(pointAt(row, 0), powerAt(row, 0), AFFINE);
  // From 1, 3, .. 2 m - 1, by adding 2 m: 2 m + 1, .. 4 m - 1. Never equal, never opposite.
  for (let m = 1, bit = 1; m < COLUMNS; m <<= 1, bit++) {
    let count = 0;
    for (let row = 0; row < ROWS; row++) {
      for (let i = 0; i < m; i++) setAddition(count++, pointAt(row, i), powerAt(row, bit), pointAt(row, m + i));
    }
    addAll<P>(ADDITIONS, count);
  }
  for (let i = 0; i < ROWS * COLUMNS; i++) {
    storeEntry<P>(table + <usize>i * ENTRY, ROW_POINTS + <usize>i * AFFINE);
  }
}

/** Address of 2^(8 row + bit) Q. */
function powerAt(row: i32, bit: i32): usize {
  return POWERS + <usize>(8 * row + bit) * AFFINE;
}

function pointAt(row: i32, column: i32): usize {
  return ROW_POINTS + <usize>(row * COLUMNS + column) * AFFINE;
}

/** point = the multiple for `digit`, odd, of the row; the opposite of that if `isOpposite`. */
// @ts-ignore: decorator
@inline
export function lookUp(point: usize, table: usize, row: i32, digit: i32, isOpposite: bool): void {
  const column = (abs(digit) - 1) >> 1;
  loadEntry(point, table + <usize>(row * COLUMNS + column) * ENTRY, isOpposite != digit < 0);
}
