import { Code } from "../abi/code.js";
import type { Known } from "../engine/detail.js";
import { bareVerdict } from "../engine/verdict.js";
import type { Verifier } from "../engine/verifier.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { Census } from "./census.js";
import type { Claimant } from "./claims.js";
import { Guesses } from "./guesses.js";
import type { Metrics, Way } from "./metrics.js";
import type { Replay } from "./replay.js";
import type { Refusal } from "./schedule.js";
import { granted, type Scope } from "./token.js";

/** What the doors need of a Verifier. */
export type Judge = Pick<
  Verifier,
  "submitMany" | "requirementsOf" | "presentationWindow" | "stats" | "health" | "onBatch"
>;

/** Texts that belong together, and what is asked of each. */
export interface Question extends Way {
  readonly qrs: readonly (string | Uint8Array)[];
  readonly requirementsOf: (index: number) => Requirements;
  /** What the scan of each is known by: the same again means that the same is asked again. */
  readonly scanOf: (index: number) => string;
  /** Who asks, as TokenCheck names it. */
  readonly party: string;
}

/** Both doors ask here: it keeps count of what is in flight and of what was answered. */
export class Tally {
  /** Texts taken in and not yet answered. */
  readonly inFlight = new Census();

  constructor(
    readonly judge: Judge,
    readonly metrics: Metrics,
    readonly replay: Replay,
    readonly guesses = new Guesses(),
  ) {}

  /** What is asked for a party. Judged by the server's clock, and a presentation is accepted once. */
  requirementsOf(scope: Scope, request: VerifyRequest): Requirements {
    const requirements = granted(scope, this.judge.requirementsOf(request, "card"));
    return { ...requirements, replay: true, ...(request.expect !== undefined && { knownBy: true }) };
  }

  /**
   * Verify texts that belong together. `done` gets their verdicts in their order, once all are there: at once if all are
   * BUSY. The texts are copied before this returns.
   */
  ask(question: Question, done: (verdicts: readonly Verdict[]) => void): void {
    const { qrs, requirementsOf } = question;
    this.inFlight.enter(qrs.length);
    this.judge.submitMany(qrs, requirementsOf, (judged, known) => {
      const verdicts =
        known.size === 0 ? judged : judged.map((verdict, i) => this.#settle(verdict, known.get(i), question, i));
      this.metrics.answered(question, verdicts);
      done(verdicts);
      this.inFlight.leave(qrs.length);
    });
  }

  /** The verdicts on so many texts that there is no room for. */
  refuse(way: Way, count: number, { retryAfterMs }: Refusal): readonly Verdict[] {
    const verdicts = Array.from({ length: count }, () => ({ ...bareVerdict(Code.BUSY), retryAfterMs }));
    this.metrics.answered(way, verdicts);
    return verdicts;
  }

  /** What one verdict is in the light of those before it. A presentation is claimed last, and only where it is accepted. */
  #settle(
    judged: Verdict,
    known: Known | undefined,
    { party, qrs, requirementsOf, scanOf }: Question,
    index: number,
  ): Verdict {
    const { credential, shown } = known ?? {};
    const verdict = credential === undefined ? judged : this.guesses.judge(judged, credential, party);
    if (shown === undefined || verdict.code !== "VALID") return verdict;
    const claimant: Claimant = { scan: scanOf(index), text: qrs[index] ?? "" };
    return this.replay.judge(verdict, shown, claimant, requirementsOf(index).captured !== undefined);
  }
}
