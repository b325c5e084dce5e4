import { setTimeout as after } from "node:timers/promises";
import type { StatusSource } from "../engine/state.js";
import { reasonOf } from "../engine/reason.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { StatusError, type StatusErrorCode } from "../format/status/error.js";
import { readFeedAddress } from "./address.js";
import { ABSENT, type FeedSource, type Look } from "./source.js";
import { FolderSource } from "./folder-source.js";
import { HttpSource } from "./http-source.js";

/** What follows the feed; see Verifier. Each rejects where it refuses, and what it refuses changes nothing. */
export interface FeedTarget {
  updateTrust(file: Uint8Array): void | Promise<void>;
  updateStatus(...files: StatusSource[]): Promise<void>;
}

/** What there is to say of a feed: what was put in force, and each change for the worse or the better once. */
export type FeedEvent =
  | { kind: "in-force"; files: readonly string[] }
  | { kind: "refused"; files: readonly string[]; error: unknown }
  /** Something else lies where a file is looked for. */
  | { kind: "passed-over"; file: string; holds: string }
  | { kind: "unreachable"; error: unknown }
  | { kind: "reachable" };

/** How a feed is. Times are as Date.now() gives them. */
export interface FeedState {
  readonly place: string;
  /** Looked at least once for everything. */
  looked: boolean;
  /** Why it could not be read, or not all of it, at the last look. */
  trouble: string | undefined;
  /** When all of it could last be read. */
  lastSuccess: number | undefined;
  /** When something of it last came into force. */
  lastChange: number | undefined;
  /** Looks at which not all of it could be read. */
  failures: number;
  /** What is wrong with which file, where it could be read. */
  readonly faults: Map<string, string>;
}

/**
 * A feed given as an http(s) address or as a folder. What comes over HTTP and is large lies `within` that folder while it
 * is needed; among the system's temporary files by default. Throws Error for an address that is not one.
 */
export function openFeed(place: string, within?: string): FeedSource {
  const address = readFeedAddress(place);
  return "folder" in address ? new FolderSource(address.folder) : new HttpSource(address, { within });
}

/** Half of it is what a revocation waits on average before a verifier sees it. */
const INTERVAL_MS = 500;
/** A feed that cannot be read is asked less and less often, and at least so often. */
const LONGEST_INTERVAL_MS = 8_000;
/** A snapshot that takes longer to arrive does not keep what is small and new waiting. */
const SNAPSHOT_WAIT_MS = 2_000;
/** How long the end of what is at work is waited for. */
const STOP_MS = 5_000;
/** What was refused is looked at again: a clock may have been set, a key or room may be there now. */
const AGAIN_MS = 30_000;
const LONGEST_AGAIN_MS = 600_000;

/**
 * Follows a feed. Files are checked whole by the target before they come into force, and what it refuses changes
 * nothing. Nothing that happens to one file keeps the others from being looked at.
 */
export class Feed {
  readonly state: FeedState;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** Looks in a row at which not all could be read. */
  #failed = 0;
  /** Why files could not be read at the last look. */
  readonly #troubles = new Map<string, string>();
  /** A snapshot on its way. */
  #locating: Promise<void> | undefined;
  /** A snapshot not judged yet, because the delta could not be read or there was no room: a source gives it once. */
  #snapshot: StatusSource | undefined;
  /** The newest delta: kept for a snapshot it is about that has yet to come. */
  #delta: Uint8Array | undefined;
  /** The newest delta has been put to the target. */
  #judged = true;
  /** The delta that was about no snapshot in force when it was last judged: that one may come with the next look. */
  #early: Uint8Array | undefined;
  /** Files that were refused, and when they are looked at again: milliseconds of performance.now(). */
  readonly #refused = new Map<string, { at: number; wait: number }>();
  /** Told of each look, and how many milliseconds it took. */
  onLook: (milliseconds: number) => void = () => undefined;

  constructor(
    readonly source: FeedSource,
    readonly target: FeedTarget,
    readonly onEvent: (event: FeedEvent) => void,
    readonly intervalMs = INTERVAL_MS,
  ) {
    this.state = {
      place: source.place,
      looked: false,
      trouble: undefined,
      lastSuccess: undefined,
      lastChange: undefined,
      failures: 0,
      faults: new Map(),
    };
  }

  /** Resolves after the first look. */
  async start(): Promise<void> {
    this.#running = this.poll();
    await this.#running;
    this.#wait();
  }

  /** What is being waited for is given up; what is being put in force is waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.source.abort();
    // A disk that hangs cannot be told to give up.
    await Promise.race([this.#running.then(() => this.#locating), after(STOP_MS, undefined, { ref: false })]);
    await this.source.release();
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.poll().finally(() => {
        this.#wait();
      });
    }, this.#delay());
  }

  /** Verifiers that lost their feed together must not come back to it together. */
  #delay(): number {
    if (this.#failed === 0) return this.intervalMs;
    const longest = Math.max(this.intervalMs, LONGEST_INTERVAL_MS);
    return Math.min(longest, this.intervalMs * 2 ** Math.min(this.#failed, 16)) * (0.5 + Math.random() / 2);
  }

  /** Look once for what is new and put it in force. Never rejects. */
  async poll(): Promise<void> {
    const began = performance.now();
    this.#lookAgain();
    const trust = await this.#look(TRUST_FILE, () => this.source.read(TRUST_FILE));
    if (trust !== undefined) await this.#applyTrust(trust);
    this.#locating ??= this.#locate().finally(() => (this.#locating = undefined));
    await Promise.race([this.#locating, after(SNAPSHOT_WAIT_MS, undefined, { ref: false })]);
    const delta = await this.#look(DELTA_FILE, () => this.source.read(DELTA_FILE));
    if (delta !== undefined) [this.#delta, this.#judged] = [delta, false];
    if (this.#stopped) return;
    if (this.#snapshot !== undefined) await this.#applySnapshot(this.#snapshot);
    else if (this.#delta !== undefined && !this.#judged) await this.#applyDelta(this.#delta);
    this.#settle();
    this.onLook(performance.now() - began);
  }

  async #locate(): Promise<void> {
    const found = await this.#look(STATUS_FILE, () => this.source.locate(STATUS_FILE));
    if (found !== undefined) this.#snapshot = found;
  }

  /** What is new of a file. */
  async #look<T>(name: string, look: () => Promise<Look<T>>): Promise<T | undefined> {
    try {
      const seen = await look();
      this.#troubles.delete(name);
      const { faults } = this.state;
      if (seen === "unchanged") return undefined;
      if (seen === "absent") {
        faults.set(name, ABSENT);
        return undefined;
      }
      if ("found" in seen) {
        faults.delete(name);
        return seen.found;
      }
      const fault = `it holds ${seen.foreign}`;
      if (faults.get(name) !== fault) this.onEvent({ kind: "passed-over", file: name, holds: seen.foreign });
      faults.set(name, fault);
    } catch (error) {
      this.#troubles.set(name, reasonOf(error));
    }
    return undefined;
  }

  async #applyTrust(file: Uint8Array): Promise<void> {
    const refused = await this.#apply([TRUST_FILE], () => this.target.updateTrust(file));
    if (refused !== undefined) return;
    // What was refused may have come before its key.
    for (const again of this.#refused.values()) again.at = 0;
    this.#lookAgain();
  }

  /** A snapshot comes into force together with the delta that leads on from it, and alone where that one is damaged. */
  async #applySnapshot(snapshot: StatusSource): Promise<void> {
    const delta = this.#delta;
    const both: [string, StatusSource][] = [[STATUS_FILE, snapshot]];
    if (delta !== undefined) both.push([DELTA_FILE, delta]);
    const refused = await this.#applyStatus(both);
    if (refused instanceof StatusError && refused.file === 1) {
      this.#delta = undefined;
      this.#accept([STATUS_FILE]);
    }
    this.#judged = true;
    // Nothing is wrong with it: there may be room for it next time, or the delta be read that leads on from it.
    const code = refused instanceof StatusError ? refused.code : undefined;
    if (code === "NOT_STORED" || (code === "OLD_EPOCH" && this.#troubles.has(DELTA_FILE))) return;
    this.#snapshot = undefined;
    if (this.#locating === undefined) await this.source.release();
  }

  /**
   * A delta may be seen before the snapshot that it is about, whose place it then waits for: that is told only where
   * it still is so at the next look.
   */
  async #applyDelta(delta: Uint8Array): Promise<void> {
    const wasEarly = this.#early === delta;
    const refused = await this.#applyStatus([[DELTA_FILE, delta]], wasEarly ? undefined : "WRONG_BASE");
    const early = refused instanceof StatusError && refused.code === "WRONG_BASE";
    this.#judged = !early || wasEarly;
    this.#early = early ? delta : undefined;
    if (refused !== undefined && !early) this.#delta = undefined;
  }

  #applyStatus(files: readonly [string, StatusSource][], untold?: StatusErrorCode): Promise<unknown> {
    const [names, contents] = [files.map(([name]) => name), files.map(([, content]) => content)];
    return this.#apply(names, () => this.target.updateStatus(...contents), untold);
  }

  /** Resolves with why it was refused, or undefined; `untold` is a reason that is not told. */
  async #apply(
    names: readonly string[],
    update: () => void | Promise<void>,
    untold?: StatusErrorCode,
  ): Promise<unknown> {
    try {
      await update();
      this.#accept(names);
      return undefined;
    } catch (error) {
      if (!(error instanceof StatusError && error.code === untold)) this.#refuse(names, error);
      return error;
    }
  }

  #accept(names: readonly string[]): void {
    for (const name of names) {
      this.#refused.delete(name);
      this.state.faults.delete(name);
    }
    this.state.lastChange = Date.now();
    this.onEvent({ kind: "in-force", files: names });
  }

  #refuse(names: readonly string[], error: unknown): void {
    const { faults } = this.state;
    const name = names[(error instanceof StatusError ? error.file : undefined) ?? 0] ?? "";
    const fault = `it is refused: ${reasonOf(error)}`;
    if (faults.get(name) !== fault) this.onEvent({ kind: "refused", files: names, error });
    faults.set(name, fault);
    const wait = Math.min(LONGEST_AGAIN_MS, (this.#refused.get(name)?.wait ?? AGAIN_MS / 2) * 2);
    // What is too old becomes no newer; only a change of trust may mean that it was held against the wrong.
    const isOld = error instanceof StatusError && error.code === "OLD_EPOCH";
    this.#refused.set(name, { at: isOld ? Infinity : performance.now() + wait, wait });
  }

  /** Files that were refused a while ago are asked for once more. */
  #lookAgain(): void {
    for (const [name, { at }] of this.#refused) {
      if (at > performance.now()) continue;
      this.#refused.set(name, { at: Infinity, wait: this.#refused.get(name)?.wait ?? AGAIN_MS });
      this.source.forget(name);
    }
  }

  /** What this look has shown of the feed as a whole. */
  #settle(): void {
    const { state } = this;
    state.looked = true;
    const trouble = troubleOf(this.#troubles);
    if (trouble === undefined) {
      state.lastSuccess = Date.now();
      this.#failed = 0;
      if (state.trouble !== undefined) this.onEvent({ kind: "reachable" });
    } else {
      state.failures++;
      this.#failed++;
      if (state.trouble === undefined) this.onEvent({ kind: "unreachable", error: new Error(trouble) });
    }
    state.trouble = trouble;
  }
}

/** Of several files that cannot be read for one reason, that reason is told once. */
function troubleOf(troubles: ReadonlyMap<string, string>): string | undefined {
  const reasons = new Set(troubles.values());
  const [reason] = reasons;
  if (reasons.size <= 1 && troubles.size !== 1) return reason;
  return [...troubles].map(([name, why]) => `${name}: ${why}`).join("; ");
}
