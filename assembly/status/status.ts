import { Status, StatusSource } from "../../src/abi/batch";
import { MAX_TRUSTED_KEYS } from "../../src/abi/limits";
import { BODY_EPOCH, BODY_EXPIRES, BODY_UNIVERSE, CTI_SIZE } from "../../src/abi/status-body";
import { reserve } from "../memory";
import { Credential } from "../credential/credential";
import { Changes, changedStatus, recordChanges, resetChanges } from "./changes";
import { statusInList } from "./list";
import { enlarge, Region } from "./region";
import { lookUp, lookUpRecords, periodOf } from "./snapshot";

/**
 * The status of credentials: for each issuer the snapshot in force and what has changed since. The host checks every
 * file whole (src/format/status/snapshot.ts and delta.ts) before it loads it, and loads between batches: so a look-up never
 * meets half a snapshot. Issuers are known by their index in the trust list that was loaded.
 */

/** What is in force for one issuer. */
@unmanaged
class Slot extends Changes {
  /** 0 where there is no snapshot. */
  body: usize;
  epoch: u32;
  /** Credentials issued up to this second are answered for, and until when. */
  universe: i64;
  expires: i64;
}

const MAX_ISSUERS = MAX_TRUSTED_KEYS;
const SLOTS: usize = reserve(MAX_ISSUERS * offsetof<Slot>());
const REGIONS: usize = reserve(MAX_ISSUERS * offsetof<Region>());

/** Bytes of a snapshot for each change since then that there is room for at once: 6 % more memory. */
const BYTES_PER_CHANGE = 1024;

let maxAge: i64 = i64.MAX_VALUE;
let withoutStatus: bool = false;
let source: StatusSource = 0;

/**
 * Where the host writes the `bytes` bytes of a snapshot's body. The issuer's last snapshot is no longer in force; the
 * new one is after `loadStatus`.
 */
export function statusSpace(issuer: i32, bytes: usize): usize {
  assert(issuer >= 0 && issuer < MAX_ISSUERS);
  clearStatus(issuer);
  resetChanges(slotAt(issuer), <u32>(bytes / BYTES_PER_CHANGE));
  const region = changetype<Region>(REGIONS + <usize>issuer * offsetof<Region>());
  enlarge(region, bytes);
  return region.address;
}

/** Put the body written to `statusSpace` in force. */
export function loadStatus(issuer: i32): void {
  const body = load<usize>(REGIONS + <usize>issuer * offsetof<Region>(), offsetof<Region>("address"));
  const slot = slotAt(issuer);
  slot.body = body;
  slot.epoch = load<u32>(body, BODY_EPOCH);
  slot.universe = load<i64>(body, BODY_UNIVERSE);
  slot.expires = load<i64>(body, BODY_EXPIRES);
}

/** Forget an issuer's snapshot. */
export function clearStatus(issuer: i32): void {
  slotAt(issuer).body = 0;
}

/** Record that the `count` credentials whose 16-byte ids lie at `ctis` are now of this status. */
export function changeStatus(issuer: i32, ctis: usize, count: i32, status: Status): void {
  recordChanges(slotAt(issuer), ctis, count, status);
}

/** The changes are complete up to this epoch: later credentials are covered, and answered for until later. */
export function advanceStatus(issuer: i32, epoch: u32, universe: i64, expires: i64): void {
  const slot = slotAt(issuer);
  slot.epoch = epoch;
  slot.universe = universe;
  slot.expires = expires;
}

/** After this many seconds what was `good` is `stale`, even if the snapshot itself would allow more. */
export function limitStatusAge(seconds: i64): void {
  maxAge = seconds;
}

/** The host was told to accept what nothing loaded can tell the status of, promised or not (contract section 5). */
export function goWithoutStatus(allowed: bool): void {
  withoutStatus = allowed;
}

export function goesWithoutStatus(): bool {
  return withoutStatus;
}

/** The epoch in force for an issuer, 0 for none. */
export function statusEpoch(issuer: i32): u32 {
  const slot = slotAt(issuer);
  return slot.body == 0 ? 0 : slot.epoch;
}

/**
 * The status of one credential at a moment, all times in seconds since 1970, as far as snapshots know it: UNCHECKED
 * where its issuer has none. `issuedAt` and `expires` are its claims, i64.MIN_VALUE and i64.MAX_VALUE where it has none.
 */
export function statusOf(issuer: i32, cti: usize, ctiLength: i32, issuedAt: i64, expires: i64, at: i64): Status {
  source = 0;
  if (<u32>issuer >= <u32>MAX_ISSUERS) return Status.UNCHECKED;
  const slot = slotAt(issuer);
  const body = slot.body;
  if (body == 0) return Status.UNCHECKED;
  if (ctiLength != CTI_SIZE || issuedAt == i64.MIN_VALUE || issuedAt > slot.universe) return Status.NOT_COVERED;
  let status: Status = slot.count == 0 ? 0 : changedStatus(slot, cti);
  source = StatusSource.DELTA;
  if (status == 0) {
    if (issuedAt > load<i64>(body, BODY_UNIVERSE)) {
      // Whatever was issued since the snapshot is good, unless a change has said otherwise.
      status = Status.GOOD;
    } else {
      status = lookUp(body, cti, periodOf(expires));
      source = status == Status.NOT_COVERED ? 0 : StatusSource.SNAPSHOT;
    }
  }
  // Age makes nothing good again: a stale snapshot still knows what it has seen revoked.
  if (status == Status.GOOD && (at > slot.expires || at - slot.universe > maxAge)) return Status.STALE;
  return status;
}

/**
 * The same for a credential as parsed. Where snapshots do not cover it, the list that it points into decides, if that
 * list is loaded.
 */
export function statusOfCredential(issuer: i32, credential: Credential, at: i64): Status {
  const status = statusOf(issuer, credential.cti, credential.ctiLength, credential.issuedAt, credential.expires, at);
  if (source != 0 || credential.statusIndex < 0) return status;
  const uri = credential.statusUri;
  const listed = statusInList(issuer, uri, credential.statusUriLength, credential.statusIndex, at, maxAge);
  if (listed == 0) return status;
  source = StatusSource.LIST;
  return listed;
}

/** What the last status was read from, 0 where nothing answered. */
export function statusSource(): StatusSource {
  return source;
}

/** The statuses, one byte each, that an issuer's snapshot alone gives to records of src/abi/status-body.ts. */
export function statusOfRecords(issuer: i32, records: usize, count: i32, statuses: usize): void {
  lookUpRecords(slotAt(issuer).body, records, count, statuses);
}

function slotAt(issuer: i32): Slot {
  return changetype<Slot>(SLOTS + <usize>issuer * offsetof<Slot>());
}
