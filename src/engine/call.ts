import type { Verdict } from "../format/verdict.js";
import type { Known } from "./detail.js";

/** Verdicts in the order of the texts; `known` has, by index, what texts are known by, where that was asked. */
export type OnVerdicts = (verdicts: readonly Verdict[], known: ReadonlyMap<number, Known>) => void;

const NONE: ReadonlyMap<number, Known> = new Map();

/** Texts that were handed over together: they may be spread over batches, and are answered once all are. */
export class Call {
  readonly #verdicts: Verdict[];
  #known: Map<number, Known> | undefined;
  #left: number;

  constructor(
    count: number,
    readonly done: OnVerdicts,
  ) {
    this.#verdicts = new Array<Verdict>(count);
    this.#left = count;
  }

  /** A caller whose callback throws must not cost the others their verdicts. */
  answer(index: number, verdict: Verdict, known?: Known): void {
    this.#verdicts[index] = verdict;
    if (known !== undefined) (this.#known ??= new Map()).set(index, known);
    if (--this.#left > 0) return;
    try {
      this.done(this.#verdicts, this.#known ?? NONE);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
