/**
 * Linear memory. Everything is reserved at start or when a trust list or snapshot is loaded, never while verifying;
 * a region lives as long as the instance. Small constants use memory.data() and are part of the module.
 */

let top: usize = __heap_base;

/**
 * Reserve `bytes` of zeroed memory, 64-byte aligned (a cache line, and any SIMD load).
 * Traps if the memory cannot grow: the host discards a trapped instance.
 */
export function reserve(bytes: usize): usize {
  const start = (top + 63) & ~(<usize>63);
  const end = start + bytes;
  const pages = <i32>((end + 0xffff) >>> 16);
  const missing = pages - memory.size();
  if (missing > 0 && memory.grow(missing) < 0) unreachable();
  top = end;
  return start;
}

/** Make a region longer where it lies, which only the last one reserved can be. */
export function extend(start: usize, bytes: usize, newBytes: usize): bool {
  if (start + bytes != top) return false;
  top = start;
  reserve(newBytes);
  return true;
}

/** Bytes for what the items in work are inflated to, and their Sig_structures; what is told of them is part of it. */
export const ARENA_SIZE: usize = 1 << 20;
