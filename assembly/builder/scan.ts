import { Status } from "../../src/abi/batch";
import { MAX_PERIOD, RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../src/abi/status-body";
import { CHUNK_RECORDS, EMITTED_HASH, EMITTED_PERIOD, EMITTED_SIZE, EMITTED_STATUS } from "../../src/abi/status-build";
import { reserve } from "../memory";
import { hashId } from "../status/hash";
import { aimAll, isEmpty, passes, probeAt } from "../status/snapshot";

/** Passes over the universe, a chunk of records at a time: who is flagged, and who passes the filter though good. */

const CHUNK: usize = reserve(CHUNK_RECORDS * RECORD_SIZE);
const EMITTED: usize = reserve(CHUNK_RECORDS * EMITTED_SIZE);
/** Good credentials by period, u64 each, of all the chunks scanned. */
const COUNTS: usize = reserve((MAX_PERIOD + 1) * 8);
let body: usize = 0;

/** Records looked up together: as many as there are probes. */
const TOGETHER = 64;

/** Where the host writes a chunk of at most CHUNK_RECORDS records. */
export function chunk(): usize {
  return CHUNK;
}

/** Where a pass leaves what it has found. */
export function emitted(): usize {
  return EMITTED;
}

export function goodCounts(): usize {
  return COUNTS;
}

/** Forget the counts. */
export function restart(): void {
  memory.fill(COUNTS, 0, (MAX_PERIOD + 1) * 8);
}

/** Count the good records of the chunk, and emit the hash of each flagged one under the key k0, k1. */
export function scan(count: i32, k0: u64, k1: u64): i32 {
  let found = 0;
  for (let i = 0; i < count; i++) {
    const record = CHUNK + <usize>i * RECORD_SIZE;
    const period = min<u32>(load<u32>(record, RECORD_PERIOD), MAX_PERIOD);
    const status: Status = load<u32>(record, RECORD_STATUS);
    if (status == Status.GOOD) {
      const at = COUNTS + ((<usize>period) << 3);
      store<u64>(at, load<u64>(at) + 1);
    } else {
      emit(found++, hashId(record + RECORD_CTI, k0, k1), period, status);
    }
  }
  return found;
}

/** Take over a body of `bytes` bytes in which only the first filters are there yet: the host writes it here. */
export function draftSpace(bytes: usize): usize {
  body = reserve(bytes);
  return body;
}

/** Emit the hash of each good record of the chunk that passes the first filter of the draft. */
export function survive(count: i32): i32 {
  let found = 0;
  for (let from = 0; from < count; from += TOGETHER) {
    const records = CHUNK + <usize>from * RECORD_SIZE;
    const together = min(count - from, TOGETHER);
    aimAll(body, records, together);
    for (let i = 0; i < together; i++) {
      const record = records + <usize>i * RECORD_SIZE;
      const probe = probeAt(i);
      if (load<u32>(record, RECORD_STATUS) != Status.GOOD || !passes(probe) || isEmpty(probe, body)) continue;
      emit(found++, probe.hash, load<u32>(record, RECORD_PERIOD), Status.GOOD);
    }
  }
  return found;
}

function emit(index: i32, hash: u64, period: u32, status: Status): void {
  const at = EMITTED + <usize>index * EMITTED_SIZE;
  store<u64>(at, hash, EMITTED_HASH);
  store<u32>(at, period, EMITTED_PERIOD);
  store<u32>(at, status, EMITTED_STATUS);
}
