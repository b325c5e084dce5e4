import type { Verifier } from "../engine/verifier.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict } from "../format/verdict.js";
import { Census } from "./census.js";
import type { Door, Metrics } from "./metrics.js";

/** What the doors need of a Verifier. */
export type Judge = Pick<Verifier, "submit" | "requirementsOf" | "stats" | "health">;

/** Both doors ask here: it keeps count of what is in flight and of what was answered. */
export class Tally {
  /** Texts taken in and not yet answered. */
  readonly inFlight = new Census();

  constructor(
    readonly judge: Judge,
    readonly metrics: Metrics,
  ) {}

  /**
   * Verify texts that belong together, each under its own requirements. `done` gets their verdicts in their order, once all are there: at once if all
   * are BUSY. The texts are copied before this returns.
   */
  ask(
    door: Door,
    qrs: readonly (string | Uint8Array)[],
    requirementsOf: (index: number) => Requirements,
    done: (verdicts: readonly Verdict[]) => void,
  ): void {
    const began = performance.now();
    const verdicts = new Array<Verdict>(qrs.length);
    let left = qrs.length;
    this.inFlight.enter(qrs.length);
    qrs.forEach((qr, index) => {
      this.judge.submit(qr, requirementsOf(index), (verdict) => {
        verdicts[index] = verdict;
        if (--left > 0) return;
        this.metrics.answered(door, verdicts, began);
        done(verdicts);
        this.inFlight.leave(qrs.length);
      });
    });
  }
}
