import { reserve } from "../memory";
import { AFFINE, copyLane, loadEntries, NEUTRAL_ENTRY, swapHalvesOf, swapNeighboursOf } from "./affine";
import {
  ADDENDS,
  addPoints,
  decodeKeysVarTime,
  doublePoints,
  doubleWithoutT,
  POINTS,
  setNeutral,
  toAddends,
} from "./edwards25519";
import { invertAll, mul, toBytes } from "./field25519";
import { negateWhere, QUAD } from "./quad";
import { ADD_WORK, addAffine, sumRows, toEdwards } from "./montgomery25519";
import { recodeScalar } from "./scalar25519";
import { entryAt, tableSize } from "./table";
import { BUILD_SCRATCH, buildTable } from "./table25519";

/**
 * Encodings of [s]B - [k]A for a chunk of up to CHUNK pairs (s, k), B the base point: what a verifier compares with R.
 *
 * With a table of A both products are sums of entries without doublings, and all sums of a chunk are done in lock-step.
 * Without one, [k]A is doubled and added, four keys side by side.
 */

/** Pairs worked on together. */
export const CHUNK: i32 = 64;
const QUADS = CHUNK / 4;

/** Bits of a digit: of s, whose table all keys share; of k, one table a key; and of k where there is no table. */
const WIDTH_B = 11;
const WIDTH_A = 10;
const WIDTH_ONCE = 5;
const ROWS_B = 23;
const ROWS_A = 26;
const ROWS_ONCE = 51;
/** Rows of a pair that has four lanes. */
const SPREAD_ROWS = (ROWS_B + ROWS_A + 3) / 4;

/** Bytes of one key's table. */
export const TABLE_SIZE: i32 = tableSize(WIDTH_A, ROWS_A);

/** In: for each pair its s (any below 2^253) and k, 32 bytes, and its table or the address of its public key. */
export const S_SCALARS: usize = reserve(CHUNK * 32);
export const K_SCALARS: usize = reserve(CHUNK * 32);
export const TABLE_OF: usize = reserve(CHUNK * 4);
export const KEY_OF: usize = reserve(CHUNK * 4);
/** Out: for each pair 32 bytes; and, without tables, -1 if its key is acceptable, else 0. */
export const ENCODINGS: usize = reserve(CHUNK * 32);
export const ACCEPTABLE: usize = reserve(CHUNK * 4);

const TABLE_B: usize = reserve(tableSize(WIDTH_B, ROWS_B));
let hasTableB: bool = false;

const POINT_ARENA: usize = reserve(<usize>((ROWS_B + ROWS_A) * QUADS) * AFFINE);
const WORK: usize = reserve(<usize>(((ROWS_B + ROWS_A) / 2) * QUADS + 1) * ADD_WORK);
const BUILD: usize = reserve(BUILD_SCRATCH);
const EXTENDED: usize = reserve(<usize>QUADS * POINTS);
const MULTIPLES: usize = reserve(((1 << (WIDTH_ONCE - 1)) + 1) * ADDENDS);
/** i16 digits, row by row, CHUNK to a row. */
const DIGITS_B: usize = reserve(ROWS_B * CHUNK * 2);
const DIGITS_A: usize = reserve(ROWS_ONCE * CHUNK * 2);

const POINT = memory.data(640, 16);
const ADDEND = memory.data(640, 16);
const FOUR = memory.data(16, 16);
const SIGNS = memory.data(16, 16);

/** Encoding of the base point: y = 4/5, x even. */
// prettier-ignore
const BASE = memory.data<u64>([0x6666666666666658, 0x6666666666666666, 0x6666666666666666, 0x6666666666666666]);

/** Is this the canonical encoding of a point on the curve that is not of low order? 32 bytes. */
export function isAcceptablePoint(publicKey: usize): bool {
  v128.store(FOUR, i32x4.splat(<i32>publicKey));
  return (i32x4.bitmask(decodeKeysVarTime(POINT, FOUR)) & 1) != 0;
}

/** Build the table of an acceptable key, TABLE_SIZE bytes. */
export function buildKeyTable(table: usize, publicKey: usize): void {
  isAcceptablePoint(publicKey);
  buildTable(table, WIDTH_A, POINT, BUILD);
}

/** Build the base point's table, once. */
export function prepareBase(): void {
  if (hasTableB) return;
  isAcceptablePoint(BASE);
  buildTable(TABLE_B, WIDTH_B, POINT, BUILD);
  hasTableB = true;
}

/** ENCODINGS of `count` pairs whose keys have tables. */
export function combineKnownVarTime(count: i32): void {
  const quads = recodeChunk(count, WIDTH_A);
  if (count < 4) sumSpread(count);
  else sumChunk(quads);
  for (let i = 0; i < quads; i++) toEdwards(EXTENDED + <usize>i * POINTS, POINT_ARENA + <usize>i * AFFINE);
  encodeChunk(count);
}

/** The sums of a chunk, into the arena: a lane for each pair. */
function sumChunk(quads: i32): void {
  const rowSize = <usize>quads * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < ROWS_B; row++, points += rowSize) loadBaseRow(points, row, quads);
  for (let row = 0; row < ROWS_A; row++, points += rowSize) loadKeyRow(points, row, quads);
  sumRows(POINT_ARENA, ROWS_B + ROWS_A, quads, WORK);
}

/** The sums of 1 to 3 pairs: four lanes for each, with every fourth row, then added up; or three would have no work. */
function sumSpread(count: i32): void {
  const end = <usize>count * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < SPREAD_ROWS; row++) {
    for (let pair = 0; pair < count; pair++, points += AFFINE) {
      for (let lane = 0; lane < 4; lane++) pickSpread(pair, (row << 2) + lane, lane);
      loadEntries(points, FOUR, v128.load(SIGNS));
    }
  }
  sumRows(POINT_ARENA, SPREAD_ROWS, count, WORK);
  const swapped = POINT_ARENA + end;
  for (let i: usize = 0; i < end; i += AFFINE) swapHalvesOf(swapped + i, POINT_ARENA + i);
  addAffine(POINT_ARENA, swapped, count, WORK);
  for (let i: usize = 0; i < end; i += AFFINE) swapNeighboursOf(swapped + i, POINT_ARENA + i);
  addAffine(POINT_ARENA, swapped, count, WORK);
  for (let pair = 1; pair < count; pair++) copyLane(POINT_ARENA, POINT_ARENA + <usize>pair * AFFINE, pair);
}

/** The entry of a pair's row, those of -k after those of s; the neutral one after all rows. */
function pickSpread(pair: i32, row: i32, lane: i32): void {
  const column = (<usize>pair) << 1;
  if (row < ROWS_B) {
    pickEntry(TABLE_B, WIDTH_B, row, <i32>load<i16>(DIGITS_B + <usize>row * (CHUNK * 2) + column), lane);
    return;
  }
  row -= ROWS_B;
  const digit = row < ROWS_A ? -(<i32>load<i16>(DIGITS_A + <usize>row * (CHUNK * 2) + column)) : 0;
  pickEntry(load<usize>(TABLE_OF + ((<usize>pair) << 2)), WIDTH_A, row, digit, lane);
}

/** ENCODINGS and ACCEPTABLE of `count` pairs with their public keys. */
export function combineOnceVarTime(count: i32): void {
  const quads = recodeChunk(count, WIDTH_ONCE);
  const rowSize = <usize>quads * AFFINE;
  let points = POINT_ARENA;
  for (let row = 0; row < ROWS_B; row++, points += rowSize) loadBaseRow(points, row, quads);
  sumRows(POINT_ARENA, ROWS_B, quads, WORK);
  for (let i = 0; i < quads; i++) {
    v128.store(ACCEPTABLE + ((<usize>i) << 4), decodeKeysVarTime(POINT, KEY_OF + ((<usize>i) << 4)));
    multiplyNegated(DIGITS_A + ((<usize>i) << 3));
    toAddends(ADDEND, POINT);
    const sum = EXTENDED + <usize>i * POINTS;
    toEdwards(sum, POINT_ARENA + <usize>i * AFFINE);
    addPoints(sum, sum, ADDEND);
  }
  encodeChunk(count);
}

/** Write the digits of s and k, k's of `width` bits; the last four are filled up with copies. Returns the fours. */
function recodeChunk(count: i32, width: i32): i32 {
  const quads = (count + 3) >> 2;
  for (let i = 0; i < quads << 2; i++) {
    const from = <usize>min(i, count - 1);
    recodeScalar(DIGITS_B + ((<usize>i) << 1), CHUNK * 2, S_SCALARS + (from << 5), WIDTH_B);
    recodeScalar(DIGITS_A + ((<usize>i) << 1), CHUNK * 2, K_SCALARS + (from << 5), width);
    store<usize>(TABLE_OF + ((<usize>i) << 2), load<usize>(TABLE_OF + (from << 2)));
    store<usize>(KEY_OF + ((<usize>i) << 2), load<usize>(KEY_OF + (from << 2)));
  }
  return quads;
}

/** Fetch the entry of each s's digit in this row. */
function loadBaseRow(points: usize, row: i32, quads: i32): void {
  const digits = DIGITS_B + <usize>row * (CHUNK * 2);
  for (let i = 0; i < quads << 2; i++) {
    pickEntry(TABLE_B, WIDTH_B, row, <i32>load<i16>(digits + ((<usize>i) << 1)), i & 3);
    if ((i & 3) == 3) loadEntries(points + <usize>(i >> 2) * AFFINE, FOUR, v128.load(SIGNS));
  }
}

/** Fetch the entry of each -k's digit in this row. */
function loadKeyRow(points: usize, row: i32, quads: i32): void {
  const digits = DIGITS_A + <usize>row * (CHUNK * 2);
  for (let i = 0; i < quads << 2; i++) {
    const table = load<usize>(TABLE_OF + ((<usize>i) << 2));
    pickEntry(table, WIDTH_A, row, -(<i32>load<i16>(digits + ((<usize>i) << 1))), i & 3);
    if ((i & 3) == 3) loadEntries(points + <usize>(i >> 2) * AFFINE, FOUR, v128.load(SIGNS));
  }
}

function pickEntry(table: usize, width: i32, row: i32, digit: i32, lane: i32): void {
  const at = (<usize>lane) << 2;
  store<usize>(FOUR + at, digit == 0 ? NEUTRAL_ENTRY : entryAt(table, width, row, abs(digit)));
  store<i32>(SIGNS + at, digit >> 31);
}

/** POINT = -[k] POINT, k by its digits in four columns: five doublings and one addition a digit. */
function multiplyNegated(digits: usize): void {
  negateWhere(POINT, POINT, i32x4.splat(-1));
  negateWhere(POINT + 3 * QUAD, POINT + 3 * QUAD, i32x4.splat(-1));
  setNeutral(ADDEND);
  toAddends(MULTIPLES, ADDEND);
  toAddends(MULTIPLES + ADDENDS, POINT);
  for (let m = 2; m <= 1 << (WIDTH_ONCE - 1); m++) {
    addPoints(POINT, POINT, MULTIPLES + ADDENDS);
    toAddends(MULTIPLES + <usize>m * ADDENDS, POINT);
  }
  setNeutral(POINT);
  for (let row = ROWS_ONCE - 1; row >= 0; row--) {
    if (row < ROWS_ONCE - 1) {
      for (let i = 1; i < WIDTH_ONCE; i++) doubleWithoutT(POINT, POINT);
      doublePoints(POINT, POINT);
    }
    gatherMultiples(digits + <usize>row * (CHUNK * 2));
    addPoints(POINT, POINT, ADDEND);
  }
}

/** ADDEND = in each lane the multiple that its digit names. */
function gatherMultiples(digits: usize): void {
  for (let lane: usize = 0; lane < 4; lane++) {
    const digit = <i32>load<i16>(digits + (lane << 1));
    const from = MULTIPLES + <usize>abs(digit) * ADDENDS + (lane << 2);
    const to = ADDEND + (lane << 2);
    // Of -P: Y + X and Y - X exchanged, T negated.
    const plus = digit < 0 ? to + QUAD : to;
    const minus = digit < 0 ? to : to + QUAD;
    for (let t: usize = 0; t < QUAD; t += 16) {
      store<u32>(plus + t, load<u32>(from + t));
      store<u32>(minus + t, load<u32>(from + t, QUAD));
      store<u32>(to + t, load<u32>(from + t, 2 * QUAD), 2 * QUAD);
      store<u32>(to + t, load<u32>(from + t, 3 * QUAD), 3 * QUAD);
    }
    store<i32>(SIGNS + (lane << 2), digit >> 31);
  }
  negateWhere(ADDEND + 2 * QUAD, ADDEND + 2 * QUAD, v128.load(SIGNS));
}

/** The encodings (RFC 8032, section 5.1.2) of the chunk's points, with one inversion. */
function encodeChunk(count: i32): void {
  const quads = (count + 3) >> 2;
  invertAll(EXTENDED + 2 * QUAD, POINTS, quads, WORK);
  for (let i = 0; i < quads; i++) {
    const at = EXTENDED + <usize>i * POINTS;
    mul(at, at, at + 2 * QUAD);
    mul(at + QUAD, at + QUAD, at + 2 * QUAD);
  }
  for (let i = 0; i < count; i++) {
    const at = EXTENDED + <usize>(i >> 2) * POINTS;
    const encoding = ENCODINGS + ((<usize>i) << 5);
    toBytes(encoding, at, i & 3);
    const sign = load<u8>(encoding) & 1;
    toBytes(encoding, at + QUAD, i & 3);
    store<u8>(encoding, load<u8>(encoding, 31) | (sign << 7), 31);
  }
}
