import { MAX_INFLATED_LENGTH } from "../src/abi/limits";
import { ARENA_SIZE, reserve } from "./memory";

/**
 * Memory for what the items in work are inflated to and what is made of it, taken from one end to the other and wiped
 * all at once: it holds personal data, and the next batch may be another relying party's.
 */

/** Inflated bytes of one item, and the slack that the inflater may write. */
const ITEM_INFLATED: usize = MAX_INFLATED_LENGTH + 128;
/**
 * What one item can need: its inflated bytes, and as much again for each of two signatures as Sig_structure, for the
 * claims as they are disclosed, and for all that is noted of it.
 */
const ITEM_RESERVE: usize = 5 * ITEM_INFLATED;

const ARENA: usize = reserve(ARENA_SIZE);
let top: usize = ARENA;
/** Behind all that was written: what does not inflate to its end is there and counts for nothing. */
let written: usize = ARENA;

/** Is there room for another item, whatever it is? */
export function hasRoom(): bool {
  return ARENA + ARENA_SIZE - top >= ITEM_RESERVE;
}

/** Where an item's bytes may be inflated to. They are kept when they are allocated, or else have to be given up. */
export function roomForItem(): usize {
  return top;
}

export function giveUpRoom(): void {
  written = max(written, top + ITEM_INFLATED);
}

/** Take the next `bytes` bytes, aligned for SIMD; the caller knows that they are part of what one item can need. */
export function allocate(bytes: usize): usize {
  const start = top;
  top = (start + bytes + 63) & ~(<usize>15);
  assert(top <= ARENA + ARENA_SIZE);
  return start;
}

export function wipeArena(): void {
  memory.fill(ARENA, 0, max(top, written) - ARENA);
  top = ARENA;
  written = ARENA;
}
