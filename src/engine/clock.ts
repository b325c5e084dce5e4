import type { OpenedStatusList } from "../format/status/token-status-list.js";
import type { StatusState } from "../format/status/state.js";
import type { Trust } from "./trust.js";

/** Milliseconds since 1970-01-01T00:00:00Z, as Date.now gives them. */
export type Clock = () => number;

export const systemClock: Clock = () => Date.now();

/**
 * The latest time that was signed among what is in force, in seconds since 1970, 0 for none. A clock before it is wrong
 * (contract §5): nothing that depends on time is decided by it.
 */
export function clockFloorOf({ trust, statuses, lists }: SignedInForce): number {
  return Math.max(
    0,
    ...trust.lists.map(({ issuedAt }) => issuedAt),
    ...statuses.flatMap(({ snapshot, deltas }) => [snapshot.header, ...deltas].map(({ universe }) => universe)),
    ...lists.map(({ issuedAt }) => issuedAt),
  );
}

/** What bears signed times. */
export interface SignedInForce {
  trust: Trust;
  statuses: readonly StatusState[];
  lists: readonly OpenedStatusList[];
}
