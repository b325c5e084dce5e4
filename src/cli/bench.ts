import type { Command } from "commander";
import type { BenchResult } from "../../bench/result.js";
import { UsageError } from "./errors.js";
import { note, paint, print, printJson } from "./output.js";

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure each stage, the whole pipeline and the server, beside what one would use instead")
    .argument("[group...]", "groups to run; all by default")
    .option("--quick", "short runs: that it works, not how fast it is")
    .option("--json", "print one JSON document with machine, commit and results")
    .action(async (groups: string[], options: { quick?: true; json?: true }) => {
      const { groupNames, runBenchmarks } = await import("../../bench/main.js").catch(explain);
      const unknown = groups.find((group) => !groupNames.includes(group));
      if (unknown !== undefined) {
        throw new UsageError(`there is no benchmark group ${unknown}`, `choose among ${groupNames.join(", ")}`);
      }
      const tell = options.json === true ? noteResult : printResult;
      const report = await runBenchmarks(groups, { quick: options.quick === true }, tell).catch(explain);
      if (options.json === true) printJson(report);
    });
}

/** What is measured beside ours is no dependency of an installed package. */
function explain(error: unknown): never {
  if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
    throw new UsageError("what the benchmarks compare with is not installed", "run them in a clone: npm run bench");
  }
  throw error;
}

function noteResult({ group, name }: BenchResult): void {
  note(`${group}: ${name}`);
}

function printResult({ group, name, unit, ours, ratio, peers }: BenchResult): void {
  print(`${paint.cyan(group)}  ${name}`);
  print(
    `  ${"hufu".padEnd(44)} ${format(ours)} ${unit}${ratio === undefined ? "" : paint.bold(`  ${ratio.toFixed(2)}x`)}`,
  );
  for (const peer of peers) print(`  ${peer.name.padEnd(44)} ${format(peer.value)} ${unit}`);
}

function format(value: number): string {
  const digits = value < 100 ? 2 : 0;
  return value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }).padStart(14);
}
