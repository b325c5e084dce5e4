import { MAX_TRUSTED_KEYS } from "../../src/format/limits";
import {
  answerAt,
  buildKeyTable,
  CHUNK,
  combineKnownVarTime,
  combineOnceVarTime,
  isAcceptablePoint,
  prepareBase,
  setKey,
} from "../curve/combine";
import { TABLE_SIZE } from "../curve/table";
import { reserve } from "../layout";
import { Job, JOB_SIZE } from "./job";
import {
  addTableBuffer,
  claimTable,
  createTables,
  dropTable,
  findTable,
  hasFreeTable,
  isTableWorthwhile,
  openTableRound,
  Tables,
} from "./tables";

/**
 * The way of a batch that ECDSA and SM2 share: jobs are entered in chunks, each algorithm turns signature and message
 * into two scalars and the x coordinate they must lead to, and the curve answers.
 */

export const MAX_KEYS: i32 = MAX_TRUSTED_KEYS;
/** Tables at once, 256 KiB each. */
const TABLE_BUFFERS: i32 = 32;
/** Signatures without a table whose extra cost is that of building one. */
const TABLE_PRICE: i32 = 20;

/** A key: x || y, big-endian, then 32 bytes that the algorithm keeps with it. */
export const KEY: usize = 96;
export const KEY_EXTRA: usize = 64;

// For each signature of the chunk: its job, its key, and whether r and s are in range.
const JOBS: usize = reserve(<usize>CHUNK * 4);
const KEYS: usize = reserve(<usize>CHUNK * 4);
const IN_RANGE: usize = reserve(<usize>CHUNK * 4);
/** Keys seen once, copied. */
const OWN_KEYS: usize = reserve(<usize>CHUNK * KEY);

/** Marks, within verifyKnown, a job whose key has no table. */
const UNDECIDED: i32 = -1;

/** Job of signature i of the chunk. */
export function jobAt(i: i32): Job {
  return changetype<Job>(load<usize>(JOBS + (<usize>i << 2)));
}

/** Address of the key of signature i. */
export function keyAt(i: i32): usize {
  return load<usize>(KEYS + (<usize>i << 2));
}

/** Say whether r and s of signature i are in range; where not, its scalars are any below the order. */
export function setInRange(i: i32, isInRange: bool): void {
  store<i32>(IN_RANGE + (<usize>i << 2), <i32>isInRange);
}

export function isInRange(i: i32): bool {
  return load<i32>(IN_RANGE + (<usize>i << 2)) != 0;
}

/** Keys known to one algorithm, and their tables. */
@unmanaged
export class Known {
  keys: usize;
  tables: Tables;
}

export function createKnown(): Known {
  const known = changetype<Known>(reserve(offsetof<Known>()));
  known.keys = reserve(<usize>MAX_KEYS * KEY);
  known.tables = createTables(MAX_KEYS, TABLE_BUFFERS, TABLE_SIZE);
  return known;
}

function knownKeyAt(known: Known, slot: i32): usize {
  return known.keys + <usize>slot * KEY;
}

/** Check a public key (64 bytes) and keep it under `slot`; returns where, or 0 if the key must never be trusted. */
export function keepKey<P>(known: Known, slot: i32, publicKey: usize): usize {
  if (<u32>slot >= <u32>MAX_KEYS || !isAcceptablePoint<P>(publicKey)) return 0;
  prepareBase<P>();
  const key = knownKeyAt(known, slot);
  memory.copy(key, publicKey, KEY_EXTRA);
  const tables = known.tables;
  dropTable(tables, slot);
  if (!hasFreeTable(tables)) addTableBuffer(tables);
  if (hasFreeTable(tables)) buildKeyTable<P>(claimTable(tables, slot), key);
  return key;
}

/** Decide `count` jobs whose key is the slot of a kept key. `prepare` sets scalars and targets of a chunk. */
export function decideKnown<P, N>(known: Known, jobs: usize, count: i32, prepare: (count: i32) => void): void {
  openTableRound(known.tables);
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<Job>(jobs + <usize>i * JOB_SIZE);
    const table = tableFor<P>(known, <i32>job.key);
    job.valid = table != 0 ? 0 : UNDECIDED;
    if (table == 0) continue;
    setKey(filled, table);
    enterJob(filled++, job, knownKeyAt(known, <i32>job.key));
    if (filled == CHUNK) filled = finishKnown<P, N>(filled, prepare);
  }
  if (filled > 0) filled = finishKnown<P, N>(filled, prepare);
  for (let i = 0; i < count; i++) {
    const job = changetype<Job>(jobs + <usize>i * JOB_SIZE);
    if (job.valid != UNDECIDED) continue;
    const key = knownKeyAt(known, <i32>job.key);
    setKey(filled, key);
    enterJob(filled++, job, key);
    if (filled == CHUNK) filled = finishOnce<P, N>(filled, prepare);
  }
  if (filled > 0) finishOnce<P, N>(filled, prepare);
}

/**
 * Decide `count` jobs whose key is the address of a public key; one that is not acceptable makes a job invalid.
 * `complete` computes what the algorithm keeps with a key.
 */
export function decideOnce<P, N>(
  jobs: usize,
  count: i32,
  complete: (key: usize) => void,
  prepare: (count: i32) => void,
): void {
  prepareBase<P>();
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<Job>(jobs + <usize>i * JOB_SIZE);
    const key = OWN_KEYS + <usize>filled * KEY;
    memory.copy(key, job.key, KEY_EXTRA);
    complete(key);
    setKey(filled, key);
    enterJob(filled++, job, key);
    if (filled == CHUNK) filled = finishOnce<P, N>(filled, prepare);
  }
  if (filled > 0) finishOnce<P, N>(filled, prepare);
}

/** The table of `slot`, built now if it is due, 0 if it has none. */
function tableFor<P>(known: Known, slot: i32): usize {
  const tables = known.tables;
  let table = findTable(tables, slot);
  if (table != 0 || !isTableWorthwhile(tables, slot, 1, TABLE_PRICE)) return table;
  table = claimTable(tables, slot);
  if (table != 0) buildKeyTable<P>(table, knownKeyAt(known, slot));
  return table;
}

function enterJob(i: i32, job: Job, key: usize): void {
  store<usize>(JOBS + (<usize>i << 2), changetype<usize>(job));
  store<usize>(KEYS + (<usize>i << 2), key);
}

/** Write the verdicts of the chunk; returns 0, what is left in it. */
function finishKnown<P, N>(count: i32, prepare: (count: i32) => void): i32 {
  prepare(count);
  combineKnownVarTime<P, N>(count);
  return writeVerdicts(count);
}

function finishOnce<P, N>(count: i32, prepare: (count: i32) => void): i32 {
  prepare(count);
  combineOnceVarTime<P, N>(count);
  return writeVerdicts(count);
}

function writeVerdicts(count: i32): i32 {
  for (let i = 0; i < count; i++) jobAt(i).valid = <i32>(isInRange(i) && answerAt(i));
  return 0;
}
