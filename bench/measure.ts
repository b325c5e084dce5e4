import { Bench } from "tinybench";
import type { BenchOptions } from "./result.js";

/** Something to time: `operations` done per call of `run`. */
export interface Candidate {
  name: string;
  operations: number;
  run: () => unknown;
}

/**
 * Operations a second of each candidate: the median of the rounds' medians. The candidates take turns, round by round,
 * so that a machine whose speed drifts is unfair to none of them.
 */
export async function measure(candidates: readonly Candidate[], { quick }: BenchOptions): Promise<number[]> {
  const rounds = quick ? 1 : 5;
  const time = quick ? 40 : 250;
  const medians: number[][] = candidates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const bench = new Bench({ time, warmupTime: round === 0 ? time : 20, warmupIterations: 1, iterations: 3 });
      bench.add(candidate.name, candidate.run);
      await bench.run();
      const result = bench.tasks[0]?.result;
      if (result === undefined || !("latency" in result)) {
        const why = result !== undefined && "error" in result ? String(result.error) : "no result";
        throw new Error(`${candidate.name}: ${why}`);
      }
      medians[index]?.push((candidate.operations * 1000) / result.latency.p50);
    }
  }
  return medians.map(median);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Successive batches of so many, round and round: no two calls see the same. */
export function turns<T>(all: readonly T[], size: number): () => T[] {
  let next = 0;
  return () => {
    const start = next;
    next = (next + size) % all.length;
    return all.slice(start, start + size);
  };
}
