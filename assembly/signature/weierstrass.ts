import { MAX_TRUSTED_KEYS } from "../../src/abi/limits";
import {
  ABSCISSAS,
  buildKeyTable,
  CHUNK,
  combineKnownVarTime,
  combineOnceVarTime,
  DECIDED,
  isAcceptablePoint,
  KEY_OF,
  prepareBase,
  TABLE_OF,
  TABLE_SIZE,
} from "../curve/combine256";
import { areEqualWords } from "../curve/words";
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
  Tables,
} from "./tables";

/**
 * What ECDSA and SM2 have in common: keys by slot with their tables, and jobs taken in chunks. A scheme makes of each
 * signature two scalars u, v and the number that x([u] G + [v] Q) mod n must be. No combination of signatures: a verdict
 * depends on its own signature only, and a bad one costs what a good one does.
 */

const TABLE_BUFFERS = 32;
/** Signatures without a table whose extra cost is that of building one. */
const TABLE_PRICE = 64;

/** Bytes of a key's record: the public key (64), then what the scheme keeps with it (32). */
export const KEY_RECORD: usize = 96;

/** Known keys of one scheme. */
@unmanaged
export class Keys {
  records: usize;
  tables: Tables;
}

/** Marks, within verifyKnown, a job whose key has no table. */
const UNDECIDED = -1;

/** For each signature of the chunk: its job and the record of its key. In, for the scheme. */
export const JOBS: usize = reserve(CHUNK * 4);
export const RECORDS: usize = reserve(CHUNK * 4);
/** For each: the number expected, words, and whether the signature is in range. Out, from the scheme. */
export const EXPECTED: usize = reserve(CHUNK * 32);
export const IN_RANGE: usize = reserve(CHUNK * 4);
/** Records of keys seen once. */
const ONCE_RECORDS: usize = reserve(<usize>CHUNK * KEY_RECORD);

/** Makes the scalars of the first `count` jobs of the chunk. */
export type Scheme = (count: i32) => void;
/** Writes what the scheme keeps with a key behind the key itself. */
export type Complete = (record: usize) => void;

export function createKeys(): Keys {
  const keys = changetype<Keys>(reserve(offsetof<Keys>()));
  keys.records = reserve(<usize>MAX_TRUSTED_KEYS * KEY_RECORD);
  keys.tables = createTables(MAX_TRUSTED_KEYS, TABLE_BUFFERS, TABLE_SIZE);
  return keys;
}

export function loadKey<C>(keys: Keys, slot: i32, publicKey: usize, complete: Complete): bool {
  if (<u32>slot >= <u32>MAX_TRUSTED_KEYS || !isAcceptablePoint<C>(publicKey)) return false;
  prepareBase<C>();
  const record = recordAt(keys, slot);
  memory.copy(record, publicKey, 64);
  complete(record);
  const tables = keys.tables;
  dropTable(tables, slot);
  if (!hasFreeTable(tables)) addTableBuffer(tables);
  if (hasFreeTable(tables)) buildKeyTable<C>(claimTable(tables, slot), record);
  return true;
}

export function verifyKnownJobs<C>(keys: Keys, jobs: usize, count: i32, scheme: Scheme): void {
  openTableRound(keys.tables);
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<KnownJob>(jobs + <usize>i * JOB_SIZE);
    const table = tableFor<C>(keys, job.slot);
    job.valid = table != 0 ? 0 : UNDECIDED;
    if (table == 0) continue;
    store<usize>(TABLE_OF + ((<usize>filled) << 2), table);
    enter(filled++, job, recordAt(keys, job.slot));
    if (filled == CHUNK) filled = decideKnown<C>(filled, scheme);
  }
  if (filled > 0) filled = decideKnown<C>(filled, scheme);
  for (let i = 0; i < count; i++) {
    const job = changetype<KnownJob>(jobs + <usize>i * JOB_SIZE);
    if (job.valid != UNDECIDED) continue;
    enter(filled++, job, recordAt(keys, job.slot));
    if (filled == CHUNK) filled = decideOnce<C>(filled, scheme);
  }
  if (filled > 0) decideOnce<C>(filled, scheme);
}

export function verifyJobsOnce<C>(jobs: usize, count: i32, scheme: Scheme, complete: Complete): void {
  prepareBase<C>();
  let filled = 0;
  for (let i = 0; i < count; i++) {
    const job = changetype<OnceJob>(jobs + <usize>i * JOB_SIZE);
    const record = ONCE_RECORDS + <usize>filled * KEY_RECORD;
    memory.copy(record, job.publicKey, 64);
    complete(record);
    enter(filled++, job, record);
    if (filled == CHUNK) filled = decideOnce<C>(filled, scheme);
  }
  if (filled > 0) decideOnce<C>(filled, scheme);
}

function recordAt(keys: Keys, slot: i32): usize {
  return keys.records + <usize>slot * KEY_RECORD;
}

/** The table of `slot`, built now if it is due, 0 if it has none. */
function tableFor<C>(keys: Keys, slot: i32): usize {
  const tables = keys.tables;
  let table = findTable(tables, slot);
  if (table != 0 || !isTableWorthwhile(tables, slot, 1, TABLE_PRICE)) return table;
  table = claimTable(tables, slot);
  if (table != 0) buildKeyTable<C>(table, recordAt(keys, slot));
  return table;
}

function enter(index: i32, job: Job, record: usize): void {
  const at = (<usize>index) << 2;
  store<usize>(JOBS + at, changetype<usize>(job));
  store<usize>(RECORDS + at, record);
  store<usize>(KEY_OF + at, record);
}

/** Write the verdicts of a chunk of known keys; returns 0, what is left in the chunk. */
function decideKnown<C>(count: i32, scheme: Scheme): i32 {
  scheme(count);
  combineKnownVarTime<C>(count);
  return decide(count);
}

function decideOnce<C>(count: i32, scheme: Scheme): i32 {
  scheme(count);
  combineOnceVarTime<C>(count);
  return decide(count);
}

function decide(count: i32): i32 {
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<Job>(load<usize>(JOBS + (i << 2)));
    const isExpected = areEqualWords(ABSCISSAS + (i << 5), EXPECTED + (i << 5));
    job.valid = i32(isExpected && load<i32>(DECIDED + (i << 2)) != 0 && load<i32>(IN_RANGE + (i << 2)) != 0);
  }
  return 0;
}
