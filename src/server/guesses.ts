import { Code } from "../abi/code.js";
import { bareVerdict } from "../engine/verdict.js";
import type { Verdict } from "../format/verdict.js";

/** Answers that say "somebody else's" which one party gets of one credential within the time; then it has to wait. */
export const MOST_GUESSES = 5;
/** Milliseconds. */
export const GUESS_WINDOW = 600_000;
/** Credentials of which such answers are remembered: some 150 bytes each. */
const MOST_KNOWN = 1_000_000;

/**
 * A comparison with name and number must be no way of finding them out (contract §8): of each credential and party it is
 * counted how often it did not match.
 */
export class Guesses {
  /** When each was answered, oldest first; the one whose newest is oldest comes first. */
  readonly #answered = new Map<string, number[]>();

  /** `elapsed`: milliseconds of a clock that nobody sets. */
  constructor(readonly elapsed: () => number = () => performance.now()) {}

  /** Credentials of which answers are remembered. */
  get count(): number {
    return this.#answered.size;
  }

  /** The verdict on a comparison as it may be told to the party. */
  judge(verdict: Verdict, credential: Uint8Array, party: string): Verdict {
    const now = this.elapsed();
    this.#forget(now);
    const key = `${party} ${Buffer.from(credential).toString("latin1")}`;
    const times = (this.#answered.get(key) ?? []).filter((time) => time > now - GUESS_WINDOW);
    // What would be VALID is as much of an answer.
    if (times.length >= MOST_GUESSES) return bareVerdict(Code.BUSY);
    if (verdict.code === "VALID") return verdict;
    if (times.length === 0 && this.#answered.size >= MOST_KNOWN) return bareVerdict(Code.BUSY);
    this.#answered.delete(key);
    this.#answered.set(key, [...times, now]);
    return verdict;
  }

  #forget(now: number): void {
    for (const [key, times] of this.#answered) {
      const [newest = 0] = times.slice(-1);
      if (newest > now - GUESS_WINDOW) return;
      this.#answered.delete(key);
    }
  }
}
