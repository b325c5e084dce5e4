import { Status } from "../../src/abi/batch";
import { CTI_SIZE } from "../../src/abi/status-body";
import { reserve } from "../memory";
import { hashId } from "./hash";

/**
 * What has changed since a snapshot: credential id to status, exact because the ids themselves are kept. Open
 * addressing: `capacity` ids of 16 bytes, then as many statuses of one byte, where 0 marks a free place.
 */
@unmanaged
export class Changes {
  table: usize;
  /** Places, a power of two; 0 where there is no table yet. */
  capacity: u32;
  count: u32;
}

const PLACE_SIZE: usize = CTI_SIZE + 1;

/** Forget all changes and have room for at least `expected`. */
export function resetChanges(changes: Changes, expected: u32): void {
  changes.count = 0;
  if (changes.capacity < expected * 2) allocate(changes, expected);
  else memory.fill(changes.table, 0, <usize>changes.capacity * PLACE_SIZE);
}

function allocate(changes: Changes, expected: u32): void {
  changes.capacity = ((<u32>1) << (32 - <u32>clz(max<u32>(expected, 1)))) << 1;
  changes.table = reserve(<usize>changes.capacity * PLACE_SIZE);
  changes.count = 0;
}

/** Record `count` ids that lie one after another at `ctis`, all of one status. */
export function recordChanges(changes: Changes, ctis: usize, count: u32, status: Status): void {
  // A table left behind is smaller than its successor: together they waste less than the one in use.
  if ((changes.count + count) * 2 > changes.capacity) {
    const table = changes.table;
    const capacity = changes.capacity;
    allocate(changes, changes.count + count);
    for (let i: u32 = 0; i < capacity; i++) {
      const present = load<u8>(table + <usize>capacity * CTI_SIZE + i);
      if (present != 0) record(changes, table + <usize>i * CTI_SIZE, present);
    }
  }
  for (let i: u32 = 0; i < count; i++) record(changes, ctis + <usize>i * CTI_SIZE, status);
}

function record(changes: Changes, cti: usize, status: Status): void {
  const place = placeOf(changes, cti);
  const at = changes.table + <usize>changes.capacity * CTI_SIZE + place;
  if (load<u8>(at) == 0) {
    changes.count++;
    memory.copy(changes.table + <usize>place * CTI_SIZE, cti, CTI_SIZE);
  }
  store<u8>(at, <u8>status);
}

/** The status last recorded for an id, 0 where none was. */
export function changedStatus(changes: Changes, cti: usize): Status {
  return load<u8>(changes.table + <usize>changes.capacity * CTI_SIZE + placeOf(changes, cti));
}

/** Where an id lies or belongs. At most half of the places are taken, so the walk ends. */
function placeOf(changes: Changes, cti: usize): u32 {
  const low = load<u64>(cti);
  const high = load<u64>(cti, 8);
  const mask = changes.capacity - 1;
  let place = (<u32>hashId(cti, 0, 0)) & mask;
  while (load<u8>(changes.table + <usize>changes.capacity * CTI_SIZE + place) != 0) {
    const present = changes.table + <usize>place * CTI_SIZE;
    if (load<u64>(present) == low && load<u64>(present, 8) == high) break;
    place = (place + 1) & mask;
  }
  return place;
}
