import { baseScalarAt, CHUNK, isAcceptablePoint, keyScalarAt, targetAt } from "../curve/combine";
import { copy, ELEMENT, fromWords, multiply, one, P256, P256Order, toWords } from "../curve/montgomery";
import { enter, invertAll, readScalar, readWords } from "../curve/scalar";
import { HASH_JOB_SIZE, HashJob } from "../hash/job";
import { sha256Many } from "../hash/sha256many";
import { reserve } from "../layout";
import { createKnown, decideKnown, decideOnce, isInRange, jobAt, keepKey, setInRange } from "./chunk";

/**
 * ECDSA on P-256 with SHA-256 (FIPS 186-5 section 6.4.2), signatures r || s (RFC 9053 section 2.1). r and s are 1 .. n - 1;
 * there is no low-s rule.
 */

const known = createKnown();

const HASH_JOBS: usize = reserve(<usize>CHUNK * HASH_JOB_SIZE);
const DIGESTS: usize = reserve(<usize>CHUNK * 32);
/** s of each signature, then its inverse. */
const INVERSES: usize = reserve(<usize>CHUNK * ELEMENT);
const WORK: usize = reserve(<usize>CHUNK * ELEMENT);
const WORDS = memory.data(32, 16);
const NUMBER = memory.data(48, 16);

/** Are these 64 bytes x || y, big-endian, a point of the curve? */
export function isAcceptableKey(publicKey: usize): bool {
  return isAcceptablePoint<P256>(publicKey);
}

/**
 * Check a public key (64 bytes) and keep it under `slot`, in place of what was there. Builds its table if a buffer is
 * free. False, and no change, if the key must never be trusted.
 */
export function loadKnownKey(slot: i32, publicKey: usize): bool {
  return keepKey<P256>(known, slot, publicKey) != 0;
}

/** Decide `count` jobs whose key is the slot of a loaded key. */
export function verifyKnown(jobs: usize, count: i32): void {
  decideKnown<P256, P256Order>(known, jobs, count, prepare);
}

/** Decide `count` jobs whose key is the address of a public key; a key that is not acceptable makes a job invalid. */
export function verifyOnce(jobs: usize, count: i32): void {
  decideOnce<P256, P256Order>(jobs, count, complete, prepare);
}

/** Nothing is kept with a key. */
function complete(_key: usize): void {}

/** For each signature of the chunk u1 = e / s and u2 = r / s modulo n; the target is r. */
function prepare(count: i32): void {
  for (let i = 0; i < count; i++) {
    const job = jobAt(i);
    const hashJob = changetype<HashJob>(HASH_JOBS + <usize>i * HASH_JOB_SIZE);
    hashJob.prefixLength = 0;
    hashJob.message = job.message;
    hashJob.length = job.length;
    hashJob.digest = DIGESTS + (<usize>i << 5);
  }
  sha256Many(HASH_JOBS, count);
  setScalars(count);
}

function setScalars(count: i32): void {
  for (let i = 0; i < count; i++) {
    const signature = jobAt(i).signature;
    const inverse = INVERSES + <usize>i * ELEMENT;
    const isR = readScalar<P256Order>(targetAt(i), signature);
    setInRange(i, readScalar<P256Order>(WORDS, signature + 32) && isR);
    // Out of range: any scalars will do.
    if (isInRange(i)) {
      enter<P256Order>(inverse, WORDS);
    } else {
      copy(inverse, one<P256Order>());
      memory.fill(targetAt(i), 0, 32);
    }
  }
  invertAll<P256Order>(INVERSES, count, WORK);
  for (let i = 0; i < count; i++) {
    const inverse = INVERSES + <usize>i * ELEMENT;
    readWords(WORDS, DIGESTS + (<usize>i << 5));
    setQuotient(baseScalarAt(i), WORDS, inverse);
    setQuotient(keyScalarAt(i), targetAt(i), inverse);
  }
}

/** words = number times an inverse, modulo n. */
function setQuotient(words: usize, number: usize, inverse: usize): void {
  fromWords(NUMBER, number);
  multiply<P256Order>(NUMBER, NUMBER, inverse);
  toWords<P256Order>(words, NUMBER);
}

/** The same with digests of 32 bytes in place of messages, for tests: cases that no message is known for. */
export function verifyDigestsOnce(jobs: usize, count: i32): void {
  decideOnce<P256, P256Order>(jobs, count, complete, prepareDigests);
}

export function verifyDigestsKnown(jobs: usize, count: i32): void {
  decideKnown<P256, P256Order>(known, jobs, count, prepareDigests);
}

function prepareDigests(count: i32): void {
  for (let i = 0; i < count; i++) memory.copy(DIGESTS + (<usize>i << 5), jobAt(i).message, 32);
  setScalars(count);
}
