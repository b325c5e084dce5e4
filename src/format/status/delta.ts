import { concat } from "../bytes.js";
import { byteString, openEnvelope, sealEnvelope, whole } from "./envelope.js";
import type { Signed, StatusClaims, StatusSigner, StatusTrust } from "./envelope.js";
import { CTI_SIZE } from "../../abi/status-body.js";
import { StatusError } from "./error.js";
import { MAX_STATUS_FILE_LENGTH } from "../../abi/limits.js";

/**
 * A status delta: what has changed since a snapshot, its base, as a CWT in a COSE_Sign1 with nothing around it.
 *
 * It says for each credential that changed what its status is now, and not how that came about. So a delta may be
 * applied to any state of its base between `from`, after which it tells everything, and its own epoch: a verifier that
 * has missed some catches up from wherever it is, and an authority may publish short ones and long ones side by side.
 * Credentials issued after the base and up to the delta's time are good where the delta does not name them.
 */
export interface Delta extends StatusClaims {
  /** Epoch of the snapshot that this is about. */
  base: number;
  /** Tells of every change after this epoch. */
  from: number;
  /** The ids (claim 7) of credentials that are now good, revoked or suspended: 16 bytes each, in ascending order. */
  good: Uint8Array;
  revoked: Uint8Array;
  suspended: Uint8Array;
}

export type OpenedDelta = Delta & Signed;

/** Media type in the `typ` header (RFC 9596). */
export const DELTA_TYPE = "application/hufu-status-delta+cwt";

// Claims of our own, in the private-use range below -65536.
const BASE = -65545;
const FROM = -65546;
const GOOD = -65547;
const REVOKED = -65548;
const SUSPENDED = -65549;

export async function encodeDelta(delta: Delta, signer: StatusSigner): Promise<Uint8Array> {
  return sealEnvelope(
    DELTA_TYPE,
    delta,
    [
      [BASE, delta.base],
      [FROM, delta.from],
      [GOOD, delta.good],
      [REVOKED, delta.revoked],
      [SUSPENDED, delta.suspended],
    ],
    signer,
  );
}

/** Throws nothing but StatusError (and what `trust.verify` throws). Time is not judged here. */
export function openDelta(bytes: Uint8Array, trust: StatusTrust): OpenedDelta {
  if (bytes.length > MAX_STATUS_FILE_LENGTH) {
    throw new StatusError("TOO_LARGE", `it has ${bytes.length} bytes, and at most ${MAX_STATUS_FILE_LENGTH} are read`);
  }
  const { claims, payload } = openEnvelope(bytes, DELTA_TYPE, trust);
  const delta: OpenedDelta = {
    ...claims,
    base: whole(payload, BASE, "base"),
    from: whole(payload, FROM, "start"),
    good: byteString(payload, GOOD, "list of good credentials"),
    revoked: byteString(payload, REVOKED, "list of revoked credentials"),
    suspended: byteString(payload, SUSPENDED, "list of suspended credentials"),
  };
  if (delta.base > delta.from || delta.from >= delta.epoch) {
    throw new StatusError("BAD_LAYOUT", "its epochs are not in order");
  }
  for (const ids of [delta.good, delta.revoked, delta.suspended]) {
    if (ids.length % CTI_SIZE !== 0) throw new StatusError("BAD_LAYOUT", "an id in it is cut off");
    for (let at = CTI_SIZE; at < ids.length; at += CTI_SIZE) {
      if (compareIds(ids, at - CTI_SIZE, ids, at) >= 0) throw new StatusError("BAD_LAYOUT", "its ids are not in order");
    }
  }
  if (!areDisjoint(delta)) throw new StatusError("BAD_LAYOUT", "it says two things of one credential");
  return delta;
}

/** Ids of 16 bytes in ascending order, each once: as a delta has them. */
export function packIds(ids: Iterable<Uint8Array>): Uint8Array {
  const sorted = [...ids].sort((a, b) => compareIds(a, 0, b, 0));
  return concat(...sorted.filter((id, i) => i === 0 || compareIds(id, 0, sorted[i - 1] ?? id, 0) !== 0));
}

/** A merge of the sorted lists that stops where it meets an id twice. */
function areDisjoint({ good, revoked, suspended }: Delta): boolean {
  return [
    [good, revoked],
    [good, suspended],
    [revoked, suspended],
  ].every(([a = good, b = good]) => {
    let i = 0;
    let j = 0;
    while (i < a.length && j < b.length) {
      const order = compareIds(a, i, b, j);
      if (order === 0) return false;
      if (order < 0) i += CTI_SIZE;
      else j += CTI_SIZE;
    }
    return true;
  });
}

function compareIds(a: Uint8Array, i: number, b: Uint8Array, j: number): number {
  for (let k = 0; k < CTI_SIZE; k++) {
    const difference = (a[i + k] ?? 0) - (b[j + k] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
