import {
  BATCH_SIZE,
  CONTEXT_AT,
  CONTEXT_AUDIENCE_LENGTH,
  CONTEXT_EXPECTED_NAME_LENGTH,
  CONTEXT_FLAG_AT_REPLACES_CLOCK,
  CONTEXT_FLAGS,
  CONTEXT_ID_LENGTH,
  CONTEXT_NONCE_LENGTH,
  CONTEXT_PURPOSE_LENGTH,
  CONTEXT_SIZE,
  CONTEXT_TEXT_OFFSET,
  CONTEXTS_OFFSET,
  HEADER_NOW,
  ITEM_CONTEXT,
  ITEM_SIZE,
  ITEMS_OFFSET,
  MAX_BATCH_ITEMS,
  RESULT_CODE,
  RESULT_SIZE,
  RESULTS_OFFSET,
  TEXT_CAPACITY,
  TEXTS_OFFSET,
} from "../src/abi/batch";
import { CLOCK_SKEW_SECONDS } from "../src/abi/limits";
import { reserve } from "./memory";
import { Credential, CREDENTIAL_SIZE } from "./credential/credential";
import { Code } from "./result";

/** The batch in work, laid out as src/abi/batch.ts says, and the credential of each of its items. */

export const BATCH: usize = reserve(BATCH_SIZE + 64);
const CREDENTIALS: usize = reserve(<usize>MAX_BATCH_ITEMS * CREDENTIAL_SIZE);

/** No signed time in force is later than this, in seconds since 1970. */
let clockFloor: i64 = 0;

/** Where the host copies a batch. */
export function batch(): usize {
  return BATCH;
}

export function setClockFloor(seconds: i64): void {
  clockFloor = seconds;
}

// @ts-ignore: decorator
@inline
export function resultAt(item: i32): usize {
  return BATCH + RESULTS_OFFSET + <usize>item * RESULT_SIZE;
}

// @ts-ignore: decorator
@inline
export function itemAt(item: i32): usize {
  return BATCH + ITEMS_OFFSET + <usize>item * ITEM_SIZE;
}

/** What the item's request asks; an index that there cannot be stays inside the batch. */
// @ts-ignore: decorator
@inline
export function contextAt(item: i32): usize {
  const index = load<u16>(itemAt(item), ITEM_CONTEXT) & (<u16>(MAX_BATCH_ITEMS - 1));
  return BATCH + CONTEXTS_OFFSET + <usize>index * CONTEXT_SIZE;
}

/** The context's own texts, of which none may lie outside the batch: those of a context that says so are at its end. */
export function contextTexts(context: usize): usize {
  const lengths =
    <u32>load<u16>(context, CONTEXT_AUDIENCE_LENGTH) +
    <u32>load<u16>(context, CONTEXT_PURPOSE_LENGTH) +
    <u32>load<u16>(context, CONTEXT_NONCE_LENGTH) +
    <u32>load<u16>(context, CONTEXT_ID_LENGTH) +
    <u32>load<u16>(context, CONTEXT_EXPECTED_NAME_LENGTH);
  return BATCH + TEXTS_OFFSET + min(load<u32>(context, CONTEXT_TEXT_OFFSET), <u32>TEXT_CAPACITY - lengths);
}

// @ts-ignore: decorator
@inline
export function credentialAt(item: i32): Credential {
  return changetype<Credential>(CREDENTIALS + <usize>item * CREDENTIAL_SIZE);
}

export function wipeTexts(length: u32): void {
  memory.fill(BATCH + TEXTS_OFFSET, 0, min(length, <u32>TEXT_CAPACITY));
}

/** Dates of birth are in them. */
export function wipeCredentials(from: i32, end: i32): void {
  memory.fill(CREDENTIALS + <usize>from * CREDENTIAL_SIZE, 0, <usize>(end - from) * CREDENTIAL_SIZE);
}

// @ts-ignore: decorator
@inline
export function codeOf(item: i32): Code {
  return load<u8>(resultAt(item), RESULT_CODE);
}

// @ts-ignore: decorator
@inline
export function setCode(item: i32, code: Code): void {
  store<u8>(resultAt(item), <u8>code, RESULT_CODE);
}

// @ts-ignore: decorator
@inline
function atReplacesClock(context: usize): bool {
  return (load<u8>(context, CONTEXT_FLAGS) & CONTEXT_FLAG_AT_REPLACES_CLOCK) != 0;
}

/** The moment at which keys, trust and status must be in force: now, unless the request's `at` stands for the clock. */
export function trustMoment(context: usize): i64 {
  return atReplacesClock(context) ? load<i64>(context, CONTEXT_AT) : load<i64>(BATCH, HEADER_NOW);
}

/** Is the clock, where the request goes by it, before a time that was signed? Then nothing that it decides can be told. */
export function isClockWrong(context: usize): bool {
  return !atReplacesClock(context) && load<i64>(BATCH, HEADER_NOW) < clockFloor - CLOCK_SKEW_SECONDS;
}
