import { equalBytes } from "../format/bytes.js";
import type { OpenedDelta } from "../format/status/delta.js";
import { MAX_STATUS_LISTS } from "../abi/limits.js";
import type { OpenedSnapshot } from "../format/status/snapshot.js";
import { type Signed, signsAt } from "../format/status/envelope.js";
import { StatusError } from "../format/status/error.js";
import { catchUp, epochOf, type StatusState, succeeding, universeOf, withDelta } from "../format/status/state.js";
import type { OpenedStatusList } from "../format/status/token-status-list.js";
import { issuerId, type TrustedKey } from "../format/trust/trust-list.js";
import { type Bounds, isAhead } from "./bounds.js";
import { refusalOf, type StatusFiles } from "./status-files.js";
import type { Trust } from "./trust.js";

/** What tells the status of cards: snapshots with their deltas, one an issuer, and Token Status Lists. */
export interface StatusInForce {
  statuses: readonly StatusState[];
  lists: readonly OpenedStatusList[];
}

/**
 * What is in force after newer files, each judged by itself: one that is refused keeps out no other. A snapshot comes
 * into force together with the deltas that lead on from it; a delta without one applies to what is in force.
 */
export function statusAfter(
  inForce: StatusInForce & { trust: Trust },
  { opened, refused }: StatusFiles,
  bounds: Bounds,
): StatusInForce & { refused: readonly StatusError[] } {
  const { keys } = inForce.trust;
  const statuses = new Map(inForce.statuses.map((status) => [issuerId(status.snapshot.signer), status]));
  let { lists } = inForce;
  const failed: StatusError[] = [];
  const settled = new Set<string>();
  const attempt = (file: number, work: () => void): void => {
    try {
      work();
    } catch (error) {
      failed.push(refusalOf(error, file));
    }
  };
  // Trust may have changed since they were checked.
  const current = opened.filter((one) => {
    const known = failed.length;
    attempt(one.file, () => {
      checkSigner("snapshot" in one ? one.snapshot : "delta" in one ? one.delta : one.list, keys);
    });
    return failed.length === known;
  });
  const deltas = current.flatMap((one) => ("delta" in one ? one.delta : []));
  for (const one of current) {
    if (!("snapshot" in one)) continue;
    const issuer = issuerId(one.snapshot.signer);
    // Whoever follows a feed may meet it again.
    if (isSameSnapshot(one.snapshot, statuses.get(issuer))) continue;
    attempt(one.file, () => {
      const next = catchUp({ snapshot: one.snapshot, deltas: [] }, believed(deltas, bounds, statuses));
      statuses.set(issuer, checked(succeeding(next, statuses.get(issuer)), keys, bounds, statuses.has(issuer)));
      settled.add(issuer);
    });
  }
  for (const one of current) {
    if (!("delta" in one)) continue;
    const issuer = issuerId(one.delta.signer);
    // Those beside a new snapshot came into force with it, or are about the one before.
    if (settled.has(issuer) || isAmong(one.delta, statuses.get(issuer))) continue;
    attempt(one.file, () => {
      const status = statuses.get(issuer);
      if (status === undefined) {
        throw new StatusError("WRONG_BASE", `it is about a snapshot of ${one.delta.issuer}, and none is in force`);
      }
      statuses.set(issuer, checked(withDelta(status, one.delta), keys, bounds, true));
    });
  }
  for (const one of current) {
    if (!("list" in one)) continue;
    attempt(one.file, () => {
      lists = withList(lists, one.list, keys, bounds);
    });
  }
  return { statuses: [...statuses.values()], lists, refused: [...refused, ...failed].sort(byFile) };
}

/** The salt is random, and never used twice. */
function isSameSnapshot({ header }: OpenedSnapshot, inForce: StatusState | undefined): boolean {
  if (inForce === undefined) return false;
  const known = inForce.snapshot.header;
  return header.epoch === known.epoch && equalBytes(header.salt, known.salt);
}

function isAmong(delta: OpenedDelta, inForce: StatusState | undefined): boolean {
  return (inForce?.deltas ?? []).some(
    (known) =>
      (["base", "from", "epoch", "universe", "expires"] as const).every((what) => delta[what] === known[what]) &&
      (["good", "revoked", "suspended"] as const).every((what) => equalBytes(delta[what], known[what])),
  );
}

function byFile(a: StatusError, b: StatusError): number {
  return (a.file ?? 0) - (b.file ?? 0);
}

/** Deltas that a snapshot may take along. One that is not believed must not keep out the snapshot beside it. */
function believed(
  deltas: readonly OpenedDelta[],
  bounds: Bounds,
  statuses: ReadonlyMap<string, StatusState>,
): readonly OpenedDelta[] {
  return deltas.filter(({ epoch, universe, signer }) => {
    return isAhead({ epoch, signedAt: universe }, bounds, statuses.has(issuerId(signer))) === undefined;
  });
}

/** `status`, unless it must not come into force. Throws StatusError. */
function checked(status: StatusState, keys: readonly TrustedKey[], bounds: Bounds, follows: boolean): StatusState {
  const epoch = epochOf(status);
  const issuer = issuerId(status.snapshot.signer);
  const least = bounds.statusEpoch(keys.filter((key) => key.use === "status" && issuerId(key) === issuer));
  if (epoch < least) throw new StatusError("OLD_EPOCH", `its epoch is ${epoch}, and ${least} was in force before`);
  const ahead = isAhead({ epoch, signedAt: universeOf(status) }, bounds, follows);
  if (ahead !== undefined) throw new StatusError("IN_FUTURE", ahead);
  return status;
}

/** Lists are told apart by their address and by whose key signed them. */
function withList(
  inForce: readonly OpenedStatusList[],
  list: OpenedStatusList,
  keys: readonly TrustedKey[],
  bounds: Bounds,
): readonly OpenedStatusList[] {
  const issuer = issuerId(list.signer);
  const others = inForce.filter(({ uri, signer }) => uri !== list.uri || issuerId(signer) !== issuer);
  const old = inForce.find((one) => !others.includes(one));
  const least = bounds.listTime(
    list.uri,
    keys.filter((key) => issuerId(key) === issuer),
  );
  if (list.issuedAt < Math.max(least, old?.issuedAt ?? 0)) {
    const newer = old === undefined ? `one of ${least} was in force before` : `one of ${old.issuedAt} is in force`;
    throw new StatusError("OLD_EPOCH", `it was issued at ${list.issuedAt}, and ${newer}`);
  }
  const ahead = isAhead({ signedAt: list.issuedAt }, bounds, old !== undefined);
  if (ahead !== undefined) throw new StatusError("IN_FUTURE", ahead);
  if (others.length === MAX_STATUS_LISTS) {
    throw new StatusError("TOO_LARGE", `${MAX_STATUS_LISTS} status lists are in force, and that is all there may be`);
  }
  return [...others, list];
}

/** What is left in force where these keys are trusted, at this second. */
export function withoutWithdrawn(
  { statuses, lists }: StatusInForce,
  keys: readonly TrustedKey[],
  now: number,
): StatusInForce {
  return {
    statuses: statuses.flatMap(({ snapshot, deltas, incomplete }): StatusState | [] => {
      if (!holds(snapshot, snapshot.header.universe, keys, now)) return [];
      const withdrawn = deltas.findIndex((delta) => !holds(delta, delta.universe, keys, now));
      if (withdrawn < 0 && incomplete === undefined) return { snapshot, deltas };
      // Those after one that is withdrawn may lead on from it.
      return { snapshot, deltas: withdrawn < 0 ? deltas : deltas.slice(0, withdrawn), incomplete: true };
    }),
    lists: lists.filter((list) => holds(list, list.issuedAt, keys, now)),
  };
}

/** Is the key that signed still trusted, for the time of the signature and for now? */
function holds({ signer }: Signed, signedAt: number, keys: readonly TrustedKey[], now: number): boolean {
  return keys.some((key) => isSameKey(key, signer) && signsAt(key, signedAt) && now <= (key.notAfter ?? Infinity));
}

function checkSigner({ signer }: Signed, keys: readonly TrustedKey[]): void {
  if (keys.some((key) => isSameKey(key, signer))) return;
  throw new StatusError("UNKNOWN_KEY", `the key that signed status for ${signer.issuer ?? "it"} is trusted no more`);
}

function isSameKey(a: TrustedKey, b: TrustedKey): boolean {
  return (
    a.use === b.use &&
    a.algorithm === b.algorithm &&
    issuerId(a) === issuerId(b) &&
    equalBytes(a.publicKey, b.publicKey)
  );
}
