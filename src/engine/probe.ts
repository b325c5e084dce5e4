import { Code } from "../abi/code.js";
import type { Runner } from "./batcher.js";
import type { OnVerdicts } from "./call.js";

/** Between trials while workers fail. */
const AGAIN_MS = 1_000;

/**
 * Runs batches, and knows whether any worker answers: a batch that fails is followed by a trial, so that one bad input
 * is told from workers that cannot answer at all.
 */
export class Probe implements Runner {
  #fails = false;
  #trying = false;

  constructor(
    readonly runner: Runner,
    /** Have a text judged. */
    readonly ask: (done: OnVerdicts) => void,
  ) {}

  /** The last trial failed, and nothing has been answered since. */
  get fails(): boolean {
    return this.#fails;
  }

  async run(slab: number): Promise<Uint8Array | undefined> {
    try {
      const detail = await this.runner.run(slab);
      this.#fails = false;
      return detail;
    } catch (error) {
      this.#try();
      throw error;
    }
  }

  /** Something is wrong with a worker: see whether any answers. */
  suspect(): void {
    this.#try();
  }

  #try(): void {
    if (this.#trying) return;
    this.#trying = true;
    this.ask(([verdict]) => {
      this.#trying = false;
      // Many texts at work are no failure.
      if (verdict?.code !== Code[Code.INTERNAL]) return;
      this.#fails = true;
      setTimeout(() => {
        this.#try();
      }, AGAIN_MS).unref();
    });
  }
}
