import type { StatusError } from "../format/status/error.js";
import { rootId, TrustError } from "../format/trust/trust-list.js";
import { Aside } from "./aside.js";
import { systemClock } from "./clock.js";
import type { Instance } from "./instance.js";
import { Memory } from "./memory.js";
import type { EngineModule } from "./module.js";
import { Pins } from "./pins.js";
import { StateFolder } from "./state-folder.js";
import {
  type EngineState,
  type StateAfter,
  type StateSources,
  statusSources,
  trustOnly,
  withBodies,
  withStatus,
  withTrust,
} from "./state.js";
import { refusalOf, type StatusSource } from "./status-files.js";
import { StatusStore } from "./status-store.js";
import { checkTrustList, isSigned, NO_TRUST, ofFile, readTrustSource, succeedingTrust, type Trust, trustSourcesOf, withKeys, withSource } from "./trust.js"; // prettier-ignore

export interface ControlOptions extends StateSources<StatusSource> {
  /**
   * Folder that keeps what must outlive a restart: pinned roots, the highest epochs, the largest signed time. Without one
   * a verifier that is started again accepts older files than it had.
   */
  state?: string | undefined;
  /**
   * Where a trust list is awaited from, such as the address of a feed, if none is given: until it comes, cards of issuers
   * that are not known are undetermined. The root of the first list is pinned under this name.
   */
  awaits?: string | undefined;
  /** Told of what a log should say. */
  onEvent?: (event: VerifierEvent) => void;
}

export type VerifierEvent =
  /** A status file that no trusted key has signed waits for the next change of trust. */
  | { kind: "set-aside"; error: StatusError }
  /** Files that had been set aside came into force. */
  | { kind: "in-force-at-last" }
  /** Trust has changed, and status of this issuer is in force no more: the key that signed it is trusted no more. */
  | { kind: "status-withdrawn"; issuer: string }
  /** The stored body of this issuer's snapshot was removed or cut from outside, and was written again. */
  | { kind: "body-restored"; issuer: string }
  /** It could not be written again: status of this issuer is unknown until the next snapshot. */
  | { kind: "body-lost"; issuer: string }
  /** The state folder could not be written: a verifier started now would accept older files. */
  | { kind: "state-not-kept"; error: unknown }
  /** A worker failed with no batch in hand, and was replaced. */
  | { kind: "worker-failed"; error: unknown };

/** A source given at the start that is not in force, and why. */
export interface Refusal {
  source: "trust" | "status";
  /** Which of them, from 0. */
  file: number;
  error: Error;
}

/** Decides what is in force: checks what is given, remembers it, and tells of each new state. One change at a time. */
export class ControlPlane {
  #changes: Promise<unknown> = Promise.resolve();
  /** Told of each state that comes into force. */
  onState: (state: EngineState) => void = () => undefined;

  private constructor(
    readonly store: StatusStore,
    readonly checker: Instance,
    readonly memory: Memory,
    readonly pins: Pins,
    readonly aside: Aside,
    readonly onEvent: (event: VerifierEvent) => void,
    public state: EngineState,
  ) {}

  /**
   * Begin with whatever can be used of what is given, and tell what cannot. Rejects with StateError where the state
   * folder cannot be used, and with what no file is to blame for.
   */
  static async start(
    options: ControlOptions,
    module: EngineModule,
    checker: Instance,
  ): Promise<{ control: ControlPlane; refused: Refusal[] }> {
    const { state: place, clock = systemClock, onEvent = () => undefined } = options;
    const folder = place === undefined ? undefined : await StateFolder.open(place);
    const memory = new Memory(folder, () => Math.floor(clock() / 1000));
    await memory.recall();
    const pins = new Pins(folder, options.awaits);
    const store = new StatusStore(module, checker, folder?.processes);
    const aside = new Aside(folder?.processes);
    const control = new ControlPlane(store, checker, memory, pins, aside, onEvent, trustOnly(options, NO_TRUST));
    try {
      const trustRefused = await control.#startTrust(options);
      const statusRefused = await control.#startStatus(statusSources(options.status));
      return { control, refused: [...trustRefused, ...statusRefused] };
    } catch (error) {
      await control.close();
      throw error;
    }
  }

  /** Rejects with TrustError or UnacceptableKey; then nothing changes. */
  updateTrust(file: Uint8Array): Promise<void> {
    return this.#change(async () => {
      const list = readTrustSource(file, this.checker.checkSignature);
      if (!isSigned(list)) throw new TrustError("OTHER_ROOT", "it is not signed by a root key");
      this.pins.check(list.root);
      await this.memory.recall(list.root);
      const bounds = this.memory.boundsOf(this.state);
      const trust = succeedingTrust(this.state.trust, list, bounds);
      this.#checkKeys(trust, list);
      await this.#keeping(() => this.pins.add(list.root, bounds.now));
      const before = this.state;
      const next = withTrust(this.state, trust, bounds);
      await this.#putInForce({ ...next, awaitsTrust: this.pins.stillAwaits(rootId(list.root)) });
      for (const issuer of lostIssuers(before, this.state)) this.onEvent({ kind: "status-withdrawn", issuer });
      await this.#lookAgain();
    });
  }

  /** Rejects with TrustError or UnacceptableKey; then nothing changes. */
  updateKeys(files: readonly Uint8Array[]): Promise<void> {
    return this.#change(async () => {
      const sources = files.map((file) => readTrustSource(file, this.checker.checkSignature));
      if (sources.some(isSigned)) throw new TrustError("UNKNOWN_FORMAT", "it is a signed list, and not a set of keys");
      const trust = withKeys(this.state.trust, sources);
      this.#checkKeys(trust, { keys: sources.flatMap(({ keys }) => keys), epoch: 0 });
      await this.#putInForce(withTrust(this.state, trust, this.memory.boundsOf(this.state)));
      await this.#lookAgain();
    });
  }

  /** Resolves with why files are not in force; each that is good is. Rejects where the thread that checks them died. */
  updateStatus(files: readonly StatusSource[]): Promise<readonly StatusError[]> {
    return this.#change(() => this.#applyStatus(files));
  }

  /** Where stored bodies were removed from outside: write them again, or do without. */
  restoreBodies(): Promise<void> {
    return this.#change(async () => {
      const restored = await this.store.restore(this.state);
      if (restored.size === 0) return;
      for (const { snapshot } of this.state.statuses) {
        const { body, header } = snapshot;
        if (body instanceof Uint8Array || !restored.has(body.path)) continue;
        const kind = restored.get(body.path) === undefined ? "body-lost" : "body-restored";
        this.onEvent({ kind, issuer: header.issuer });
      }
      await this.#putInForce(withBodies(this.state, restored));
      this.store.settle({ opened: [], refused: [] }, this.state);
    });
  }

  async close(): Promise<void> {
    await this.#changes;
    await Promise.all([this.store.close(), this.aside.close()]);
  }

  async #startTrust({ trust: sources, awaits }: ControlOptions): Promise<Refusal[]> {
    const refused: Refusal[] = [];
    let trust = NO_TRUST;
    for (const [file, source] of trustSourcesOf(sources).entries()) {
      let root: string | undefined;
      try {
        const list = readTrustSource(source, this.checker.checkSignature);
        if (isSigned(list)) {
          root = rootId(list.root);
          this.pins.addByHand(list.root);
          await this.memory.recall(list.root);
          checkTrustList(list, this.memory.boundsOf(this.state));
        }
        const next = withSource(trust, list, file);
        this.#checkKeys(next, list);
        trust = next;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.pins.await(root ?? `file ${file}`);
        refused.push({ source: "trust", file, error: ofFile(error, file) });
      }
    }
    if (awaits !== undefined && trust.lists.length === 0) this.pins.await("feed");
    await this.pins.recall();
    this.state = { ...this.state, trust, awaitsTrust: this.pins.awaits };
    this.checker.loadTrust(trust);
    return refused;
  }

  async #startStatus(files: readonly StatusSource[]): Promise<Refusal[]> {
    const refused = await this.#applyStatus(files);
    return refused.map((error) => ({ source: "status", file: error.file ?? 0, error }));
  }

  async #applyStatus(files: readonly StatusSource[]): Promise<readonly StatusError[]> {
    const opened = await this.store.open(files, this.state.trust.keys);
    let after: StateAfter;
    try {
      after = withStatus(this.state, opened, this.memory.boundsOf(this.state));
      if (after.state !== this.state) await this.#putInForce(after.state);
    } finally {
      this.store.settle(opened, this.state);
    }
    for (const error of after.refused) {
      const source = error.code === "UNKNOWN_KEY" ? files[error.file ?? -1] : undefined;
      if (source !== undefined && (await this.aside.keep(source))) this.onEvent({ kind: "set-aside", error });
    }
    return after.refused;
  }

  /** Files that were set aside, now that other keys are trusted. Those that still nobody signed go aside again. */
  async #lookAgain(): Promise<void> {
    const files = this.aside.take();
    if (files.length === 0) return;
    const refused = await this.#applyStatus(files).catch((error: unknown) => [refusalOf(error, 0)]);
    if (refused.length < files.length) this.onEvent({ kind: "in-force-at-last" });
    await this.aside.remove(files);
  }

  /** Throws UnacceptableKey, or whatever the engine has against these keys; it then has those in force again. */
  #checkKeys(trust: Trust, added: Pick<Trust, "keys" | "epoch">): void {
    try {
      // By itself first: the error counts keys as the file does.
      this.checker.loadTrust(added);
      this.checker.loadTrust(trust);
    } catch (error) {
      this.checker.loadTrust(this.state.trust);
      throw error;
    }
  }

  /** Kept first: what a verdict has told must be remembered, whenever this process dies. */
  async #putInForce(state: EngineState): Promise<void> {
    await this.#keeping(() => this.memory.keep(state));
    this.state = { ...state, clockFloor: this.memory.clockFloorOf(state) };
    this.onState(this.state);
  }

  /** What is in force must be known to be newer, even where that cannot be remembered. */
  async #keeping(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.onEvent({ kind: "state-not-kept", error });
    }
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changes.then(work);
    this.#changes = done.catch(() => undefined);
    return done;
  }
}

function isRefusal(error: unknown): error is Error {
  return error instanceof TrustError || (error instanceof Error && error.name === "UnacceptableKey");
}

/** Names of issuers whose status was in force and is no more. */
function lostIssuers(before: EngineState, after: EngineState): readonly string[] {
  const complete = ({ statuses }: EngineState): string[] =>
    statuses.filter(({ incomplete }) => incomplete === undefined).map(({ snapshot }) => snapshot.header.issuer);
  const left = complete(after);
  return complete(before).filter((issuer) => !left.includes(issuer));
}
