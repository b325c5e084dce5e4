/** A line that was cut is taken up again at the same server within this (milliseconds). */
const FIRST_RETRY_MS = 50;
/**
 * Where a server is gone, all its clients look for another: each comes at a time of its own within this (milliseconds),
 * so that of 5,000 gates no more than 1,000 come in one second.
 */
export const SPREAD_MS = 8_000;

/** To which of several servers to connect, and when: with full jitter, whatever the reason. */
export class Route {
  readonly #urls: readonly string[];
  readonly #random: () => number;
  #index = 0;
  /** Attempts that failed, one after another. */
  #failures = 0;
  /** Has there been a line before? Then others have lost theirs as well. */
  #isCrowd = false;

  /** `urls`: those of servers or of their streams, `http:`, `https:`, `ws:` or `wss:`. Throws TypeError. */
  constructor(urls: readonly (string | URL)[], random: () => number = Math.random) {
    if (urls.length === 0) throw new TypeError("a client needs the address of a server");
    this.#urls = urls.map(streamOf);
    this.#random = random;
  }

  get url(): string {
    return this.#urls[this.#index] ?? "";
  }

  get failures(): number {
    return this.#failures;
  }

  welcomed(): void {
    this.#failures = 0;
    this.#isCrowd = false;
  }

  /** A line is lost that had been welcomed: milliseconds to wait. */
  lost(): number {
    this.#isCrowd = true;
    return this.#random() * FIRST_RETRY_MS;
  }

  /** The server goes away, and named the milliseconds to wait. */
  drained(): void {
    this.#isCrowd = true;
    this.#move();
  }

  /** There was no welcome: milliseconds to wait before the next server is tried. */
  failed(): number {
    this.#failures++;
    this.#move();
    const longest = this.#isCrowd ? SPREAD_MS : Math.min(SPREAD_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    return this.#random() * longest;
  }

  /** Whoever asks after all was given up begins anew. */
  rest(): void {
    this.#failures = 0;
  }

  #move(): void {
    this.#index = (this.#index + 1) % this.#urls.length;
  }
}

function streamOf(url: string | URL): string {
  const parsed = new URL(url);
  parsed.protocol = parsed.protocol.replace(/^http/, "ws");
  if (parsed.pathname === "/") parsed.pathname = "/v1/stream";
  return parsed.href;
}
