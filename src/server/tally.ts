import type { Verifier } from "../engine/verifier.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { Census } from "./census.js";
import type { Claimant } from "./claims.js";
import type { Door, Metrics } from "./metrics.js";
import type { Replay } from "./replay.js";
import { granted, type Scope } from "./token.js";

/** What the doors need of a Verifier. */
export type Judge = Pick<Verifier, "submitMany" | "requirementsOf" | "presentationWindow" | "stats" | "health">;

/** Texts that belong together, and what is asked of each. */
export interface Question {
  readonly door: Door;
  readonly qrs: readonly (string | Uint8Array)[];
  readonly requirementsOf: (index: number) => Requirements;
  /** What the scan of each is known by: the same again means that the same is asked again. */
  readonly scanOf: (index: number) => string;
}

/** Both doors ask here: it keeps count of what is in flight and of what was answered. */
export class Tally {
  /** Texts taken in and not yet answered. */
  readonly inFlight = new Census();

  constructor(
    readonly judge: Judge,
    readonly metrics: Metrics,
    readonly replay: Replay,
  ) {}

  /** What is asked for a party. Judged by the server's clock, and a presentation is accepted once. */
  requirementsOf(scope: Scope, request: VerifyRequest): Requirements {
    return { ...granted(scope, this.judge.requirementsOf(request, "card")), replay: true };
  }

  /**
   * Verify texts that belong together. `done` gets their verdicts in their order, once all are there: at once if all are
   * BUSY. The texts are copied before this returns.
   */
  ask({ door, qrs, requirementsOf, scanOf }: Question, done: (verdicts: readonly Verdict[]) => void): void {
    const began = performance.now();
    this.inFlight.enter(qrs.length);
    this.judge.submitMany(qrs, requirementsOf, (judged, shown) => {
      const verdicts = shown.size === 0 ? judged : [...judged];
      for (const [index, presentation] of shown) {
        const verdict = judged[index];
        const claimant: Claimant = { scan: scanOf(index), text: qrs[index] ?? "" };
        if (verdict !== undefined) (verdicts as Verdict[])[index] = this.replay.judge(verdict, presentation, claimant);
      }
      this.metrics.answered(door, verdicts, began);
      done(verdicts);
      this.inFlight.leave(qrs.length);
    });
  }
}
