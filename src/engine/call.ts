import type { Verdict } from "../format/verdict.js";
import type { Shown } from "./detail.js";

/** Verdicts in the order of the texts; `shown` has, by index, what accepted presentations are known by, where asked. */
export type OnVerdicts = (verdicts: readonly Verdict[], shown: ReadonlyMap<number, Shown>) => void;

const NONE: ReadonlyMap<number, Shown> = new Map();

/** Texts that were handed over together: they may be spread over batches, and are answered once all are. */
export class Call {
  readonly #verdicts: Verdict[];
  #shown: Map<number, Shown> | undefined;
  #left: number;

  constructor(
    count: number,
    readonly done: OnVerdicts,
  ) {
    this.#verdicts = new Array<Verdict>(count);
    this.#left = count;
  }

  /** A caller whose callback throws must not cost the others their verdicts. */
  answer(index: number, verdict: Verdict, shown?: Shown): void {
    this.#verdicts[index] = verdict;
    if (shown !== undefined) (this.#shown ??= new Map()).set(index, shown);
    if (--this.#left > 0) return;
    try {
      this.done(this.#verdicts, this.#shown ?? NONE);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
