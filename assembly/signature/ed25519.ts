import { sha512 } from "../hash/sha512";
import { Job, JOB_SIZE } from "./job";

// Ed25519 in its plainest form (16 limbs of 16 bits), interim.
const L: usize = memory.data<u8>([0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10]);
const GF: usize = 128;
const D: usize = memory.data<i64>([0x78a3, 0x1359, 0x4dca, 0x75eb, 0xd8ab, 0x4141, 0x0a4d, 0x0070, 0xe898, 0x7779, 0x4079, 0x8cc7, 0xfe73, 0x2b6f, 0x6cee, 0x5203]);
const D2: usize = memory.data<i64>([0xf159, 0x26b2, 0x9b94, 0xebd6, 0xb156, 0x8283, 0x149a, 0x00e0, 0xd130, 0xeef3, 0x80f2, 0x198e, 0xfce7, 0x56df, 0xd9dc, 0x2406]);
const X: usize = memory.data<i64>([0xd51a, 0x8f25, 0x2d60, 0xc956, 0xa7b2, 0x9525, 0xc760, 0x692c, 0xdc5c, 0xfdd6, 0xe231, 0xc0a4, 0x53fe, 0xcd6e, 0x36d3, 0x2169]);
const Y: usize = memory.data<i64>([0x6658, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666, 0x6666]);
const I: usize = memory.data<i64>([0xa0b0, 0x4a0e, 0x1b27, 0xc4ee, 0xe478, 0xad2f, 0x1806, 0x2f43, 0xd7a7, 0x3dfb, 0x0099, 0x2b4d, 0xdf0b, 0x4fc1, 0x2480, 0x2b83]);
const T: usize = memory.data(31 * 8, 8);
const ONE: usize = memory.data<i64>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const tmp: usize = memory.data(16 * 128, 8);

function cp(o: usize, a: usize): void { memory.copy(o, a, GF); }
function car(o: usize): void {
  for (let i: usize = 0; i < 16; i++) {
    let v = load<i64>(o + i * 8) + 65536;
    const c = v >> 16;
    const j = i < 15 ? i + 1 : 0;
    store<i64>(o + j * 8, load<i64>(o + j * 8) + c - 1 + (i == 15 ? 37 * (c - 1) : 0));
    store<i64>(o + i * 8, v - (c << 16));
  }
}
function pack(o: usize, n: usize): void {
  const m = tmp, t = tmp + GF;
  cp(t, n); car(t); car(t); car(t);
  for (let j = 0; j < 2; j++) {
    store<i64>(m, load<i64>(t) - 0xffed);
    for (let i: usize = 1; i < 15; i++) {
      store<i64>(m + i * 8, load<i64>(t + i * 8) - 0xffff - ((load<i64>(m + (i - 1) * 8) >> 16) & 1));
      store<i64>(m + (i - 1) * 8, load<i64>(m + (i - 1) * 8) & 0xffff);
    }
    store<i64>(m + 120, load<i64>(t + 120) - 0x7fff - ((load<i64>(m + 112) >> 16) & 1));
    const b = (load<i64>(m + 120) >> 16) & 1;
    store<i64>(m + 112, load<i64>(m + 112) & 0xffff);
    if (b == 0) cp(t, m);
  }
  for (let i: usize = 0; i < 16; i++) store<u16>(o + 2 * i, <u16>load<i64>(t + i * 8));
}
function unpack(o: usize, n: usize): void {
  for (let i: usize = 0; i < 16; i++) store<i64>(o + i * 8, load<u16>(n + 2 * i));
  store<i64>(o + 120, load<i64>(o + 120) & 0x7fff);
}
function A(o: usize, a: usize, b: usize): void { for (let i: usize = 0; i < GF; i += 8) store<i64>(o + i, load<i64>(a + i) + load<i64>(b + i)); }
function Z(o: usize, a: usize, b: usize): void { for (let i: usize = 0; i < GF; i += 8) store<i64>(o + i, load<i64>(a + i) - load<i64>(b + i)); }
function M(o: usize, a: usize, b: usize): void {
  memory.fill(T, 0, 31 * 8);
  for (let i: usize = 0; i < 16; i++) for (let j: usize = 0; j < 16; j++) {
    const at = T + (i + j) * 8;
    store<i64>(at, load<i64>(at) + load<i64>(a + i * 8) * load<i64>(b + j * 8));
  }
  for (let i: usize = 0; i < 15; i++) store<i64>(T + i * 8, load<i64>(T + i * 8) + 38 * load<i64>(T + (i + 16) * 8));
  cp(o, T); car(o); car(o);
}
function pow(o: usize, n: usize, e0: i32, skip: i32): void {
  const c = tmp + 2 * GF;
  cp(c, n);
  for (let a = e0; a >= 0; a--) { M(c, c, c); if (skip == 1 ? a != 1 : (a != 2 && a != 4)) M(c, c, n); }
  cp(o, c);
}
const P: usize = memory.data(4 * 128, 8);
const Q: usize = memory.data(4 * 128, 8);
const B: usize = memory.data(4 * 128, 8);
const N: usize = memory.data(4 * 128, 8);
const E1: usize = memory.data(32);
const E2: usize = memory.data(32);
const PRE: usize = memory.data(64);
const K: usize = memory.data(64);
const XL: usize = memory.data(64 * 8, 8);

function add(p: usize, q: usize): void {
  const a = tmp + 3 * GF, b = a + GF, c = b + GF, d = c + GF, t = d + GF, e = t + GF, f = e + GF, g = f + GF, h = g + GF;
  Z(a, p + GF, p); Z(t, q + GF, q); M(a, a, t);
  A(b, p, p + GF); A(t, q, q + GF); M(b, b, t);
  M(c, p + 3 * GF, q + 3 * GF); M(c, c, D2);
  M(d, p + 2 * GF, q + 2 * GF); A(d, d, d);
  Z(e, b, a); Z(f, d, c); A(g, d, c); A(h, b, a);
  M(p, e, f); M(p + GF, h, g); M(p + 2 * GF, g, f); M(p + 3 * GF, e, h);
}
function encode(r: usize, p: usize): void {
  const tx = tmp + 12 * GF, ty = tx + GF, zi = ty + GF;
  cp(zi, p + 2 * GF);
  const c = tmp + 2 * GF;
  cp(c, zi);
  for (let a = 253; a >= 0; a--) { M(c, c, c); if (a != 2 && a != 4) M(c, c, zi); }
  M(tx, p, c); M(ty, p + GF, c);
  pack(r, ty);
  pack(E2, tx);
  store<u8>(r + 31, load<u8>(r + 31) ^ ((load<u8>(E2) & 1) << 7));
}
function decodeNeg(r: usize, p: usize): bool {
  const t = tmp + 3 * GF, chk = t + GF, num = chk + GF, den = num + GF, den2 = den + GF, den4 = den2 + GF, den6 = den4 + GF;
  cp(r + 2 * GF, ONE);
  unpack(r + GF, p);
  M(num, r + GF, r + GF); M(den, num, D); Z(num, num, r + 2 * GF); A(den, r + 2 * GF, den);
  M(den2, den, den); M(den4, den2, den2); M(den6, den4, den2); M(t, den6, num); M(t, t, den);
  pow(t, t, 250, 1);
  M(t, t, num); M(t, t, den); M(t, t, den); M(r, t, den);
  M(chk, r, r); M(chk, chk, den);
  if (!same(chk, num)) M(r, r, I);
  M(chk, r, r); M(chk, chk, den);
  if (!same(chk, num)) return false;
  pack(E2, r);
  if ((load<u8>(E2) & 1) == load<u8>(p + 31) >> 7) { memory.fill(num, 0, GF); Z(r, num, r); }
  M(r + 3 * GF, r, r + GF);
  return true;
}
function same(a: usize, b: usize): bool { pack(E1, a); pack(E2, b); return memory.compare(E1, E2, 32) == 0; }
function bit(s: usize, i: i32): i32 { return (load<u8>(s + (i >> 3)) >> <u8>(i & 7)) & 1; }
function identity(p: usize): void { memory.fill(p, 0, 4 * GF); store<i64>(p + GF, 1); store<i64>(p + 2 * GF, 1); }
function modL(r: usize): void {
  for (let i: usize = 0; i < 64; i++) store<i64>(XL + i * 8, load<u8>(r + i));
  let carry: i64 = 0;
  for (let i = 63; i >= 32; i--) {
    carry = 0;
    let j = i - 32;
    for (; j < i - 12; j++) {
      const at = XL + <usize>j * 8;
      store<i64>(at, load<i64>(at) + carry - 16 * load<i64>(XL + <usize>i * 8) * load<u8>(L + (j - (i - 32))));
      carry = (load<i64>(at) + 128) >> 8;
      store<i64>(at, load<i64>(at) - (carry << 8));
    }
    store<i64>(XL + <usize>j * 8, load<i64>(XL + <usize>j * 8) + carry);
    store<i64>(XL + <usize>i * 8, 0);
  }
  carry = 0;
  for (let j: usize = 0; j < 32; j++) {
    const at = XL + j * 8;
    store<i64>(at, load<i64>(at) + carry - (load<i64>(XL + 31 * 8) >> 4) * load<u8>(L + j));
    carry = load<i64>(at) >> 8;
    store<i64>(at, load<i64>(at) & 255);
  }
  for (let j: usize = 0; j < 32; j++) store<i64>(XL + j * 8, load<i64>(XL + j * 8) - carry * load<u8>(L + j));
  for (let i: usize = 0; i < 32; i++) {
    store<i64>(XL + (i + 1) * 8, load<i64>(XL + (i + 1) * 8) + (load<i64>(XL + i * 8) >> 8));
    store<u8>(r + i, <u8>load<i64>(XL + i * 8));
  }
}
function belowL(s: usize): bool {
  for (let i = 31; i >= 0; i--) {
    const a = load<u8>(s + i), b = load<u8>(L + i);
    if (a != b) return a < b;
  }
  return false;
}
export function isAcceptableKey(key: usize): bool {
  if (!decodeNeg(N, key)) return false;
  const t = P;
  memory.copy(t, N, 4 * GF);
  pack(E1, t + GF);
  for (let i: usize = 0; i < 31; i++) if (load<u8>(E1 + i) != load<u8>(key + i)) return false;
  if (load<u8>(E1 + 31) != (load<u8>(key + 31) & 127)) return false;
  pack(E2, t);
  let zero = true;
  for (let i: usize = 0; i < 32; i++) if (load<u8>(E2 + i)) zero = false;
  if (zero) return false;
  for (let i = 0; i < 3; i++) { memory.copy(Q, t, 4 * GF); add(t, Q); }
  pack(E2, t);
  for (let i: usize = 0; i < 32; i++) if (load<u8>(E2 + i)) return true;
  return false;
}
const KEYS: usize = memory.data(1024 * 32);
export function loadKnownKey(slot: i32, key: usize): bool {
  if (!isAcceptableKey(key)) return false;
  memory.copy(KEYS + <usize>slot * 32, key, 32);
  return true;
}
function check(job: Job, key: usize): bool {
  const s = job.signature + 32;
  if (!belowL(s) || !decodeNeg(N, key)) return false;
  memory.copy(PRE, job.signature, 32);
  memory.copy(PRE + 32, key, 32);
  sha512(PRE, 64, job.message, job.length, K);
  modL(K);
  cp(B, X); cp(B + GF, Y); cp(B + 2 * GF, ONE); M(B + 3 * GF, X, Y);
  identity(P);
  for (let i = 255; i >= 0; i--) {
    memory.copy(Q, P, 4 * GF);
    add(P, Q);
    if (bit(s, i)) add(P, B);
    if (bit(K, i)) add(P, N);
  }
  encode(E1, P);
  return memory.compare(E1, job.signature, 32) == 0;
}
export function verifyKnown(jobs: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const job = changetype<Job>(jobs + <usize>i * JOB_SIZE);
    job.valid = check(job, KEYS + job.key * 32) ? 1 : 0;
  }
}
export function verifyOnce(jobs: usize, count: i32): void {
  for (let i = 0; i < count; i++) {
    const job = changetype<Job>(jobs + <usize>i * JOB_SIZE);
    job.valid = isAcceptableKey(job.key) && check(job, job.key) ? 1 : 0;
  }
}
