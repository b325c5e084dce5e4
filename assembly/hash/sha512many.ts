import { HASH_JOB_SIZE } from "./job";
import { finishLane, laneAt, nextBlock, startLane } from "./lanes";
import { compress, INITIAL, K, STATE } from "./sha512";

/** SHA-512 (FIPS 180-4) of two messages in step, one in each lane of i64x2. */

const COUNT: usize = 2;
/** A Lane of 12 bytes each. */
const LANES = memory.data(2 * 12, 4);
const LANES_STATE = memory.data(8 * 16, 16);
const PADDED = memory.data(2 * 128, 16);

// @ts-ignore: decorator
@inline
function rotate(x: v128, count: i32): v128 {
  return v128.or(i64x2.shr_u(x, count), i64x2.shl(x, 64 - count));
}

// @ts-ignore: decorator
@inline
function choose(x: v128, y: v128, z: v128): v128 {
  return v128.bitselect(y, z, x);
}

// @ts-ignore: decorator
@inline
function majority(x: v128, y: v128, z: v128): v128 {
  return v128.bitselect(x, y, v128.xor(y, z));
}

// @ts-ignore: decorator
@inline
function bigSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 28), rotate(x, 34)), rotate(x, 39));
}

// @ts-ignore: decorator
@inline
function bigSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 14), rotate(x, 18)), rotate(x, 41));
}

// @ts-ignore: decorator
@inline
function smallSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 1), rotate(x, 8)), i64x2.shr_u(x, 7));
}

// @ts-ignore: decorator
@inline
function smallSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 19), rotate(x, 61)), i64x2.shr_u(x, 6));
}

// @ts-ignore: decorator
@inline
function bigEndian(x: v128): v128 {
  return i8x16.shuffle(x, x, 7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
}

/** Take a block into each lane of LANES_STATE; the rounds are those of sha512.ts. */
function compressLanes(block0: usize, block1: usize): void {
  let x: v128, y: v128;
  x = bigEndian(v128.load(block0, 0));
  y = bigEndian(v128.load(block1, 0));
  let w0 = i64x2.shuffle(x, y, 0, 2);
  let w1 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 16));
  y = bigEndian(v128.load(block1, 16));
  let w2 = i64x2.shuffle(x, y, 0, 2);
  let w3 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 32));
  y = bigEndian(v128.load(block1, 32));
  let w4 = i64x2.shuffle(x, y, 0, 2);
  let w5 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 48));
  y = bigEndian(v128.load(block1, 48));
  let w6 = i64x2.shuffle(x, y, 0, 2);
  let w7 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 64));
  y = bigEndian(v128.load(block1, 64));
  let w8 = i64x2.shuffle(x, y, 0, 2);
  let w9 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 80));
  y = bigEndian(v128.load(block1, 80));
  let w10 = i64x2.shuffle(x, y, 0, 2);
  let w11 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 96));
  y = bigEndian(v128.load(block1, 96));
  let w12 = i64x2.shuffle(x, y, 0, 2);
  let w13 = i64x2.shuffle(x, y, 1, 3);
  x = bigEndian(v128.load(block0, 112));
  y = bigEndian(v128.load(block1, 112));
  let w14 = i64x2.shuffle(x, y, 0, 2);
  let w15 = i64x2.shuffle(x, y, 1, 3);

  let a = v128.load(LANES_STATE, 0);
  let b = v128.load(LANES_STATE, 16);
  let c = v128.load(LANES_STATE, 32);
  let d = v128.load(LANES_STATE, 48);
  let e = v128.load(LANES_STATE, 64);
  let f = v128.load(LANES_STATE, 80);
  let g = v128.load(LANES_STATE, 96);
  let h = v128.load(LANES_STATE, 112);
  let k = K;
  while (true) {
    h = i64x2.add(i64x2.add(h, i64x2.add(w0, v128.load64_splat(k, 0))), i64x2.add(bigSigma1(e), choose(e, f, g)));
    d = i64x2.add(d, h);
    h = i64x2.add(h, i64x2.add(bigSigma0(a), majority(a, b, c)));
    g = i64x2.add(i64x2.add(g, i64x2.add(w1, v128.load64_splat(k, 8))), i64x2.add(bigSigma1(d), choose(d, e, f)));
    c = i64x2.add(c, g);
    g = i64x2.add(g, i64x2.add(bigSigma0(h), majority(h, a, b)));
    f = i64x2.add(i64x2.add(f, i64x2.add(w2, v128.load64_splat(k, 16))), i64x2.add(bigSigma1(c), choose(c, d, e)));
    b = i64x2.add(b, f);
    f = i64x2.add(f, i64x2.add(bigSigma0(g), majority(g, h, a)));
    e = i64x2.add(i64x2.add(e, i64x2.add(w3, v128.load64_splat(k, 24))), i64x2.add(bigSigma1(b), choose(b, c, d)));
    a = i64x2.add(a, e);
    e = i64x2.add(e, i64x2.add(bigSigma0(f), majority(f, g, h)));
    d = i64x2.add(i64x2.add(d, i64x2.add(w4, v128.load64_splat(k, 32))), i64x2.add(bigSigma1(a), choose(a, b, c)));
    h = i64x2.add(h, d);
    d = i64x2.add(d, i64x2.add(bigSigma0(e), majority(e, f, g)));
    c = i64x2.add(i64x2.add(c, i64x2.add(w5, v128.load64_splat(k, 40))), i64x2.add(bigSigma1(h), choose(h, a, b)));
    g = i64x2.add(g, c);
    c = i64x2.add(c, i64x2.add(bigSigma0(d), majority(d, e, f)));
    b = i64x2.add(i64x2.add(b, i64x2.add(w6, v128.load64_splat(k, 48))), i64x2.add(bigSigma1(g), choose(g, h, a)));
    f = i64x2.add(f, b);
    b = i64x2.add(b, i64x2.add(bigSigma0(c), majority(c, d, e)));
    a = i64x2.add(i64x2.add(a, i64x2.add(w7, v128.load64_splat(k, 56))), i64x2.add(bigSigma1(f), choose(f, g, h)));
    e = i64x2.add(e, a);
    a = i64x2.add(a, i64x2.add(bigSigma0(b), majority(b, c, d)));
    h = i64x2.add(i64x2.add(h, i64x2.add(w8, v128.load64_splat(k, 64))), i64x2.add(bigSigma1(e), choose(e, f, g)));
    d = i64x2.add(d, h);
    h = i64x2.add(h, i64x2.add(bigSigma0(a), majority(a, b, c)));
    g = i64x2.add(i64x2.add(g, i64x2.add(w9, v128.load64_splat(k, 72))), i64x2.add(bigSigma1(d), choose(d, e, f)));
    c = i64x2.add(c, g);
    g = i64x2.add(g, i64x2.add(bigSigma0(h), majority(h, a, b)));
    f = i64x2.add(i64x2.add(f, i64x2.add(w10, v128.load64_splat(k, 80))), i64x2.add(bigSigma1(c), choose(c, d, e)));
    b = i64x2.add(b, f);
    f = i64x2.add(f, i64x2.add(bigSigma0(g), majority(g, h, a)));
    e = i64x2.add(i64x2.add(e, i64x2.add(w11, v128.load64_splat(k, 88))), i64x2.add(bigSigma1(b), choose(b, c, d)));
    a = i64x2.add(a, e);
    e = i64x2.add(e, i64x2.add(bigSigma0(f), majority(f, g, h)));
    d = i64x2.add(i64x2.add(d, i64x2.add(w12, v128.load64_splat(k, 96))), i64x2.add(bigSigma1(a), choose(a, b, c)));
    h = i64x2.add(h, d);
    d = i64x2.add(d, i64x2.add(bigSigma0(e), majority(e, f, g)));
    c = i64x2.add(i64x2.add(c, i64x2.add(w13, v128.load64_splat(k, 104))), i64x2.add(bigSigma1(h), choose(h, a, b)));
    g = i64x2.add(g, c);
    c = i64x2.add(c, i64x2.add(bigSigma0(d), majority(d, e, f)));
    b = i64x2.add(i64x2.add(b, i64x2.add(w14, v128.load64_splat(k, 112))), i64x2.add(bigSigma1(g), choose(g, h, a)));
    f = i64x2.add(f, b);
    b = i64x2.add(b, i64x2.add(bigSigma0(c), majority(c, d, e)));
    a = i64x2.add(i64x2.add(a, i64x2.add(w15, v128.load64_splat(k, 120))), i64x2.add(bigSigma1(f), choose(f, g, h)));
    e = i64x2.add(e, a);
    a = i64x2.add(a, i64x2.add(bigSigma0(b), majority(b, c, d)));
    k += 16 * sizeof<u64>();
    if (k == K + 80 * sizeof<u64>()) break;
    w0 = i64x2.add(i64x2.add(w0, smallSigma1(w14)), i64x2.add(w9, smallSigma0(w1)));
    w1 = i64x2.add(i64x2.add(w1, smallSigma1(w15)), i64x2.add(w10, smallSigma0(w2)));
    w2 = i64x2.add(i64x2.add(w2, smallSigma1(w0)), i64x2.add(w11, smallSigma0(w3)));
    w3 = i64x2.add(i64x2.add(w3, smallSigma1(w1)), i64x2.add(w12, smallSigma0(w4)));
    w4 = i64x2.add(i64x2.add(w4, smallSigma1(w2)), i64x2.add(w13, smallSigma0(w5)));
    w5 = i64x2.add(i64x2.add(w5, smallSigma1(w3)), i64x2.add(w14, smallSigma0(w6)));
    w6 = i64x2.add(i64x2.add(w6, smallSigma1(w4)), i64x2.add(w15, smallSigma0(w7)));
    w7 = i64x2.add(i64x2.add(w7, smallSigma1(w5)), i64x2.add(w0, smallSigma0(w8)));
    w8 = i64x2.add(i64x2.add(w8, smallSigma1(w6)), i64x2.add(w1, smallSigma0(w9)));
    w9 = i64x2.add(i64x2.add(w9, smallSigma1(w7)), i64x2.add(w2, smallSigma0(w10)));
    w10 = i64x2.add(i64x2.add(w10, smallSigma1(w8)), i64x2.add(w3, smallSigma0(w11)));
    w11 = i64x2.add(i64x2.add(w11, smallSigma1(w9)), i64x2.add(w4, smallSigma0(w12)));
    w12 = i64x2.add(i64x2.add(w12, smallSigma1(w10)), i64x2.add(w5, smallSigma0(w13)));
    w13 = i64x2.add(i64x2.add(w13, smallSigma1(w11)), i64x2.add(w6, smallSigma0(w14)));
    w14 = i64x2.add(i64x2.add(w14, smallSigma1(w12)), i64x2.add(w7, smallSigma0(w15)));
    w15 = i64x2.add(i64x2.add(w15, smallSigma1(w13)), i64x2.add(w8, smallSigma0(w0)));
  }
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 0), a), 0);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 16), b), 16);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 32), c), 32);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 48), d), 48);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 64), e), 64);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 80), f), 80);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 96), g), 96);
  v128.store(LANES_STATE, i64x2.add(v128.load(LANES_STATE, 112), h), 112);
}

/** SHA-512 of `count` messages, two at a time: `jobs` is the address of so many HashJob. Inputs are not written to. */
export function sha512Many(jobs: usize, count: i32): void {
  const end = jobs + <usize>count * HASH_JOB_SIZE;
  let active: usize = 0;
  for (; active < COUNT && jobs < end; active++) {
    startLane<u64>(LANES, active, jobs, LANES_STATE, INITIAL);
    jobs += HASH_JOB_SIZE;
  }
  while (active > 1) {
    compressLanes(nextBlock<u64>(LANES, 0, PADDED), nextBlock<u64>(LANES, 1, PADDED));
    for (let i: usize = 0; i < COUNT; i++) {
      const lane = laneAt(LANES, i);
      if (lane.job == 0 || lane.index < lane.count) continue;
      finishLane<u64>(LANES, i, LANES_STATE);
      if (jobs < end) {
        startLane<u64>(LANES, i, jobs, LANES_STATE, INITIAL);
        jobs += HASH_JOB_SIZE;
      } else {
        active--;
      }
    }
  }
  for (let i: usize = 0; i < COUNT; i++) {
    if (laneAt(LANES, i).job != 0) finishAlone(i);
  }
}

/** The last message left goes on without company. */
function finishAlone(i: usize): void {
  const lane = laneAt(LANES, i);
  const column = LANES_STATE + i * sizeof<u64>();
  for (let word: usize = 0; word < 8; word++) {
    store<u64>(STATE + word * sizeof<u64>(), load<u64>(column + word * 16));
  }
  while (lane.index < lane.count) compress(nextBlock<u64>(LANES, i, PADDED));
  for (let word: usize = 0; word < 8; word++) {
    store<u64>(column + word * 16, load<u64>(STATE + word * sizeof<u64>()));
  }
  finishLane<u64>(LANES, i, LANES_STATE);
}
