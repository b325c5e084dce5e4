import { instantiateSync } from "@assemblyscript/loader";
import {
  CONTEXT_SIZE,
  CONTEXTS_OFFSET,
  HEADER_CONTEXT_COUNT,
  HEADER_ITEM_COUNT,
  HEADER_SIZE,
  HEADER_TEXT_LENGTH,
  ITEM_SIZE,
  ITEMS_OFFSET,
  Match,
  RESULT_SIZE,
  RESULTS_OFFSET,
  TEXTS_OFFSET,
} from "../abi/batch.js";
import type { Code } from "../abi/code.js";
import { compareNames } from "../format/names/compare.js";
import { issuerId, type TrustedKey, type VerifySignature } from "../format/trust/trust-list.js";
import type { StatusState } from "../format/status/state.js";
import type { OpenedStatusList } from "../format/status/token-status-list.js";
import type { DetailWriter } from "./detail-buffer.js";
import { type IssuerTable, writeKeyTable } from "./key-table.js";
import type { EngineModule } from "./module.js";
import { applyDelta, loadList, loadStatus, type ReadBody, type StatusExports } from "./status.js";

/** What assembly/index.ts exports; addresses are offsets into `memory`. */
interface EngineExports extends StatusExports, Record<string, unknown> {
  batch(): number;
  verify(from: number): number;
  finish(from: number, end: number): void;
  undecided(): number;
  countUndecided(): number;
  settleName(item: number, match: Match): void;
  inspect(): Code;
  setClockFloor(seconds: bigint): void;
  detail(): number;
  detailLength(): number;
  resetDetail(): void;
  trustKeys(): number;
  trustNames(): number;
  loadTrust(keys: number, names: number): number;
  checkSignature(algorithm: number, publicKey: number, signature: number, message: number, length: number): number;
}

/** assembly/expected.ts: item, address and length of the card's name, and of the expected one, u32 each. */
const UNDECIDED_SIZE = 20;
const MATCHES = { match: Match.SAME, differs: Match.DIFFERS, review: Match.REVIEW } as const;
const utf8 = new TextDecoder();

/** The engine stopped in the middle of something. The instance is done for; its holder makes a new one. */
export class EngineTrap extends Error {
  override readonly name = "EngineTrap";
}

/** A trusted key that is not a point of its curve, or of low order: the list that holds it is refused. */
export class UnacceptableKey extends Error {
  override readonly name = "UnacceptableKey";
  constructor(readonly index: number) {
    super(
      `key ${index + 1} of the trust list is not an acceptable public key (off the curve, not canonical, or of low order)`,
    );
  }
}

/** One WebAssembly instance with its private memory. Nothing here is asynchronous. */
export class Instance {
  readonly #exports: EngineExports;
  /** Address of the batch in linear memory. */
  readonly #batch: number;
  #trapped = false;
  #issuers: IssuerTable = { ids: new Map(), names: [] };

  constructor(module: EngineModule) {
    this.#exports = instantiateSync<EngineExports>(module, {}).exports;
    this.#batch = this.#exports.batch();
  }

  /** Names of the keys of the list in force, for verdicts. */
  get issuers(): IssuerTable {
    return this.#issuers;
  }

  /**
   * Put a snapshot and its deltas in force for their issuer. Those of an issuer that the trust list does not name are
   * passed over: no credential can be its. What `read` throws leaves the instance without that status.
   */
  loadStatus(status: StatusState, read?: ReadBody): void {
    this.#guard(() => {
      const issuer = this.#issuers.ids.get(issuerId(status.snapshot.signer));
      if (issuer !== undefined) loadStatus(this.#exports, issuer, status, read);
    });
  }

  /** The same where the snapshot and its deltas up to `epoch` are in force already: only the later deltas. */
  advanceStatus({ snapshot, deltas }: StatusState, epoch: number): void {
    this.#guard(() => {
      const issuer = this.#issuers.ids.get(issuerId(snapshot.signer));
      if (issuer === undefined) return;
      for (const delta of deltas.filter((later) => later.epoch > epoch)) applyDelta(this.#exports, issuer, delta);
    });
  }

  /** Put these Token Status Lists in force, and no others. Those of issuers that the trust list does not name are not. */
  loadLists(lists: readonly OpenedStatusList[]): void {
    this.#guard(() => {
      this.#exports.clearLists();
      lists.forEach((list, index) => {
        const issuer = this.#issuers.ids.get(issuerId(list.signer));
        if (issuer !== undefined) loadList(this.#exports, index, issuer, list);
      });
    });
  }

  /** Forget every snapshot: they are known by their issuer's index in the trust list, which is about to change. */
  clearStatus(): void {
    this.#guard(() => {
      for (const issuer of this.#issuers.ids.values()) this.#exports.clearStatus(issuer);
    });
  }

  /** What was `good` is `stale` when the universe is this many seconds old, whatever the snapshot itself allows. */
  limitStatusAge(seconds: number): void {
    this.#guard(() => {
      this.#exports.limitStatusAge(BigInt(seconds));
    });
  }

  /** A clock before this moment (seconds since 1970) is wrong. */
  setClockFloor(seconds: number): void {
    this.#guard(() => {
      this.#exports.setClockFloor(BigInt(seconds));
    });
  }

  /** May a card be accepted whose status is promised, and which nothing loaded can tell (contract §5)? */
  goWithoutStatus(allowed: boolean): void {
    this.#guard(() => {
      this.#exports.goWithoutStatus(allowed ? 1 : 0);
    });
  }

  /** Trust the credential keys of `list` and no others. Throws UnacceptableKey, and then trusts none. */
  loadTrust(list: { keys: readonly TrustedKey[]; epoch: number }): void {
    this.#guard(() => {
      const wasm = this.#exports;
      const table = writeKeyTable(list, new DataView(wasm.memory.buffer), wasm.trustKeys(), wasm.trustNames());
      const refused = wasm.loadTrust(table.keyCount, table.nameCount);
      if (refused !== 0) throw new UnacceptableKey(refused - 1);
      this.#issuers = table.issuers;
    });
  }

  /** Does `signature` by `publicKey` hold over `message`? For trust lists and snapshots, not for credentials. */
  readonly checkSignature: VerifySignature = (algorithm, publicKey, message, signature) => {
    if (signature.length !== 64 || publicKey.length > 64) return false;
    return this.#guard(() => {
      const wasm = this.#exports;
      const buffer = wasm.controlBuffer(128 + message.length);
      const memory = new Uint8Array(wasm.memory.buffer);
      memory.fill(0, buffer, buffer + 64);
      memory.set(publicKey, buffer);
      memory.set(signature, buffer + 64);
      memory.set(message, buffer + 128);
      return wasm.checkSignature(algorithm, buffer, buffer + 64, buffer + 128, message.length) === 1;
    });
  };

  /**
   * Verify the batch in `slab` (src/abi/batch.ts) and write its results there. The detail of the items that asked for
   * it goes to `detail`, in item order.
   */
  verify(slab: Uint8Array, detail: DetailWriter): void {
    this.#guard(() => {
      const wasm = this.#exports;
      const header = new DataView(slab.buffer, slab.byteOffset, HEADER_SIZE);
      const count = header.getUint32(HEADER_ITEM_COUNT, true);
      this.#copyIn(slab, header, count);
      for (let next = 0; next < count;) {
        const from = next;
        next = wasm.verify(from);
        if (wasm.countUndecided() > 0) this.#settleNames();
        wasm.finish(from, next);
        detail.append(new Uint8Array(wasm.memory.buffer, wasm.detail(), wasm.detailLength()));
      }
      const results = new Uint8Array(wasm.memory.buffer, this.#batch + RESULTS_OFFSET, count * RESULT_SIZE);
      slab.set(results, RESULTS_OFFSET);
      wasm.resetDetail();
    });
  }

  /** Read the first item of `slab` without judging it. Its result record is written, its detail returned. */
  inspect(slab: Uint8Array): Uint8Array {
    return this.#guard(() => {
      const wasm = this.#exports;
      const header = new DataView(slab.buffer, slab.byteOffset, HEADER_SIZE);
      this.#copyIn(slab, header, 1);
      wasm.inspect();
      const memory = new Uint8Array(wasm.memory.buffer);
      const result = this.#batch + RESULTS_OFFSET;
      slab.set(memory.subarray(result, result + RESULT_SIZE), RESULTS_OFFSET);
      const detail = memory.slice(wasm.detail(), wasm.detail() + wasm.detailLength());
      wasm.resetDetail();
      return detail;
    });
  }

  /** Compare the names that are not the same bytes. */
  #settleNames(): void {
    const wasm = this.#exports;
    const view = new DataView(wasm.memory.buffer, wasm.undecided(), wasm.countUndecided() * UNDECIDED_SIZE);
    for (let entry = 0; entry < view.byteLength; entry += UNDECIDED_SIZE) {
      const field = (offset: number): number => view.getUint32(entry + offset, true);
      const text = (at: number, length: number): string =>
        utf8.decode(new Uint8Array(wasm.memory.buffer, field(at), field(length)));
      wasm.settleName(field(0), MATCHES[compareNames(text(4, 8), text(12, 16))]);
    }
  }

  #copyIn(slab: Uint8Array, header: DataView, count: number): void {
    const memory = new Uint8Array(this.#exports.memory.buffer, this.#batch);
    const contexts = header.getUint32(HEADER_CONTEXT_COUNT, true);
    const textLength = header.getUint32(HEADER_TEXT_LENGTH, true);
    memory.set(slab.subarray(0, CONTEXTS_OFFSET + contexts * CONTEXT_SIZE));
    memory.set(slab.subarray(ITEMS_OFFSET, ITEMS_OFFSET + count * ITEM_SIZE), ITEMS_OFFSET);
    memory.set(slab.subarray(TEXTS_OFFSET, TEXTS_OFFSET + textLength), TEXTS_OFFSET);
  }

  /** A trap leaves the instance in an unknown state: it is never entered again. */
  #guard<T>(work: () => T): T {
    if (this.#trapped) throw new EngineTrap("this instance trapped before and must not be used again");
    try {
      return work();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      this.#trapped = true;
      throw new EngineTrap(`the engine trapped: ${error.message}`, { cause: error });
    }
  }
}
