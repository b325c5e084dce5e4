import { storeEntry } from "./affine";
import { carry, invertAll, mul, one, sqr } from "./field256";
import { digitCount } from "./order256";
import { isP256, P256, SM2 } from "./prime";
import { add, copy, putLane, QUAD, takeLane } from "./quad";
import { FILL_QUADS, FILL_SCRATCH, fillTable, powerEntryAt } from "./table";
import { ADD_WORK, addAffine, doubleJacobian, JACOBIAN } from "./weierstrass";

/** Tables (table.ts) of multiples of points of P-256 and SM2. */

/** Bytes of scratch memory that buildTable needs. */
export const BUILD_SCRATCH: usize = FILL_SCRATCH + <usize>(FILL_QUADS + 1) * ADD_WORK;

const POINT = memory.data(480, 16);
const LANE = memory.data(40, 16);
const SQUARE = memory.data(160, 16);

/** Build the table of the affine point in lane 0 of `point`. */
export function buildTable<C>(table: usize, width: i32, point: usize, scratch: usize): void {
  const rows = digitCount(width);
  storePowers<C>(table, width, rows * width, point, scratch);
  fillTable(table, width, rows, isP256<C>() ? addOnP256 : addOnSM2, scratch);
}

// Only functions that are not generic are values.

function addOnP256(p: usize, q: usize, count: i32, work: usize): void {
  addAffine<P256>(p, q, count, work);
}

function addOnSM2(p: usize, q: usize, count: i32, work: usize): void {
  addAffine<SM2>(p, q, count, work);
}

/** The entries that are powers of two times P, by doubling in Jacobian coordinates. */
function storePowers<C>(table: usize, width: i32, powers: i32, point: usize, scratch: usize): void {
  const quads = (powers + 3) >> 2;
  copy(POINT, point);
  add(POINT + QUAD, point + QUAD, point + QUAD);
  copy(POINT + 2 * QUAD, one<C>());
  for (let i = 0; i < quads << 2; i++) {
    const to = scratch + <usize>(i >> 2) * JACOBIAN;
    for (let coordinate: usize = 0; coordinate < JACOBIAN; coordinate += QUAD) {
      takeLane(LANE, POINT + coordinate, 0);
      putLane(to + coordinate, i & 3, LANE);
    }
    doubleJacobian<C>(POINT, POINT);
  }
  // x = 4 X / (2 Z)^2, y = 4 W / (2 Z)^3.
  for (let i = 0; i < quads; i++) {
    const z = scratch + <usize>i * JACOBIAN + 2 * QUAD;
    add(z, z, z);
  }
  invertAll<C>(scratch + 2 * QUAD, JACOBIAN, quads, scratch + <usize>quads * JACOBIAN);
  for (let i = 0; i < powers; i++) {
    const at = scratch + <usize>(i >> 2) * JACOBIAN;
    if ((i & 3) == 0) {
      sqr<C>(SQUARE, at + 2 * QUAD);
      add(SQUARE, SQUARE, SQUARE);
      add(SQUARE, SQUARE, SQUARE); // alpha 4
      carry<C>(SQUARE, SQUARE);
      mul<C>(at, at, SQUARE);
      mul<C>(SQUARE, SQUARE, at + 2 * QUAD);
      mul<C>(at + QUAD, at + QUAD, SQUARE);
    }
    storeEntry(powerEntryAt(table, width, i), at, i & 3);
  }
}
