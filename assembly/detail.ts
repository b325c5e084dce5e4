import { MAX_BATCH_ITEMS } from "../src/abi/batch";
import { MAX_KID_LENGTH } from "../src/abi/limits";
import { ARENA_SIZE, reserve } from "./memory";
import { Credential } from "./cose/credential";

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
