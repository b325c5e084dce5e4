import { availableParallelism } from "node:os";
import type { Requirements } from "../format/requirements.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { type PolicyTable, requirementsFor } from "../policy/policy.js";
import { Batcher, type Generation, type OnVerdict } from "./batcher.js";
import { Instance } from "./instance.js";
import { compileEngine } from "./module.js";
import { WorkerPool } from "./pool.js";
import { SlabRing } from "./slab-ring.js";
import { type EngineState, loadState, readState, type StateSources } from "./state.js";

export interface VerifierOptions extends StateSources {
  /** Acceptance policy; without one every purpose is accepted. */
  policy?: PolicyTable;
  /** Worker threads; one for each core by default. */
  workers?: number;
  /** Slabs in the ring: how many batches may be in work or wait. */
  slabs?: number;
  /** WebAssembly other than the file shipped: a debug build. */
  module?: WebAssembly.Module;
}

export interface VerifierStats {
  workers: number;
  /** Batches verified. */
  batches: number;
  /** Workers or instances replaced after a failure. */
  replaced: number;
  slabs: number;
  slabsFree: number;
}

/** Measured: larger batches gain little, smaller ones spread a burst over the workers. */
const BATCH_SIZE = 128;
const SLABS_PER_WORKER = 32;

/** The engine across worker threads. */
export class Verifier {
  readonly #pool: WorkerPool;
  readonly #batcher: Batcher;
  readonly #ring: SlabRing;
  readonly #policy: PolicyTable | undefined;
  #generation: Generation;

  private constructor(module: WebAssembly.Module, state: EngineState, keys: Generation, options: VerifierOptions) {
    const workers = options.workers ?? availableParallelism();
    this.#policy = options.policy;
    this.#ring = new SlabRing(options.slabs ?? workers * SLABS_PER_WORKER);
    this.#pool = new WorkerPool(workers, { memory: this.#ring.memory, module, state });
    this.#generation = keys;
    this.#batcher = new Batcher(this.#ring, this.#pool, BATCH_SIZE, () => this.#generation);
  }

  /** Throws TrustError, StatusError, or UnacceptableKey for a key that must never be trusted. */
  static async create(options: VerifierOptions): Promise<Verifier> {
    const module = options.module ?? (await compileEngine());
    // Checks everything once, here, before any worker meets it.
    const probe = new Instance(module);
    const state = await readState(options, probe.checkSignature);
    loadState(probe, state);
    return new Verifier(module, state, { generation: 1, keys: probe.issuers.names }, options);
  }

  get stats(): VerifierStats {
    const { batches, replaced } = this.#pool.stats;
    return { workers: this.#pool.workers, batches, replaced, slabs: this.#ring.size, slabsFree: this.#ring.free };
  }

  /** What `request` demands, worked out once for many texts. */
  requirementsOf(request: VerifyRequest): Requirements {
    return requirementsFor(this.#policy, request);
  }

  /** The hot path: one text, answered by callback. It is copied before this returns; BUSY comes at once. */
  submit(qr: string | Uint8Array, requirements: Requirements, done: OnVerdict): void {
    this.#batcher.submit(qr, requirements, done);
  }

  /** Verdicts in the order of the texts. Waits for room instead of answering BUSY. */
  async verifyBatch(qrs: readonly (string | Uint8Array)[], request: VerifyRequest = {}): Promise<Verdict[]> {
    return this.verifyAll(qrs, this.requirementsOf(request));
  }

  /** The same with the requirements worked out. */
  async verifyAll(qrs: readonly (string | Uint8Array)[], requirements: Requirements): Promise<Verdict[]> {
    const pending: Promise<Verdict>[] = [];
    for (const qr of qrs) {
      if (!this.#batcher.hasRoom) await this.#batcher.room();
      pending.push(
        new Promise((resolve) => {
          this.submit(qr, requirements, resolve);
        }),
      );
    }
    return Promise.all(pending);
  }

  /** Answers what is in work, then ends the workers. */
  async close(): Promise<void> {
    await this.#batcher.drain();
    await this.#pool.close();
  }
}
