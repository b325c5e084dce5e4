import { storeEntry } from "./affine";
import { doublePoints, POINTS } from "./edwards25519";
import { invertAll, mul } from "./field25519";
import { ADD_WORK, addAffine, fromEdwards } from "./montgomery25519";
import { putLane, QUAD, sub, takeLane } from "./quad";
import { digitCount } from "./scalar25519";
import { FILL_QUADS, FILL_SCRATCH, fillTable, powerEntryAt } from "./table";

/** Tables (table.ts) of multiples of points of Ed25519. */

/** Bytes of scratch memory that buildTable needs. */
export const BUILD_SCRATCH: usize = FILL_SCRATCH + <usize>(FILL_QUADS + 1) * ADD_WORK;

const MAX_POWERS = 272;
const POINT = memory.data(640, 16);
const LANE = memory.data(40, 16);

/** Build the table of the point in lane 0 of `point`, which must not be of low order. */
export function buildTable(table: usize, width: i32, point: usize, scratch: usize): void {
  const rows = digitCount(width);
  storePowers(table, width, rows * width, point, scratch);
  fillTable(table, width, rows, addAffine, scratch);
}

/** The entries that are powers of two times P, by doubling in extended coordinates. */
function storePowers(table: usize, width: i32, powers: i32, point: usize, scratch: usize): void {
  assert(powers <= MAX_POWERS);
  const quads = (powers + 3) >> 2;
  memory.copy(POINT, point, POINTS);
  for (let i = 0; i < quads << 2; i++) {
    const to = scratch + <usize>(i >> 2) * POINTS;
    for (let coordinate: usize = 0; coordinate < POINTS; coordinate += QUAD) {
      takeLane(LANE, POINT + coordinate, 0);
      putLane(to + coordinate, i & 3, LANE);
    }
    doublePoints(POINT, POINT);
  }
  const denominators = scratch + <usize>quads * POINTS;
  const work = denominators + <usize>quads * QUAD;
  for (let i = 0; i < quads; i++) {
    const p = scratch + <usize>i * POINTS;
    const denominator = denominators + <usize>i * QUAD;
    sub(denominator, p + 2 * QUAD, p + QUAD);
    mul(denominator, denominator, p);
  }
  invertAll(denominators, QUAD, quads, work);
  for (let i = 0; i < powers; i++) {
    if ((i & 3) == 0) fromEdwards(POINT, scratch + <usize>(i >> 2) * POINTS, denominators + <usize>(i >> 2) * QUAD);
    storeEntry(powerEntryAt(table, width, i), POINT, i & 3);
  }
}
