import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { HEADER_STARTED } from "../format/batch.js";
import { slabBytes } from "./slab-ring.js";
import type { EngineState } from "./state.js";
import type { Answer, Briefing, Task } from "./worker.js";

/** A batch that a worker has held for so long is answered INTERNAL, and the worker is replaced. */
const DEADLINE_MS = 800;

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
  #briefing: Briefing;

  constructor(workers: number, briefing: Briefing) {
    this.#briefing = briefing;
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
    const abort = new AbortController();
    let timer = setTimeout(watch, DEADLINE_MS);
    const { memory } = this.#briefing;
    // Time spent waiting for a worker does not count: a long queue must not cost the workers that work it off.
    function watch(): void {
      const left = DEADLINE_MS - heldFor(memory, slab);
      if (left <= 0) abort.abort();
      else timer = setTimeout(watch, left);
    }
    try {
      let answer = await this.#piscina.run(slab, { signal: abort.signal });
      for (let given: Briefing | undefined; answer === "behind";) {
        // One that was overtaken on its way may name files that are gone; the newest does not.
        if (given === this.#briefing) throw new Error("a worker did not take its briefing");
        given = this.#briefing;
        answer = await this.#piscina.run({ slab, briefing: given }, { signal: abort.signal });
      }
      this.stats.batches++;
      return answer;
    } catch (error) {
      this.stats.replaced++;
      throw error;
    } finally {
      clearTimeout(timer);
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

/** Milliseconds for which a worker has had the batch in slab `slab`; 0 while it waits. */
function heldFor(memory: SharedArrayBuffer, slab: number): number {
  const bytes = slabBytes(memory, slab);
  const started = new DataView(bytes.buffer, bytes.byteOffset).getUint32(HEADER_STARTED, true);
  return started === 0 ? 0 : ((Date.now() >>> 0) - started) >>> 0;
}
