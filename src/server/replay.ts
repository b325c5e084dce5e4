import { Code } from "../abi/code.js";
import type { Shown } from "../engine/detail.js";
import { bareVerdict } from "../engine/verdict.js";
import type { Verdict } from "../format/verdict.js";
import type { Claimant, ClaimsOptions, ClaimStore } from "./claims.js";

/**
 * The last station of a verdict: a presentation that would be accepted is claimed, once (contract §3). All other refusals
 * come before, and leave no claim.
 */
export class Replay {
  constructor(readonly store: ClaimStore) {}

  /** Of a presentation that was accepted: the verdict as it is when it has been claimed. */
  judge(verdict: Verdict, shown: Shown, claimant: Claimant, isCaptured = false): Verdict {
    // What was captured long ago may have been shown to others in the meantime, and nobody knows.
    if (isCaptured && !this.store.remembers(shown)) return verdict;
    switch (this.store.claim(shown, claimant)) {
      case "first":
      case "same":
        return { ...verdict, replay: "gate" };
      case "replayed":
        return refused(verdict, Code.REPLAYED);
      case "other-text":
        return refused(verdict, Code.BAD_REQUEST);
      case "full":
        return refused(verdict, Code.BUSY);
    }
  }
}

/** Without the claims, which are of accepted cards only. */
function refused(verdict: Verdict, code: Code): Verdict {
  const told = { ...verdict, ...bareVerdict(code), replay: "gate" as const };
  delete told.claims;
  return told;
}

/** How long claims are kept: as the policy asks that is in force. */
export function claimsOptions(judge: { readonly presentationWindow: number }): ClaimsOptions {
  return {
    now: () => Math.floor(Date.now() / 1000),
    elapsed: () => performance.now(),
    window: () => judge.presentationWindow,
  };
}
