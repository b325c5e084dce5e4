import type { Verdict } from "../format/verdict.js";
import type { Refusal, Work } from "./schedule.js";
import type { Question, Tally } from "./tally.js";

/** The verdicts of texts that belong together, which come part by part. */
export class Answers {
  readonly verdicts: Verdict[];
  #left: number;

  constructor(count: number) {
    this.verdicts = new Array<Verdict>(count);
    this.#left = count;
  }

  /** Are all there? */
  get isWhole(): boolean {
    return this.#left === 0;
  }

  /** The verdicts from `from` on. */
  take(from: number, part: readonly Verdict[]): void {
    part.forEach((verdict, index) => (this.verdicts[from + index] = verdict));
    this.#left -= part.length;
  }
}

/**
 * `question` as the schedule takes it; `bytes` are kept of it while it waits. `answered` is told each part, `from` on, and
 * why it was not asked.
 */
export function workOf(
  tally: Tally,
  question: Question,
  bytes: number,
  answered: (from: number, part: readonly Verdict[], refusal?: Refusal) => void,
): Work {
  const count = question.qrs.length;
  return {
    count,
    bytes,
    submit: (from, to, done) => {
      tally.ask(partOf(question, from, to), (verdicts) => {
        answered(from, verdicts);
        done();
      });
    },
    refuse: (refusal) => {
      answered(0, tally.refuse(question, count, refusal), refusal);
    },
  };
}

function partOf(question: Question, from: number, to: number): Question {
  const { qrs, requirementsOf, scanOf } = question;
  if (to - from === qrs.length) return question;
  return {
    ...question,
    qrs: qrs.slice(from, to),
    requirementsOf: (index) => requirementsOf(from + index),
    scanOf: (index) => scanOf(from + index),
  };
}
