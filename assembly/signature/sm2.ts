import { baseScalarAt, CHUNK, isAcceptablePoint, keyScalarAt, targetAt } from "../curve/combine";
import { ELEMENT, fromWords, SM2, SM2Order, add, subtract, toWords } from "../curve/montgomery";
import { areWordsZero, readScalar, readWords } from "../curve/scalar";
import { sm3 } from "../hash/sm3";
import { reserve } from "../layout";
import { createKnown, decideKnown, decideOnce, jobAt, keepKey, KEY_EXTRA, keyAt, setInRange } from "./chunk";

/**
 * SM2 signatures with SM3 (GM/T 0003.2 section 7; GB/T 32918.2), r || s, with the default ID 1234567812345678 (GM/T 0009
 * section 10). r and s are 1 .. n - 1 and t = r + s mod n is not 0.
 */

const known = createKnown();

/** What ZA hashes before the key: ENTL, the length of the ID in bits; the ID; a, b and the base point of the curve. */
// prettier-ignore
const PREAMBLE = memory.data<u8>([
  0x00, 0x80,
  0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38,
  0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
  0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7,
  0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
  0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
  0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
  0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
  0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
]);
const PREAMBLE_LENGTH: usize = 146;
const IDENTITY = memory.data(146 + 64);

const DIGESTS: usize = reserve(<usize>CHUNK * 32);
const R = memory.data(48, 16);
const S = memory.data(48, 16);

/** Are these 64 bytes x || y, big-endian, a point of the curve? */
export function isAcceptableKey(publicKey: usize): bool {
  return isAcceptablePoint<SM2>(publicKey);
}

/**
 * Check a public key (64 bytes) and keep it, with its ZA, under `slot`, in place of what was there. Builds its table if
 * a buffer is free. False, and no change, if the key must never be trusted.
 */
export function loadKnownKey(slot: i32, publicKey: usize): bool {
  const key = keepKey<SM2>(known, slot, publicKey);
  if (key == 0) return false;
  complete(key);
  return true;
}

/** Decide `count` jobs whose key is the slot of a loaded key. */
export function verifyKnown(jobs: usize, count: i32): void {
  decideKnown<SM2, SM2Order>(known, jobs, count, prepare);
}

/** Decide `count` jobs whose key is the address of a public key; a key that is not acceptable makes a job invalid. */
export function verifyOnce(jobs: usize, count: i32): void {
  decideOnce<SM2, SM2Order>(jobs, count, complete, prepare);
}

/** Keep with a key ZA = SM3(ENTL || ID || a || b || xG || yG || xA || yA), section 5.5. */
function complete(key: usize): void {
  memory.copy(IDENTITY, PREAMBLE, PREAMBLE_LENGTH);
  memory.copy(IDENTITY + PREAMBLE_LENGTH, key, 64);
  sm3(IDENTITY, 0, IDENTITY, <i32>PREAMBLE_LENGTH + 64, key + KEY_EXTRA);
}

/** e = SM3(ZA || M) for each signature of the chunk. */
function prepare(count: i32): void {
  for (let i = 0; i < count; i++) {
    const job = jobAt(i);
    sm3(keyAt(i) + KEY_EXTRA, 32, job.message, job.length, DIGESTS + (<usize>i << 5));
  }
  setScalars(count);
}

/** For each signature of the chunk s G + t Q, t = r + s; the target is r - e, since r must be e + x mod n. */
function setScalars(count: i32): void {
  for (let i = 0; i < count; i++) {
    const signature = jobAt(i).signature;
    const isR = readScalar<SM2Order>(keyScalarAt(i), signature);
    const isS = readScalar<SM2Order>(baseScalarAt(i), signature + 32);
    fromWords(R, keyScalarAt(i));
    fromWords(S, baseScalarAt(i));
    add(S, S, R);
    toWords<SM2Order>(keyScalarAt(i), S);
    setInRange(i, isR && isS && !areWordsZero(keyScalarAt(i)));
    // Out of range: any scalar will do.
    if (!isS) memory.fill(baseScalarAt(i), 0, 32);
    readWords(targetAt(i), DIGESTS + (<usize>i << 5));
    fromWords(S, targetAt(i));
    subtract(R, R, S);
    toWords<SM2Order>(targetAt(i), R);
  }
}

/** The same with digests e of 32 bytes in place of messages, for tests: cases that no message is known for. */
export function verifyDigestsOnce(jobs: usize, count: i32): void {
  decideOnce<SM2, SM2Order>(jobs, count, complete, prepareDigests);
}

export function verifyDigestsKnown(jobs: usize, count: i32): void {
  decideKnown<SM2, SM2Order>(known, jobs, count, prepareDigests);
}

function prepareDigests(count: i32): void {
  for (let i = 0; i < count; i++) memory.copy(DIGESTS + (<usize>i << 5), jobAt(i).message, 32);
  setScalars(count);
}
