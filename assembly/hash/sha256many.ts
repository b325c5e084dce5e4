import { HASH_JOB_SIZE } from "./job";
import { finishLane, laneAt, nextBlock, startLane } from "./lanes";
import { compress, INITIAL, K, STATE } from "./sha256";

/** SHA-256 (FIPS 180-4) of four messages in step, one in each lane of i32x4. */

const COUNT: usize = 4;
/** A Lane of 12 bytes each. */
const LANES = memory.data(4 * 12, 4);
const LANES_STATE = memory.data(8 * 16, 16);
const PADDED = memory.data(4 * 64, 16);

// @ts-ignore: decorator
@inline
function rotate(x: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(x, count), i32x4.shl(x, 32 - count));
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
  return v128.xor(v128.xor(rotate(x, 2), rotate(x, 13)), rotate(x, 22));
}

// @ts-ignore: decorator
@inline
function bigSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 6), rotate(x, 11)), rotate(x, 25));
}

// @ts-ignore: decorator
@inline
function smallSigma0(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 7), rotate(x, 18)), i32x4.shr_u(x, 3));
}

// @ts-ignore: decorator
@inline
function smallSigma1(x: v128): v128 {
  return v128.xor(v128.xor(rotate(x, 17), rotate(x, 19)), i32x4.shr_u(x, 10));
}

// @ts-ignore: decorator
@inline
function bigEndian(x: v128): v128 {
  return i8x16.shuffle(x, x, 3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
}

/** Take a block into each lane of LANES_STATE; the rounds are those of sha256.ts. */
function compressLanes(block0: usize, block1: usize, block2: usize, block3: usize): void {
  let x: v128, y: v128, z: v128, t: v128, xy: v128, zt: v128;
  x = bigEndian(v128.load(block0, 0));
  y = bigEndian(v128.load(block1, 0));
  z = bigEndian(v128.load(block2, 0));
  t = bigEndian(v128.load(block3, 0));
  xy = i32x4.shuffle(x, y, 0, 4, 1, 5);
  zt = i32x4.shuffle(z, t, 0, 4, 1, 5);
  let w0 = i64x2.shuffle(xy, zt, 0, 2);
  let w1 = i64x2.shuffle(xy, zt, 1, 3);
  xy = i32x4.shuffle(x, y, 2, 6, 3, 7);
  zt = i32x4.shuffle(z, t, 2, 6, 3, 7);
  let w2 = i64x2.shuffle(xy, zt, 0, 2);
  let w3 = i64x2.shuffle(xy, zt, 1, 3);
  x = bigEndian(v128.load(block0, 16));
  y = bigEndian(v128.load(block1, 16));
  z = bigEndian(v128.load(block2, 16));
  t = bigEndian(v128.load(block3, 16));
  xy = i32x4.shuffle(x, y, 0, 4, 1, 5);
  zt = i32x4.shuffle(z, t, 0, 4, 1, 5);
  let w4 = i64x2.shuffle(xy, zt, 0, 2);
  let w5 = i64x2.shuffle(xy, zt, 1, 3);
  xy = i32x4.shuffle(x, y, 2, 6, 3, 7);
  zt = i32x4.shuffle(z, t, 2, 6, 3, 7);
  let w6 = i64x2.shuffle(xy, zt, 0, 2);
  let w7 = i64x2.shuffle(xy, zt, 1, 3);
  x = bigEndian(v128.load(block0, 32));
  y = bigEndian(v128.load(block1, 32));
  z = bigEndian(v128.load(block2, 32));
  t = bigEndian(v128.load(block3, 32));
  xy = i32x4.shuffle(x, y, 0, 4, 1, 5);
  zt = i32x4.shuffle(z, t, 0, 4, 1, 5);
  let w8 = i64x2.shuffle(xy, zt, 0, 2);
  let w9 = i64x2.shuffle(xy, zt, 1, 3);
  xy = i32x4.shuffle(x, y, 2, 6, 3, 7);
  zt = i32x4.shuffle(z, t, 2, 6, 3, 7);
  let w10 = i64x2.shuffle(xy, zt, 0, 2);
  let w11 = i64x2.shuffle(xy, zt, 1, 3);
  x = bigEndian(v128.load(block0, 48));
  y = bigEndian(v128.load(block1, 48));
  z = bigEndian(v128.load(block2, 48));
  t = bigEndian(v128.load(block3, 48));
  xy = i32x4.shuffle(x, y, 0, 4, 1, 5);
  zt = i32x4.shuffle(z, t, 0, 4, 1, 5);
  let w12 = i64x2.shuffle(xy, zt, 0, 2);
  let w13 = i64x2.shuffle(xy, zt, 1, 3);
  xy = i32x4.shuffle(x, y, 2, 6, 3, 7);
  zt = i32x4.shuffle(z, t, 2, 6, 3, 7);
  let w14 = i64x2.shuffle(xy, zt, 0, 2);
  let w15 = i64x2.shuffle(xy, zt, 1, 3);

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
    h = i32x4.add(i32x4.add(h, i32x4.add(w0, v128.load32_splat(k, 0))), i32x4.add(bigSigma1(e), choose(e, f, g)));
    d = i32x4.add(d, h);
    h = i32x4.add(h, i32x4.add(bigSigma0(a), majority(a, b, c)));
    g = i32x4.add(i32x4.add(g, i32x4.add(w1, v128.load32_splat(k, 4))), i32x4.add(bigSigma1(d), choose(d, e, f)));
    c = i32x4.add(c, g);
    g = i32x4.add(g, i32x4.add(bigSigma0(h), majority(h, a, b)));
    f = i32x4.add(i32x4.add(f, i32x4.add(w2, v128.load32_splat(k, 8))), i32x4.add(bigSigma1(c), choose(c, d, e)));
    b = i32x4.add(b, f);
    f = i32x4.add(f, i32x4.add(bigSigma0(g), majority(g, h, a)));
    e = i32x4.add(i32x4.add(e, i32x4.add(w3, v128.load32_splat(k, 12))), i32x4.add(bigSigma1(b), choose(b, c, d)));
    a = i32x4.add(a, e);
    e = i32x4.add(e, i32x4.add(bigSigma0(f), majority(f, g, h)));
    d = i32x4.add(i32x4.add(d, i32x4.add(w4, v128.load32_splat(k, 16))), i32x4.add(bigSigma1(a), choose(a, b, c)));
    h = i32x4.add(h, d);
    d = i32x4.add(d, i32x4.add(bigSigma0(e), majority(e, f, g)));
    c = i32x4.add(i32x4.add(c, i32x4.add(w5, v128.load32_splat(k, 20))), i32x4.add(bigSigma1(h), choose(h, a, b)));
    g = i32x4.add(g, c);
    c = i32x4.add(c, i32x4.add(bigSigma0(d), majority(d, e, f)));
    b = i32x4.add(i32x4.add(b, i32x4.add(w6, v128.load32_splat(k, 24))), i32x4.add(bigSigma1(g), choose(g, h, a)));
    f = i32x4.add(f, b);
    b = i32x4.add(b, i32x4.add(bigSigma0(c), majority(c, d, e)));
    a = i32x4.add(i32x4.add(a, i32x4.add(w7, v128.load32_splat(k, 28))), i32x4.add(bigSigma1(f), choose(f, g, h)));
    e = i32x4.add(e, a);
    a = i32x4.add(a, i32x4.add(bigSigma0(b), majority(b, c, d)));
    h = i32x4.add(i32x4.add(h, i32x4.add(w8, v128.load32_splat(k, 32))), i32x4.add(bigSigma1(e), choose(e, f, g)));
    d = i32x4.add(d, h);
    h = i32x4.add(h, i32x4.add(bigSigma0(a), majority(a, b, c)));
    g = i32x4.add(i32x4.add(g, i32x4.add(w9, v128.load32_splat(k, 36))), i32x4.add(bigSigma1(d), choose(d, e, f)));
    c = i32x4.add(c, g);
    g = i32x4.add(g, i32x4.add(bigSigma0(h), majority(h, a, b)));
    f = i32x4.add(i32x4.add(f, i32x4.add(w10, v128.load32_splat(k, 40))), i32x4.add(bigSigma1(c), choose(c, d, e)));
    b = i32x4.add(b, f);
    f = i32x4.add(f, i32x4.add(bigSigma0(g), majority(g, h, a)));
    e = i32x4.add(i32x4.add(e, i32x4.add(w11, v128.load32_splat(k, 44))), i32x4.add(bigSigma1(b), choose(b, c, d)));
    a = i32x4.add(a, e);
    e = i32x4.add(e, i32x4.add(bigSigma0(f), majority(f, g, h)));
    d = i32x4.add(i32x4.add(d, i32x4.add(w12, v128.load32_splat(k, 48))), i32x4.add(bigSigma1(a), choose(a, b, c)));
    h = i32x4.add(h, d);
    d = i32x4.add(d, i32x4.add(bigSigma0(e), majority(e, f, g)));
    c = i32x4.add(i32x4.add(c, i32x4.add(w13, v128.load32_splat(k, 52))), i32x4.add(bigSigma1(h), choose(h, a, b)));
    g = i32x4.add(g, c);
    c = i32x4.add(c, i32x4.add(bigSigma0(d), majority(d, e, f)));
    b = i32x4.add(i32x4.add(b, i32x4.add(w14, v128.load32_splat(k, 56))), i32x4.add(bigSigma1(g), choose(g, h, a)));
    f = i32x4.add(f, b);
    b = i32x4.add(b, i32x4.add(bigSigma0(c), majority(c, d, e)));
    a = i32x4.add(i32x4.add(a, i32x4.add(w15, v128.load32_splat(k, 60))), i32x4.add(bigSigma1(f), choose(f, g, h)));
    e = i32x4.add(e, a);
    a = i32x4.add(a, i32x4.add(bigSigma0(b), majority(b, c, d)));
    k += 16 * sizeof<u32>();
    if (k == K + 64 * sizeof<u32>()) break;
    w0 = i32x4.add(i32x4.add(w0, smallSigma1(w14)), i32x4.add(w9, smallSigma0(w1)));
    w1 = i32x4.add(i32x4.add(w1, smallSigma1(w15)), i32x4.add(w10, smallSigma0(w2)));
    w2 = i32x4.add(i32x4.add(w2, smallSigma1(w0)), i32x4.add(w11, smallSigma0(w3)));
    w3 = i32x4.add(i32x4.add(w3, smallSigma1(w1)), i32x4.add(w12, smallSigma0(w4)));
    w4 = i32x4.add(i32x4.add(w4, smallSigma1(w2)), i32x4.add(w13, smallSigma0(w5)));
    w5 = i32x4.add(i32x4.add(w5, smallSigma1(w3)), i32x4.add(w14, smallSigma0(w6)));
    w6 = i32x4.add(i32x4.add(w6, smallSigma1(w4)), i32x4.add(w15, smallSigma0(w7)));
    w7 = i32x4.add(i32x4.add(w7, smallSigma1(w5)), i32x4.add(w0, smallSigma0(w8)));
    w8 = i32x4.add(i32x4.add(w8, smallSigma1(w6)), i32x4.add(w1, smallSigma0(w9)));
    w9 = i32x4.add(i32x4.add(w9, smallSigma1(w7)), i32x4.add(w2, smallSigma0(w10)));
    w10 = i32x4.add(i32x4.add(w10, smallSigma1(w8)), i32x4.add(w3, smallSigma0(w11)));
    w11 = i32x4.add(i32x4.add(w11, smallSigma1(w9)), i32x4.add(w4, smallSigma0(w12)));
    w12 = i32x4.add(i32x4.add(w12, smallSigma1(w10)), i32x4.add(w5, smallSigma0(w13)));
    w13 = i32x4.add(i32x4.add(w13, smallSigma1(w11)), i32x4.add(w6, smallSigma0(w14)));
    w14 = i32x4.add(i32x4.add(w14, smallSigma1(w12)), i32x4.add(w7, smallSigma0(w15)));
    w15 = i32x4.add(i32x4.add(w15, smallSigma1(w13)), i32x4.add(w8, smallSigma0(w0)));
  }
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 0), a), 0);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 16), b), 16);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 32), c), 32);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 48), d), 48);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 64), e), 64);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 80), f), 80);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 96), g), 96);
  v128.store(LANES_STATE, i32x4.add(v128.load(LANES_STATE, 112), h), 112);
}

/** SHA-256 of `count` messages, four at a time: `jobs` is the address of so many HashJob. Inputs are not written to. */
export function sha256Many(jobs: usize, count: i32): void {
  const end = jobs + <usize>count * HASH_JOB_SIZE;
  let active: usize = 0;
  for (; active < COUNT && jobs < end; active++) {
    startLane<u32>(LANES, active, jobs, LANES_STATE, INITIAL);
    jobs += HASH_JOB_SIZE;
  }
  while (active > 1) {
    compressLanes(
      nextBlock<u32>(LANES, 0, PADDED),
      nextBlock<u32>(LANES, 1, PADDED),
      nextBlock<u32>(LANES, 2, PADDED),
      nextBlock<u32>(LANES, 3, PADDED),
    );
    for (let i: usize = 0; i < COUNT; i++) {
      const lane = laneAt(LANES, i);
      if (lane.job == 0 || lane.index < lane.count) continue;
      finishLane<u32>(LANES, i, LANES_STATE);
      if (jobs < end) {
        startLane<u32>(LANES, i, jobs, LANES_STATE, INITIAL);
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
  const column = LANES_STATE + i * sizeof<u32>();
  for (let word: usize = 0; word < 8; word++) {
    store<u32>(STATE + word * sizeof<u32>(), load<u32>(column + word * 16));
  }
  while (lane.index < lane.count) compress(nextBlock<u32>(LANES, i, PADDED));
  for (let word: usize = 0; word < 8; word++) {
    store<u32>(column + word * 16, load<u32>(STATE + word * sizeof<u32>()));
  }
  finishLane<u32>(LANES, i, LANES_STATE);
}
