import { Status } from "../../src/format/batch";
import {
  BODY_FIRST_PERIOD,
  BODY_HEADER_SIZE,
  BODY_KEY,
  BODY_PERIODS,
  FLAGGED_EXACT,
  FLAGGED_FILTER,
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
  SHARD_BLOCKS,
  SHARD_SEEDS,
  SHARD_SIZE,
  SHARD_WORDS,
  SUSPENDED_EXACT,
  SUSPENDED_FILTER,
} from "../../src/format/status-body";
import { hashId } from "./hash";
import { holds } from "./ribbon";

/** Look-up in the body of a snapshot (src/format/status-body.ts), which the host has checked whole. */

/** The period in which a credential expires; never is the last one. */
export function periodOf(expires: i64): u32 {
  return <u32>min<i64>(max<i64>(expires, 0) / PERIOD_SECONDS, MAX_PERIOD);
}

/** GOOD, REVOKED or SUSPENDED for a credential of the universe; NOT_COVERED where none expires in that period. */
// @ts-ignore: decorator
@inline
export function lookUp(body: usize, cti: usize, period: u32): Status {
  const entry = findPeriod(body, period);
  const shards = load<u32>(entry, PERIOD_SHARDS);
  if (shards == 0) return Status.NOT_COVERED;
  const hash = hashId(cti, load<u64>(body, BODY_KEY), load<u64>(body, BODY_KEY + 8));
  const shard = findShard(body, entry, hash);
  if (!passes(body, shard, load<u8>(entry, PERIOD_FLAGGED_COLUMNS), hash)) return Status.GOOD;
  return judge(body, entry, shard, hash);
}

/** The directory entry of a period. Those without credentials share one that has no shards: the header's last zeros. */
// @ts-ignore: decorator
@inline
export function findPeriod(body: usize, period: u32): usize {
  const periods = load<u32>(body, BODY_PERIODS);
  const index = period - load<u32>(body, BODY_FIRST_PERIOD);
  // The entry after the last is for credentials that never expire.
  if (index < periods) return body + BODY_HEADER_SIZE + <usize>index * PERIOD_SIZE;
  return body + BODY_HEADER_SIZE + (period == MAX_PERIOD ? <usize>periods * PERIOD_SIZE : -PERIOD_SIZE);
}

// @ts-ignore: decorator
@inline
export function findShard(body: usize, entry: usize, hash: u64): usize {
  const index = load<u32>(entry, PERIOD_FIRST_SHARD) + <u32>(((hash >>> 32) * <u64>load<u32>(entry, PERIOD_SHARDS)) >>> 32);
  const shards = body + BODY_HEADER_SIZE + (<usize>load<u32>(body, BODY_PERIODS) + 1) * PERIOD_SIZE;
  return shards + <usize>index * SHARD_SIZE;
}

/** Does the first filter say yes? It does so for everything flagged, and for few others. */
// @ts-ignore: decorator
@inline
export function passes(body: usize, shard: usize, columns: u32, hash: u64): bool {
  const blocks = <u32>load<u16>(shard, SHARD_BLOCKS + FLAGGED_FILTER * 2);
  const seed = <u32>load<u8>(shard, SHARD_SEEDS + FLAGGED_FILTER);
  if (blocks == 0) return seed != 0;
  return holds(body + (<usize>load<u32>(shard, SHARD_WORDS) << 3), columns, blocks, seed, hash, hash);
}

/** What the other three ribbons say of a hash that passed. */
export function judge(body: usize, entry: usize, shard: usize, hash: u64): Status {
  const flagged = <u32>load<u8>(entry, PERIOD_FLAGGED_COLUMNS);
  const suspended = <u32>load<u8>(entry, PERIOD_SUSPENDED_COLUMNS);
  let words = body + (<usize>load<u32>(shard, SHARD_WORDS) << 3);
  words += <usize>flagged * blocksOf(shard, FLAGGED_FILTER) << 3;
  if (!answer(words, 1, shard, FLAGGED_EXACT, hash, 1)) return Status.GOOD;
  words += <usize>blocksOf(shard, FLAGGED_EXACT) << 3;
  if (!answer(words, suspended, shard, SUSPENDED_FILTER, hash, hash)) return Status.REVOKED;
  words += <usize>suspended * blocksOf(shard, SUSPENDED_FILTER) << 3;
  return answer(words, 1, shard, SUSPENDED_EXACT, hash, 1) ? Status.SUSPENDED : Status.REVOKED;
}

function answer(words: usize, columns: u32, shard: usize, ribbon: i32, hash: u64, value: u64): bool {
  const blocks = blocksOf(shard, ribbon);
  const seed = <u32>load<u8>(shard + ribbon, SHARD_SEEDS);
  return blocks == 0 ? seed != 0 : holds(words, columns, blocks, seed, hash, value);
}

// @ts-ignore: decorator
@inline
function blocksOf(shard: usize, ribbon: i32): u32 {
  return load<u16>(shard + (ribbon << 1), SHARD_BLOCKS);
}







/** `lookUp` of many: `count` records of RECORD_SIZE bytes, one byte of status each. */
export function lookUpRecords(body: usize, records: usize, count: i32, statuses: usize): void {
  for (let i = 0; i < count; i++) {
    const record = records + <usize>i * RECORD_SIZE;
    store<u8>(statuses + i, <u8>lookUp(body, record + RECORD_CTI, load<u32>(record, RECORD_PERIOD)));
  }
}
