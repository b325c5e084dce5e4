import { CHUNK, isAcceptablePoint, U_SCALARS, V_SCALARS } from "../curve/combine256";
import { invertAllOrder, mulOrder, reduceOrder } from "../curve/order256";
import { order, P256 } from "../curve/prime";
import { isBelow, isZeroWords, readBigEndian } from "../curve/words";
import { HASH_JOB_SIZE, HashJob } from "../hash/job";
import { sha256Many } from "../hash/sha256many";
import { reserve } from "../memory";
import { Job } from "./job";
import { createKeys, EXPECTED, IN_RANGE, JOBS, loadKey, verifyJobsOnce, verifyKnownJobs } from "./weierstrass";

/**
 * ECDSA on P-256 with SHA-256 (FIPS 186-5, section 6.4.2): r and s in [1, n-1], s high or low, and
 * x([e/s] G + [r/s] Q) mod n = r.
 */

const keys = createKeys();

const HASH_JOBS: usize = reserve(<usize>CHUNK * HASH_JOB_SIZE);
const DIGESTS: usize = reserve(CHUNK * 32);
const INVERSES: usize = reserve(CHUNK * 32);
const WORK: usize = reserve(CHUNK * 32);
// prettier-ignore
const UNIT = memory.data<u64>([1, 0, 0, 0]);

/** Is this a point of the curve: 64 bytes x || y, big-endian, both below p? */
export function isAcceptableKey(publicKey: usize): bool {
  return isAcceptablePoint<P256>(publicKey);
}

/**
 * Check a public key (64 bytes) and keep it under `slot`, in place of what was there. Builds its table if a buffer is
 * free. False, and no change, if the key must never be trusted.
 */
export function loadKnownKey(slot: i32, publicKey: usize): bool {
  return loadKey<P256>(keys, slot, publicKey, completeKey);
}

/** Decide `count` jobs whose key is the slot of a loaded key. */
export function verifyKnown(jobs: usize, count: i32): void {
  verifyKnownJobs<P256>(keys, jobs, count, toScalars);
}

/** Decide `count` jobs whose key is the address of a public key; a key that is not acceptable makes a job invalid. */
export function verifyOnce(jobs: usize, count: i32): void {
  verifyJobsOnce<P256>(jobs, count, toScalars, completeKey);
}

/** ECDSA keeps nothing with a key. */
function completeKey(_record: usize): void {}

/** For each signature of the chunk its scalars, after hashing all messages. */
function toScalars(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<Job>(load<usize>(JOBS + (i << 2)));
    const hash = changetype<HashJob>(HASH_JOBS + i * HASH_JOB_SIZE);
    hash.prefixLength = 0;
    hash.message = job.message;
    hash.length = job.length;
    hash.digest = DIGESTS + (i << 5);
  }
  sha256Many(HASH_JOBS, count);
  setScalars(count);
}

/** u = e / s, v = r / s, with one inversion of all s; expected is r. */
function setScalars(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<Job>(load<usize>(JOBS + (i << 2)));
    const r = EXPECTED + (i << 5);
    const s = INVERSES + (i << 5);
    readBigEndian(r, job.signature);
    readBigEndian(s, job.signature + 32);
    const isInRange = isBelow(r, order<P256>()) && isBelow(s, order<P256>()) && !isZeroWords(r) && !isZeroWords(s);
    store<i32>(IN_RANGE + (i << 2), i32(isInRange));
    // Out of range: any scalars will do.
    if (!isInRange) {
      memory.copy(r, UNIT, 32);
      memory.copy(s, UNIT, 32);
    }
  }
  invertAllOrder<P256>(INVERSES, 32, count, WORK);
  for (let at: usize = 0; at < (<usize>count) << 5; at += 32) {
    readBigEndian(U_SCALARS + at, DIGESTS + at);
    reduceOrder<P256>(U_SCALARS + at);
    mulOrder<P256>(U_SCALARS + at, U_SCALARS + at, INVERSES + at);
    mulOrder<P256>(V_SCALARS + at, EXPECTED + at, INVERSES + at);
  }
}

/** The same with digests of 32 bytes in place of messages, for tests: cases that no message is known for. */
export function verifyDigestsKnown(jobs: usize, count: i32): void {
  verifyKnownJobs<P256>(keys, jobs, count, digestsToScalars);
}

export function verifyDigestsOnce(jobs: usize, count: i32): void {
  verifyJobsOnce<P256>(jobs, count, digestsToScalars, completeKey);
}

function digestsToScalars(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    memory.copy(DIGESTS + (i << 5), changetype<Job>(load<usize>(JOBS + (i << 2))).message, 32);
  }
  setScalars(count);
}
