import {
  Algorithm,
  BATCH_SIZE,
  CONTEXT_AT,
  CONTEXT_DATE,
  CONTEXT_FLAG_DETAIL,
  CONTEXT_FLAG_PRESENTATION_REQUIRED,
  CONTEXT_FLAG_PURPOSE_REFUSED,
  CONTEXT_FLAG_REGION_REFUSED,
  CONTEXT_FLAGS,
  CONTEXT_MIN_AGE,
  CONTEXT_MIN_TIER,
  CONTEXT_SIZE,
  CONTEXTS_OFFSET,
  Format,
  HEADER_ITEM_COUNT,
  HEADER_TEXT_LENGTH,
  ITEM_SIZE,
  ITEM_TEXT_LENGTH,
  ITEM_TEXT_OFFSET,
  ITEMS_OFFSET,
  MAX_BATCH_ITEMS,
  NO_KEY,
  RESULT_ALGORITHM,
  RESULT_CODE,
  RESULT_DETAIL_LENGTH,
  RESULT_EXPIRES,
  RESULT_FORMAT,
  RESULT_KEY,
  RESULT_SIZE,
  RESULT_STATUS_SOURCE,
  RESULT_TIER_AND_STATUS,
  RESULTS_OFFSET,
  Status,
  TEXT_CAPACITY,
  TEXTS_OFFSET,
} from "../src/format/batch";
import { MAX_INFLATED_LENGTH, MAX_SCANNED_LENGTH, MAX_TEXT_LENGTH } from "../src/format/limits";
import { decodeBase45 } from "./decode/base45";
import { inflateZlib } from "./decode/inflate";
import { addedBefore, lengthScanned } from "./decode/scanned";
import { resetDetail, writeDetail } from "./detail";
import { ARENA_SIZE, reserve } from "./layout";
import { Credential } from "./parse/credential";
import { parseCredential } from "./parse/cwt";
import { Code } from "./result";
import { Job, JOB_SIZE } from "./signature/job";
import { algorithmOf, verifyKnown } from "./signature/verify";
import { goesWithoutStatus, statusOfCredential, statusSource } from "./status/status";
import {
  findKeys,
  keyAlgorithm,
  keyIsNameless,
  keyIssuer,
  keyMaySign,
  keyNotAfter,
  keyNotBefore,
  keyPromisesStatus,
  nextKey,
} from "./trust";

/**
 * A batch from text to verdict, stage by stage: decode and parse every item, collect the signatures to check, check
 * them together, then judge status and policy. The first stage that refuses an item decides its code.
 */

const BATCH: usize = reserve(BATCH_SIZE + 64);
const CREDENTIALS: usize = reserve(<usize>MAX_BATCH_ITEMS * offsetof<Credential>());
/** Bytes that base45 yields from the longest text, and the slack its decoder may write. */
const COMPRESSED_CAPACITY: usize = (MAX_TEXT_LENGTH / 3) * 2 + 64;
const COMPRESSED: usize = reserve(COMPRESSED_CAPACITY);

/** Inflated bytes and Sig_structures of the items in work. */
const ARENA: usize = reserve(ARENA_SIZE);
/** What one item can need: its inflated bytes with the inflater's slack, and as much again as Sig_structure. */
const ITEM_RESERVE: usize = 2 * (MAX_INFLATED_LENGTH + 128);

const MAX_JOBS: i32 = 1024;
const JOBS: usize = reserve(3 * <usize>MAX_JOBS * JOB_SIZE);
/** Item and key of each job. */
const JOB_ITEMS: usize = reserve(3 * <usize>MAX_JOBS * 4);
const jobCounts: usize = memory.data(16);

let arenaTop: usize = ARENA;

/** Where the host copies a batch; laid out as src/format/batch.ts says. */
export function batch(): usize {
  return BATCH;
}

// @ts-ignore: decorator
@inline
function resultAt(item: i32): usize {
  return BATCH + RESULTS_OFFSET + <usize>item * RESULT_SIZE;
}

// @ts-ignore: decorator
@inline
function contextAt(item: i32): usize {
  return BATCH + CONTEXTS_OFFSET + <usize>item * CONTEXT_SIZE;
}

// @ts-ignore: decorator
@inline
function credentialAt(item: i32): Credential {
  return changetype<Credential>(CREDENTIALS + <usize>item * offsetof<Credential>());
}

/**
 * Verify the items of the batch from index `from` on, as many as the arena holds; returns the index of the next item
 * to begin with, which is the item count when all are done. The detail of these items is ready to be read.
 */
export function verify(from: i32): i32 {
  const count = min(load<i32>(BATCH, HEADER_ITEM_COUNT), MAX_BATCH_ITEMS);
  const textLength = load<u32>(BATCH, HEADER_TEXT_LENGTH);
  resetDetail();
  arenaTop = ARENA;
  let end = from;
  while (end < count && ARENA + ARENA_SIZE - arenaTop >= ITEM_RESERVE) {
    readItem(end, textLength);
    end++;
  }
  for (let item = from; item < end; item++) {
    if (codeOf(item) == Code.UNVERIFIED) collectJobs(item);
  }
  flushJobs(Algorithm.ED25519);
  flushJobs(Algorithm.P256);
  flushJobs(Algorithm.SM2);
  for (let item = from; item < end; item++) {
    if (codeOf(item) == Code.VALID) judge(item);
    // Where no credential was read the record is an earlier batch's, and there is nothing to tell.
    const wanted = load<u8>(contextAt(item), CONTEXT_FLAGS) & CONTEXT_FLAG_DETAIL;
    if (wanted && load<u8>(resultAt(item), RESULT_FORMAT) != 0) {
      store<u32>(resultAt(item), writeDetail(credentialAt(item), isGenuine(codeOf(item))), RESULT_DETAIL_LENGTH);
    }
  }
  wipe();
  if (end == count) memory.fill(BATCH + TEXTS_OFFSET, 0, min(textLength, <u32>TEXT_CAPACITY));
  return end;
}

/**
 * Read the first item without judging it: what `hufu decode` shows. Returns Code.UNVERIFIED, or the code of the stage
 * that could not read it; the detail of whatever was read is ready.
 */
export function inspect(): Code {
  resetDetail();
  arenaTop = ARENA;
  readItem(0, load<u32>(BATCH, HEADER_TEXT_LENGTH));
  if (codeOf(0) == Code.UNVERIFIED) writeDetail(credentialAt(0), true);
  wipe();
  return codeOf(0);
}

/** What lay here was personal data; the next batch may be another relying party's. */
function wipe(): void {
  memory.fill(ARENA, 0, arenaTop - ARENA);
  memory.fill(COMPRESSED, 0, COMPRESSED_CAPACITY);
}

// @ts-ignore: decorator
@inline
function codeOf(item: i32): Code {
  return load<u8>(resultAt(item), RESULT_CODE);
}

// @ts-ignore: decorator
@inline
function setCode(item: i32, code: Code): void {
  store<u8>(resultAt(item), <u8>code, RESULT_CODE);
}

/** Contract §5: VALID, and 50 to 79. */
// @ts-ignore: decorator
@inline
function isGenuine(code: Code): bool {
  return code == Code.VALID || (code >= Code.REVOKED && code < Code.BUSY);
}

/** Text to Credential. Leaves UNVERIFIED in the result, or the code that refuses the item. */
function readItem(item: i32, textsLength: u32): void {
  const result = resultAt(item);
  memory.fill(result, 0, RESULT_SIZE);
  store<u16>(result, NO_KEY, RESULT_KEY);
  const credential = credentialAt(item);
  const code = decodeItem(item, textsLength, credential);
  if (code != Code.VALID) return setCode(item, code);
  store<u8>(result, Format.CLAIM169, RESULT_FORMAT);
  store<u8>(result, <u8>algorithmOf(credential.algorithm), RESULT_ALGORITHM);
  store<u8>(result, <u8>credential.tier, RESULT_TIER_AND_STATUS);
  if (credential.expires > 0 && credential.expires <= <i64>u32.MAX_VALUE) {
    store<u32>(result, <u32>credential.expires, RESULT_EXPIRES);
  }
}

function decodeItem(item: i32, textsLength: u32, credential: Credential): Code {
  const entry = BATCH + ITEMS_OFFSET + <usize>item * ITEM_SIZE;
  const offset = load<u32>(entry, ITEM_TEXT_OFFSET);
  const given = load<u32>(entry, ITEM_TEXT_LENGTH);
  if (given > <u32>MAX_SCANNED_LENGTH) return Code.TOO_LONG;
  if (<u64>offset + <u64>given > <u64>textsLength) return Code.INTERNAL;
  const scanned = BATCH + TEXTS_OFFSET + offset;
  const added = addedBefore(scanned, given);
  const text = scanned + added;
  const length = lengthScanned(text, given - added);
  if (length > <u32>MAX_TEXT_LENGTH) return Code.TOO_LONG;
  const compressed = decodeBase45(text, length, COMPRESSED);
  if (compressed < 0) return hasForeignPrefix(text, length) ? Code.BAD_PREFIX : -compressed;
  const inflated = inflateZlib(COMPRESSED, compressed, arenaTop, MAX_INFLATED_LENGTH);
  if (inflated == -Code.BAD_ZLIB && hasForeignPrefix(text, length)) return Code.BAD_PREFIX;
  if (inflated < 0) return -inflated;
  const bytes = arenaTop;
  const toBeSigned = (bytes + inflated + 63) & ~(<usize>15);
  const code = parseCredential(bytes, inflated, credential, toBeSigned);
  arenaTop = (toBeSigned + credential.toBeSignedLength + 63) & ~(<usize>15);
  return code;
}

/**
 * Ours has no prefix. A text that does not decode and begins with one to eight letters or digits and a colon
 * (`HC1:`, `https:`, `WIFI:`) is a QR of another scheme, and saying so helps whoever scanned it.
 */
function hasForeignPrefix(text: usize, length: u32): bool {
  for (let i: u32 = 0; i < length && i <= 8; i++) {
    const char = load<u8>(text + i);
    if (char == 0x3a) return i > 0;
    const letter = char | 0x20;
    if (!((letter >= 0x61 && letter <= 0x7a) || (char >= 0x30 && char <= 0x39))) return false;
  }
  return false;
}

/** Find the keys that may have signed an item and queue a signature check for each; or set the code. */
function collectJobs(item: i32): void {
  const credential = credentialAt(item);
  const algorithm = algorithmOf(credential.algorithm);
  const at = load<i64>(contextAt(item), CONTEXT_AT);
  let refusal: Code = Code.UNKNOWN_ISSUER;
  findKeys(credential.kid, credential.kidLength);
  for (let key = nextKey(); key >= 0; key = nextKey()) {
    // Where card or key has no kid the candidates are the keys that fit the algorithm (contract section 2).
    if ((credential.kidLength == 0 || keyIsNameless(key)) && keyAlgorithm(key) != algorithm) continue;
    const code = refusalOf(key, algorithm, credential.tier, at);
    if (code == Code.BAD_ISSUER_SIGNATURE && credential.signatureLength == 64) queue(item, key, algorithm, credential);
    if (progressOf(code) > progressOf(refusal)) {
      refusal = code;
      if (credential.kidLength != 0) store<u16>(resultAt(item), <u16>key, RESULT_KEY);
    }
  }
  // A full queue may have been flushed meanwhile, and the item found valid.
  if (codeOf(item) == Code.UNVERIFIED) setCode(item, refusal);
}

/** Why `key` cannot have signed; BAD_ISSUER_SIGNATURE where only the signature can still tell. */
function refusalOf(key: i32, algorithm: Algorithm, tier: i32, at: i64): Code {
  if (keyAlgorithm(key) != algorithm) return Code.ALGORITHM_MISMATCH;
  if (at < keyNotBefore(key)) return Code.KEY_NOT_YET_VALID;
  if (at > keyNotAfter(key)) return Code.KEY_EXPIRED;
  if (!keyMaySign(key, tier)) return Code.TIER_NOT_ALLOWED_FOR_KEY;
  return Code.BAD_ISSUER_SIGNATURE;
}

/** Where several keys are candidates, the refusal of the one that came furthest is reported. */
function progressOf(refusal: Code): i32 {
  if (refusal == Code.BAD_ISSUER_SIGNATURE) return 4;
  if (refusal == Code.TIER_NOT_ALLOWED_FOR_KEY) return 3;
  if (refusal == Code.KEY_NOT_YET_VALID || refusal == Code.KEY_EXPIRED) return 2;
  if (refusal == Code.ALGORITHM_MISMATCH) return 1;
  return 0;
}

function queue(item: i32, key: i32, algorithm: Algorithm, credential: Credential): void {
  const counter = jobCounts + ((<usize>algorithm - 1) << 2);
  if (load<i32>(counter) == MAX_JOBS) flushJobs(algorithm);
  const index = (algorithm - 1) * MAX_JOBS + load<i32>(counter);
  const job = changetype<Job>(JOBS + <usize>index * JOB_SIZE);
  job.key = key;
  job.signature = credential.signature;
  job.message = credential.toBeSigned;
  job.length = credential.toBeSignedLength;
  job.valid = 0;
  store<u32>(JOB_ITEMS + (<usize>index << 2), <u32>item);
  store<i32>(counter, load<i32>(counter) + 1);
}

/** Check the queued signatures of one algorithm and mark the items that have a valid one. */
function flushJobs(algorithm: Algorithm): void {
  const counter = jobCounts + ((<usize>algorithm - 1) << 2);
  const count = load<i32>(counter);
  if (count == 0) return;
  store<i32>(counter, 0);
  const first = (algorithm - 1) * MAX_JOBS;
  verifyKnown(algorithm, JOBS + <usize>first * JOB_SIZE, count);
  for (let i = first; i < first + count; i++) {
    const job = changetype<Job>(JOBS + <usize>i * JOB_SIZE);
    if (job.valid != 1) continue;
    const item = load<u32>(JOB_ITEMS + (<usize>i << 2));
    setCode(item, Code.VALID);
    store<u16>(resultAt(item), <u16>job.key, RESULT_KEY);
  }
}

/** Status and policy of a genuine credential. */
function judge(item: i32): void {
  const result = resultAt(item);
  const context = contextAt(item);
  const credential = credentialAt(item);
  const at = load<i64>(context, CONTEXT_AT);
  const key = <i32>load<u16>(result, RESULT_KEY);
  const status = statusOfCredential(keyIssuer(key), credential, at);
  store<u8>(result, <u8>(credential.tier | (status << 4)), RESULT_TIER_AND_STATUS);
  store<u8>(result, <u8>statusSource(), RESULT_STATUS_SOURCE);
  const promised = keyPromisesStatus(key) || credential.namesStatus;
  const code = status == Status.UNCHECKED && promised && !goesWithoutStatus() ? Code.STATUS_UNKNOWN : codeOfStatus(status);
  setCode(item, code == Code.VALID ? codeOfPolicy(credential, context, at) : code);
}

function codeOfStatus(status: Status): Code {
  if (status == Status.REVOKED) return Code.REVOKED;
  if (status == Status.SUSPENDED) return Code.SUSPENDED;
  if (status == Status.NOT_COVERED) return Code.STATUS_NOT_COVERED;
  if (status == Status.STALE) return Code.STATUS_STALE;
  return Code.VALID;
}

function codeOfPolicy(credential: Credential, context: usize, at: i64): Code {
  // RFC 7519 section 4.1.4, which RFC 8392 takes over: on or after exp the token must not be accepted.
  if (at < credential.notBefore) return Code.NOT_YET_VALID;
  if (at >= credential.expires) return Code.EXPIRED;
  const flags = load<u8>(context, CONTEXT_FLAGS);
  if (credential.tier < <i32>load<u8>(context, CONTEXT_MIN_TIER)) return Code.TIER_TOO_LOW;
  if (flags & CONTEXT_FLAG_PURPOSE_REFUSED) return Code.PURPOSE_NOT_ACCEPTED;
  if (flags & CONTEXT_FLAG_REGION_REFUSED) return Code.REGION_NOT_ACCEPTED;
  const minAge = load<u8>(context, CONTEXT_MIN_AGE);
  // Dates as YYYYMMDD: the difference of two, divided by 10,000, is the age in full years. No date, no proof of age.
  if (minAge > 0) {
    const today = load<u32>(context, CONTEXT_DATE);
    const born = credential.dateOfBirth;
    if (born == 0 || born > today || (today - born) / 10000 < <u32>minAge) return Code.UNDER_AGE;
  }
  if (flags & CONTEXT_FLAG_PRESENTATION_REQUIRED) return Code.PRESENTATION_REQUIRED;
  return Code.VALID;
}
