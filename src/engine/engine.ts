import { BATCH_SIZE } from "../abi/batch.js";
import { toHex } from "../format/bytes.js";
import { Code } from "../abi/code.js";
import { checkOptions, type OptionNames } from "../format/options.js";
import { readRequest } from "../format/wire/request.js";
import { audiencesOf, momentAsked, momentOf, type Requirements } from "../format/requirements.js";
import type { TrustWarning } from "../format/trust/trust-list.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { BatchWriter } from "./batch-writer.js";
import { type Clock, systemClock } from "./clock.js";
import { applyDetail, splitDetail } from "./detail.js";
import { DetailBuffers, DetailWriter, wipeDetail } from "./detail-buffer.js";
import { type StatusHealth, statusesOf } from "./statuses.js";
import { EngineTrap, Instance } from "./instance.js";
import { compileEngine, type EngineModule } from "./module.js";
import { type EngineState, loadState, readState, type StateSources } from "./state.js";
import { bareVerdict, readVerdict } from "./verdict.js";

export type { TrustSource } from "./state.js";

export interface EngineOptions extends StateSources {
  /** WebAssembly other than the file shipped beside this one: a debug build, or a module compiled already. */
  module?: EngineModule;
}

const OPTIONS: OptionNames<EngineOptions> = {
  trust: true,
  status: true,
  statusMaxAge: true,
  clock: true,
  module: true,
};

/** What a QR text says, unverified: read without looking at the signature. */
export interface Inspection {
  verdict: Verdict;
  /** Issuer as the credential states it. */
  issuer: Uint8Array;
  /** Claim 169, CBOR. */
  identity: Uint8Array;
}

/** One WebAssembly instance on the calling thread. Synchronous; works in browsers. */
export class Engine {
  readonly #module: EngineModule;
  readonly #state: EngineState;
  readonly #clock: Clock;
  readonly #batch = new BatchWriter(new ArrayBuffer(BATCH_SIZE), 0);
  readonly #detail = new DetailWriter(new DetailBuffers((bytes) => new ArrayBuffer(bytes)));
  #instance: Instance;

  private constructor(module: EngineModule, instance: Instance, state: EngineState, clock: Clock) {
    this.#clock = clock;
    this.#module = module;
    this.#instance = instance;
    this.#state = state;
  }

  /** Throws OptionsError, TrustError, StatusError, or UnacceptableKey for a key that must never be trusted. */
  static async create(options: EngineOptions): Promise<Engine> {
    checkOptions("Engine.create", options, OPTIONS);
    const module = options.module ?? (await compileEngine());
    const instance = new Instance(module);
    const state = await readState(options, instance.checkSignature);
    loadState(instance, state);
    return new Engine(module, instance, state, options.clock ?? systemClock);
  }

  /** What is in force of status. */
  get statuses(): readonly StatusHealth[] {
    return statusesOf(this.#state);
  }

  /** Keys of the trust sources that were passed over, and why. */
  get trustWarnings(): readonly TrustWarning[] {
    return this.#state.trust.warnings;
  }

  /** Verdicts in the order of the texts. What purpose and region demand is policy: see Verifier. Throws RequestError. */
  verifyBatch(qrs: readonly (string | Uint8Array)[], request: VerifyRequest = {}): Verdict[] {
    const asked = readRequest(request);
    const moment = momentAsked(asked.at, new Date(this.#clock()), "clock");
    const requirements: Requirements = { ...moment, ...audiencesOf(asked) };
    if (asked.claims === true) requirements.detail = "claims";
    if (asked.expect !== undefined) requirements.expect = asked.expect;
    return this.verifyAll(qrs, requirements);
  }

  /** The same with the requirements worked out. */
  verifyAll(qrs: readonly (string | Uint8Array)[], requirements: Requirements): Verdict[] {
    const verdicts: Verdict[] = [];
    for (let next = 0; next < qrs.length;) {
      this.#batch.clear();
      for (let qr = qrs[next]; qr !== undefined && !this.#batch.full; qr = qrs[next]) {
        this.#batch.add(qr, requirements);
        next++;
      }
      this.#batch.seal(this.#state.generation, this.#clock());
      verdicts.push(...this.#verifyBatch(requirements));
    }
    this.#batch.clear();
    return verdicts;
  }

  /** Read one text without judging it. */
  inspect(qr: string | Uint8Array): Inspection {
    this.#batch.clear();
    this.#batch.add(qr, momentOf(new Date(this.#clock())));
    this.#batch.seal(this.#state.generation, this.#clock());
    const { kid, issuer, identity } = splitDetail(this.#enter((instance) => instance.inspect(this.#batch.bytes)));
    const verdict = readVerdict(this.#batch.view, 0, []);
    if (kid.length > 0) verdict.kid = toHex(kid);
    this.#batch.clear();
    return { verdict, issuer, identity };
  }

  #verifyBatch(requirements: Requirements): Verdict[] {
    const { view, bytes, count } = this.#batch;
    try {
      this.#enter((instance) => {
        instance.verify(bytes, this.#detail);
      });
      const keys = this.#instance.issuers.names;
      const verdicts = Array.from({ length: count }, (_, index) => readVerdict(view, index, keys));
      const detail = this.#detail.finish();
      if (detail === undefined) return verdicts;
      try {
        applyDetail(view, detail, verdicts, () => requirements);
      } finally {
        wipeDetail(detail);
      }
      return verdicts;
    } catch (error) {
      this.#detail.discard();
      if (!(error instanceof EngineTrap)) throw error;
      return Array.from({ length: count }, () => bareVerdict(Code.INTERNAL));
    }
  }

  /** A trapped instance is replaced before the trap is reported. */
  #enter<T>(work: (instance: Instance) => T): T {
    try {
      return work(this.#instance);
    } catch (error) {
      if (error instanceof EngineTrap) {
        this.#instance = new Instance(this.#module);
        loadState(this.#instance, this.#state);
      }
      throw error;
    }
  }
}
