import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import type { BenchGroup, BenchOptions, BenchResult } from "./result.js";

/** Every group, loaded when it is run. */
const GROUPS: Record<string, () => Promise<{ run: BenchGroup }>> = {
  stages: () => import("./stages.js"),
  signature: () => import("./signature.js"),
  pipeline: () => import("./pipeline.js"),
  presentation: () => import("./presentation.js"),
  start: () => import("./start.js"),
  status: () => import("./status.js"),
  bulk: () => import("./bulk.js"),
  server: () => import("./server.js"),
  freshness: () => import("./feed.js"),
};

export const groupNames: readonly string[] = Object.keys(GROUPS);

export interface BenchReport {
  machine: { cpu: string; cores: number; memoryGiB: number; node: string; platform: string };
  commit: string;
  results: BenchResult[];
}

/** Run the groups named (all when none is), telling each result as it comes. */
export async function runBenchmarks(
  names: readonly string[],
  options: BenchOptions,
  onResult: (result: BenchResult) => void,
): Promise<BenchReport> {
  const results: BenchResult[] = [];
  for (const name of names.length === 0 ? groupNames : names) {
    const group = await GROUPS[name]?.();
    for (const result of (await group?.run(options)) ?? []) {
      results.push(result);
      onResult(result);
    }
  }
  return { machine: machine(), commit: commit(), results };
}

function machine(): BenchReport["machine"] {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}

function commit(): string {
  try {
    const cwd = new URL("../..", import.meta.url);
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], { cwd, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return "unknown";
  }
}
