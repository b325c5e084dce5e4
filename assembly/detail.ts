import {
  CONTEXT_FLAG_CLAIMS,
  CONTEXT_FLAG_DETAIL,
  CONTEXT_FLAGS,
  MAX_BATCH_ITEMS,
  RESULT_DETAIL_LENGTH,
  RESULT_FORMAT,
} from "../src/abi/batch";
import { MAX_KID_LENGTH } from "../src/abi/limits";
import { codeOf, contextAt, credentialAt, resultAt } from "./batch";
import { ARENA_SIZE, reserve } from "./memory";
import { Credential } from "./credential/credential";
import { Code } from "./result";

/**
 * What a caller who asked for it gets beside the result: u32 length and bytes of kid, iss and the identity map, in
 * this order. Those that are not told are empty.
 */

/** How much is told of one item. */
export enum Parts {
  KID,
  /** And the credential's iss. */
  NAMES,
  /** And claim 169. */
  ALL,
}

/** The fields of all items in work are parts of the arena, plus three lengths and a kid each. */
const CAPACITY: usize = ARENA_SIZE + <usize>MAX_BATCH_ITEMS * (12 + MAX_KID_LENGTH);
const DETAIL: usize = reserve(CAPACITY);
let top: usize = DETAIL;

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
