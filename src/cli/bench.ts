import type { Command } from "commander";
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
      const { groupNames, runBenchmarks } = await import("../../bench/main.js");
      const unknown = groups.find((group) => !groupNames.includes(group));
      if (unknown !== undefined) {
        throw new UsageError(`there is no benchmark group ${unknown}`, `choose among ${groupNames.join(", ")}`);
      }
      const report = await runBenchmarks(groups, { quick: options.quick === true }, (result) => {
        if (options.json === true) {
          note(`${result.group}: ${result.name}`);
          return;
        }
        const ratio = result.ratio === undefined ? "" : paint.bold(`  ${result.ratio.toFixed(2)}x`);
        print(`${paint.cyan(result.group)}  ${result.name}`);
        print(`  ${"hufu".padEnd(44)} ${format(result.ours)} ${result.unit}${ratio}`);
        for (const { name, value } of result.peers) print(`  ${name.padEnd(44)} ${format(value)} ${result.unit}`);
      });
      if (options.json === true) printJson(report);
    });
}

function format(value: number): string {
  const digits = value < 100 ? 2 : 0;
  return value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits }).padStart(14);
}
