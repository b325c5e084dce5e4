import {
  FLAGGED_EXACT,
  FLAGGED_FILTER,
  RIBBONS,
  SHARD_BLOCKS,
  SHARD_SEEDS,
  SHARD_SIZE,
  SUSPENDED_EXACT,
  SUSPENDED_FILTER,
} from "../../src/format/status-body";
import { SHARD_HASHES } from "../../src/format/status-build";
import { reserve } from "../layout";
import { holds } from "../status/ribbon";
import { buildExact, buildFilter } from "./solve";

/** Building a shard: its four ribbons, from the hashes of its credentials. */

/** u64 each: the suspended, the revoked, then the good that pass the first filter. */
const HASHES: usize = reserve(SHARD_HASHES * 8);
/** MAX_COLUMNS bits for each hash, and as much again for what does not fit. */
const WORDS: usize = reserve(SHARD_HASHES * 4);
/** The shard's directory entry, but for where its words lie. */
const ENTRY: usize = memory.data(SHARD_SIZE, 8);

/** Where the host writes the hashes of a shard, at most SHARD_HASHES. */
export function shardHashes(): usize {
  return HASHES;
}

/** Where the words of the ribbons just built lie, one ribbon after another. */
export function shardWords(): usize {
  return WORDS;
}

export function shardEntry(): usize {
  return ENTRY;
}

/** Build the first filter. Returns the bytes of its words, -1 where the hashes contradict each other. */
export function buildFirst(flagged: u32, columns: u32): i32 {
  memory.fill(ENTRY, 0, SHARD_SIZE);
  return note(FLAGGED_FILTER, buildFilter(HASHES, flagged, columns, FLAGGED_FILTER, WORDS), columns);
}

/** Build the other three. Returns the bytes of their words, -1 where the hashes contradict each other. */
export function buildRest(suspended: u32, flagged: u32, survivors: u32, columns: u32): i32 {
  memory.fill(ENTRY, 0, SHARD_SIZE);
  let words = WORDS;
  let bytes = note(FLAGGED_EXACT, buildExact(HASHES, flagged + survivors, flagged, FLAGGED_EXACT, words), 1);
  if (bytes < 0) return -1;
  words += bytes;
  const filter = words;
  bytes = note(SUSPENDED_FILTER, buildFilter(HASHES, suspended, columns, SUSPENDED_FILTER, words), columns);
  if (bytes < 0) return -1;
  words += bytes;
  // The revoked that pass too come to lie behind the suspended.
  let doubtful = suspended;
  for (let i = suspended; i < flagged; i++) {
    const hash = load<u64>(HASHES + ((<usize>i) << 3));
    if (!passesFilter(filter, columns, hash)) continue;
    store<u64>(HASHES + ((<usize>doubtful) << 3), hash);
    doubtful++;
  }
  bytes = note(SUSPENDED_EXACT, buildExact(HASHES, doubtful, suspended, SUSPENDED_EXACT, words), 1);
  return bytes < 0 ? -1 : <i32>(words + bytes - WORDS);
}

function passesFilter(words: usize, columns: u32, hash: u64): bool {
  const blocks = <u32>load<u16>(ENTRY, SHARD_BLOCKS + SUSPENDED_FILTER * 2);
  const seed = <u32>load<u8>(ENTRY, SHARD_SEEDS + SUSPENDED_FILTER);
  return blocks == 0 ? seed != 0 : holds(words, columns, blocks, seed, hash, hash);
}

/** Write a ribbon's size and seed into the entry. Returns the bytes of its words. */
function note(ribbon: i32, built: i32, columns: u32): i32 {
  if (built < 0) return -1;
  store<u16>(ENTRY + (ribbon << 1), <u16>(built >> 8), SHARD_BLOCKS);
  store<u8>(ENTRY + ribbon, <u8>built, SHARD_SEEDS);
  return (built >> 8) * <i32>columns * 8;
}
