import {
  Format,
  ITEM_TEXT_LENGTH,
  ITEM_TEXT_OFFSET,
  NO_DATE,
  NO_KEY,
  RESULT_ALGORITHM,
  RESULT_EXPIRES,
  RESULT_FORMAT,
  RESULT_KEY,
  RESULT_NOT_BEFORE,
  RESULT_SIZE,
  RESULT_TIER_AND_STATUS,
  TEXTS_OFFSET,
} from "../src/abi/batch";
import { MAX_INFLATED_LENGTH, MAX_SCANNED_LENGTH, MAX_TEXT_LENGTH } from "../src/abi/limits";
import { allocate, giveUpRoom, roomForItem } from "./arena";
import { BATCH, credentialAt, itemAt, resultAt, setCode } from "./batch";
import { ARRAY, BYTES, Cursor, CURSOR_SIZE, TAG } from "./cbor/cursor";
import { Credential } from "./credential/credential";
import { readCredential } from "./credential/recognise";
import { decodeBase45 } from "./decode/base45";
import { inflateZlib } from "./decode/inflate";
import { addedBefore, lengthScanned } from "./decode/scanned";
import { reserve } from "./memory";
import { Code } from "./result";
import { algorithmOf } from "./cose/algorithm";

/** From the text of an item to its credential. */

/** Bytes that base45 yields from the longest text, and the slack its decoder may write. */
const COMPRESSED_CAPACITY: usize = (MAX_TEXT_LENGTH / 3) * 2 + 64;
const COMPRESSED: usize = reserve(COMPRESSED_CAPACITY);

const INDEFINITE_ARRAY: u8 = 0x9f;
const start = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/** Text to Credential. Leaves UNVERIFIED in the result, or the code that refuses the item. */
export function readItem(item: i32, textsLength: u32): void {
  const result = resultAt(item);
  memory.fill(result, 0, RESULT_SIZE);
  store<u16>(result, NO_KEY, RESULT_KEY);
  store<i64>(result, NO_DATE, RESULT_EXPIRES);
  store<i64>(result, NO_DATE, RESULT_NOT_BEFORE);
  const credential = credentialAt(item);
  const code = decodeItem(item, textsLength, credential);
  if (code != Code.VALID) return setCode(item, code);
  store<u8>(result, <u8>credential.format, RESULT_FORMAT);
  store<u8>(result, <u8>algorithmOf(credential.algorithm), RESULT_ALGORITHM);
  store<u8>(result, <u8>credential.tier, RESULT_TIER_AND_STATUS);
  if (credential.expires != i64.MAX_VALUE) store<i64>(result, credential.expires, RESULT_EXPIRES);
  store<i64>(result, credential.notBefore, RESULT_NOT_BEFORE);
}

function decodeItem(item: i32, textsLength: u32, credential: Credential): Code {
  const entry = itemAt(item);
  const offset = load<u32>(entry, ITEM_TEXT_OFFSET);
  const given = load<u32>(entry, ITEM_TEXT_LENGTH);
  if (given > <u32>MAX_SCANNED_LENGTH) return Code.TOO_LONG;
  if (<u64>offset + <u64>given > <u64>textsLength) return Code.INTERNAL;
  const scanned = BATCH + TEXTS_OFFSET + offset;
  const added = addedBefore(scanned, given);
  const text = scanned + added;
  const length = lengthScanned(text, given - added);
  if (length > <u32>MAX_TEXT_LENGTH) return Code.TOO_LONG;
  const compressed = decodeBase45(text, length, COMPRESSED);
  if (compressed < 0) return hasForeignPrefix(text, length) ? Code.BAD_PREFIX : -compressed;
  if (isMessage(COMPRESSED, compressed)) return readUncompressed(compressed, credential);
  const bytes = roomForItem();
  const inflated = inflateZlib(COMPRESSED, compressed, bytes, MAX_INFLATED_LENGTH);
  if (inflated < 0) giveUpRoom();
  if (inflated == -Code.BAD_ZLIB && hasForeignPrefix(text, length)) return Code.BAD_PREFIX;
  if (inflated < 0) return -inflated;
  allocate(inflated);
  return readCredential(bytes, inflated, credential);
}

/**
 * Do the bytes begin as a COSE_Sign1 does, with or without tags: an array of some three to five items, or of indefinite
 * length, whose first is a byte string? No zlib stream does: its first byte is below 0x80 (RFC 1950 section 2.2).
 */
function isMessage(bytes: usize, length: i32): bool {
  if (length < 3 || load<u8>(bytes) < 0x80) return false;
  start.open(bytes, bytes + <usize>length);
  while (start.readHead()) {
    if (start.major == TAG) continue;
    const isFew = start.argument >= 3 && start.argument <= 5;
    return start.major == ARRAY && isFew && start.readHead() && start.major == BYTES;
  }
  const at = start.position;
  return load<u8>(at) == INDEFINITE_ARRAY && load<u8>(at + 1) >>> 5 == BYTES;
}

/** A presentation needs no zlib, which would only make it longer; cards are compressed (contract section 2). */
function readUncompressed(length: i32, credential: Credential): Code {
  const bytes = allocate(length);
  memory.copy(bytes, COMPRESSED, length);
  const code = readCredential(bytes, length, credential);
  return code == Code.VALID && credential.format != Format.PRESENTATION ? Code.BAD_ZLIB : code;
}

export function wipeCompressed(): void {
  memory.fill(COMPRESSED, 0, COMPRESSED_CAPACITY);
}

/**
 * Ours has no prefix. A text that does not decode and begins with one to eight letters or digits and a colon
 * (`HC1:`, `https:`, `WIFI:`) is a QR of another scheme, and saying so helps whoever scanned it.
 */
function hasForeignPrefix(text: usize, length: u32): bool {
  for (let i: u32 = 0; i < length && i <= 8; i++) {
    const char = load<u8>(text + i);
    if (char == 0x3a) return i > 0;
    const letter = char | 0x20;
    if (!((letter >= 0x61 && letter <= 0x7a) || (char >= 0x30 && char <= 0x39))) return false;
  }
  return false;
}
