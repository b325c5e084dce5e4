import { availableParallelism } from "node:os";
import { checkOptions, type OptionNames } from "../format/options.js";
import { readRequest } from "../format/wire/request.js";
import type { AtMeans, Requirements } from "../format/requirements.js";
import type { TrustWarning } from "../format/trust/trust-list.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { epochOf } from "../format/status/state.js";
import { checkPolicy, type PolicyTable, presentationWindow, requirementsFor } from "../policy/policy.js";
import { Batcher, KeyNames } from "./batcher.js";
import { Call, type OnVerdicts } from "./call.js";
import { type Clock, systemClock } from "./clock.js";
import { type ControlOptions, ControlPlane, type Refusal } from "./control-plane.js";
import { demandDescriptors } from "./descriptors.js";
import { type Health, healthOf } from "./health.js";
import { Instance } from "./instance.js";
import { compileEngine, type EngineModule } from "./module.js";
import { WorkerPool } from "./pool.js";
import { Probe } from "./probe.js";
import { SlabRing } from "./slab-ring.js";
import type { EngineState } from "./state.js";
import type { StatusSource } from "./status-files.js";

export interface VerifierOptions extends ControlOptions {
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
  state: true,
  awaits: true,
  onEvent: true,
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
/** The shortest text that has to be read to be refused. */
const TRIAL = "00";
/** One at work and one at hand. */
const BATCHES_PER_WORKER = 2;

/** The engine across worker threads. */
export class Verifier {
  readonly #pool: WorkerPool;
  readonly #batcher: Batcher;
  readonly #ring: SlabRing;
  #policy: PolicyTable | undefined;
  readonly #control: ControlPlane;
  readonly #names = new KeyNames();
  readonly #clock: Clock;
  readonly #probe: Probe;

  private constructor(control: ControlPlane, policy: PolicyTable | undefined, options: VerifierOptions) {
    const { module } = control.store;
    const workers = options.workers ?? availableParallelism();
    this.#policy = policy;
    this.#control = control;
    this.#ring = new SlabRing(options.slabs ?? workers * SLABS_PER_WORKER);
    const briefing = { memory: this.#ring.memory, module, state: control.state };
    const onFailure = (error: unknown): void => {
      control.onEvent({ kind: "worker-failed", error });
      this.#probe.suspect();
    };
    this.#pool = new WorkerPool(workers, briefing, () => control.restoreBodies(), onFailure);
    this.#clock = options.clock ?? systemClock;
    this.#probe = new Probe(this.#pool, (done) => {
      this.submitMany([TRIAL], () => this.requirementsOf({}), done);
    });
    const busyAt = workers * BATCHES_PER_WORKER;
    this.#batcher = new Batcher(this.#ring, this.#probe, BATCH_SIZE, busyAt, this.#names, this.#clock);
    control.onState = (state) => {
      this.#putInForce(state);
    };
    this.#putInForce(control.state);
  }

  /**
   * All or nothing. Rejects with OptionsError, PolicyError, ResourceError, StateError, TrustError, StatusError, or
   * UnacceptableKey for a key that must never be trusted.
   */
  static async create(options: VerifierOptions): Promise<Verifier> {
    const { control, policy, refused } = await prepare("Verifier.create", options);
    const [first] = refused;
    if (first === undefined) return new Verifier(control, policy, options);
    await control.close();
    throw first.error;
  }

  /**
   * Begin with what can be used of what is given, and tell what cannot: for who follows a feed, and must not wait for it.
   * What `health` finds missing makes cards undetermined. Rejects with OptionsError, PolicyError, ResourceError or
   * StateError.
   */
  static async start(options: VerifierOptions): Promise<{ verifier: Verifier; refused: readonly Refusal[] }> {
    const { control, policy, refused } = await prepare("Verifier.start", options);
    return { verifier: new Verifier(control, policy, options), refused };
  }

  /** Keys of the trust sources that were passed over, and why. */
  get trustWarnings(): readonly TrustWarning[] {
    return this.#control.state.trust.warnings;
  }

  /**
   * Put a newer trust list in force, from the next batch on, in the place of the one of its root. The root must be pinned.
   * What rests on a key that is trusted no more is in force no more. Rejects with TrustError or UnacceptableKey; then
   * nothing changes.
   */
  async updateTrust(file: Uint8Array): Promise<void> {
    await this.#control.updateTrust(file);
  }

  /**
   * Put these JWK sets and PEM files in force, from the next batch on, in the place of all those that were given before.
   * Rejects with TrustError or UnacceptableKey; then nothing changes.
   */
  async updateKeys(...files: Uint8Array[]): Promise<void> {
    await this.#control.updateKeys(files);
  }

  /**
   * Put newer status files in force, from the next batch on: a delta, or a snapshot together with the deltas that lead
   * on from it. Rejects with the StatusError of the first that is refused; the others are in force all the same. Rejects
   * with another error where the thread that checks them died; then nothing changes. A large one is best given as a path:
   * bytes are copied once on the calling thread. A file is read once, and may then be changed or removed.
   */
  async updateStatus(...files: StatusSource[]): Promise<void> {
    const [first] = await this.#control.updateStatus(files);
    if (first !== undefined) throw first;
  }

  /** The acceptance policy of what is asked from now on. Throws PolicyError; then nothing changes. */
  replacePolicy(policy: PolicyTable): void {
    this.#policy = checkPolicy(policy);
  }

  /** Seconds after it was made for which a presentation may be accepted, by the longest rule of the policy. */
  get presentationWindow(): number {
    return presentationWindow(this.#policy);
  }

  /** Would a good card be accepted now, and if not, why? */
  health(): Health {
    const { state, memory, pins } = this.#control;
    return healthOf(state, { now: memory.now(), pinned: pins.pinned, engineFails: this.#probe.fails });
  }

  #putInForce(state: EngineState): void {
    this.#pool.state = state;
    this.#names.add(state.generation, this.#control.checker.issuers.names, state.awaitsTrust);
  }

  /** `told` hears of each batch that came back: its texts, and the milliseconds since it was sealed. */
  onBatch(told: (items: number, milliseconds: number) => void): void {
    this.#batcher.onBatch = told;
  }

  get stats(): VerifierStats {
    const { batches, replaced } = this.#pool.stats;
    const { trust, statuses } = this.#control.state;
    return {
      workers: this.#pool.workers,
      batches,
      replaced,
      slabs: this.#ring.size,
      slabsFree: this.#ring.free,
      trustEpoch: trust.epoch,
      statusEpoch: Math.max(0, ...statuses.map(epochOf)),
    };
  }

  /** What `request` demands, worked out once for many texts. Throws RequestError. */
  requirementsOf(request: VerifyRequest, atMeans: AtMeans = "clock"): Requirements {
    return requirementsFor(this.#policy, readRequest(request), new Date(this.#clock()), atMeans);
  }

  /**
   * The hot path: texts that belong together, each under its own requirements, answered by one callback. They are copied
   * before this returns; those that there is no room for are BUSY.
   */
  submitMany(
    qrs: readonly (string | Uint8Array)[],
    requirementsOf: (index: number) => Requirements,
    done: OnVerdicts,
  ): void {
    const call = new Call(qrs.length, done);
    for (const [index, qr] of qrs.entries()) this.#batcher.add(call, index, qr, requirementsOf(index));
  }

  /** Verdicts in the order of the texts. Waits for room instead of answering BUSY. Rejects with RequestError. */
  async verifyBatch(qrs: readonly (string | Uint8Array)[], request: VerifyRequest = {}): Promise<Verdict[]> {
    return this.verifyAll(qrs, this.requirementsOf(request));
  }

  /** The same with the requirements worked out. */
  async verifyAll(qrs: readonly (string | Uint8Array)[], requirements: Requirements): Promise<Verdict[]> {
    return this.verifyEach(qrs, () => requirements);
  }

  /** The same with each text under its own requirements. */
  async verifyEach(
    qrs: readonly (string | Uint8Array)[],
    requirementsOf: (index: number) => Requirements,
  ): Promise<Verdict[]> {
    if (qrs.length === 0) return [];
    const { promise, resolve } = withResolvers<readonly Verdict[]>();
    const call = new Call(qrs.length, resolve);
    for (const [index, qr] of qrs.entries()) {
      // Another caller may take the room between its announcement and this one's turn.
      while (!this.#batcher.hasRoom) await this.#batcher.room();
      this.#batcher.add(call, index, qr, requirementsOf(index));
    }
    return [...(await promise)];
  }

  /** Resolves when no worker is loading. Who means to call `process.exit` waits for it; see WorkerPool. */
  async loaded(): Promise<void> {
    await this.#pool.loaded();
  }

  /** Answers what is in work, then ends the workers, and leaves no file behind. */
  async close(): Promise<void> {
    await this.#batcher.drain();
    await this.#pool.close();
    await this.#control.close();
  }
}

interface Prepared {
  control: ControlPlane;
  policy: PolicyTable | undefined;
  refused: readonly Refusal[];
}

async function prepare(whose: string, options: VerifierOptions): Promise<Prepared> {
  checkOptions(whose, options, OPTIONS);
  const policy = options.policy === undefined ? undefined : checkPolicy(options.policy);
  demandDescriptors(options.workers ?? availableParallelism());
  const module = options.module ?? (await compileEngine());
  // This instance never verifies credentials: it checks the signatures and keys of what is to be put in force.
  return { policy, ...(await ControlPlane.start(options, module, new Instance(module))) };
}

/** Promise.withResolvers, which Node 20 has not. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
