import type { Scan } from "./traffic.js";

/** An answer to one text, as far as both ends tell it. */
export interface Answer {
  accepted: boolean;
  /** Of ours alone. */
  code?: string;
  expires?: number;
}

export interface ScoreReport {
  /** Verdicts after the warm-up, and the seconds in which they came. */
  verdicts: number;
  seconds: number;
  /** Times that a text was BUSY, and was asked again. */
  busy: number;
  /** Milliseconds from the moment at which a frame should have been sent to its last verdict, sorted. */
  latencies: Float64Array;
  lost: number;
  doubled: number;
  /** Answers that are not right for their text: another's, or simply wrong. */
  swapped: number;
}

/** Keeps count of answers, and whether they are right. */
export class Score {
  #from = 0;
  #until = Infinity;
  #verdicts = 0;
  #busy = 0;
  #doubled = 0;
  #swapped = 0;
  readonly #latencies: number[] = [];

  constructor(readonly scans: readonly Scan[]) {}

  /** What comes from `warmUp` milliseconds on is counted. */
  begin(warmUp: number): void {
    this.#from = performance.now() + warmUp;
  }

  /** Verdicts that come later are right or wrong, and do not count for the rate. */
  end(): void {
    this.#until = performance.now();
  }

  /** A frame that should have been sent at `due` is answered. */
  answered(scans: readonly number[], answers: readonly Answer[], due: number): void {
    const now = performance.now();
    if (now >= this.#from && now < this.#until) this.#verdicts += scans.length;
    if (due >= this.#from) this.#latencies.push(now - due);
    if (answers.length !== scans.length) this.#swapped += scans.length;
    else scans.forEach((scan, i) => (this.#swapped += this.#isRight(scan, answers[i]) ? 0 : 1));
  }

  busy(): void {
    this.#busy++;
  }

  /** A frame was answered that was answered before, or that nobody sent. */
  doubled(): void {
    this.#doubled++;
  }

  report(lost: number): ScoreReport {
    return {
      verdicts: this.#verdicts,
      seconds: (this.#until - this.#from) / 1000,
      busy: this.#busy,
      latencies: Float64Array.from(this.#latencies).sort(),
      lost,
      doubled: this.#doubled,
      swapped: this.#swapped,
    };
  }

  #isRight(scan: number, answer: Answer | undefined): boolean {
    const right = this.scans[scan];
    if (right === undefined || answer === undefined) return false;
    if (answer.accepted !== (right.code === "VALID")) return false;
    return answer.code === undefined || (answer.code === right.code && answer.expires === right.expires);
  }
}

/** The value below which `part` of the sorted values lie; NaN where there are none. */
export function quantile(sorted: Float64Array, part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}
