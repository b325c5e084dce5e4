import { reserve } from "../layout";
import { addModulus, copy, ELEMENT, is, isBelow, modulus, negate, P256 } from "./montgomery";
import { enter, makeOdd, oddDigit } from "./scalar";
import { ADDITIONS, buildTable, lookUp, ROWS, setAddition, TABLE_SIZE } from "./table";
import {
  addAll,
  addMixed,
  AFFINE,
  basePoint,
  double,
  isAt,
  isInfinity,
  isSumAt,
  JACOBIAN,
  readPoint,
  setJacobianInfinity,
} from "./weierstrass";

/**
 * What ECDSA and SM2 have in common: is the x coordinate of u1 G + u2 Q, modulo the order n, a given number? Signatures
 * are taken in chunks, so that inversions are shared; the question of each is answered for itself.
 */

/** Signatures in a chunk. */
export const CHUNK: i32 = 64;

// For each signature of the chunk: the scalars, below n, and the x coordinate asked for, below n, as words; the address
// of the table of Q, or of x || y; and the answer.
const BASE_SCALARS: usize = reserve(<usize>CHUNK * 32);
const KEY_SCALARS: usize = reserve(<usize>CHUNK * 32);
const TARGETS: usize = reserve(<usize>CHUNK * 32);
const KEYS: usize = reserve(<usize>CHUNK * 4);
const ANSWERS: usize = reserve(<usize>CHUNK * 4);

/** Address of u1 of signature i. */
export function baseScalarAt(i: i32): usize {
  return BASE_SCALARS + (<usize>i << 5);
}

/** Address of u2 of signature i. */
export function keyScalarAt(i: i32): usize {
  return KEY_SCALARS + (<usize>i << 5);
}

/** Address of the x coordinate asked for. */
export function targetAt(i: i32): usize {
  return TARGETS + (<usize>i << 5);
}

/** Name the key of signature i: its table for combineKnownVarTime, its 64 bytes for combineOnceVarTime. */
export function setKey(i: i32, key: usize): void {
  store<usize>(KEYS + (<usize>i << 2), key);
}

function keyAt(i: i32): usize {
  return load<usize>(KEYS + (<usize>i << 2));
}

export function answerAt(i: i32): bool {
  return load<i32>(ANSWERS + (<usize>i << 2)) != 0;
}

function setAnswer(i: i32, answer: bool): void {
  store<i32>(ANSWERS + (<usize>i << 2), <i32>answer);
}

/** Points to sum up, in runs of ROWS. */
const POINTS: usize = reserve(<usize>(CHUNK * 2 * ROWS) * AFFINE);
const RUN: usize = <usize>ROWS * AFFINE;

const X = memory.data(48, 16);
const POINT = memory.data(96, 16);

// Tables of the base points, built when first needed.
const BASE_TABLES: usize = reserve(2 * TABLE_SIZE);
const BASE_READY = memory.data(8, 4);

function baseTable<P>(): usize {
  return is<P, P256>() ? BASE_TABLES : BASE_TABLES + TABLE_SIZE;
}

/** Build the table of the base point unless it is there. */
export function prepareBase<P>(): void {
  const ready = is<P, P256>() ? BASE_READY : BASE_READY + 4;
  if (load<i32>(ready) != 0) return;
  store<i32>(ready, 1);
  readPoint<P>(POINT, basePoint<P>());
  buildTable<P>(baseTable<P>(), POINT);
}

/** Is this x || y, big-endian, a point of the curve other than infinity? Its order is then prime, as the curve's. */
export function isAcceptablePoint<P>(publicKey: usize): bool {
  return readPoint<P>(POINT, publicKey);
}

/** Build the table of an acceptable key. */
export function buildKeyTable<P>(table: usize, publicKey: usize): void {
  readPoint<P>(POINT, publicKey);
  buildTable<P>(table, POINT);
}

/** Answer the first `count` questions by the tables of their keys. P is the field, N the order of the curve. */
export function combineKnownVarTime<P, N>(count: i32): void {
  for (let i = 0; i < count; i++) {
    loadRun<N>(2 * i, baseTable<P>(), baseScalarAt(i));
    loadRun<N>(2 * i + 1, keyAt(i), keyScalarAt(i));
  }
  sumRuns<P>(2 * count);
  for (let i = 0; i < count; i++) {
    const base = POINTS + <usize>(2 * i) * RUN;
    enter<P>(X, targetAt(i));
    let answer = isSumAt<P>(base, base + RUN, X);
    if (!answer && nextTarget<P, N>(targetAt(i))) answer = isSumAt<P>(base, base + RUN, X);
    setAnswer(i, answer);
  }
}

/** x coordinates are below p, which is above n: X = the target plus n, if that is below p. */
function nextTarget<P, N>(target: usize): bool {
  if (addModulus<N>(target) != 0 || !isBelow(target, modulus<P>())) return false;
  enter<P>(X, target);
  return true;
}

/** The entries whose sum is the scalar times the point of the table. */
function loadRun<N>(run: i32, table: usize, scalar: usize): void {
  const isOpposite = makeOdd<N>(scalar);
  let point = POINTS + <usize>run * RUN;
  for (let row = 0; row < ROWS; row++, point += AFFINE) {
    lookUp(point, table, row, oddDigit(scalar, row), isOpposite);
  }
}

/**
 * Sum up each run, to its first point, by halves. Up to the last addition of a run the two sums are multiples of
 * 2^(8 i) that differ and are below n: only in the last can they be equal, or opposite (the scalar 0).
 */
function sumRuns<P>(runs: i32): void {
  for (let stride = AFFINE; stride < RUN; stride <<= 1) {
    let count = 0;
    const end = POINTS + <usize>runs * RUN;
    for (let point = POINTS; point < end; point += 2 * stride) setAddition(count++, point, point + stride, point);
    addAll<P>(ADDITIONS, count);
  }
}

// Keys seen once: odd multiples Q .. 15 Q, then 2 Q, 4 Q, 8 Q, for each signature.
const MULTIPLES: i32 = 8;
const OWN_POINTS: usize = reserve(<usize>(CHUNK * (MULTIPLES + 3)) * AFFINE);
const OWN: usize = <usize>(MULTIPLES + 3) * AFFINE;
const ACCUMULATOR = memory.data(144, 16);
const NAF = memory.data(264);

/**
 * Answer the first `count` questions by the keys themselves; false where a key is not a point of the curve.
 */
export function combineOnceVarTime<P, N>(count: i32): void {
  for (let i = 0; i < count; i++) {
    const point = OWN_POINTS + <usize>i * OWN;
    const isPoint = readPoint<P>(point, keyAt(i));
    setAnswer(i, isPoint);
    // The arithmetic goes on with a point in its place.
    if (!isPoint) readPoint<P>(point, basePoint<P>());
    loadRun<N>(i, baseTable<P>(), baseScalarAt(i));
  }
  sumRuns<P>(count);
  buildMultiples<P>(count);
  for (let i = 0; i < count; i++) {
    if (!answerAt(i)) continue;
    multiplyVarTime<P>(ACCUMULATOR, OWN_POINTS + <usize>i * OWN, keyScalarAt(i));
    const base = POINTS + <usize>i * RUN;
    if (!isInfinity(base)) addMixed<P>(ACCUMULATOR, base);
    enter<P>(X, targetAt(i));
    let answer = isAt<P>(ACCUMULATOR, X);
    if (!answer && nextTarget<P, N>(targetAt(i))) answer = isAt<P>(ACCUMULATOR, X);
    setAnswer(i, answer);
  }
}

/** 1, then 3; 5, 7; 9 .. 15 times each key, by adding 2, 4, 8 times it. */
function buildMultiples<P>(count: i32): void {
  let power: usize = 0;
  for (let m = 1, bit = 0; m < MULTIPLES; m <<= 1, bit++) {
    const next = <usize>(MULTIPLES + bit) * AFFINE;
    for (let i = 0; i < count; i++) {
      const own = OWN_POINTS + <usize>i * OWN;
      setAddition(i, own + power, own + power, own + next);
    }
    addAll<P>(ADDITIONS, count);
    let additions = 0;
    for (let i = 0; i < count; i++) {
      const own = OWN_POINTS + <usize>i * OWN;
      for (let j = 0; j < m; j++) {
        setAddition(additions++, own + <usize>j * AFFINE, own + next, own + <usize>(m + j) * AFFINE);
      }
    }
    addAll<P>(ADDITIONS, additions);
    power = next;
  }
}

/** out = scalar times the point of these odd multiples, Jacobian. */
function multiplyVarTime<P>(out: usize, multiples: usize, scalar: usize): void {
  let i = writeNaf(scalar);
  setJacobianInfinity<P>(out);
  for (; i >= 0; i--) {
    double<P>(out);
    const digit = <i32>load<i8>(NAF + <usize>i);
    if (digit == 0) continue;
    const multiple = multiples + <usize>((abs(digit) - 1) >> 1) * AFFINE;
    copy(POINT, multiple);
    if (digit > 0) copy(POINT + ELEMENT, multiple + ELEMENT);
    else negate(POINT + ELEMENT, multiple + ELEMENT);
    addMixed<P>(out, POINT);
  }
}

/** The scalar in NAF, non-adjacent form of width 5: digits 0 or odd, -15 .. 15. Returns the index of the highest, or -1. */
function writeNaf(scalar: usize): i32 {
  memory.fill(NAF, 0, 264);
  let top = -1;
  let carry = 0;
  for (let i = 0; i < 257; ) {
    if (bits(scalar, i, 1) == carry) {
      i++;
      continue;
    }
    const window = bits(scalar, i, 5) + carry;
    carry = window >> 4;
    store<i8>(NAF + <usize>i, <i8>(window - (carry << 5)));
    top = i;
    i += 5;
  }
  return top;
}

/** Up to 32 bits of a scalar from bit `i`. */
function bits(scalar: usize, i: i32, length: i32): i32 {
  if (i >= 256) return 0;
  const at = scalar + (<usize>(i >> 6) << 3);
  const shift = <u64>(i & 63);
  let value = load<u64>(at) >> shift;
  if (shift > 32 && i < 192) value |= load<u64>(at, 8) << (64 - shift);
  return <i32>(value & ((1 << <u64>length) - 1));
}
