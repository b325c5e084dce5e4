import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { Deadline } from "./deadline.js";
import type { EngineState } from "./state.js";
import type { Answer, Briefing, Task } from "./worker.js";

export interface PoolStats {
  /** Batches that came back. */
  batches: number;
  /** Workers or instances that failed and were replaced. */
  replaced: number;
}

/** Worker threads, one engine instance each. A batch travels as the number of its slab. */
export class WorkerPool {
  readonly stats: PoolStats = { batches: 0, replaced: 0 };
  readonly #piscina: Piscina<Task, Answer>;
  /** Threads that have said that they have loaded. */
  readonly #loaded = new Set<number>();
  readonly #deadline: Deadline;
  #briefing: Briefing;

  /** `restoreBodies`: sees to it that the next briefing can be read, where files that the newest names are gone. */
  constructor(
    workers: number,
    briefing: Briefing,
    readonly restoreBodies: () => Promise<void>,
  ) {
    this.#briefing = briefing;
    this.#deadline = new Deadline(briefing.memory);
    const filename = fileURLToPath(new URL("./worker.js", import.meta.url));
    if (!existsSync(filename)) throw new Error(`${filename} is missing; run \`npm run build\``);
    this.#piscina = new Piscina<Task, Answer>({
      filename,
      minThreads: workers,
      maxThreads: workers,
      // The slab ring bounds what is in flight; the pool's own queue need not.
      maxQueue: Infinity,
    });
    this.#piscina.on("message", (threadId: number) => this.#loaded.add(threadId));
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
