import { Status } from "../../src/abi/batch";
import { MAX_STATUS_LISTS } from "../../src/abi/limits";
import { reserve } from "../memory";
import { enlarge, Region } from "./region";

/**
 * Token Status Lists (draft-ietf-oauth-status-list): packed statuses that credentials point into. A list decides only
 * about credentials of the issuer whose key signed it. The host checks each (src/format/status/token-status-list.ts) and loads
 * it between batches.
 */

/** A list, in a region that holds its address (URI) and then its statuses. */
@unmanaged
class List extends Region {
  issuer: i32;
  uriLength: i32;
  /** Bytes of statuses. */
  length: u32;
  /** 1, 2, 4 or 8; 0 where there is no list. */
  bits: u32;
  issuedAt: i64;
  expires: i64;
}

const LISTS: usize = reserve(MAX_STATUS_LISTS * offsetof<List>());
/** Lists in force are the first ones. */
let count: i32 = 0;

/** Where the host writes the URI and the statuses of list `index`, `bytes` together. */
export function listSpace(index: i32, bytes: usize): usize {
  assert(index >= 0 && index < MAX_STATUS_LISTS);
  const list = listAt(index);
  list.bits = 0;
  enlarge(list, bytes);
  return list.address;
}

/** Put list `index` in force. Times in seconds since 1970; of two lists with one URI the first counts. */
export function loadList(
  index: i32,
  issuer: i32,
  uriLength: i32,
  length: i32,
  bits: i32,
  issuedAt: i64,
  expires: i64,
): void {
  const list = listAt(index);
  list.issuer = issuer;
  list.uriLength = uriLength;
  list.length = length;
  list.bits = bits;
  list.issuedAt = issuedAt;
  list.expires = expires;
  count = max(count, index + 1);
}

/** Forget all lists. */
export function clearLists(): void {
  for (let i = 0; i < count; i++) listAt(i).bits = 0;
  count = 0;
}

/**
 * The status that a list gives to the credential of `issuer` with this URI and index: NOT_COVERED where the index is
 * beyond its end or the number has no meaning that we know, 0 where there is no such list.
 */
export function statusInList(issuer: i32, uri: usize, uriLength: i32, index: i64, at: i64, maxAge: i64): Status {
  for (let i = 0; i < count; i++) {
    const list = listAt(i);
    if (list.bits == 0 || list.issuer != issuer || list.uriLength != uriLength) continue;
    if (memory.compare(list.address, uri, uriLength) != 0) continue;
    const status = read(list, index);
    return status == Status.GOOD && (at > list.expires || at - list.issuedAt > maxAge) ? Status.STALE : status;
  }
  return 0;
}

/** Section 4.1: from the lowest bits of each byte up. Section 7.1: 0 valid, 1 invalid, 2 suspended. */
function read(list: List, index: i64): Status {
  // Not `index * bits`, which may overflow.
  const perByte = <i64>(8 / list.bits);
  if (index < 0 || index / perByte >= <i64>list.length) return Status.NOT_COVERED;
  const byte = <u32>load<u8>(list.address + <usize>list.uriLength + <usize>(index / perByte));
  const value = (byte >>> (<u32>(index % perByte) * list.bits)) & ((1 << list.bits) - 1);
  if (value == 0) return Status.GOOD;
  if (value == 1) return Status.REVOKED;
  return value == 2 ? Status.SUSPENDED : Status.NOT_COVERED;
}

function listAt(index: i32): List {
  return changetype<List>(LISTS + <usize>index * offsetof<List>());
}
