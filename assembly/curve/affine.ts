import { ELEMENT, negateWhere, QUAD, swapHalves, swapNeighbours, takeLane } from "./quad";

/** Four affine points side by side, whatever the curve: how they are kept, fetched from tables and put there. */

/** Bytes of four affine points: quads of both coordinates (tight), and in four i32 lanes -1 where the point is neutral. */
export const AFFINE: usize = 2 * QUAD + 16;
/** Bytes of one affine point in a table: two elements. */
export const ENTRY: usize = 2 * ELEMENT;

/** What stands for the neutral element where an entry is asked for: no coordinates, its address is enough. */
export const NEUTRAL_ENTRY = memory.data(80, 16);

/**
 * The four points of the table entries at `entries` (four addresses, NEUTRAL_ENTRY for the neutral element), negated in
 * the lanes of `negative`.
 */
export function loadEntries(r: usize, entries: usize, negative: v128): void {
  const e0 = load<usize>(entries);
  const e1 = load<usize>(entries, 4);
  const e2 = load<usize>(entries, 8);
  const e3 = load<usize>(entries, 12);
  v128.store(r + 2 * QUAD, i32x4.eq(v128.load(entries), i32x4.splat(<i32>NEUTRAL_ENTRY)));
  // A 4 x 4 transposition of limb pairs, five times.
  for (let t: usize = 0; t < 5; t++) {
    const x0 = v128.load(e0 + (t << 4));
    const x1 = v128.load(e1 + (t << 4));
    const x2 = v128.load(e2 + (t << 4));
    const x3 = v128.load(e3 + (t << 4));
    const low01 = i32x4.shuffle(x0, x1, 0, 4, 1, 5);
    const low23 = i32x4.shuffle(x2, x3, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(x0, x1, 2, 6, 3, 7);
    const high23 = i32x4.shuffle(x2, x3, 2, 6, 3, 7);
    const to = r + (t << 6);
    v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
    v128.store(to, i64x2.shuffle(low01, low23, 1, 3), 16);
    v128.store(to, i64x2.shuffle(high01, high23, 0, 2), 32);
    v128.store(to, i64x2.shuffle(high01, high23, 1, 3), 48);
  }
  negateWhere(r + QUAD, r + QUAD, negative);
}

/** Write one lane of p as a table entry. The point must not be neutral. */
export function storeEntry(entry: usize, p: usize, lane: i32): void {
  takeLane(entry, p, lane);
  takeLane(entry + ELEMENT, p + QUAD, lane);
}

/** r = p with the lanes exchanged: 2 3 0 1. */
export function swapHalvesOf(r: usize, p: usize): void {
  swapHalves(r, p);
  swapHalves(r + QUAD, p + QUAD);
  const neutral = v128.load(p + 2 * QUAD);
  v128.store(r + 2 * QUAD, i64x2.shuffle(neutral, neutral, 1, 0));
}

/** r = p with the lanes exchanged: 1 0 3 2. */
export function swapNeighboursOf(r: usize, p: usize): void {
  swapNeighbours(r, p);
  swapNeighbours(r + QUAD, p + QUAD);
  const neutral = v128.load(p + 2 * QUAD);
  v128.store(r + 2 * QUAD, i32x4.shuffle(neutral, neutral, 1, 0, 3, 2));
}

/** Set one lane of r to that lane of p. */
export function copyLane(r: usize, p: usize, lane: i32): void {
  const at = (<usize>lane) << 2;
  for (let t: usize = at; t < AFFINE; t += 16) store<u32>(r + t, load<u32>(p + t));
}
