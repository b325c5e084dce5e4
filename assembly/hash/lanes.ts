import { assembleBlock, blockCount } from "./block";
import { HashJob } from "./job";

/**
 * Several messages hashed in step, each in a lane of the vectors: word i of all lanes is the 16 bytes at state + 16 i.
 * T is the word of the hash function, u64 or u32; 16 / sizeof<T>() lanes.
 */
@unmanaged
export class Lane {
  /** Address of the HashJob, 0 while the lane is idle. */
  job: usize;
  /** Blocks taken. */
  index: i32;
  /** Blocks in all. */
  count: i32;
}

export const LANE_SIZE: usize = offsetof<Lane>();

// @ts-ignore: decorator
@inline
export function laneAt(lanes: usize, i: usize): Lane {
  return changetype<Lane>(lanes + i * LANE_SIZE);
}

/** Give lane `i` a message: its words of `state` are set to the initial value. */
export function startLane<T>(lanes: usize, i: usize, job: usize, state: usize, initial: usize): void {
  const lane = laneAt(lanes, i);
  const it = changetype<HashJob>(job);
  lane.job = job;
  lane.index = 0;
  lane.count = blockCount(sizeof<T>() * 16, it.prefixLength, it.length);
  for (let word: usize = 0; word < 8; word++) {
    store<T>(state + word * 16 + i * sizeof<T>(), load<T>(initial + word * sizeof<T>()));
  }
}

/** Address of the next block of lane `i`, or of any block where the lane is idle. `scratch` has a block for each lane. */
export function nextBlock<T>(lanes: usize, i: usize, scratch: usize): usize {
  const lane = laneAt(lanes, i);
  const padded = scratch + i * sizeof<T>() * 16;
  if (lane.job == 0) return padded;
  const it = changetype<HashJob>(lane.job);
  const index = lane.index++;
  return assembleBlock(sizeof<T>() * 16, index, it.prefix, it.prefixLength, it.message, it.length, padded);
}

/** Write the digest of lane `i`, which becomes idle. */
export function finishLane<T>(lanes: usize, i: usize, state: usize): void {
  const lane = laneAt(lanes, i);
  const digest = changetype<HashJob>(lane.job).digest;
  lane.job = 0;
  for (let word: usize = 0; word < 8; word++) {
    store<T>(digest + word * sizeof<T>(), bswap<T>(load<T>(state + word * 16 + i * sizeof<T>())));
  }
}
