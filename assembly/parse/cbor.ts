import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../src/format/limits";
import { reserve } from "../layout";
import { Code } from "../result";
import { BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, SIMPLE, TEXT, UNSIGNED } from "./cursor";
import { addKey } from "./keys";
import { isUtf8 } from "./utf8";

/** An array, map or tag that is still open. */
@unmanaged
class Frame {
  /** Items it still lacks. A map lacks two for each entry, so an odd number means that a value comes next. */
  remaining: u64;
  /** Bit n is set when the map has the key n: most keys of COSE, CWT and claim 169 are below 64. */
  smallKeys: u64;
  /** The other keys are on the key stack, from here. */
  firstKey: u32;
  /** Where the key read last starts. */
  key: usize;
  isMap: bool;
}

const FRAME_SIZE: usize = (offsetof<Frame>() + 7) & ~7;
// One more than the depth: the outermost item itself stands in the lowest.
const FRAMES: usize = reserve(<usize>(MAX_CBOR_DEPTH + 1) * FRAME_SIZE);
const DEEPEST: usize = FRAMES + <usize>MAX_CBOR_DEPTH * FRAME_SIZE;

const input = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Is this exactly one CBOR item in our profile of RFC 8949? Definite lengths, UTF-8 in text, no map with a key twice (by
 * value: 1 and 0x1801 are the same), at most MAX_MAP_ENTRIES entries, at most MAX_CBOR_DEPTH nested arrays, maps and
 * tags, nothing after the item. Content of byte strings is not looked at: where one wraps CBOR, that is an item of its
 * own with a depth of its own. Returns VALID, BAD_CBOR or TOO_DEEP.
 */
export function checkItem(start: usize, length: i32): Code {
  input.open(start, start + length);
  let frame = changetype<Frame>(FRAMES);
  frame.remaining = 1;
  frame.isMap = false;
  let keyTop: u32 = 0;
  while (true) {
    while (frame.remaining == 0) {
      if (changetype<usize>(frame) == FRAMES) return input.position == input.limit ? Code.VALID : Code.BAD_CBOR;
      if (frame.isMap) keyTop = frame.firstKey;
      frame = changetype<Frame>(changetype<usize>(frame) - FRAME_SIZE);
      // What closed may itself have been a key.
      if (frame.isMap && (frame.remaining & 1) != 0) {
        if (!addKey(frame.firstKey, keyTop++, frame.key, input.position)) return Code.BAD_CBOR;
      }
    }
    frame.remaining--;
    const isKey = frame.isMap && (frame.remaining & 1) != 0;
    const itemStart = input.position;
    if (!input.readHead()) return Code.BAD_CBOR;
    const major = input.major;
    const argument = input.argument;
    if (major <= NEGATIVE) {
      if (isKey && major == UNSIGNED && argument < 64) {
        const bit = (<u64>1) << argument;
        if ((frame.smallKeys & bit) != 0) return Code.BAD_CBOR;
        frame.smallKeys |= bit;
        continue;
      }
    } else if (major <= TEXT) {
      if (!input.skip(argument)) return Code.BAD_CBOR;
      if (major == TEXT && !isUtf8(input.position - <usize>argument, <usize>argument)) return Code.BAD_CBOR;
    } else if (major < SIMPLE) {
      if (changetype<usize>(frame) == DEEPEST) return Code.TOO_DEEP;
      if (major == MAP && argument > <u64>MAX_MAP_ENTRIES) return Code.BAD_CBOR;
      frame.key = itemStart;
      frame = changetype<Frame>(changetype<usize>(frame) + FRAME_SIZE);
      frame.remaining = input.innerItems();
      frame.isMap = major == MAP;
      frame.smallKeys = 0;
      frame.firstKey = keyTop;
      continue;
    } else if (input.info == 24 && argument < 32) {
      return Code.BAD_CBOR; // two-byte forms of simple values below 32 are not well-formed (section 3.3)
    }
    if (isKey && !addKey(frame.firstKey, keyTop++, itemStart, input.position)) return Code.BAD_CBOR;
  }
}

// What follows reads items that checkItem has passed. Reads stay inside the cursor's limits all the same.

/** Move past the rest of the item whose head was read last. */
export function finishItem(cursor: Cursor): void {
  let items: u64 = 0;
  for (;;) {
    if (cursor.major == BYTES || cursor.major == TEXT) cursor.skip(cursor.argument);
    items += cursor.innerItems();
    if (items == 0) return;
    items--;
    if (!cursor.readHead()) return;
  }
}

/** What integerOf() says of an item that is not an integer of 64 bits. As a claim or label it names nothing known. */
export const NO_INTEGER: i64 = i64.MIN_VALUE;

/** The integer whose head was read last. */
export function integerOf(head: Cursor): i64 {
  const argument = head.argument;
  if (argument > <u64>i64.MAX_VALUE) return NO_INTEGER;
  if (head.major == UNSIGNED) return <i64>argument;
  return head.major == NEGATIVE && argument < <u64>i64.MAX_VALUE ? -1 - <i64>argument : NO_INTEGER;
}

/** Read a map key; an integer is returned, any other is skipped and answered by NO_INTEGER. */
export function readKey(cursor: Cursor): i64 {
  cursor.readHead();
  const key = integerOf(cursor);
  if (key == NO_INTEGER) finishItem(cursor);
  return key;
}
