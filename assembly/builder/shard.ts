import {
  FILTER_BLOCKS,
  FILTER_SEED,
  FILTER_SIZE,
  FLAGGED_EXACT,
  REST_BLOCKS,
  REST_SEEDS,
  REST_SIZE,
  SUSPENDED_EXACT,
  SUSPENDED_FILTER,
} from "../../src/abi/status-body";
import { SHARD_HASHES } from "../../src/abi/status-build";
import { reserve } from "../memory";
import { filtered } from "../status/snapshot";
import { buildExact, buildFilter } from "./solve";

/** Building a shard: its four ribbons, from the hashes of its credentials. */

/** u64 each: the suspended, the revoked, then the good that pass the first filter. */
const HASHES: usize = reserve(SHARD_HASHES * 8);
/** MAX_COLUMNS bits for each hash, and as much again for what does not fit. */
const WORDS: usize = reserve(SHARD_HASHES * 4);
/** The shard's entries in the two directories, but for where its words lie. */
const FILTER: usize = memory.data(FILTER_SIZE, 8);
const REST: usize = memory.data(REST_SIZE, 8);

/** The ribbons of a shard draw their seeds from different quarters of all there are: 0 is the first filter's. */
const FIRST_FILTER = 0;

/** Where the host writes the hashes of a shard, at most SHARD_HASHES. */
export function shardHashes(): usize {
  return HASHES;
}

/** Where the words of the ribbons just built lie, one ribbon after another. */
export function shardWords(): usize {
  return WORDS;
}

export function filterEntry(): usize {
  return FILTER;
}

export function restEntry(): usize {
  return REST;
}

/** Build the first filter. Returns the bytes of its words, -1 where the hashes contradict each other. */
export function buildFirst(flagged: u32, columns: u32): i32 {
  const built = buildFilter(HASHES, flagged, columns, FIRST_FILTER, WORDS);
  if (built < 0) return -1;
  memory.fill(FILTER, 0, FILTER_SIZE);
  store<u16>(FILTER, <u16>(built >> 8), FILTER_BLOCKS);
  store<u8>(FILTER, <u8>built, FILTER_SEED);
  return (built >> 8) * <i32>columns * 8;
}

/** Build the other three. Returns the bytes of their words, -1 where the hashes contradict each other. */
export function buildRest(suspended: u32, flagged: u32, survivors: u32, columns: u32): i32 {
  memory.fill(REST, 0, REST_SIZE);
  let words = WORDS;
  let bytes = note(FLAGGED_EXACT, buildExact(HASHES, flagged + survivors, flagged, FLAGGED_EXACT + 1, words), 1);
  if (bytes < 0) return -1;
  words += bytes;
  const filter = words;
  bytes = note(SUSPENDED_FILTER, buildFilter(HASHES, suspended, columns, SUSPENDED_FILTER + 1, words), columns);
  if (bytes < 0) return -1;
  words += bytes;
  // The revoked that pass too come to lie behind the suspended.
  let doubtful = suspended;
  for (let i = suspended; i < flagged; i++) {
    const hash = load<u64>(HASHES + ((<usize>i) << 3));
    if (!filtered(filter, columns, REST, hash)) continue;
    store<u64>(HASHES + ((<usize>doubtful) << 3), hash);
    doubtful++;
  }
  bytes = note(SUSPENDED_EXACT, buildExact(HASHES, doubtful, suspended, SUSPENDED_EXACT + 1, words), 1);
  return bytes < 0 ? -1 : <i32>(words + bytes - WORDS);
}

/** Write a ribbon's size and seed into the rest entry. Returns the bytes of its words. */
function note(ribbon: i32, built: i32, columns: u32): i32 {
  if (built < 0) return -1;
  store<u16>(REST + (ribbon << 1), <u16>(built >> 8), REST_BLOCKS);
  store<u8>(REST + ribbon, <u8>built, REST_SEEDS);
  return (built >> 8) * <i32>columns * 8;
}
