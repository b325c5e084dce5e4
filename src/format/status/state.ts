import type { OpenedDelta } from "./delta.js";
import type { OpenedSnapshot } from "./snapshot.js";
import { StatusError } from "./error.js";
import { issuerId } from "../trust/trust-list.js";

/**
 * What is in force for one issuer: a snapshot, and the deltas applied to it in order. An engine that loads both gives
 * the answers of `epochOf(state)`.
 */
export interface StatusState {
  snapshot: OpenedSnapshot;
  deltas: readonly OpenedDelta[];
  /**
   * A delta of it was withdrawn, and what it told may be true: nothing is answered by this, and it is kept for the newer
   * delta that leads on from it.
   */
  incomplete?: true;
}

/** The second up to which every credential issued is answered for. */
export function universeOf({ snapshot, deltas }: StatusState): number {
  return (deltas.at(-1) ?? snapshot.header).universe;
}

/** Until when `good` may be said. */
export function expiresOf({ snapshot, deltas }: StatusState): number {
  const { expires, signer } = deltas.at(-1) ?? { ...snapshot.header, signer: snapshot.signer };
  return Math.min(expires, signer.notAfter ?? Infinity);
}

export function epochOf(state: StatusState): number {
  return state.deltas.at(-1)?.epoch ?? state.snapshot.header.epoch;
}

/** The state after a delta. Throws StatusError where the delta is not about this state. */
export function withDelta(state: StatusState, delta: OpenedDelta): StatusState {
  const base = state.snapshot.header.epoch;
  const epoch = epochOf(state);
  if (!isAbout(state, delta)) {
    throw new StatusError("WRONG_BASE", `it is about snapshot ${delta.base}, and ${base} is in force`);
  }
  if (delta.epoch <= epoch) {
    throw new StatusError("OLD_EPOCH", `its epoch is ${delta.epoch}, and ${epoch} is in force`);
  }
  if (delta.from > epoch) {
    throw new StatusError("WRONG_BASE", `it tells of what happened after ${delta.from}, and ${epoch} is in force`);
  }
  // An earlier one of which this one tells everything again is no longer needed.
  return { snapshot: state.snapshot, deltas: [...state.deltas.filter((earlier) => earlier.from < delta.from), delta] };
}

function isAbout({ snapshot }: StatusState, delta: OpenedDelta): boolean {
  return issuerId(delta.signer) === issuerId(snapshot.signer) && delta.base === snapshot.header.epoch;
}

/**
 * The state after as many of these deltas as lead on from it, by the fewest steps: those that are about other states
 * are left aside.
 */
export function catchUp(state: StatusState, deltas: readonly OpenedDelta[]): StatusState {
  const candidates = deltas.filter((delta) => isAbout(state, delta));
  for (;;) {
    const epoch = epochOf(state);
    const next = candidates
      .filter((delta) => delta.from <= epoch && delta.epoch > epoch)
      .reduce<OpenedDelta | undefined>(
        (best, delta) => (best === undefined || delta.epoch > best.epoch ? delta : best),
        undefined,
      );
    if (next === undefined) return state;
    state = withDelta(state, next);
  }
}

/**
 * `next` if it may take the place of what is in force, for the same issuer: only with a newer epoch, all its deltas
 * counted. So a new snapshot that was long in the making comes into force together with the deltas made meanwhile.
 */
export function succeeding(next: StatusState, inForce: StatusState | undefined): StatusState {
  if (inForce !== undefined && epochOf(next) <= epochOf(inForce)) {
    throw new StatusError("OLD_EPOCH", `its epoch is ${epochOf(next)}, and ${epochOf(inForce)} is in force`);
  }
  return next;
}
