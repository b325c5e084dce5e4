/** How long a server may say nothing, and how long it may be too slow. */
const PATIENCE_MS = 10_000;
/** Bytes a second that a transfer has at least: a snapshot of 24 MiB takes under an hour. */
export const LEAST_RATE = 8_192;

/**
 * Waits for an answer as long as it gets on: a large file may take its time over a slow line, but a server that says
 * nothing, or a byte now and then, is given up.
 */
export class Patience {
  readonly #abort = new AbortController();
  readonly #milliseconds: number;
  // Not AbortSignal.timeout: its timer would let the process end while the answer is waited for.
  #timer: NodeJS.Timeout | undefined;
  #bytes = 0;
  #answered = false;

  constructor(milliseconds = PATIENCE_MS) {
    this.#milliseconds = milliseconds;
    this.#wait();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** That many bytes have come; none: the answer has begun. */
  got(bytes: number): void {
    this.#bytes += bytes;
    if (this.#answered) return;
    this.#answered = true;
    this.#wait();
  }

  abort(reason: Error): void {
    this.#abort.abort(reason);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#bytes = 0;
    this.#timer = setTimeout(() => {
      const seconds = this.#milliseconds / 1000;
      if (this.#bytes >= LEAST_RATE * seconds) this.#wait();
      else if (this.#bytes > 0) this.abort(new Error(`fewer than ${LEAST_RATE} bytes a second arrive`));
      else this.abort(new Error(`nothing came within ${seconds} s`));
    }, this.#milliseconds);
  }
}
