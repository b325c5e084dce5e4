import type { Command } from "commander";
import type { Change, Comparison, OldResult } from "../../bench/compare.js";
import type { BenchResult } from "../../bench/result.js";
import { wholeNumber } from "./arguments.js";
import { reasonOf, UsageError } from "./errors.js";
import { readTextSource } from "./sources.js";
import { note, paint, print, printJson } from "./output.js";

export function register(program: Command): void {
  program
    .command("bench")
    .description("measure each stage, the whole pipeline and the server, beside what one would use instead")
    .argument("[group...]", "groups to run; all by default")
    .option("--quick", "short runs: that it works, not how fast it is")
    .option("--json", "print one JSON document with machine, commit and results")
    .option("--compare <file>", "say what has changed since a report of --json, and exit 1 where it is worse")
    .option("--threshold <percent>", "with --compare: by so much a row may be worse", wholeNumber, 10)
    .action(async (groups: string[], options: Options) => {
      const old = options.compare === undefined ? undefined : await readOld(options.compare);
      const { groupNames, runBenchmarks } = await import("../../bench/main.js").catch(explain);
      const unknown = groups.find((group) => !groupNames.includes(group));
      if (unknown !== undefined) {
        throw new UsageError(`there is no benchmark group ${unknown}`, `choose among ${groupNames.join(", ")}`);
      }
      const tell = options.json === true ? noteResult : printResult;
      const report = await runBenchmarks(groups, { quick: options.quick === true }, tell).catch(explain);
      const comparison = old && (await compareWith(old, report.results, options.threshold / 100));
      if (options.json === true) printJson({ ...report, ...(comparison && { comparison }) });
      else if (comparison !== undefined) printComparison(comparison);
      if (comparison?.changes.some(({ isWorse }) => isWorse) === true) process.exitCode = 1;
    });
}

interface Options {
  quick?: true;
  json?: true;
  compare?: string;
  threshold: number;
}

/** Before an hour of measuring, not after it. */
async function readOld(file: string): Promise<OldResult[]> {
  const { readReport } = await import("../../bench/compare.js").catch(explain);
  const text = await readTextSource("--compare", file);
  try {
    return readReport(text);
  } catch (error) {
    throw new UsageError(`cannot compare with ${file}: ${reasonOf(error)}`, "make one with `--json > FILE`");
  }
}

async function compareWith(old: OldResult[], results: readonly BenchResult[], threshold: number): Promise<Comparison> {
  const { compare } = await import("../../bench/compare.js").catch(explain);
  return compare(old, results, threshold);
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

function printComparison({ changes, gone, added }: Comparison): void {
  print(paint.bold("\nsince then"));
  for (const change of changes) print(`  ${sayChange(change)}`);
  for (const name of gone) print(`  ${name}: not measured this time`);
  for (const name of added) print(`  ${name}: not measured then`);
}

function sayChange({ name, unit, of, before, now, better, spread, isWorse }: Change): string {
  const values = `${format(before).trim()} → ${format(now).trim()}${of === "ratio" ? "x the peer" : ` ${unit}`}`;
  const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
  const how = `${percent(Math.abs(better))} ${better < 0 ? "worse" : "better"}`;
  const spreads = spread === undefined ? "" : `, rounds differ by ${percent(spread)}`;
  return `${name}: ${values}, ${isWorse ? paint.red(how) : how}${spreads}`;
}

function format(value: number): string {
  const digits = value < 100 ? 2 : 0;
  return value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }).padStart(14);
}
