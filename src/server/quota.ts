import type { Scope } from "./token.js";

/** What a party may ask, as its token says; see token.ts. */
export interface Limits {
  /** Texts a second. */
  readonly rate?: number | undefined;
  /** Texts at work at a time. */
  readonly concurrency?: number | undefined;
}

/** Nobody knows when others of the party have their answers (milliseconds). */
const RETRY_MS = 20;

/**
 * How much a party has asked: what its rate allows gathers for a second at the most, and may be overdrawn by what was
 * begun, which the next then waits for.
 */
export class Quota {
  readonly #rate: number;
  readonly #concurrency: number;
  readonly #elapsed: () => number;
  #atWork = 0;
  #saved: number;
  #since: number;

  /** `elapsed`: milliseconds of a clock that nobody sets. */
  constructor({ rate = Infinity, concurrency = Infinity }: Limits, elapsed = () => performance.now()) {
    this.#rate = rate;
    this.#concurrency = concurrency;
    this.#elapsed = elapsed;
    this.#saved = rate;
    this.#since = elapsed();
  }

  /** Texts that may be asked now. */
  get room(): number {
    return Math.min(Math.ceil(this.#savedNow()), this.#concurrency - this.#atWork);
  }

  /** Milliseconds until `count` more may be asked, 0 for now. More than may ever be at work are asked alone. */
  waitFor(count: number): number {
    const saved = this.#savedNow();
    if (saved <= 0) return Math.ceil((-saved / this.#rate) * 1_000) + 1;
    return this.#atWork > 0 && this.#atWork + count > this.#concurrency ? RETRY_MS : 0;
  }

  /** So many are asked. */
  take(count: number): void {
    this.#atWork += count;
    this.#saved = this.#savedNow() - count;
  }

  /** So many are answered, or will not be asked. */
  give(count: number): void {
    this.#atWork -= count;
  }

  #savedNow(): number {
    if (this.#rate === Infinity) return Infinity;
    const now = this.#elapsed();
    this.#saved = Math.min(this.#rate, this.#saved + ((now - this.#since) / 1_000) * this.#rate);
    this.#since = now;
    return this.#saved;
  }
}

/** The quotas of those parties that have one. */
export class Quotas {
  readonly #quotas = new WeakMap<Scope, Quota>();

  of(scope: Scope): Quota | undefined {
    if (scope.rate === undefined && scope.concurrency === undefined) return undefined;
    const quota = this.#quotas.get(scope) ?? new Quota(scope);
    this.#quotas.set(scope, quota);
    return quota;
  }
}
