import { Status } from "../../abi/batch.js";
import { MAX_COLUMNS, MAX_PERIOD } from "../../abi/status-body.js";
import { SHARD_FLAGGED } from "../../abi/status-build.js";

/** How a universe is divided into periods and shards, and how many columns each filter has. */

/** Periods with too few flagged credentials to fill a shard share one with those that follow. */
export interface Plan {
  /** In order. */
  periods: number[];
  good: number;
  revoked: number;
  suspended: number;
  flaggedColumns: number;
  suspendedColumns: number;
  firstShard: number;
  shards: number;
}

/** Hashes sorted into places: those of place i are at `starts[i]` to `starts[i + 1]`, 8 bytes each. */
export interface Sorted {
  starts: Float64Array;
  hashes: Uint8Array;
}

/**
 * Columns that make the two ribbons of a question smallest together: the filter takes one bit for each member in each
 * column, and the exact ribbon one for each member and for each of the others that passes, one in 2^columns of them.
 * Columns are read in pairs, so their number is even.
 */
export function bestColumns(members: number, others: number): number {
  let best = 0;
  const size = (columns: number): number => columns * members + (members + others / 2 ** columns);
  while (best < MAX_COLUMNS && size(best + 2) < size(best)) best += 2;
  return best;
}

/** `good` by period; the flagged as passes emit them (status-build.ts). Periods without credentials are left out. */
export function planPeriods(good: Float64Array, flagged: readonly Uint8Array[]): Plan[] {
  const revoked = new Float64Array(MAX_PERIOD + 1);
  const suspended = new Float64Array(MAX_PERIOD + 1);
  for (const words of flagged.map(asWords)) {
    for (let i = 0; i < words.length; i += 4) {
      const counts = words[i + 3] === Status.SUSPENDED ? suspended : revoked;
      const period = words[i + 2] ?? 0;
      counts[period] = (counts[period] ?? 0) + 1;
    }
  }
  const groups: Group[] = [];
  for (let period = 0; period <= MAX_PERIOD; period++) {
    const counts = { good: good[period] ?? 0, revoked: revoked[period] ?? 0, suspended: suspended[period] ?? 0 };
    if (counts.good + membersOf(counts) === 0) continue;
    const last = groups[groups.length - 1];
    if (last === undefined || membersOf(last) >= SHARD_FLAGGED / 2) {
      groups.push({ periods: [period], ...counts });
      continue;
    }
    last.periods.push(period);
    last.good += counts.good;
    last.revoked += counts.revoked;
    last.suspended += counts.suspended;
  }
  let firstShard = 0;
  return groups.map((group) => {
    const shards = Math.max(1, Math.round(membersOf(group) / SHARD_FLAGGED));
    firstShard += shards;
    return {
      ...group,
      flaggedColumns: bestColumns(membersOf(group), group.good),
      suspendedColumns: bestColumns(group.suspended, group.revoked),
      firstShard: firstShard - shards,
      shards,
    };
  });
}

type Group = Pick<Plan, "periods" | "good" | "revoked" | "suspended">;

function membersOf({ revoked, suspended }: Pick<Plan, "revoked" | "suspended">): number {
  return revoked + suspended;
}

export function shardCount(plans: readonly Plan[]): number {
  return plans.reduce((sum, { shards }) => sum + shards, 0);
}

/** Sort what passes emitted by shard. With "suspended-first" a shard has two places: the suspended, then the others. */
export function sortByShard(
  pieces: readonly Uint8Array[],
  plans: readonly Plan[],
  order: "by-shard" | "suspended-first",
): Sorted {
  const byPeriod = new Map(plans.flatMap((plan) => plan.periods.map((period) => [period, plan])));
  const split = order === "suspended-first" ? 2 : 1;
  const starts = new Float64Array(shardCount(plans) * split + 1);
  const placeOf = (words: Uint32Array, i: number): number => {
    const plan = byPeriod.get(words[i + 2] ?? 0);
    if (plan === undefined) throw new Error("a credential appeared that was not there in the first pass");
    // As the engine does it: the upper half of the hash, as a fraction of all shards there are for the period.
    const shard = plan.firstShard + Math.floor(((words[i + 1] ?? 0) * plan.shards) / 0x100000000);
    return split === 1 ? shard : 2 * shard + (words[i + 3] === Status.SUSPENDED ? 0 : 1);
  };
  const all = pieces.map(asWords);
  for (const words of all) {
    for (let i = 0; i < words.length; i += 4) {
      const place = placeOf(words, i) + 1;
      starts[place] = (starts[place] ?? 0) + 1;
    }
  }
  for (let place = 1; place < starts.length; place++) starts[place] = (starts[place] ?? 0) + (starts[place - 1] ?? 0);
  const next = starts.slice();
  const sorted = new Uint32Array(2 * (starts[starts.length - 1] ?? 0));
  for (const words of all) {
    for (let i = 0; i < words.length; i += 4) {
      const place = placeOf(words, i);
      const at = next[place] ?? 0;
      next[place] = at + 1;
      sorted[2 * at] = words[i] ?? 0;
      sorted[2 * at + 1] = words[i + 1] ?? 0;
    }
  }
  return { starts, hashes: new Uint8Array(sorted.buffer) };
}

/** How many hashes there are in `count` places from `place` on. */
export function countAt({ starts }: Sorted, place: number, count: number): number {
  return (starts[place + count] ?? 0) - (starts[place] ?? 0);
}

/** A copy of the hashes of `count` places from `place` on: a view would take all the others along to another thread. */
export function hashesAt({ starts, hashes }: Sorted, place: number, count: number): Uint8Array {
  return hashes.slice((starts[place] ?? 0) * 8, (starts[place + count] ?? 0) * 8);
}

/** Emitted records as 32-bit words: hash low, hash high, period, status. Both sides are little-endian. */
function asWords(piece: Uint8Array): Uint32Array {
  return new Uint32Array(piece.buffer, piece.byteOffset, piece.byteLength / 4);
}
