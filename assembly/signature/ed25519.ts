import { MAX_TRUSTED_KEYS } from "../../src/abi/limits";
import {
  ACCEPTABLE,
  buildKeyTable,
  CHUNK,
  combineKnownVarTime,
  combineOnceVarTime,
  ENCODINGS,
  isAcceptablePoint,
  K_SCALARS,
  KEY_OF,
  prepareBase,
  S_SCALARS,
  TABLE_OF,
  TABLE_SIZE,
} from "../curve/combine25519";
import { isScalarCanonicalVarTime, reduceScalar } from "../curve/scalar25519";
import { sha512 } from "../hash/sha512";
import { reserve } from "../memory";
import { Job, JOB_SIZE, KnownJob, OnceJob } from "./job";
import {
  addTableBuffer,
  claimTable,
  createTables,
  dropTable,
  findTable,
  hasFreeTable,
  isTableWorthwhile,
  openTableRound,
} from "./tables";

/**
 * Ed25519 verification (RFC 8032, section 5.1.7) under the one rule of the contract, section 2: S < L, and R equals,
 * byte for byte, the encoding of [S]B - [k]A. No cofactor, no decoding of R, no combination of signatures: a verdict
 * depends on its own signature only, and a bad one costs what a good one does.
 */

const TABLE_BUFFERS = 32;
/** Signatures without a table whose extra cost is that of building one. */
const TABLE_PRICE = 64;

const KEYS: usize = reserve(MAX_TRUSTED_KEYS * 32);
const tables = createTables(MAX_TRUSTED_KEYS, TABLE_BUFFERS, TABLE_SIZE);

/** Marks, within verifyKnown, a job whose key has no table. */
const UNDECIDED = -1;

/** For each signature of the chunk: its job, and whether S < L. */
const JOBS: usize = reserve(CHUNK * 4);
const CANONICAL: usize = reserve(CHUNK * 4);

const HASH = memory.data(64, 16);
const PREFIX = memory.data(64, 16);

/** Is this 32-byte key the canonical encoding of a point on the curve that is not of low order? */
export function isAcceptableKey(publicKey: usize): bool {
  return isAcceptablePoint(publicKey);
}

/**
 * Check a public key (32 bytes) and keep it under `slot`, in place of what was there. Builds its table if a buffer is
 * free. False, and no change, if the key must never be trusted.
 */
export function loadKnownKey(slot: i32, publicKey: usize): bool {
  if (<u32>slot >= <u32>MAX_TRUSTED_KEYS || !isAcceptableKey(publicKey)) return false;
  prepareBase();
  memory.copy(keyAt(slot), publicKey, 32);
  dropTable(tables, slot);
  if (!hasFreeTable(tables)) addTableBuffer(tables);
  if (hasFreeTable(tables)) buildKeyTable(claimTable(tables, slot), keyAt(slot));
  return true;
}

/** Decide `count` jobs whose key is the slot of a loaded key. */
export function verifyKnown(jobs: usize, count: i32): void {
  openTableRound(tables);
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<KnownJob>(jobs + <usize>i * JOB_SIZE);
    const table = tableFor(job.slot);
    job.valid = table != 0 ? 0 : UNDECIDED;
    if (table == 0) continue;
    store<usize>(TABLE_OF + ((<usize>filled) << 2), table);
    prepare(filled++, job, keyAt(job.slot));
    if (filled == CHUNK) filled = decideKnown(filled);
  }
  if (filled > 0) filled = decideKnown(filled);
  for (let i = 0; i < count; i++) {
    const job = changetype<KnownJob>(jobs + <usize>i * JOB_SIZE);
    if (job.valid != UNDECIDED) continue;
    prepare(filled++, job, keyAt(job.slot));
    if (filled == CHUNK) filled = decideOnce(filled);
  }
  if (filled > 0) decideOnce(filled);
}

/** Decide `count` jobs whose key is the address of a public key; a key that is not acceptable makes a job invalid. */
export function verifyOnce(jobs: usize, count: i32): void {
  prepareBase();
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<OnceJob>(jobs + <usize>i * JOB_SIZE);
    prepare(filled++, job, job.publicKey);
    if (filled == CHUNK) filled = decideOnce(filled);
  }
  if (filled > 0) decideOnce(filled);
}

function keyAt(slot: i32): usize {
  return KEYS + ((<usize>slot) << 5);
}

/** The table of `slot`, built now if it is due, 0 if it has none. */
function tableFor(slot: i32): usize {
  let table = findTable(tables, slot);
  if (table != 0 || !isTableWorthwhile(tables, slot, 1, TABLE_PRICE)) return table;
  table = claimTable(tables, slot);
  if (table != 0) buildKeyTable(table, keyAt(slot));
  return table;
}

/** Enter a job in the chunk: k = SHA-512(R || A || M) mod L, and S if it is canonical. */
function prepare(index: i32, job: Job, publicKey: usize): void {
  memory.copy(PREFIX, job.signature, 32);
  memory.copy(PREFIX + 32, publicKey, 32);
  sha512(PREFIX, 64, job.message, job.length, HASH);
  const scalar = (<usize>index) << 5;
  reduceScalar(K_SCALARS + scalar, HASH);
  const isCanonical = isScalarCanonicalVarTime(job.signature + 32);
  if (isCanonical) memory.copy(S_SCALARS + scalar, job.signature + 32, 32);
  else memory.fill(S_SCALARS + scalar, 0, 32);
  const at = (<usize>index) << 2;
  store<usize>(JOBS + at, changetype<usize>(job));
  store<usize>(KEY_OF + at, publicKey);
  store<bool>(CANONICAL + at, isCanonical);
}

/** Write the verdicts of a chunk of known keys; returns 0, what is left in the chunk. */
function decideKnown(count: i32): i32 {
  combineKnownVarTime(count);
  for (let i = 0; i < count; i++) decide(i, true);
  return 0;
}

function decideOnce(count: i32): i32 {
  combineOnceVarTime(count);
  for (let i = 0; i < count; i++) decide(i, load<i32>(ACCEPTABLE + ((<usize>i) << 2)) != 0);
  return 0;
}

function decide(index: i32, isKeyAcceptable: bool): void {
  const at = (<usize>index) << 2;
  const job = changetype<Job>(load<usize>(JOBS + at));
  const isR = memory.compare(ENCODINGS + ((<usize>index) << 5), job.signature, 32) == 0;
  job.valid = <i32>(isR && load<bool>(CANONICAL + at) && isKeyAcceptable);
}
