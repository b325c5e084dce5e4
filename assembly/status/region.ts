import { extend, reserve } from "../memory";

/**
 * Memory for what is replaced from time to time. A region that has become too small is extended where it is the last
 * one, or else left to the next that fits into it.
 */

@unmanaged
export class Region {
  address: usize;
  /** Bytes. */
  size: usize;
}

/** Regions left behind that are remembered. */
const MAX_LEFT = 64;
const LEFT: usize = memory.data(1024, 8);
let left: i32 = 0;

/** Give `region` at least `bytes` bytes. What was in it is lost. */
export function enlarge(region: Region, bytes: usize): void {
  if (bytes <= region.size) return;
  const address = region.address;
  const size = region.size;
  if (size != 0 && extend(address, size, bytes)) {
    region.size = bytes;
    return;
  }
  for (let i = 0; i < left; i++) {
    const other = leftAt(i);
    if (other.size < bytes) continue;
    region.address = other.address;
    region.size = other.size;
    other.address = address;
    other.size = size;
    return;
  }
  if (size != 0 && left < MAX_LEFT) {
    const last = leftAt(left++);
    last.address = address;
    last.size = size;
  }
  region.address = reserve(bytes);
  region.size = bytes;
}

function leftAt(index: i32): Region {
  assert(MAX_LEFT * offsetof<Region>() <= 1024);
  return changetype<Region>(LEFT + <usize>index * offsetof<Region>());
}
