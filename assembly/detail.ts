import {
  CONTEXT_EXPECT,
  CONTEXT_EXPECT_KNOWN_BY,
  CONTEXT_FLAG_CLAIMS,
  CONTEXT_FLAG_DETAIL,
  CONTEXT_FLAG_REPLAY,
  CONTEXT_FLAGS,
  Format,
  MAX_BATCH_ITEMS,
  RESULT_DETAIL_LENGTH,
  RESULT_FORMAT,
  RESULT_MATCHES,
} from "../src/abi/batch";
import { MAX_KID_LENGTH } from "../src/abi/limits";
import { codeOf, contextAt, credentialAt, resultAt } from "./batch";
import { ARENA_SIZE, reserve } from "./memory";
import { BYTES, NEGATIVE, TEXT, UNSIGNED } from "./cbor/cursor";
import { Credential } from "./credential/credential";
import { Presentation } from "./credential/presentation";
import { sha256 } from "./hash/sha256";
import { Code } from "./result";

/**
 * What a caller who asked for it gets beside the result: u32 length and bytes of kid, iss and the identity map, in
 * this order. Those that are not told are empty. Of a presentation that is to be accepted once, what it is known by follows;
 * where it was compared with what was expected, what the credential is known by.
 */

/** How much is told of one item. */
export enum Parts {
  KID,
  /** And the credential's iss. */
  NAMES,
  /** And claim 169. */
  ALL,
}

/**
 * The fields of all items in work are parts of the arena, plus three lengths and a kid each; what a presentation is known
 * by is some of its parts again, plus heads, numbers and a digest.
 */
const CAPACITY: usize = 2 * ARENA_SIZE + <usize>MAX_BATCH_ITEMS * (128 + 2 * MAX_KID_LENGTH);
const DETAIL: usize = reserve(CAPACITY);
let top: usize = DETAIL;
const DIGEST: usize = memory.data(32, 8);

export function detail(): usize {
  return DETAIL;
}

export function detailLength(): i32 {
  return <i32>(top - DETAIL);
}

/** Wipe what was told. The host calls it when it has read it. */
export function resetDetail(): void {
  memory.fill(DETAIL, 0, top - DETAIL);
  top = DETAIL;
}

/**
 * Write the detail that was asked for. Claims go with accepted cards alone (contract section 5); who is said to have
 * issued it, with genuine ones; the kid that nobody trusts is told of any.
 */
export function tell(item: i32): void {
  const context = contextAt(item);
  const flags = load<u8>(context, CONTEXT_FLAGS);
  const result = resultAt(item);
  const code = codeOf(item);
  const credential = credentialAt(item);
  const isShown = code == Code.VALID && credential.format == Format.PRESENTATION;
  const isToBeClaimed = isShown && (flags & CONTEXT_FLAG_REPLAY) != 0;
  // Whoever asked for a comparison must not ask until it matches: how often is counted by the credential.
  const isCompared = load<u8>(result, RESULT_MATCHES) != 0 && credential.toBeSigned != 0;
  const isToBeKnown = isCompared && (load<u8>(context, CONTEXT_EXPECT) & CONTEXT_EXPECT_KNOWN_BY) != 0;
  // Where no credential was read there is nothing to tell.
  const isAsked = isToBeClaimed || isToBeKnown || (flags & CONTEXT_FLAG_DETAIL) != 0;
  if (!isAsked || load<u8>(result, RESULT_FORMAT) == 0) return;
  const withClaims = code == Code.VALID && (flags & CONTEXT_FLAG_CLAIMS) != 0;
  const parts = withClaims ? Parts.ALL : isGenuine(code) ? Parts.NAMES : Parts.KID;
  let length = writeDetail(credential, parts);
  if (isToBeClaimed) length += writeIdentityOfPresentation(credential);
  if (isToBeKnown) length += writeKnownBy(credential, isToBeClaimed);
  store<u32>(result, length, RESULT_DETAIL_LENGTH);
}

/** Contract section 5: VALID, and 50 to 79. */
// @ts-ignore: decorator
@inline
function isGenuine(code: Code): bool {
  return code == Code.VALID || (code >= Code.REVOKED && code < Code.BUSY);
}

/** Append one item's detail; returns its length in bytes. */
export function writeDetail(credential: Credential, parts: Parts): i32 {
  const start = top;
  writeField(credential.kid, credential.kidLength);
  writeField(credential.issuer, parts >= Parts.NAMES ? credential.issuerLength : 0);
  writeField(credential.identity, parts == Parts.ALL ? credential.identityLength : 0);
  return <i32>(top - start);
}

function writeField(address: usize, length: i32): void {
  store<u32>(top, length);
  memory.copy(top + 4, address, length);
  top += 4 + <usize>length;
}

/**
 * What an accepted presentation is known by (contract section 3), never signature bytes: i64 the token's iat, u32 length of
 * what its credential is known by, and CBOR [issuer's kid, cti of the credential (or the SHA-256 of its holder's key), aud,
 * cti of the token (or its iat), cnonce or null], whose first two elements are the credential's. Returns its length.
 */
function writeIdentityOfPresentation(credential: Credential): i32 {
  const token = changetype<Presentation>(credential.holderMessage);
  const start = top;
  const cbor = start + 16;
  top = cbor;
  store<u8>(top++, 0x85); // array of 5
  writeString(BYTES, credential.kid, credential.kidLength);
  if (credential.cti != 0) {
    writeString(BYTES, credential.cti, credential.ctiLength);
  } else {
    sha256(0, 0, credential.confirmationKey, credential.confirmationKeyLength, DIGEST);
    writeString(BYTES, DIGEST, 32);
  }
  const credentialLength = <u32>(top - cbor);
  writeString(TEXT, token.audience, token.audienceLength);
  if (token.cti != 0) writeString(BYTES, token.cti, token.ctiLength);
  else writeInteger(token.issuedAt);
  if (token.nonce != 0) writeString(BYTES, token.nonce, token.nonceLength);
  else store<u8>(top++, 0xf6); // null
  store<u32>(start, <u32>(top - start - 4));
  store<i64>(start, token.issuedAt, 4);
  store<u32>(start, credentialLength, 12);
  return <i32>(top - start);
}

/** What a credential is known by, whatever shows it: its cti, or the SHA-256 of what its issuer signed. Returns its length. */
function writeKnownBy(credential: Credential, afterPresentation: bool): i32 {
  const start = top;
  if (!afterPresentation) writeField(0, 0);
  if (credential.cti != 0) {
    writeField(credential.cti, credential.ctiLength);
  } else {
    sha256(0, 0, credential.payload, credential.payloadLength, DIGEST);
    writeField(DIGEST, 32);
  }
  return <i32>(top - start);
}

function writeString(major: u32, address: usize, length: i32): void {
  writeHead(major, length);
  memory.copy(top, address, length);
  top += length;
}

function writeInteger(value: i64): void {
  if (value < 0) writeHead(NEGATIVE, -1 - value);
  else writeHead(UNSIGNED, value);
}

/** The head of a CBOR item, as short as it can be (RFC 8949 section 4.2.1). */
function writeHead(major: u32, argument: u64): void {
  const first = major << 5;
  if (argument < 24) {
    store<u8>(top++, first | (<u32>argument));
  } else if (argument < 0x100) {
    store<u8>(top, first | 24);
    store<u8>(top + 1, <u8>argument);
    top += 2;
  } else if (argument < 0x10000) {
    store<u8>(top, first | 25);
    store<u16>(top + 1, bswap(<u16>argument));
    top += 3;
  } else if (argument < 0x100000000) {
    store<u8>(top, first | 26);
    store<u32>(top + 1, bswap(<u32>argument));
    top += 5;
  } else {
    store<u8>(top, first | 27);
    store<u64>(top + 1, bswap(argument));
    top += 9;
  }
}
