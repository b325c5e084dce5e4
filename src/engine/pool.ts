import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { REBUILD } from "./checkout.js";
import { Deadline } from "./deadline.js";
import type { EngineState } from "./state.js";
import type { Answer, Briefing, Task } from "./worker.js";

export interface PoolStats {
  /** Batches that came back. */
  batches: number;
  /** Workers or instances that failed and were replaced. */
  replaced: number;
}

const WORKER = fileURLToPath(new URL("./worker.js", import.meta.url));
/** Between two pools, where workers fail again and again. */
const AGAIN_MS = 1_000;

/** Worker threads, one engine instance each. A batch travels as the number of its slab. */
export class WorkerPool {
  readonly stats: PoolStats = { batches: 0, replaced: 0 };
  #piscina: Piscina<Task, Answer>;
  /** Threads that have said that they have loaded. */
  readonly #loaded = new Set<number>();
  readonly #deadline: Deadline;
  #briefing: Briefing;
  #renewing: NodeJS.Timeout | undefined;
  /** When it was renewed last, by `performance.now()`. */
  #renewed = -Infinity;
  #closed = false;

  /**
   * `restoreBodies`: sees to it that the next briefing can be read, where files that the newest names are gone.
   * `onFailure`: told of a worker that failed with no batch in hand, and was replaced; else nobody would know.
   */
  constructor(
    workers: number,
    briefing: Briefing,
    readonly restoreBodies: () => Promise<void>,
    readonly onFailure: (error: unknown) => void,
  ) {
    this.#briefing = briefing;
    this.#deadline = new Deadline(briefing.memory);
    if (!existsSync(WORKER)) throw new Error(`${WORKER} is missing; ${REBUILD}`);
    this.#piscina = this.#start(workers);
  }

  #start(workers: number): Piscina<Task, Answer> {
    const piscina = new Piscina<Task, Answer>({
      filename: WORKER,
      minThreads: workers,
      maxThreads: workers,
      // The slab ring bounds what is in flight; the pool's own queue need not.
      maxQueue: Infinity,
    });
    piscina.on("message", (threadId: number) => this.#loaded.add(threadId));
    piscina.on("error", (error: unknown) => {
      this.stats.replaced++;
      this.onFailure(error);
      this.#renew(piscina, workers);
    });
    return piscina;
  }

  /**
   * A pool of which a worker failed while it loaded starts no more of them, ever (piscina's `_onError`). Another takes its
   * place; it finishes what its other workers have in hand, and where it has none what waits is told that it failed.
   */
  #renew(failed: Piscina<Task, Answer>, workers: number): void {
    if (this.#renewing !== undefined || this.#closed) return;
    const wait = Math.max(0, this.#renewed + AGAIN_MS - performance.now());
    this.#renewing = setTimeout(() => {
      this.#renewing = undefined;
      this.#renewed = performance.now();
      this.#piscina = this.#start(workers);
      void (failed.threads.length === 0 ? failed.destroy() : failed.close());
    }, wait);
  }

  get workers(): number {
    return this.#piscina.threads.length;
  }

  /** Batches sealed from now on are judged by `state`; workers learn of it when they meet the first of them. */
  set state(state: EngineState) {
    this.#briefing = { ...this.#briefing, state };
  }

  /**
   * Verify the batch in slab `slab`. Rejects when the worker died, its instance trapped, or the deadline passed; the
   * worker or instance is then replaced, and the next batch finds a good one.
   */
  async run(slab: number): Promise<Uint8Array | undefined> {
    const signal = this.#deadline.watch(slab);
    try {
      let answer = await this.#piscina.run(slab, { signal });
      for (let given: Briefing | undefined; typeof answer === "string";) {
        // One that was overtaken on its way may name files that are gone. Where the newest does too, they are restored.
        if (given === this.#briefing && answer === "body-gone") await this.restoreBodies();
        if (given === this.#briefing) throw new Error("a worker did not take its briefing");
        given = this.#briefing;
        answer = await this.#piscina.run({ slab, briefing: given }, { signal });
      }
      this.stats.batches++;
      return answer;
    } catch (error) {
      this.stats.replaced++;
      throw error;
    } finally {
      this.#deadline.done(slab);
    }
  }

  /**
   * Resolves when no worker is loading. Until then neither workers nor process may be ended: Node may abort the whole
   * process where a thread is stopped while it imports (Node 20: `v8::Module::IsGraphAsync`, exit status 134).
   */
  async loaded(): Promise<void> {
    for (const thread of this.#piscina.threads) {
      if (!this.#loaded.has(thread.threadId)) await settled(thread);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#renewing);
    await this.loaded();
    await this.#piscina.destroy();
  }
}

/** Resolves when a thread that is loading has loaded, or has died of it. */
function settled(thread: Worker): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      thread.unref();
      thread.off("message", done).off("exit", done);
      resolve();
    };
    // The pool lets its idle threads keep no process alive; this one is waited for.
    thread.ref();
    thread.on("message", done).on("exit", done);
  });
}
