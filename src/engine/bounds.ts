import type { TrustedKey } from "../format/trust/trust-list.js";

/** What files are held against before they come into force: the clock, and what was in force before. */
export interface Bounds {
  /** Seconds since 1970 by this machine's clock. */
  now: number;
  /** The clock is before a time that was signed: whatever is signed now is ahead of it, and newer files are wanted. */
  clockIsWrong: boolean;
  /** The highest epoch of a trust list of this root that was ever in force, 0 for none. */
  trustEpoch(root: string): number;
  /** The highest epoch of status that was ever in force and signed by one of these keys, 0 for none. */
  statusEpoch(keys: readonly TrustedKey[]): number;
  /** The latest issue time of a Token Status List of this address, signed by one of these keys, 0 for none. */
  listTime(uri: string, keys: readonly TrustedKey[]): number;
}

/** How many seconds ahead of the clock a signed time, and an epoch made of one, may be (contract §5). */
export const MAX_AHEAD = 300;

/**
 * Why a file is not believed, one clause; undefined where it is. Times ahead of the clock are, where there is nothing to
 * fall back on: then the clock is in doubt, and no card is accepted by it. An epoch may not be ahead of its own time
 * either, or whoever stole a key would keep out everything that follows; small ones are those of older publishers.
 */
export function isAhead(
  { epoch = 0, signedAt }: { epoch?: number; signedAt: number },
  { now, clockIsWrong }: Bounds,
  inForce: boolean,
): string | undefined {
  const latest = inForce && !clockIsWrong ? now + MAX_AHEAD : Math.max(now, signedAt) + MAX_AHEAD;
  if (signedAt > latest) return `it was signed ${signedAt - now} s ahead of this machine's clock`;
  if (epoch > latest) return `its epoch, ${epoch}, is ${epoch - now} s ahead of this machine's clock`;
  return undefined;
}

/** Holds nothing back: for those who read what they are given once, and judge by a moment that they are given too. */
export const UNBOUNDED: Bounds = {
  now: Infinity,
  clockIsWrong: false,
  trustEpoch: () => 0,
  statusEpoch: () => 0,
  listTime: () => 0,
};
