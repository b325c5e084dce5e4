import { HEADER_STARTED } from "../abi/batch.js";
import { slabBytes } from "./slab-ring.js";

/** A batch that a worker has held for so long is given up, and the worker with it. */
const DEADLINE_MS = 800;
const TICK_MS = 100;
/** A tick this late was held up, and so may the workers have been. */
const LATE_MS = 2 * TICK_MS;

interface Held {
  /** For how long a worker has had it, as far as this process was running. */
  ms: number;
  abort: AbortController;
}

/**
 * Watches what workers hold. Time is counted by ticks of this thread, each as one tick at most: while the whole process
 * stood still (SIGSTOP, a virtual machine that was paused) no worker could make progress either, and none is lost for it.
 */
export class Deadline {
  readonly #held = new Map<number, Held>();
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  constructor(readonly memory: SharedArrayBuffer) {}

  /** Watch the batch in slab `slab` until `done`; the signal tells that its time is over. */
  watch(slab: number): AbortSignal {
    const abort = new AbortController();
    this.#held.set(slab, { ms: 0, abort });
    if (this.#timer === undefined) {
      this.#last = performance.now();
      this.#timer = setInterval(() => {
        this.#tick();
      }, TICK_MS).unref();
    }
    return abort.signal;
  }

  done(slab: number): void {
    this.#held.delete(slab);
  }

  #tick(): void {
    const now = performance.now();
    const passed = now - this.#last;
    this.#last = now;
    // Kept over short pauses: a timer for each batch would cost more.
    if (this.#held.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    for (const [slab, held] of this.#held) {
      // Time spent waiting for a worker does not count: a long queue must not cost the workers that work it off.
      if (!this.#isStarted(slab)) continue;
      held.ms += Math.min(passed, TICK_MS);
      // Where every tick is late, this thread is busy, not the process stopped: then that much later.
      if (held.ms >= DEADLINE_MS && (passed < LATE_MS || held.ms >= 2 * DEADLINE_MS)) held.abort.abort();
    }
  }

  #isStarted(slab: number): boolean {
    const bytes = slabBytes(this.memory, slab);
    return new DataView(bytes.buffer, bytes.byteOffset).getUint32(HEADER_STARTED, true) !== 0;
  }
}
