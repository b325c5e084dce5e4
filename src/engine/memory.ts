import { createHash } from "node:crypto";
import { thumbprintInput, type PublicKey } from "../format/cose-key.js";
import { rootId, type TrustedKey } from "../format/trust/trust-list.js";
import { type Bounds, MAX_AHEAD } from "./bounds.js";
import { largerOf, type Marks, type StateFolder } from "./state-folder.js";
import { clockFloorOf } from "./clock.js";
import type { EngineState } from "./state.js";
import { CLOCK_SKEW_SECONDS } from "../abi/limits.js";

/** Of the Token Status Lists ever seen, those issued last: more than may be in force at once, or a file would only grow. */
const MAX_LISTS = 1_024;

const TRUST_EPOCH = "trustEpoch";
const SIGNED_TIME = "signedTime";
const LIST = "list ";

/** COSE Key Thumbprint (RFC 9679), by which people pin roots. */
export function thumbprintOf(key: PublicKey): string {
  return createHash("sha256").update(thumbprintInput(key)).digest("hex");
}

/**
 * What was ever in force: epochs, issue times, the largest signed time. It outlives a restart where there is a state
 * folder. Records are kept by root, since two authorities may bear one name; and marks by the key that signed, so that
 * what a stolen key has signed is forgotten when that key is withdrawn.
 */
export class Memory {
  /** By root: its `rootId`, "" for keys of JWK sets and PEM files. */
  readonly #marks = new Map<string, Marks>();
  readonly #roots = new Map<string, string>([["", "unsigned"]]);

  constructor(
    readonly folder: StateFolder | undefined,
    /** Seconds since 1970. */
    readonly now: () => number,
  ) {}

  /** Remember what was in force of this root, before anything of it is judged. Rejects with StateError. */
  async recall(root?: PublicKey): Promise<void> {
    const id = root === undefined ? "" : rootId(root);
    if (this.#marks.has(id)) return;
    if (root !== undefined) this.#roots.set(id, `root-${thumbprintOf(root)}`);
    const kept = await this.folder?.read(this.#roots.get(id) ?? "");
    this.#marks.set(id, kept ?? new Map<string, number>());
  }

  boundsOf(state: EngineState): Bounds {
    const now = this.now();
    return {
      now,
      clockIsWrong: now < this.clockFloorOf(state) - CLOCK_SKEW_SECONDS,
      trustEpoch: (root) => this.#mark(root, TRUST_EPOCH),
      statusEpoch: (keys) => Math.max(0, ...keys.map((key) => this.#mark(key.root, statusMark(key)))),
      listTime: (uri, keys) => Math.max(0, ...keys.map((key) => this.#mark(key.root, listMark(key, uri)))),
    };
  }

  /** The largest time signed by what is in force, or was before. */
  clockFloorOf(state: EngineState): number {
    return Math.max(clockFloorOf(state), ...[...this.#marks.values()].map((marks) => marks.get(SIGNED_TIME) ?? 0));
  }

  /** Remember that `state` is in force. Rejects with StateError where that cannot be kept over a restart. */
  async keep(state: EngineState): Promise<void> {
    for (const [root, marks] of marksOf(state, this.now())) {
      const name = this.#roots.get(root) ?? "";
      const before = this.#marks.get(root) ?? new Map<string, number>();
      const raised = withoutOldLists(largerOf(before, marks));
      this.#marks.set(root, raised);
      if (this.folder !== undefined) await this.folder.raise(name, raised, withoutOldLists);
    }
  }

  #mark(root = "", name: string): number {
    return this.#marks.get(root)?.get(name) ?? 0;
  }
}

function statusMark(key: TrustedKey): string {
  return `status ${thumbprintOf(key)} ${key.issuer ?? ""}`;
}

function listMark(key: TrustedKey, uri: string): string {
  return `${LIST}${thumbprintOf(key)} ${uri}`;
}

/** What `state` raises, by root. */
function marksOf({ trust, statuses, lists }: EngineState, now: number): Map<string, Marks> {
  const byRoot = new Map<string, Map<string, number>>();
  const raise = (root = "", name: string, number: number): void => {
    const marks = byRoot.get(root) ?? new Map<string, number>();
    marks.set(name, Math.max(number, marks.get(name) ?? 0));
    byRoot.set(root, marks);
  };
  // A time that the clock has not come near may be a mistake, or a thief's: it counts only while it is in force.
  const passed = (root: string | undefined, time: number): void => {
    if (time <= now + MAX_AHEAD) raise(root, SIGNED_TIME, time);
  };
  for (const list of trust.lists) {
    const root = rootId(list.root);
    raise(root, TRUST_EPOCH, list.epoch);
    passed(root, list.issuedAt);
  }
  for (const { snapshot, deltas } of statuses) {
    for (const { epoch, universe, signer } of [{ ...snapshot.header, signer: snapshot.signer }, ...deltas]) {
      raise(signer.root, statusMark(signer), epoch);
      passed(signer.root, universe);
    }
  }
  for (const { uri, issuedAt, signer } of lists) {
    raise(signer.root, listMark(signer, uri), issuedAt);
    passed(signer.root, issuedAt);
  }
  return byRoot;
}

function withoutOldLists(marks: Marks): Marks {
  const lists = [...marks].filter(([name]) => name.startsWith(LIST));
  if (lists.length <= MAX_LISTS) return marks;
  const old = new Set(lists.sort(([, a], [, b]) => b - a).slice(MAX_LISTS).map(([name]) => name)); // prettier-ignore
  return new Map([...marks].filter(([name]) => !old.has(name)));
}
