import { availableParallelism } from "node:os";
import { checkOptions, type OptionNames } from "../format/options.js";
import { readRequest } from "../format/request.js";
import type { AtMeans, Requirements } from "../format/requirements.js";
import type { TrustWarning } from "../format/trust-list.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { epochOf } from "../format/status-state.js";
import { checkPolicy, type PolicyTable, requirementsFor } from "../policy/policy.js";
import { Batcher, KeyNames, type OnVerdict } from "./batcher.js";
import { type Clock, systemClock } from "./clock.js";
import { demandDescriptors } from "./descriptors.js";
import { Instance } from "./instance.js";
import { compileEngine, type EngineModule } from "./module.js";
import { WorkerPool } from "./pool.js";
import { SlabRing } from "./slab-ring.js";
import {
  type EngineState,
  type StateSources,
  type StatusSource,
  statusSources,
  trustOnly,
  withStatus,
  withTrustList,
} from "./state.js";
import { StatusStore } from "./status-store.js";

export interface VerifierOptions extends StateSources<StatusSource> {
  /** Acceptance policy; without one every purpose is accepted. */
  policy?: PolicyTable;
  /** Worker threads; one for each core by default. */
  workers?: number;
  /** Slabs in the ring: how many batches may be in work or wait. */
  slabs?: number;
  /** WebAssembly other than the file shipped: a debug build. */
  module?: EngineModule;
}

const OPTIONS: OptionNames<VerifierOptions> = {
  trust: true,
  status: true,
  statusMaxAge: true,
  clock: true,
  policy: true,
  workers: true,
  slabs: true,
  module: true,
};

export interface VerifierStats {
  workers: number;
  /** Batches verified. */
  batches: number;
  /** Workers or instances replaced after a failure. */
  replaced: number;
  slabs: number;
  slabsFree: number;
  /** Epochs in force, of the trust list and the newest status; 0 for none. */
  trustEpoch: number;
  statusEpoch: number;
}

/** Measured: larger batches gain little, smaller ones spread a burst over the workers. */
const BATCH_SIZE = 128;
const SLABS_PER_WORKER = 32;
/** One at work and one at hand. */
const BATCHES_PER_WORKER = 2;

/** The engine across worker threads. */
export class Verifier {
  readonly #pool: WorkerPool;
  readonly #batcher: Batcher;
  readonly #ring: SlabRing;
  readonly #policy: PolicyTable | undefined;
  /** Never verifies credentials: it checks the signatures and keys of what is to be put in force. */
  readonly #checker: Instance;
  #state: EngineState;
  readonly #names = new KeyNames();
  readonly #clock: Clock;
  readonly #store: StatusStore;

  private constructor(
    store: StatusStore,
    state: EngineState,
    policy: PolicyTable | undefined,
    options: VerifierOptions,
  ) {
    const { module, checker } = store;
    const workers = options.workers ?? availableParallelism();
    this.#policy = policy;
    this.#store = store;
    this.#checker = checker;
    this.#state = state;
    this.#ring = new SlabRing(options.slabs ?? workers * SLABS_PER_WORKER);
    this.#pool = new WorkerPool(workers, { memory: this.#ring.memory, module, state });
    this.#clock = options.clock ?? systemClock;
    const busyAt = workers * BATCHES_PER_WORKER;
    this.#batcher = new Batcher(this.#ring, this.#pool, BATCH_SIZE, busyAt, this.#names, this.#clock);
    this.#putInForce(state);
  }

  /** Throws OptionsError, PolicyError, ResourceError, TrustError, StatusError, or UnacceptableKey for a key never to be trusted. */
  static async create(options: VerifierOptions): Promise<Verifier> {
    checkOptions("Verifier.create", options, OPTIONS);
    const policy = options.policy === undefined ? undefined : checkPolicy(options.policy);
    demandDescriptors(options.workers ?? availableParallelism());
    const module = options.module ?? (await compileEngine());
    const checker = new Instance(module);
    const trusting = trustOnly(options, checker.checkSignature);
    // Keys are checked here, before any worker meets them.
    checker.loadTrust(trusting.trust);
    const store = new StatusStore(module, checker);
    try {
      const opened = await store.open(statusSources(options.status), trusting.trust);
      const state = withStatus(trusting, opened);
      store.settle(opened, state);
      return new Verifier(store, state, policy, options);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  /** Keys of the trust sources that were passed over, and why. */
  get trustWarnings(): readonly TrustWarning[] {
    return this.#state.trust.warnings ?? [];
  }

  /** Put a newer trust list in force, from the next batch on. Throws TrustError or UnacceptableKey; then nothing changes. */
  updateTrust(file: Uint8Array): void {
    const next = withTrustList(this.#state, file, this.#checker.checkSignature);
    try {
      this.#checker.loadTrust(next.trust);
    } catch (error) {
      this.#checker.loadTrust(this.#state.trust);
      throw error;
    }
    this.#putInForce(next);
  }

  /**
   * Put newer status files in force, from the next batch on: a delta, or a snapshot together with the deltas that lead
   * on from it. Rejects with StatusError, or with another error where the thread that checks them died; then nothing
   * changes. A large one is best given as a path: bytes are copied once on the calling thread. A file is read once, and
   * may then be changed or removed.
   */
  async updateStatus(...files: StatusSource[]): Promise<void> {
    const opened = await this.#store.open(files, this.#state.trust);
    try {
      this.#putInForce(withStatus(this.#state, opened));
    } finally {
      this.#store.settle(opened, this.#state);
    }
  }

  #putInForce(state: EngineState): void {
    this.#state = state;
    this.#pool.state = state;
    this.#names.add(state.generation, this.#checker.issuers.names);
  }

  get stats(): VerifierStats {
    const { batches, replaced } = this.#pool.stats;
    return {
      workers: this.#pool.workers,
      batches,
      replaced,
      slabs: this.#ring.size,
      slabsFree: this.#ring.free,
      trustEpoch: this.#state.trust.epoch,
      statusEpoch: Math.max(0, ...this.#state.statuses.map(epochOf)),
    };
  }

  /** What `request` demands, worked out once for many texts. Throws RequestError. */
  requirementsOf(request: VerifyRequest, atMeans: AtMeans = "clock"): Requirements {
    return requirementsFor(this.#policy, readRequest(request), new Date(this.#clock()), atMeans);
  }

  /** The hot path: one text, answered by callback. It is copied before this returns; BUSY comes at once. */
  submit(qr: string | Uint8Array, requirements: Requirements, done: OnVerdict): void {
    this.#batcher.submit(qr, requirements, done);
  }

  /** Verdicts in the order of the texts. Waits for room instead of answering BUSY. Rejects with RequestError. */
  async verifyBatch(qrs: readonly (string | Uint8Array)[], request: VerifyRequest = {}): Promise<Verdict[]> {
    return this.verifyAll(qrs, this.requirementsOf(request));
  }

  /** The same with the requirements worked out. */
  async verifyAll(qrs: readonly (string | Uint8Array)[], requirements: Requirements): Promise<Verdict[]> {
    const pending: Promise<Verdict>[] = [];
    for (const qr of qrs) {
      // Another caller may take the room between its announcement and this one's turn.
      while (!this.#batcher.hasRoom) await this.#batcher.room();
      pending.push(
        new Promise((resolve) => {
          this.submit(qr, requirements, resolve);
        }),
      );
    }
    return Promise.all(pending);
  }

  /** Resolves when no worker is loading. Who means to call `process.exit` waits for it; see WorkerPool. */
  async loaded(): Promise<void> {
    await this.#pool.loaded();
  }

  /** Answers what is in work, then ends the workers, and leaves no file behind. */
  async close(): Promise<void> {
    await this.#batcher.drain();
    await this.#pool.close();
    await this.#store.close();
  }
}
