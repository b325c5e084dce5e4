import { reserve } from "../memory";
import { AFFINE, copyLane, loadEntries, NEUTRAL_ENTRY, swapHalvesOf, swapNeighboursOf } from "./affine";
import {
  fromElements,
  invertAll,
  mul,
  one,
  readWords,
  sqr,
  toElements,
  writeWords,
  zeroLanesVarTime,
} from "./field256";
import { recodeScalar, reduceOrder } from "./order256";
import { base, isP256 } from "./prime";
import { copy, negateWhere, QUAD, select } from "./quad";
import { entryAt, tableSize } from "./table";
import { BUILD_SCRATCH, buildTable } from "./table256";
import { ADD_WORK, addAffine, addMixed, doubleJacobian, JACOBIAN, readKeysVarTime, sumRows } from "./weierstrass";

/**
 * x([u] G + [v] Q) mod n for a chunk of up to CHUNK pairs (u, v), G the base point: what a verifier compares with r.
 *
 * With a table of Q both products are sums of entries without doublings, and all sums of a chunk are done in lock-step.
 * Without one, [v] Q is doubled and added, four keys side by side.
 */

/** Pairs worked on together. */
export const CHUNK: i32 = 64;
const QUADS = CHUNK / 4;

/** Bits of a digit: of u, whose table all keys share; of v, one table a key; and of v where there is no table. */
const WIDTH_G = 11;
const WIDTH_Q = 10;
const WIDTH_ONCE = 5;
const ROWS_G = 24;
const ROWS_Q = 26;
const ROWS_ONCE = 52;
/** Rows of a pair that has four lanes. */
const SPREAD_ROWS = (ROWS_G + ROWS_Q + 3) / 4;
const MULTIPLES_ONCE: usize = 1 << (WIDTH_ONCE - 1);

/** Bytes of one key's table. */
export const TABLE_SIZE: i32 = tableSize(WIDTH_Q, ROWS_Q);

/** In: for each pair u and v, words below n, and the table of its key or the address of the key itself. */
export const U_SCALARS: usize = reserve(CHUNK * 32);
export const V_SCALARS: usize = reserve(CHUNK * 32);
export const TABLE_OF: usize = reserve(CHUNK * 4);
export const KEY_OF: usize = reserve(CHUNK * 4);
/** Out: for each pair x mod n, words, and -1 if it means something: not at infinity, and the key is acceptable. */
export const ABSCISSAS: usize = reserve(CHUNK * 32);
export const DECIDED: usize = reserve(CHUNK * 4);

const TABLES_G: usize = reserve(2 * tableSize(WIDTH_G, ROWS_G));
const PREPARED = memory.data(8);

const POINT_ARENA: usize = reserve(<usize>((ROWS_G + ROWS_Q) * QUADS) * AFFINE);
const WORK: usize = reserve(<usize>(((ROWS_G + ROWS_Q) / 2) * QUADS + 1) * ADD_WORK);
const BUILD: usize = reserve(BUILD_SCRATCH);
/** Multiples 1 .. 16 of the keys, QUADS fours to a multiple; and sums in Jacobian coordinates. */
const MULTIPLES: usize = reserve(<usize>(MULTIPLES_ONCE * <usize>QUADS) * AFFINE);
const SUMS: usize = reserve(<usize>QUADS * JACOBIAN);
const ACCEPTABLE: usize = reserve(CHUNK * 4);
/** i16 digits, row by row, CHUNK to a row. */
const DIGITS_G: usize = reserve(ROWS_G * CHUNK * 2);
const DIGITS_Q: usize = reserve(ROWS_ONCE * CHUNK * 2);

const POINT = memory.data(336, 16);
const ADDEND = memory.data(336, 16);
const SQUARE = memory.data(160, 16);
const FOUR = memory.data(16, 16);
const SIGNS = memory.data(16, 16);

// @ts-ignore: decorator
@inline
function tableG<C>(): usize {
  return isP256<C>() ? TABLES_G : TABLES_G + tableSize(WIDTH_G, ROWS_G);
}

/** Is this a point of the curve, 64 bytes x || y, big-endian, both below p? */
export function isAcceptablePoint<C>(publicKey: usize): bool {
  v128.store(FOUR, i32x4.splat(<i32>publicKey));
  return (i32x4.bitmask(readKeysVarTime<C>(POINT, FOUR, base<C>())) & 1) != 0;
}

/** Build the table of an acceptable key, TABLE_SIZE bytes. */
export function buildKeyTable<C>(table: usize, publicKey: usize): void {
  isAcceptablePoint<C>(publicKey);
  buildTable<C>(table, WIDTH_Q, POINT, BUILD);
}

/** Build the base point's table, once. */
export function prepareBase<C>(): void {
  const prepared = isP256<C>() ? PREPARED : PREPARED + 4;
  if (load<i32>(prepared) != 0) return;
  for (let lane = 0; lane < 4; lane++) {
    readWords(POINT, lane, base<C>());
    readWords(POINT + QUAD, lane, base<C>() + 32);
  }
  toElements<C>(POINT);
  toElements<C>(POINT + QUAD);
  buildTable<C>(tableG<C>(), WIDTH_G, POINT, BUILD);
  store<i32>(prepared, 1);
}

/** ABSCISSAS and DECIDED of `count` pairs whose keys have tables. */
export function combineKnownVarTime<C>(count: i32): void {
  const quads = recodeChunk<C>(count, WIDTH_Q);
  if (count < 4) sumSpread<C>(count);
  else sumChunk<C>(quads);
  for (let i = 0; i < quads; i++) {
    const sum = POINT_ARENA + <usize>i * AFFINE;
    writeAbscissas<C>(i, sum, v128.not(v128.load(sum + 2 * QUAD)));
  }
}

/** The sums of a chunk, into the arena: a lane for each pair. */
function sumChunk<C>(quads: i32): void {
  const rowSize = <usize>quads * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < ROWS_G; row++, points += rowSize) loadBaseRow<C>(points, row, quads);
  for (let row = 0; row < ROWS_Q; row++, points += rowSize) loadKeyRow(points, row, quads);
  sumRows<C>(POINT_ARENA, ROWS_G + ROWS_Q, quads, WORK);
}

/** The sums of 1 to 3 pairs: four lanes for each, with every fourth row, then added up; or three would have no work. */
function sumSpread<C>(count: i32): void {
  const end = <usize>count * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < SPREAD_ROWS; row++) {
    for (let pair = 0; pair < count; pair++, points += AFFINE) {
      for (let lane = 0; lane < 4; lane++) pickSpread<C>(pair, (row << 2) + lane, lane);
      loadEntries(points, FOUR, v128.load(SIGNS));
    }
  }
  sumRows<C>(POINT_ARENA, SPREAD_ROWS, count, WORK);
  const swapped = POINT_ARENA + end;
  for (let i: usize = 0; i < end; i += AFFINE) swapHalvesOf(swapped + i, POINT_ARENA + i);
  addAffine<C>(POINT_ARENA, swapped, count, WORK);
  for (let i: usize = 0; i < end; i += AFFINE) swapNeighboursOf(swapped + i, POINT_ARENA + i);
  addAffine<C>(POINT_ARENA, swapped, count, WORK);
  for (let pair = 1; pair < count; pair++) copyLane(POINT_ARENA, POINT_ARENA + <usize>pair * AFFINE, pair);
}

/** The entry of a pair's row, those of v after those of u; the neutral one after all rows. */
function pickSpread<C>(pair: i32, row: i32, lane: i32): void {
  const column = (<usize>pair) << 1;
  if (row < ROWS_G) {
    pickEntry(tableG<C>(), WIDTH_G, row, <i32>load<i16>(DIGITS_G + <usize>row * (CHUNK * 2) + column), lane);
    return;
  }
  row -= ROWS_G;
  const digit = row < ROWS_Q ? <i32>load<i16>(DIGITS_Q + <usize>row * (CHUNK * 2) + column) : 0;
  pickEntry(load<usize>(TABLE_OF + ((<usize>pair) << 2)), WIDTH_Q, row, digit, lane);
}

/** ABSCISSAS and DECIDED of `count` pairs with their public keys. */
export function combineOnceVarTime<C>(count: i32): void {
  const quads = recodeChunk<C>(count, WIDTH_ONCE);
  const rowSize = <usize>quads * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < ROWS_G; row++, points += rowSize) loadBaseRow<C>(points, row, quads);
  sumRows<C>(POINT_ARENA, ROWS_G, quads, WORK);
  for (let i = 0; i < quads; i++) {
    const at = (<usize>i) << 4;
    v128.store(ACCEPTABLE + at, readKeysVarTime<C>(MULTIPLES + <usize>i * AFFINE, KEY_OF + at, base<C>()));
  }
  fillMultiples<C>(quads);
  for (let i = 0; i < quads; i++) {
    const sum = SUMS + <usize>i * JACOBIAN;
    multiply<C>(sum, i, quads);
    addMixed<C>(sum, POINT_ARENA + <usize>i * AFFINE);
    // Where Z = 0 its place is taken by 1, for no inverse exists.
    const neutral = zeroLanesVarTime<C>(sum + 2 * QUAD);
    select(sum + 2 * QUAD, one<C>(), sum + 2 * QUAD, neutral);
    const at = ACCEPTABLE + ((<usize>i) << 4);
    v128.store(at, v128.andnot(v128.load(at), neutral));
  }
  invertAll<C>(SUMS + 2 * QUAD, JACOBIAN, quads, WORK);
  for (let i = 0; i < quads; i++) {
    const sum = SUMS + <usize>i * JACOBIAN;
    sqr<C>(SQUARE, sum + 2 * QUAD);
    mul<C>(SQUARE, SQUARE, sum);
    writeAbscissas<C>(i, SQUARE, v128.load(ACCEPTABLE + ((<usize>i) << 4)));
  }
}

/** Write the digits of u and v, v's of `width` bits; the last four are filled up with copies. Returns the fours. */
function recodeChunk<C>(count: i32, width: i32): i32 {
  const quads = (count + 3) >> 2;
  for (let i = 0; i < quads << 2; i++) {
    const from = <usize>min(i, count - 1);
    recodeScalar<C>(DIGITS_G + ((<usize>i) << 1), CHUNK * 2, U_SCALARS + (from << 5), WIDTH_G);
    recodeScalar<C>(DIGITS_Q + ((<usize>i) << 1), CHUNK * 2, V_SCALARS + (from << 5), width);
    store<usize>(TABLE_OF + ((<usize>i) << 2), load<usize>(TABLE_OF + (from << 2)));
    store<usize>(KEY_OF + ((<usize>i) << 2), load<usize>(KEY_OF + (from << 2)));
  }
  return quads;
}

/** Fetch the entry of each u's digit in this row. */
function loadBaseRow<C>(points: usize, row: i32, quads: i32): void {
  const digits = DIGITS_G + <usize>row * (CHUNK * 2);
  for (let i = 0; i < quads << 2; i++) {
    pickEntry(tableG<C>(), WIDTH_G, row, <i32>load<i16>(digits + ((<usize>i) << 1)), i & 3);
    if ((i & 3) == 3) loadEntries(points + <usize>(i >> 2) * AFFINE, FOUR, v128.load(SIGNS));
  }
}

/** Fetch the entry of each v's digit in this row. */
function loadKeyRow(points: usize, row: i32, quads: i32): void {
  const digits = DIGITS_Q + <usize>row * (CHUNK * 2);
  for (let i = 0; i < quads << 2; i++) {
    const table = load<usize>(TABLE_OF + ((<usize>i) << 2));
    pickEntry(table, WIDTH_Q, row, <i32>load<i16>(digits + ((<usize>i) << 1)), i & 3);
    if ((i & 3) == 3) loadEntries(points + <usize>(i >> 2) * AFFINE, FOUR, v128.load(SIGNS));
  }
}

function pickEntry(table: usize, width: i32, row: i32, digit: i32, lane: i32): void {
  const at = (<usize>lane) << 2;
  store<usize>(FOUR + at, digit == 0 ? NEUTRAL_ENTRY : entryAt(table, width, row, abs(digit)));
  store<i32>(SIGNS + at, digit >> 31);
}

/** Multiples 2 .. 16 of the chunk's keys from the first: with 1 .. m, those up to 2 m by adding multiple m. */
function fillMultiples<C>(quads: i32): void {
  const size = <usize>quads * AFFINE;
  for (let m: usize = 1; m < MULTIPLES_ONCE; m <<= 1) {
    memory.copy(MULTIPLES + m * size, MULTIPLES, m * size);
    for (let k: usize = 0; k < m; k++) memory.copy(POINT_M + k * size, MULTIPLES + (m - 1) * size, size);
    addAffine<C>(MULTIPLES + m * size, POINT_M, <i32>m * quads, WORK);
  }
}

/** Multiple m as often as fillMultiples adds it. */
const POINT_M: usize = reserve(<usize>((MULTIPLES_ONCE / 2) * <usize>QUADS) * AFFINE);

/** sum = [v] Q of four pairs by their digits: five doublings and one addition a digit. */
function multiply<C>(sum: usize, quad: i32, quads: i32): void {
  const size = <usize>quads * AFFINE;
  memory.fill(sum, 0, JACOBIAN);
  for (let row = ROWS_ONCE - 1; row >= 0; row--) {
    if (row < ROWS_ONCE - 1) for (let i = 0; i < WIDTH_ONCE; i++) doubleJacobian<C>(sum, sum);
    gatherMultiples(DIGITS_Q + <usize>row * (CHUNK * 2) + ((<usize>quad) << 3), MULTIPLES + <usize>quad * AFFINE, size);
    addMixed<C>(sum, ADDEND);
  }
}

/** ADDEND = in each lane the multiple that its digit names. */
function gatherMultiples(digits: usize, multiples: usize, size: usize): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    const digit = <i32>load<i16>(digits + (lane << 1));
    const from = multiples + <usize>max(abs(digit) - 1, 0) * size + (lane << 2);
    const to = ADDEND + (lane << 2);
    for (let t: usize = 0; t < 2 * QUAD; t += 16) store<u32>(to + t, load<u32>(from + t));
    store<i32>(to + 2 * QUAD, digit == 0 ? -1 : 0);
    store<i32>(SIGNS + (lane << 2), digit >> 31);
  }
  negateWhere(ADDEND + QUAD, ADDEND + QUAD, v128.load(SIGNS));
}

/** The four results of a quad of the chunk from their affine x. */
function writeAbscissas<C>(quad: i32, x: usize, decided: v128): void {
  v128.store(DECIDED + ((<usize>quad) << 4), decided);
  copy(ADDEND, x);
  fromElements<C>(ADDEND, ADDEND);
  for (let lane = 0; lane < 4; lane++) {
    const abscissa = ABSCISSAS + ((<usize>((quad << 2) + lane)) << 5);
    writeWords<C>(abscissa, ADDEND, lane);
    reduceOrder<C>(abscissa);
  }
}
