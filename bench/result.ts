/** One row of the benchmark: ours and what a user would pick instead, measured in the same run. Medians. */
export interface BenchResult {
  group: string;
  name: string;
  /** What is counted. With "/s" more is better; of "ms" and other plain counts less is. */
  unit: string;
  ours: number;
  peers: { name: string; value: number }[];
  /** Ours against the best peer of the row; absent where there is none. */
  ratio?: number;
  /** Of rows that are measured in rounds: what `ours` was in each, and the ratio. */
  rounds?: { ours: number[]; ratio?: number[] };
}

export interface BenchOptions {
  /** Short runs that show that it works, not how fast it is. */
  quick: boolean;
}

export type BenchGroup = (options: BenchOptions) => Promise<BenchResult[]>;

/** A row with its ratio worked out. */
export function row(
  group: string,
  name: string,
  unit: string,
  ours: number,
  peers: { name: string; value: number }[] = [],
): BenchResult {
  const best = Math.max(0, ...peers.map((peer) => peer.value));
  return { group, name, unit, ours, peers, ...(best > 0 && { ratio: ours / best }) };
}
