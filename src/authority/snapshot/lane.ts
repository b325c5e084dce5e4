import { readFile } from "node:fs/promises";
import { instantiate } from "@assemblyscript/loader";
import { loadSnapshot, type StatusExports } from "../../engine/status.js";
import type { Snapshot } from "../../format/status/snapshot.js";
import { FILTER_SIZE, MAX_PERIOD, RECORD_SIZE, RECORD_STATUS, REST_SIZE } from "../../abi/status-body.js";
import { CHUNK_RECORDS, EMITTED_SIZE, SHARD_HASHES } from "../../abi/status-build.js";
import type { RibbonPart } from "../../format/status/layout.js";

/** One lane of the snapshot builder: the work on a chunk of records or on a shard, in this thread. */

interface BuilderExports extends Record<string, unknown> {
  memory: WebAssembly.Memory;
  chunk(): number;
  emitted(): number;
  goodCounts(): number;
  restart(): void;
  scan(count: number, k0: bigint, k1: bigint): number;
  draftSpace(bytes: number): number;
  survive(count: number): number;
  shardHashes(): number;
  shardWords(): number;
  filterEntry(): number;
  restEntry(): number;
  buildFirst(flagged: number, columns: number): number;
  buildRest(suspended: number, flagged: number, survivors: number, columns: number): number;
}

/** Hashes of a shard, 8 bytes each: the suspended, the revoked, and the good that pass the first filter, if known. */
export interface ShardHashes {
  hashes: Uint8Array;
  suspended: number;
  flagged: number;
  flaggedColumns: number;
  suspendedColumns: number;
}

/** A shard's equations cannot be solved: credentials of different status have one hash, or one is there twice. */
export class ContradictionError extends Error {
  override readonly name = "ContradictionError";
}

export class Lane {
  readonly #builder: BuilderExports;
  readonly #engine: StatusExports;

  private constructor(builder: BuilderExports, engine: StatusExports) {
    this.#builder = builder;
    this.#engine = engine;
  }

  static async create(): Promise<Lane> {
    const [builder, engine] = await Promise.all([
      instantiate<BuilderExports>(await readFile(new URL("builder.wasm", import.meta.url))),
      instantiate<StatusExports & Record<string, unknown>>(
        await readFile(new URL("../../engine/hufu.wasm", import.meta.url)),
      ),
    ]);
    return new Lane(builder.exports, engine.exports);
  }

  /** Start a first pass: forget the counts. */
  restart(): void {
    this.#builder.restart();
  }

  /** Records of flagged credentials, in the layout of status-build.ts. The good are counted. */
  scan(records: Uint8Array, key: Uint8Array): Uint8Array {
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const k0 = view.getBigUint64(0, true);
    const k1 = view.getBigUint64(8, true);
    return this.#pass(records, (count) => this.#builder.scan(count, k0, k1));
  }

  /** Good credentials by period, of all that was scanned. */
  goodCounts(): Float64Array {
    const counts = new BigUint64Array(this.#builder.memory.buffer, this.#builder.goodCounts(), MAX_PERIOD + 1);
    return Float64Array.from(counts, Number);
  }

  /** Use this body, in which only the first filters are there, for the second pass. */
  loadDraft(body: Uint8Array): void {
    const address = this.#builder.draftSpace(body.length);
    new Uint8Array(this.#builder.memory.buffer).set(body, address);
  }

  /** Records of good credentials that pass the first filter. */
  survive(records: Uint8Array): Uint8Array {
    return this.#pass(records, (count) => this.#builder.survive(count));
  }

  #pass(records: Uint8Array, run: (count: number) => number): Uint8Array {
    const memory = new Uint8Array(this.#builder.memory.buffer);
    memory.set(records, this.#builder.chunk());
    const found = run(records.length / RECORD_SIZE);
    const emitted = this.#builder.emitted();
    return memory.slice(emitted, emitted + found * EMITTED_SIZE);
  }

  /** The first filter of each shard. */
  buildFirst(shards: readonly ShardHashes[]): RibbonPart[] {
    return shards.map((shard) => {
      this.#putHashes(shard.hashes);
      const bytes = this.#builder.buildFirst(shard.flagged, shard.flaggedColumns);
      return this.#takeRibbons(bytes, this.#builder.filterEntry(), FILTER_SIZE);
    });
  }

  /** The other three ribbons of each shard. */
  buildRest(shards: readonly ShardHashes[]): RibbonPart[] {
    return shards.map((shard) => {
      this.#putHashes(shard.hashes);
      const survivors = shard.hashes.length / 8 - shard.flagged;
      const { suspended, flagged, suspendedColumns } = shard;
      const bytes = this.#builder.buildRest(suspended, flagged, survivors, suspendedColumns);
      return this.#takeRibbons(bytes, this.#builder.restEntry(), REST_SIZE);
    });
  }

  #putHashes(hashes: Uint8Array): void {
    if (hashes.length > SHARD_HASHES * 8) throw new ContradictionError("a shard has too many credentials");
    new Uint8Array(this.#builder.memory.buffer).set(hashes, this.#builder.shardHashes());
  }

  #takeRibbons(bytes: number, entry: number, entrySize: number): RibbonPart {
    if (bytes < 0) throw new ContradictionError("the credentials of a shard contradict each other");
    const memory = new Uint8Array(this.#builder.memory.buffer);
    const words = this.#builder.shardWords();
    return { entry: memory.slice(entry, entry + entrySize), words: memory.slice(words, words + bytes) };
  }

  /** Load the finished snapshot into the real engine, for the last pass. */
  loadSnapshot(snapshot: Snapshot): void {
    loadSnapshot(this.#engine, CHECKED, snapshot);
  }

  /** How many of these records the real engine answers wrongly. */
  countWrong(records: Uint8Array): number {
    const count = records.length / RECORD_SIZE;
    const address = this.#engine.controlBuffer(CHUNK_RECORDS * (RECORD_SIZE + 1));
    const answers = address + records.length;
    const memory = new Uint8Array(this.#engine.memory.buffer);
    memory.set(records, address);
    this.#engine.statusOfRecords(CHECKED, address, count, answers);
    let wrong = 0;
    for (let i = 0; i < count; i++) {
      if (memory[answers + i] !== records[i * RECORD_SIZE + RECORD_STATUS]) wrong++;
    }
    return wrong;
  }
}

/** Index of the issuer whose snapshot is checked: in this engine it is the only one. */
const CHECKED = 0;
