import {
  CONTEXT_AT,
  CONTEXT_FLAG_CLAIMS,
  CONTEXT_FLAG_DETAIL,
  CONTEXT_FLAGS,
  Format,
  HEADER_ITEM_COUNT,
  HEADER_TEXT_LENGTH,
  ITEM_SIZE,
  ITEM_TEXT_LENGTH,
  ITEM_TEXT_OFFSET,
  ITEMS_OFFSET,
  MAX_BATCH_ITEMS,
  NO_DATE,
  NO_KEY,
  RESULT_ALGORITHM,
  RESULT_DETAIL_LENGTH,
  RESULT_EXPIRES,
  RESULT_FORMAT,
  RESULT_KEY,
  RESULT_NOT_BEFORE,
  RESULT_SIZE,
  RESULT_TIER_AND_STATUS,
  TEXT_CAPACITY,
  TEXTS_OFFSET,
} from "../src/abi/batch";
import { MAX_INFLATED_LENGTH, MAX_SCANNED_LENGTH, MAX_TEXT_LENGTH } from "../src/abi/limits";
import { collectJobs, flushAllJobs } from "./issuer";
import { decodeBase45 } from "./decode/base45";
import { inflateZlib } from "./decode/inflate";
import { addedBefore, lengthScanned } from "./decode/scanned";
import { Parts, resetDetail, writeDetail } from "./detail";
import { judge } from "./policy";
import { ARENA_SIZE, reserve } from "./memory";
import { Credential } from "./cose/credential";
import { hasImpossibleDates, parseCredential } from "./credential/cwt";
import { BATCH, codeOf, contextAt, credentialAt, resultAt, setCode, wipeCredentials } from "./batch";
import { Code } from "./result";
import { algorithmOf } from "./signature/verify";

/**
 * A batch from text to verdict, stage by stage: decode and parse every item, collect the signatures to check, check
 * them together, then judge status and policy. The first stage that refuses an item decides its code.
 */

/** Bytes that base45 yields from the longest text, and the slack its decoder may write. */
const COMPRESSED_CAPACITY: usize = (MAX_TEXT_LENGTH / 3) * 2 + 64;
const COMPRESSED: usize = reserve(COMPRESSED_CAPACITY);

/** Inflated bytes and Sig_structures of the items in work. */
const ARENA: usize = reserve(ARENA_SIZE);
/** Inflated bytes of one item, and the slack that the inflater may write. */
const ITEM_INFLATED: usize = MAX_INFLATED_LENGTH + 128;
/** What one item can need: its inflated bytes, and as much again as Sig_structure. */
const ITEM_RESERVE: usize = 2 * ITEM_INFLATED;

let arenaTop: usize = ARENA;
/** Behind all that was written to the arena: what does not inflate to its end is there and counts for nothing. */
let arenaWritten: usize = ARENA;

/**
 * Verify the items of the batch from index `from` on, as many as the arena holds; returns the index of the next item
 * to begin with, which is the item count when all are done. The detail of these items is ready to be read.
 */
export function verify(from: i32): i32 {
  const count = min(load<i32>(BATCH, HEADER_ITEM_COUNT), MAX_BATCH_ITEMS);
  const textLength = load<u32>(BATCH, HEADER_TEXT_LENGTH);
  resetDetail();
  arenaTop = ARENA;
  let end = from;
  while (end < count && ARENA + ARENA_SIZE - arenaTop >= ITEM_RESERVE) {
    readItem(end, textLength);
    end++;
  }
  for (let item = from; item < end; item++) {
    if (codeOf(item) != Code.UNVERIFIED) continue;
    if (hasImpossibleDates(credentialAt(item), load<i64>(contextAt(item), CONTEXT_AT))) setCode(item, Code.BAD_CWT);
    else collectJobs(item);
  }
  flushAllJobs();
  for (let item = from; item < end; item++) {
    if (codeOf(item) == Code.VALID) judge(item);
    tell(item);
  }
  wipe(from, end);
  if (end == count) wipeTexts(textLength);
  return end;
}

/**
 * Read the first item without judging it: what `hufu decode` shows. Returns Code.UNVERIFIED, or the code of the stage
 * that could not read it; the detail of whatever was read is ready.
 */
export function inspect(): Code {
  resetDetail();
  arenaTop = ARENA;
  const textLength = load<u32>(BATCH, HEADER_TEXT_LENGTH);
  readItem(0, textLength);
  if (codeOf(0) == Code.UNVERIFIED) writeDetail(credentialAt(0), Parts.ALL);
  wipe(0, 1);
  wipeTexts(textLength);
  return codeOf(0);
}

/** What lay here was personal data; the next batch may be another relying party's. */
function wipe(from: i32, end: i32): void {
  memory.fill(ARENA, 0, max(arenaTop, arenaWritten) - ARENA);
  memory.fill(COMPRESSED, 0, COMPRESSED_CAPACITY);
  wipeCredentials(from, end);
  arenaWritten = ARENA;
}

function wipeTexts(length: u32): void {
  memory.fill(BATCH + TEXTS_OFFSET, 0, min(length, <u32>TEXT_CAPACITY));
}

/**
 * Write the detail that was asked for. Claims go with accepted cards alone (contract section 5); who is said to have
 * issued it, with genuine ones; the kid that nobody trusts is told of any.
 */
function tell(item: i32): void {
  const flags = load<u8>(contextAt(item), CONTEXT_FLAGS);
  const result = resultAt(item);
  // Where no credential was read there is nothing to tell.
  if ((flags & CONTEXT_FLAG_DETAIL) == 0 || load<u8>(result, RESULT_FORMAT) == 0) return;
  const code = codeOf(item);
  const withClaims = code == Code.VALID && (flags & CONTEXT_FLAG_CLAIMS) != 0;
  const parts = withClaims ? Parts.ALL : isGenuine(code) ? Parts.NAMES : Parts.KID;
  store<u32>(result, writeDetail(credentialAt(item), parts), RESULT_DETAIL_LENGTH);
}

/** Contract section 5: VALID, and 50 to 79. */
// @ts-ignore: decorator
@inline
function isGenuine(code: Code): bool {
  return code == Code.VALID || (code >= Code.REVOKED && code < Code.BUSY);
}

/** Text to Credential. Leaves UNVERIFIED in the result, or the code that refuses the item. */
function readItem(item: i32, textsLength: u32): void {
  const result = resultAt(item);
  memory.fill(result, 0, RESULT_SIZE);
  store<u16>(result, NO_KEY, RESULT_KEY);
  store<i64>(result, NO_DATE, RESULT_EXPIRES);
  store<i64>(result, NO_DATE, RESULT_NOT_BEFORE);
  const credential = credentialAt(item);
  const code = decodeItem(item, textsLength, credential);
  if (code != Code.VALID) return setCode(item, code);
  store<u8>(result, Format.CLAIM169, RESULT_FORMAT);
  store<u8>(result, <u8>algorithmOf(credential.algorithm), RESULT_ALGORITHM);
  store<u8>(result, <u8>credential.tier, RESULT_TIER_AND_STATUS);
  if (credential.expires != i64.MAX_VALUE) store<i64>(result, credential.expires, RESULT_EXPIRES);
  store<i64>(result, credential.notBefore, RESULT_NOT_BEFORE);
}

function decodeItem(item: i32, textsLength: u32, credential: Credential): Code {
  const entry = BATCH + ITEMS_OFFSET + <usize>item * ITEM_SIZE;
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
  const inflated = inflateZlib(COMPRESSED, compressed, arenaTop, MAX_INFLATED_LENGTH);
  if (inflated < 0) arenaWritten = max(arenaWritten, arenaTop + ITEM_INFLATED);
  if (inflated == -Code.BAD_ZLIB && hasForeignPrefix(text, length)) return Code.BAD_PREFIX;
  if (inflated < 0) return -inflated;
  const bytes = arenaTop;
  const toBeSigned = (bytes + inflated + 63) & ~(<usize>15);
  const code = parseCredential(bytes, inflated, credential, toBeSigned);
  arenaTop = (toBeSigned + credential.toBeSignedLength + 63) & ~(<usize>15);
  return code;
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

