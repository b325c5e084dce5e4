import { createHash, randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { concat } from "../../format/bytes.js";
import {
  encodeSnapshotHead,
  hashKey,
  SALT_SIZE,
  type Snapshot,
  type SnapshotHeader,
} from "../../format/status/snapshot.js";
import { RECORD_SIZE } from "../../abi/status-body.js";
import { CHUNK_RECORDS } from "../../abi/status-build.js";
import type { StatusClaims, StatusSigner } from "../../format/status/envelope.js";
import { layOutBody, type PeriodPart, type RibbonPart } from "../../format/status/layout.js";
import { ContradictionError, type ShardHashes } from "./lane.js";
import { type AnyLane, openLanes } from "./lanes.js";
import { countAt, hashesAt, type Plan, planPeriods, shardCount, sortByShard, type Sorted } from "./plan.js";

/**
 * Builds a status snapshot from the whole universe of an issuer's credentials. The ids are streamed three times and
 * never all held: to find the flagged, to find the good that pass the first filters, and to put every credential to the
 * real engine before anything is signed. What is held are 16 bytes for each credential that these passes find.
 */

/**
 * Every credential issued up to the time of the universe, as records of status-body.ts, packed in chunks of any size
 * (best CHUNK_RECORDS records in a buffer of their own). The chunks are given away: their buffers may be detached.
 * It is iterated three times and must say the same each time: read it in one transaction.
 */
export type IdSource = AsyncIterable<Uint8Array>;

export type BuildPhase = "scan" | "filters" | "survivors" | "ribbons" | "check";

export interface BuildProgress {
  phase: BuildPhase;
  /** Credentials or shards done in this phase. */
  done: number;
  /** Of so many; unknown in the first pass. */
  total?: number;
}

export interface BuildOptions extends StatusClaims {
  signer: StatusSigner;
  /** Worker threads; 0 builds in this one, which is quicker for a few thousand credentials. All cores by default. */
  threads?: number;
  progress?: (progress: BuildProgress) => void;
}

export interface BuiltSnapshot extends Snapshot {
  /** What precedes the body in the file. */
  head: Uint8Array;
}

/** The finished snapshot answered wrongly, or the universe changed between two passes. Nothing was signed. */
export class SelfCheckError extends Error {
  override readonly name = "SelfCheckError";
}

/** A contradiction can be a collision of two hashes, which another salt parts; not three times in a row. */
const SALTS = 3;

export async function buildSnapshot(source: IdSource, options: BuildOptions): Promise<BuiltSnapshot> {
  const lanes = await openLanes(options.threads ?? availableParallelism());
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await new Build(source, options, lanes).run();
      } catch (error) {
        if (!(error instanceof ContradictionError) || attempt === SALTS) throw error;
      }
    }
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

class Build {
  readonly #salt = new Uint8Array(randomBytes(SALT_SIZE));

  constructor(
    readonly source: IdSource,
    readonly options: BuildOptions,
    readonly lanes: readonly AnyLane[],
  ) {}

  async run(): Promise<BuiltSnapshot> {
    const { issuer, epoch, universe, expires, signer } = this.options;
    const claims: StatusClaims = { issuer, epoch, universe, expires };
    const key = await hashKey(issuer, this.#salt);

    await this.#each((lane) => lane.call("restart"));
    const flagged: Uint8Array[] = [];
    const total = await this.#stream("scan", undefined, async (lane, records) => {
      flagged.push(await lane.call("scan", records, key));
    });
    const plans = planPeriods(await this.#goodCounts(), flagged);
    const members = sortByShard(flagged, plans, "suspended-first");

    const shards = shardCount(plans);
    const filters = await this.#shards("filters", shards, shardHashes(plans, members), "buildFirst");
    const draft = layOutBody({ ...claims, key, periods: assemble(plans, filters, []) });
    await this.#each((lane) => lane.call("loadDraft", draft));
    const survivors: Uint8Array[] = [];
    await this.#stream("survivors", total, async (lane, records) => {
      survivors.push(await lane.call("survive", records));
    });

    const passed = sortByShard(survivors, plans, "by-shard");
    const ribbons = await this.#shards("ribbons", shards, shardHashes(plans, members, passed), "buildRest");
    const body = layOutBody({ ...claims, key, periods: assemble(plans, filters, ribbons) });
    const header: SnapshotHeader = { ...claims, salt: this.#salt, ...countAll(plans) };
    await this.#check({ header, body }, total);
    const head = await encodeSnapshotHead(header, body.length, createHash("sha256").update(body).digest(), signer);
    return { header, body, head };
  }

  /** The real engine must give every credential of the universe the status it has. */
  async #check(snapshot: Snapshot, total: number): Promise<void> {
    await this.#each((lane) => lane.call("loadSnapshot", snapshot));
    let wrong = 0;
    const checked = await this.#stream("check", total, async (lane, records) => {
      wrong += await lane.call("countWrong", records);
    });
    if (wrong > 0 || checked !== total) {
      throw new SelfCheckError(
        `${wrong} of ${checked} credentials were answered wrongly, ${total} were there at first`,
      );
    }
  }

  async #goodCounts(): Promise<Float64Array> {
    const [sum = new Float64Array(), ...others] = await this.#each((lane) => lane.call("goodCounts"));
    for (const counts of others) counts.forEach((count, period) => (sum[period] = (sum[period] ?? 0) + count));
    return sum;
  }

  #each<T>(work: (lane: AnyLane) => Promise<T>): Promise<T[]> {
    return Promise.all(this.lanes.map(work));
  }

  /** One pass over the universe, all lanes at work. Returns how many credentials it has. */
  async #stream(
    phase: BuildPhase,
    total: number | undefined,
    work: (lane: AnyLane, records: Uint8Array) => Promise<void>,
  ): Promise<number> {
    const chunks = chunksOf(this.source);
    let done = 0;
    try {
      await this.#spread(async (lane) => {
        for (;;) {
          const next = await chunks.next();
          if (next.done === true) return;
          // Counted before the chunk is given away.
          const records = next.value.length / RECORD_SIZE;
          await work(lane, next.value);
          done += records;
          this.options.progress?.({ phase, done, ...(total !== undefined && { total }) });
        }
      });
    } finally {
      // After a failure the source is still open, and may hold a transaction.
      await chunks.return(undefined);
    }
    return done;
  }

  /** Build ribbons for all shards, a few at a time. */
  async #shards(
    phase: BuildPhase,
    total: number,
    shardAt: (index: number) => ShardHashes,
    method: "buildFirst" | "buildRest",
  ): Promise<RibbonPart[]> {
    const results: RibbonPart[] = [];
    let next = 0;
    let done = 0;
    await this.#spread(async (lane) => {
      while (next < total) {
        const start = next;
        next = Math.min(next + SHARDS_AT_ONCE, total);
        const shards = Array.from({ length: next - start }, (_, i) => shardAt(start + i));
        const built = await lane.call(method, shards);
        built.forEach((ribbons, i) => (results[start + i] = ribbons));
        done += built.length;
        this.options.progress?.({ phase, done, total });
      }
    });
    return results;
  }

  /** Two callers for each lane: while it works on one chunk the next is on its way. */
  async #spread(work: (lane: AnyLane) => Promise<void>): Promise<void> {
    await Promise.all(this.lanes.flatMap((lane) => [work(lane), work(lane)]));
  }
}

const SHARDS_AT_ONCE = 8;

/** Chunks of at most CHUNK_RECORDS whole records. */
async function* chunksOf(source: IdSource): AsyncGenerator<Uint8Array, undefined> {
  for await (const chunk of source) {
    if (chunk.length % RECORD_SIZE !== 0) throw new RangeError("a chunk of ids ends in the middle of a record");
    if (chunk.length <= CHUNK_RECORDS * RECORD_SIZE && chunk.length === chunk.buffer.byteLength) {
      yield chunk;
      continue;
    }
    for (let at = 0; at < chunk.length; at += CHUNK_RECORDS * RECORD_SIZE) {
      // A copy: another thread cannot be given a part of a buffer.
      yield chunk.slice(at, at + CHUNK_RECORDS * RECORD_SIZE);
    }
  }
  return undefined;
}

/** The hashes of any shard, with the survivors where they are known. */
function shardHashes(plans: readonly Plan[], members: Sorted, survivors?: Sorted): (shard: number) => ShardHashes {
  const columns = plans.flatMap((plan) => Array.from({ length: plan.shards }, () => plan));
  return (shard) => {
    const plan = columns[shard];
    if (plan === undefined) throw new RangeError(`there is no shard ${shard}`);
    const flagged = hashesAt(members, 2 * shard, 2);
    return {
      hashes: survivors === undefined ? flagged : concat(flagged, hashesAt(survivors, shard, 1)),
      suspended: countAt(members, 2 * shard, 1),
      flagged: countAt(members, 2 * shard, 2),
      flaggedColumns: plan.flaggedColumns,
      suspendedColumns: plan.suspendedColumns,
    };
  };
}

/** The parts of a body: the first filters, and where they are there the other ribbons. */
function assemble(
  plans: readonly Plan[],
  filters: readonly RibbonPart[],
  ribbons: readonly RibbonPart[],
): PeriodPart[] {
  const parts = filters.map((filter, i) => {
    const rest = ribbons[i];
    return { filter, ...(rest !== undefined && { rest }) };
  });
  return plans.map(({ periods, flaggedColumns, suspendedColumns, firstShard, shards }) => ({
    periods,
    flaggedColumns,
    suspendedColumns,
    shards: parts.slice(firstShard, firstShard + shards),
  }));
}

function countAll(plans: readonly Plan[]): { good: number; revoked: number; suspended: number } {
  const sum = (of: (plan: Plan) => number): number => plans.reduce((total, plan) => total + of(plan), 0);
  return {
    good: sum((plan) => plan.good),
    revoked: sum((plan) => plan.revoked),
    suspended: sum((plan) => plan.suspended),
  };
}
