import { Status } from "../../src/abi/batch";
import {
  BODY_FIRST_PERIOD,
  BODY_HEADER_SIZE,
  BODY_KEY,
  BODY_PERIODS,
  BODY_SHARDS,
  FILTER_BLOCKS,
  FILTER_SEED,
  FILTER_SIZE,
  FILTER_WORDS,
  FLAGGED_EXACT,
  MAX_PERIOD,
  PERIOD_FIRST_SHARD,
  PERIOD_FLAGGED_COLUMNS,
  PERIOD_SECONDS,
  PERIOD_SHARDS,
  PERIOD_SIZE,
  PERIOD_SUSPENDED_COLUMNS,
  RECORD_CTI,
  RECORD_PERIOD,
  RECORD_SIZE,
  REST_BLOCKS,
  REST_SEEDS,
  REST_SIZE,
  REST_WORDS,
  SUSPENDED_EXACT,
  SUSPENDED_FILTER,
} from "../../src/abi/status-body";
import { hashId } from "./hash";
import { bitOf, coefficientsOf, highOf, lowOf, matches, passes as passesRibbon, shuffle, startOf } from "./ribbon";

/** Look-up in the body of a snapshot (src/abi/status-body.ts), which the host has checked whole. */

/** A look-up under way: where the first filter is to be read, and what for. */
@unmanaged
export class Probe {
  hash: u64;
  low: u64;
  high: u64;
  block: usize;
  /** Bytes of a block; 0 where the shard has no filter to ask. */
  width: usize;
  /** The period's directory entry. */
  period: usize;
  shard: u32;
}

/** Probes that are under way together: while one waits for memory, so do all the others. */
const PROBES = 64;
const AIMED: usize = memory.data(64 * 40, 16);

/** The period in which a credential expires; never is the last one. */
export function periodOf(expires: i64): u32 {
  return <u32>min<i64>(max<i64>(expires, 0) / PERIOD_SECONDS, MAX_PERIOD);
}

/** GOOD, REVOKED or SUSPENDED for a credential of the universe; NOT_COVERED where none expires in that period. */
export function lookUp(body: usize, cti: usize, period: u32): Status {
  const probe = probeAt(0);
  aim(probe, body, cti, period);
  return passes(probe) ? judge(probe, body) : Status.GOOD;
}

/**
 * `lookUp` of many: `count` records of src/abi/status-body.ts, one byte of status each. Three times as fast as one
 * by one where the snapshot is larger than the caches.
 */
export function lookUpRecords(body: usize, records: usize, count: i32, statuses: usize): void {
  while (count > 0) {
    const together = min(count, PROBES);
    aimAll(body, records, together);
    for (let i = 0; i < together; i++) {
      const probe = probeAt(i);
      store<u8>(statuses + i, <u8>(passes(probe) ? judge(probe, body) : Status.GOOD));
    }
    records += <usize>together * RECORD_SIZE;
    statuses += together;
    count -= together;
  }
}

/** Aim a probe for each of at most PROBES records, and call what they will read into the cache. */
export function aimAll(body: usize, records: usize, count: i32): void {
  assert(count <= PROBES && offsetof<Probe>() == 40);
  for (let i = 0; i < count; i++) {
    const record = records + <usize>i * RECORD_SIZE;
    aim(probeAt(i), body, record + RECORD_CTI, load<u32>(record, RECORD_PERIOD));
  }
  // Two blocks of 6 columns begin in one cache line and end in the next but one where they begin at its last quarter.
  let touched: u64 = 0;
  for (let i = 0; i < count; i++) {
    const probe = probeAt(i);
    const next = probe.block + probe.width;
    touched ^= load<u64>(probe.block) ^ load<u64>(next) ^ load<u64>(next + probe.width - 8);
  }
  sink = touched;
}

/** Keeps the compiler from leaving out what is read ahead. */
let sink: u64 = 0;

// @ts-ignore: decorator
@inline
export function probeAt(index: i32): Probe {
  return changetype<Probe>(AIMED + <usize>index * offsetof<Probe>());
}

// @ts-ignore: decorator
@inline
function aim(probe: Probe, body: usize, cti: usize, period: u32): void {
  const hash = hashId(cti, load<u64>(body, BODY_KEY), load<u64>(body, BODY_KEY + 8));
  const entry = findPeriod(body, period);
  const shard =
    load<u32>(entry, PERIOD_FIRST_SHARD) + <u32>(((hash >>> 32) * <u64>load<u32>(entry, PERIOD_SHARDS)) >>> 32);
  const filter = filterAt(body, shard);
  const blocks = <u32>load<u16>(filter, FILTER_BLOCKS);
  const shuffled = shuffle(hash, load<u8>(filter, FILTER_SEED));
  const start: u32 = blocks == 0 ? 0 : startOf(shuffled, blocks);
  const coefficients = coefficientsOf(shuffled);
  const width: usize = blocks == 0 ? 0 : (<usize>load<u8>(entry, PERIOD_FLAGGED_COLUMNS)) << 3;
  probe.hash = hash;
  probe.low = lowOf(coefficients, start);
  probe.high = highOf(coefficients, start);
  probe.block = body + ((<usize>load<u32>(filter, FILTER_WORDS)) << 3) + <usize>(start >>> 6) * width;
  probe.width = width;
  probe.period = entry;
  probe.shard = shard;
}

/** Does the first filter say yes? It does so to everything flagged, and to few others. */
// @ts-ignore: decorator
@inline
export function passes(probe: Probe): bool {
  return matches(probe.block, probe.width, probe.low, probe.high, probe.hash);
}

/** Is there nobody in the probe's shard who is flagged, or no such shard? */
export function isEmpty(probe: Probe, body: usize): bool {
  const filter = filterAt(body, probe.shard);
  return load<u32>(probe.period, PERIOD_SHARDS) == 0 || (probe.width == 0 && load<u8>(filter, FILTER_SEED) == 0);
}

/** What the rest of the snapshot says of a probe that passed. */
export function judge(probe: Probe, body: usize): Status {
  if (load<u32>(probe.period, PERIOD_SHARDS) == 0) return Status.NOT_COVERED;
  if (isEmpty(probe, body)) return Status.GOOD;
  const rest = restAt(body, probe.shard);
  const columns = <u32>load<u8>(probe.period, PERIOD_SUSPENDED_COLUMNS);
  let words = body + ((<usize>load<u32>(rest, REST_WORDS)) << 3);
  if (!exact(words, rest, FLAGGED_EXACT, probe.hash)) return Status.GOOD;
  words += (<usize>blocksOf(rest, FLAGGED_EXACT)) << 3;
  if (!filtered(words, columns, rest, probe.hash)) return Status.REVOKED;
  words += (<usize>columns * blocksOf(rest, SUSPENDED_FILTER)) << 3;
  return exact(words, rest, SUSPENDED_EXACT, probe.hash) ? Status.SUSPENDED : Status.REVOKED;
}

/** Does the filter of the suspended say yes? */
export function filtered(words: usize, columns: u32, rest: usize, hash: u64): bool {
  const blocks = blocksOf(rest, SUSPENDED_FILTER);
  const seed = <u32>load<u8>(rest, REST_SEEDS + SUSPENDED_FILTER);
  return blocks == 0 ? seed != 0 : passesRibbon(words, columns, blocks, seed, hash);
}

function exact(words: usize, rest: usize, ribbon: i32, hash: u64): bool {
  const blocks = blocksOf(rest, ribbon);
  const seed = <u32>load<u8>(rest + ribbon, REST_SEEDS);
  return blocks == 0 ? seed != 0 : bitOf(words, blocks, seed, hash);
}

// @ts-ignore: decorator
@inline
function blocksOf(rest: usize, ribbon: i32): u32 {
  return load<u16>(rest + (ribbon << 1), REST_BLOCKS);
}

/** The directory entry of a period. Those without credentials share one that has no shards: the header's last zeros. */
// @ts-ignore: decorator
@inline
function findPeriod(body: usize, period: u32): usize {
  const periods = load<u32>(body, BODY_PERIODS);
  const index = period - load<u32>(body, BODY_FIRST_PERIOD);
  // The entry after the last is for credentials that never expire.
  if (index < periods) return body + BODY_HEADER_SIZE + <usize>index * PERIOD_SIZE;
  return body + BODY_HEADER_SIZE + (period == MAX_PERIOD ? <usize>periods * PERIOD_SIZE : -PERIOD_SIZE);
}

// @ts-ignore: decorator
@inline
function filterAt(body: usize, shard: u32): usize {
  const directory = body + BODY_HEADER_SIZE + (<usize>load<u32>(body, BODY_PERIODS) + 1) * PERIOD_SIZE;
  return directory + <usize>shard * FILTER_SIZE;
}

function restAt(body: usize, shard: u32): usize {
  return filterAt(body, load<u32>(body, BODY_SHARDS)) + <usize>shard * REST_SIZE;
}
