import { HEADER_GENERATION } from "../abi/batch.js";
import { Code } from "../abi/code.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict } from "../format/verdict.js";
import type { BatchWriter } from "./batch-writer.js";
import type { Call } from "./call.js";
import type { Clock } from "./clock.js";
import { applyDetail, type Known } from "./detail.js";
import { wipeDetail } from "./detail-buffer.js";
import type { SlabRing } from "./slab-ring.js";
import { codeOfUnreadable } from "./unreadable.js";
import { bareVerdict, type KeyName, readVerdict } from "./verdict.js";

/** Where batches go; see WorkerPool. */
export interface Runner {
  run(slab: number): Promise<Uint8Array | undefined>;
}

/** How verdicts name keys, by the generation that judged: a batch in work outlives the state it was sent out under. */
export class KeyNames {
  /** Generations a batch in work can still have been judged by; each lives a second at most. */
  static readonly KEPT = 64;
  readonly #byGeneration = new Map<number, { keys: readonly KeyName[]; awaitsTrust: boolean }>();
  #newest = 0;

  get newest(): number {
    return this.#newest;
  }

  add(generation: number, keys: readonly KeyName[], awaitsTrust: boolean): void {
    this.#newest = generation;
    this.#byGeneration.set(generation, { keys, awaitsTrust });
    this.#byGeneration.delete(generation - KeyNames.KEPT);
  }

  of(generation: number): readonly KeyName[] {
    return this.#byGeneration.get(generation)?.keys ?? [];
  }

  /** Was a trust list still to come? */
  awaitedTrust(generation: number): boolean {
    return this.#byGeneration.get(generation)?.awaitsTrust ?? false;
  }
}

/** How long a slab stays aside after its worker failed: a thread that is being ended may still write to it. */
const QUARANTINE_MS = 1_000;

/** One batch in the making, or with a worker. */
interface Batch {
  index: number;
  slab: BatchWriter;
  requirements: Requirements[];
  runs: Run[];
}

/** Texts of one call that lie side by side in a batch, in their order: so many, from its `first` on. */
interface Run {
  readonly call: Call;
  readonly first: number;
  count: number;
}

/**
 * Gathers texts into batches. A batch goes out at the end of the event-loop turn, or when it is full; but while
 * every worker has its next batch waiting it stays open and fills, so that load makes batches larger, not more.
 */
export class Batcher {
  #open: Batch | undefined;
  #closing = false;
  readonly #answering = new Set<Promise<void>>();
  /** Told of each batch that came back: its texts, and the milliseconds since it was sealed. */
  onBatch: (items: number, milliseconds: number) => void = () => undefined;
  readonly #roomWaiters: (() => void)[] = [];

  /**
   * `batchSize`: items after which a batch goes out at once; smaller ones spread a burst over more workers. `busyAt`:
   * batches in flight that keep all workers at work, from which on one that is not full waits.
   */
  constructor(
    readonly ring: SlabRing,
    readonly runner: Runner,
    readonly batchSize: number,
    readonly busyAt: number,
    readonly names: KeyNames,
    readonly clock: Clock,
  ) {}

  /** Batches that are with a worker. */
  get inFlight(): number {
    return this.#answering.size;
  }

  /** Is there a slab for one more text? */
  get hasRoom(): boolean {
    return this.#open !== undefined || this.ring.free > 0;
  }

  /**
   * Copy text `index` of a call into a batch. With no slab free it is answered BUSY before this returns; one that cannot
   * be a card needs none.
   */
  add(call: Call, index: number, qr: string | Uint8Array, requirements: Requirements): void {
    const unreadable = codeOfUnreadable(qr);
    if (unreadable !== undefined) {
      call.answer(index, bareVerdict(unreadable));
      return;
    }
    const batch = (this.#open ??= this.#openBatch());
    if (batch === undefined) {
      call.answer(index, bareVerdict(Code.BUSY));
      return;
    }
    batch.slab.add(qr, requirements);
    batch.requirements.push(requirements);
    const run = batch.runs[batch.runs.length - 1];
    if (run?.call === call && run.first + run.count === index) run.count++;
    else batch.runs.push({ call, first: index, count: 1 });
    if (batch.slab.full || batch.slab.count >= this.batchSize) this.#dispatch();
    else this.#closeAtEndOfTurn();
  }

  /** Send out what is open and wait until every batch has been answered. */
  async drain(): Promise<void> {
    this.#dispatch();
    while (this.#answering.size > 0) await Promise.all(this.#answering);
  }

  /** Resolves when a slab has become free: how bulk callers wait instead of being told BUSY. Look at `hasRoom` again. */
  room(): Promise<void> {
    return new Promise<void>((resolve) => this.#roomWaiters.push(resolve));
  }

  #openBatch(): Batch | undefined {
    const taken = this.ring.take();
    return taken && { ...taken, requirements: [], runs: [] };
  }

  #closeAtEndOfTurn(): void {
    if (this.#closing) return;
    this.#closing = true;
    setImmediate(() => {
      this.#closing = false;
      this.#dispatchUnlessBusy();
    });
  }

  #dispatchUnlessBusy(): void {
    if (this.inFlight < this.busyAt) this.#dispatch();
  }

  #dispatch(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    batch.slab.seal(this.names.newest, this.clock());
    const sealed = performance.now();
    const items = batch.slab.count;
    const answered = this.runner
      .run(batch.index)
      .then((detail) => readBatch(batch, detail, this.names))
      .then(
        ({ verdicts, known }) => {
          this.#release(batch);
          this.onBatch(items, performance.now() - sealed);
          deliver(batch, verdicts, known);
        },
        () => {
          setTimeout(() => {
            this.#release(batch);
          }, QUARANTINE_MS).unref();
          deliver(
            batch,
            batch.requirements.map(() => bareVerdict(Code.INTERNAL)),
          );
        },
      )
      .finally(() => {
        this.#answering.delete(answered);
        if (!this.#closing) this.#dispatchUnlessBusy();
      });
    this.#answering.add(answered);
  }

  #release(batch: Batch): void {
    this.ring.give(batch.index);
    this.#roomWaiters.shift()?.();
  }
}

interface Answers {
  verdicts: Verdict[];
  known?: ReadonlyMap<number, Known>;
}

function readBatch({ slab, requirements }: Batch, detail: Uint8Array | undefined, names: KeyNames): Answers {
  const generation = slab.view.getUint32(HEADER_GENERATION, true);
  const keys = names.of(generation);
  const verdicts = Array.from({ length: slab.count }, (_, index) => readVerdict(slab.view, index, keys));
  if (names.awaitedTrust(generation)) verdicts.forEach(leaveOpen);
  if (detail === undefined) return { verdicts };
  const known = new Map<number, Known>();
  try {
    applyDetail(
      slab.view,
      detail,
      verdicts,
      (index) => requirements[index],
      (index, one) => known.set(index, one),
    );
  } finally {
    wipeDetail(detail);
  }
  return { verdicts, known };
}

/** An issuer that is not known may be one that the list names which is still to come. */
function leaveOpen(verdict: Verdict): void {
  if (verdict.code === "UNKNOWN_ISSUER") Object.assign(verdict, bareVerdict(Code.STATUS_UNKNOWN));
}

function deliver({ runs }: Batch, verdicts: readonly Verdict[], known?: ReadonlyMap<number, Known>): void {
  let item = 0;
  for (const { call, first, count } of runs) {
    for (let i = 0; i < count; i++, item++) {
      call.answer(first + i, verdicts[item] ?? bareVerdict(Code.INTERNAL), known?.get(item));
    }
  }
}
