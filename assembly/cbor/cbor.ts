import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES, MAX_TEXT_KEY_LENGTH } from "../../src/abi/limits";
import { reserve } from "../memory";
import { Code } from "../result";
import { ARRAY, BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, SIMPLE, TAG, TEXT, UNSIGNED } from "./cursor";
import { addKey } from "./keys";
import { isUtf8 } from "./utf8";

/** An array, map or tag that is still open, or the whole input. */
@unmanaged
class Frame {
  /** Items it still lacks. A map lacks two for each entry, so an odd number means that a value comes next. */
  remaining: u64;
  /** Where the item that is open starts. */
  start: usize;
  isMap: bool;
  /** A bit for each key from 0 to 127 and from -1 to -128, two words each: most keys of COSE, CWT and claim 169. */
  smallKeys: u64;
  smallKeys1: u64;
  smallKeys2: u64;
  smallKeys3: u64;
  /** The map's other keys are on the key stack, from here. */
  firstKey: u32;
}

const FRAME_SIZE: usize = (offsetof<Frame>() + 7) & ~7;
// One more than the depth: the outermost item itself stands in the lowest.
const FRAMES: usize = reserve(<usize>(MAX_CBOR_DEPTH + 1) * FRAME_SIZE);
const DEEPEST: usize = FRAMES + <usize>MAX_CBOR_DEPTH * FRAME_SIZE;

const input = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const entries = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/** Which keys and tags an item may have, beside what checkItem asks of all. */
export enum Keys {
  /** Any. */
  ANY,
  /** Those of a presentation (draft-ietf-spice-sd-cwt section 6.3): integers and short texts; nothing of redaction. */
  PLAIN,
  /** And of the claims inside, where what is redacted is listed under simple(59) or stands in tag 60. */
  CLAIMS,
}

/** Key of a map whose value lists hashes of redacted entries. */
export const REDACTED_KEYS: u64 = 59;
/** Tag of the hash of a redacted element. */
export const REDACTED_ELEMENT: u64 = 60;
/** Tags of what is to be redacted, which only an issuer's own software sees. */
const TO_BE_REDACTED: u64 = 58;
const TO_BE_DECOY: u64 = 62;

/**
 * Is this exactly one CBOR item in our profile of RFC 8949? Definite lengths, UTF-8 in text, no map with a key twice (by
 * value: 1 and 0x1801 are the same), at most MAX_MAP_ENTRIES entries, at most MAX_CBOR_DEPTH nested arrays, maps and
 * tags, nothing after the item. Content of byte strings is not looked at: where one wraps CBOR, that is an item of its
 * own with a depth of its own. Returns VALID, BAD_CBOR or TOO_DEEP.
 */
export function checkItem(start: usize, length: i32, keys: Keys = Keys.ANY): Code {
  input.open(start, start + length);
  let frame = changetype<Frame>(FRAMES);
  // Of the innermost frame, stored when another is opened inside.
  let remaining: u64 = 1;
  let isMap = false;
  let keyTop: u32 = 0;
  while (true) {
    while (remaining == 0) {
      if (changetype<usize>(frame) == FRAMES) return input.position == input.limit ? Code.VALID : Code.BAD_CBOR;
      if (isMap) keyTop = frame.firstKey;
      frame = changetype<Frame>(changetype<usize>(frame) - FRAME_SIZE);
      remaining = frame.remaining;
      isMap = frame.isMap;
      // What closed may itself have been a key.
      if (isMap && (remaining & 1) != 0) {
        if (!addKey(frame.firstKey, keyTop++, frame.start, input.position)) return Code.BAD_CBOR;
      }
    }
    remaining--;
    const isKey = isMap && (remaining & 1) != 0;
    const itemStart = input.position;
    if (!input.readHead()) return Code.BAD_CBOR;
    const major = input.major;
    const argument = input.argument;
    if (keys != Keys.ANY && !isAllowed(keys, isKey)) return Code.BAD_CBOR;
    if (major <= NEGATIVE) {
      if (!isKey) continue;
      if (argument < 128) {
        if (!addSmallKey(frame, (major << 7) | (<u32>argument))) return Code.BAD_CBOR;
        continue;
      }
    } else if (major <= TEXT) {
      if (!input.skip(argument)) return Code.BAD_CBOR;
      if (major == TEXT && !isUtf8(input.position - <usize>argument, <usize>argument)) return Code.BAD_CBOR;
    } else if (major < SIMPLE) {
      if (changetype<usize>(frame) == DEEPEST) return Code.TOO_DEEP;
      if (major == MAP && argument > <u64>MAX_MAP_ENTRIES) return Code.BAD_CBOR;
      frame.remaining = remaining;
      frame.isMap = isMap;
      frame.start = itemStart;
      frame = changetype<Frame>(changetype<usize>(frame) + FRAME_SIZE);
      remaining = input.innerItems();
      isMap = major == MAP;
      if (isMap) openMap(frame, keyTop);
      continue;
    } else if (input.info == 24 && argument < 32) {
      return Code.BAD_CBOR; // two-byte forms of simple values below 32 are not well-formed (section 3.3)
    }
    if (isKey && !addKey(frame.firstKey, keyTop++, itemStart, input.position)) return Code.BAD_CBOR;
  }
}

/** May the item whose head was read last stand here? */
function isAllowed(keys: Keys, isKey: bool): bool {
  const major = input.major;
  const argument = input.argument;
  if (major == SIMPLE && input.info == 24 && argument == REDACTED_KEYS) return isKey && keys == Keys.CLAIMS;
  if (isKey) return major <= NEGATIVE || (major == TEXT && argument <= <u64>MAX_TEXT_KEY_LENGTH);
  if (major != TAG) return true;
  if (argument == TO_BE_REDACTED || argument == TO_BE_DECOY) return false;
  return argument != REDACTED_ELEMENT || keys == Keys.CLAIMS;
}

function openMap(frame: Frame, keyTop: u32): void {
  frame.firstKey = keyTop;
  frame.smallKeys = 0;
  frame.smallKeys1 = 0;
  frame.smallKeys2 = 0;
  frame.smallKeys3 = 0;
}

/** False when the map has key number `index` already. */
function addSmallKey(frame: Frame, index: u32): bool {
  const word = changetype<usize>(frame) + offsetof<Frame>("smallKeys") + ((index >> 6) << 3);
  const bits = load<u64>(word);
  const bit = (<u64>1) << (index & 63);
  store<u64>(word, bits | bit);
  return (bits & bit) == 0;
}

// What follows reads items that checkItem has passed. Reads stay inside the cursor's limits all the same.

/** Move past the rest of the item whose head was read last. */
export function finishItem(cursor: Cursor): void {
  const major = cursor.major;
  if (major == BYTES || major == TEXT) cursor.skip(cursor.argument);
  else if (major >= ARRAY && major < SIMPLE) finishContainer(cursor);
}

function finishContainer(cursor: Cursor): void {
  for (let items = cursor.innerItems(); items > 0; items--) {
    if (!cursor.readHead()) return;
    if (cursor.major == BYTES || cursor.major == TEXT) cursor.skip(cursor.argument);
    items += cursor.innerItems();
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

/** Of the map `start` to `limit` the value under an integer key: where it begins, 0 where it is not there. */
export function valueUnder(start: usize, limit: usize, key: i64): usize {
  entries.open(start, limit);
  if (!entries.readHead() || entries.major != MAP) return 0;
  for (let count = entries.argument; count > 0; count--) {
    const found = readKey(entries) == key;
    if (found) return entries.position;
    entries.readHead();
    finishItem(entries);
  }
  return 0;
}

/** Where the item that begins at `start` ends. */
export function endOf(start: usize, limit: usize): usize {
  entries.open(start, limit);
  entries.readHead();
  finishItem(entries);
  return entries.position;
}
