import {
  CONTEXT_AUDIENCE_LENGTH,
  CONTEXT_EXPECT,
  CONTEXT_EXPECT_ID,
  CONTEXT_EXPECT_NAME,
  CONTEXT_EXPECTED_NAME_LENGTH,
  CONTEXT_ID_LENGTH,
  CONTEXT_NONCE_LENGTH,
  CONTEXT_PURPOSE_LENGTH,
  MAX_BATCH_ITEMS,
  Match,
  RESULT_MATCHES,
} from "../src/abi/batch";
import { contextTexts, resultAt, setCode } from "./batch";
import { valueUnder } from "./cbor/cbor";
import { CURSOR_SIZE, Cursor, TEXT } from "./cbor/cursor";
import { Credential } from "./credential/credential";
import { reserve } from "./memory";
import { Code } from "./result";

/**
 * Is a genuine card that of the person who is expected (contract section 8)? Numbers are compared here, and names as far
 * as they are the same bytes. Names that are not are left to the host, which knows Unicode; until it has said how they
 * compare the card is not accepted.
 */

/** Claim 169: the number, and the full name. */
const ID: i64 = 1;
const FULL_NAME: i64 = 4;

/** Two names that the host is to compare: u32 each, the item, and addresses and lengths of the card's and the expected. */
const UNDECIDED_SIZE: usize = 20;
const UNDECIDED: usize = reserve(<usize>MAX_BATCH_ITEMS * UNDECIDED_SIZE);
let undecidedCount: i32 = 0;

export function undecided(): usize {
  return UNDECIDED;
}

export function countUndecided(): i32 {
  return undecidedCount;
}

export function forgetUndecided(): void {
  memory.fill(UNDECIDED, 0, <usize>undecidedCount * UNDECIDED_SIZE);
  undecidedCount = 0;
}

/** Of an item whose card is otherwise VALID: its code, after what its request expects. */
export function codeOfExpected(item: i32, credential: Credential, context: usize): Code {
  const asked = load<u8>(context, CONTEXT_EXPECT);
  const expected = contextTexts(context) + lengthsBefore(context);
  const idLength = <i32>load<u16>(context, CONTEXT_ID_LENGTH);
  let matches: u32 = 0;
  if (asked & CONTEXT_EXPECT_ID) {
    if (!readText(credential, ID)) return Code.CLAIM_NOT_DISCLOSED;
    matches = isNumber(expected, idLength) ? Match.SAME : Match.DIFFERS;
  }
  if (asked & CONTEXT_EXPECT_NAME) {
    if (!readText(credential, FULL_NAME)) return Code.CLAIM_NOT_DISCLOSED;
    const length = <i32>load<u16>(context, CONTEXT_EXPECTED_NAME_LENGTH);
    matches |= matchOfName(item, expected + <usize>idLength, length) << 2;
  }
  store<u8>(resultAt(item), <u8>matches, RESULT_MATCHES);
  return codeOfMatches(matches);
}

/** Of claim 169 read last: where its text is. */
let text: usize = 0;
let textLength: i32 = 0;
const value = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

function readText(credential: Credential, claim: i64): bool {
  const limit = credential.identity + <usize>credential.identityLength;
  const start: usize = credential.identity == 0 ? <usize>0 : valueUnder(credential.identity, limit, claim);
  if (start == 0) return false;
  value.open(start, limit);
  if (!value.readHead() || value.major != TEXT) return false;
  text = value.position;
  textLength = <i32>value.argument;
  return true;
}

/** What the host says of names that were left to it. */
export function settleName(item: i32, match: Match): void {
  if (item < 0 || item >= MAX_BATCH_ITEMS) return;
  const result = resultAt(item);
  const matches = ((<u32>load<u8>(result, RESULT_MATCHES)) & 3) | ((<u32>match) << 2);
  store<u8>(result, <u8>matches, RESULT_MATCHES);
  setCode(item, codeOfMatches(matches));
}

function codeOfMatches(matches: u32): Code {
  const id = matches & 3;
  const name = matches >> 2;
  if (id == Match.DIFFERS || name == Match.DIFFERS) return Code.IDENTITY_MISMATCH;
  return name == Match.REVIEW ? Code.NAME_REVIEW : Code.VALID;
}

function matchOfName(item: i32, expected: usize, expectedLength: i32): u32 {
  const isSame = textLength == expectedLength && memory.compare(text, expected, textLength) == 0;
  if (isSame && hasLetter()) return Match.SAME;
  const entry = UNDECIDED + <usize>undecidedCount * UNDECIDED_SIZE;
  store<u32>(entry, item);
  store<u32>(entry, <u32>text, 4);
  store<u32>(entry, textLength, 8);
  store<u32>(entry, <u32>expected, 12);
  store<u32>(entry, expectedLength, 16);
  undecidedCount++;
  return Match.REVIEW;
}

/** Names of nothing but spaces are no match for one another: a letter or digit of ASCII, or an ideograph's first byte. */
function hasLetter(): bool {
  for (let i = 0; i < textLength; i++) {
    const byte = <u32>load<u8>(text + <usize>i);
    if (byte - 0xe4 <= 5 || (byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10) return true;
  }
  return false;
}

/** The same signs; the last of a citizen's number may be an x or an X (GB 11643). */
function isNumber(expected: usize, expectedLength: i32): bool {
  if (textLength != expectedLength || textLength == 0) return false;
  for (let i = 0; i < textLength; i++) {
    if (upperX(load<u8>(text + <usize>i)) != upperX(load<u8>(expected + <usize>i))) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function upperX(byte: u8): u8 {
  return byte == 0x78 ? 0x58 : byte;
}

/** Bytes of the context's texts before the expected ones. */
function lengthsBefore(context: usize): usize {
  return (
    <usize>load<u16>(context, CONTEXT_AUDIENCE_LENGTH) +
    <usize>load<u16>(context, CONTEXT_PURPOSE_LENGTH) +
    <usize>load<u16>(context, CONTEXT_NONCE_LENGTH)
  );
}
