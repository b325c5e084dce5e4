import { isAcceptablePoint, U_SCALARS, V_SCALARS } from "../curve/combine256";
import { addOrder, reduceOrder, subtractOrder } from "../curve/order256";
import { base, coefficient, order, prime, SM2 } from "../curve/prime";
import { isBelow, isZeroWords, readBigEndian } from "../curve/words";
import { sm3 } from "../hash/sm3";
import { Job } from "./job";
import { createKeys, EXPECTED, IN_RANGE, JOBS, loadKey, RECORDS, verifyJobsOnce, verifyKnownJobs } from "./weierstrass";

/**
 * SM2 with SM3 (GB/T 32918.2, section 7.1): r and s in [1, n-1], t = r + s mod n not 0, and
 * (e + x([s] G + [t] Q)) mod n = r, where e = SM3(ZA || message) and ZA is a digest of the default signer's name
 * "1234567812345678", the curve and the key (section 5.5).
 */

const keys = createKeys();

/** What ZA is the digest of: ENTL (128 bits), the name, a, b, the base point, the key. */
const IDENTITY_LENGTH = 2 + 16 + 6 * 32;
const IDENTITY = memory.data(210, 16);
const KEY_OF_IDENTITY = IDENTITY + 146;
const DIGEST = memory.data(32, 16);
const E = memory.data(32, 16);

store<u16>(IDENTITY, bswap<u16>(0x80));
for (let i: usize = 0; i < 16; i++) store<u8>(IDENTITY + 2 + i, 0x31 + <u8>(i & 7));
readBigEndian(IDENTITY + 18, prime<SM2>());
// a = p - 3.
store<u8>(IDENTITY + 18 + 31, 0xfc);
readBigEndian(IDENTITY + 50, coefficient<SM2>());
readBigEndian(IDENTITY + 82, base<SM2>());
readBigEndian(IDENTITY + 114, base<SM2>() + 32);

/** Is this a point of the curve: 64 bytes x || y, big-endian, both below p? */
export function isAcceptableKey(publicKey: usize): bool {
  return isAcceptablePoint<SM2>(publicKey);
}

/**
 * Check a public key (64 bytes) and keep it under `slot`, in place of what was there. Builds its table if a buffer is
 * free. False, and no change, if the key must never be trusted.
 */
export function loadKnownKey(slot: i32, publicKey: usize): bool {
  return loadKey<SM2>(keys, slot, publicKey, completeKey);
}

/** Decide `count` jobs whose key is the slot of a loaded key. */
export function verifyKnown(jobs: usize, count: i32): void {
  verifyKnownJobs<SM2>(keys, jobs, count, toScalars);
}

/** Decide `count` jobs whose key is the address of a public key; a key that is not acceptable makes a job invalid. */
export function verifyOnce(jobs: usize, count: i32): void {
  verifyJobsOnce<SM2>(jobs, count, toScalars, completeKey);
}

/** ZA, behind the key. */
function completeKey(record: usize): void {
  memory.copy(KEY_OF_IDENTITY, record, 64);
  sm3(IDENTITY, 0, IDENTITY, IDENTITY_LENGTH, record + 64);
}

/** For each signature of the chunk its scalars, after hashing its message. */
function toScalars(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<Job>(load<usize>(JOBS + (i << 2)));
    sm3(load<usize>(RECORDS + (i << 2)) + 64, 32, job.message, job.length, DIGEST);
    setScalars(i, job.signature, DIGEST);
  }
}

/** u = s, v = t; expected is r - e. */
function setScalars(i: usize, signature: usize, digest: usize): void {
  const at = i << 5;
  const s = U_SCALARS + at;
  const t = V_SCALARS + at;
  const r = EXPECTED + at;
  readBigEndian(r, signature);
  readBigEndian(s, signature + 32);
  let isInRange = isBelow(r, order<SM2>()) && isBelow(s, order<SM2>()) && !isZeroWords(r) && !isZeroWords(s);
  if (isInRange) {
    addOrder<SM2>(t, r, s);
    isInRange = !isZeroWords(t);
  }
  store<i32>(IN_RANGE + (i << 2), i32(isInRange));
  // Out of range: any scalars will do.
  if (!isInRange) {
    memory.fill(r, 0, 32);
    memory.fill(s, 0, 32);
    memory.fill(t, 0, 32);
  }
  readBigEndian(E, digest);
  reduceOrder<SM2>(E);
  subtractOrder<SM2>(r, r, E);
}

/** The same with digests of 32 bytes in place of messages, for tests: cases that no message is known for. */
export function verifyDigestsKnown(jobs: usize, count: i32): void {
  verifyKnownJobs<SM2>(keys, jobs, count, digestsToScalars);
}

export function verifyDigestsOnce(jobs: usize, count: i32): void {
  verifyJobsOnce<SM2>(jobs, count, digestsToScalars, completeKey);
}

function digestsToScalars(count: i32): void {
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<Job>(load<usize>(JOBS + (i << 2)));
    setScalars(i, job.signature, job.message);
  }
}
