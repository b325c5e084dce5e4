// `npm run soak -- NAME`: one long run, and its result as one JSON document on standard output.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What each runs, and what it asks. */
const SOAKS = {
  matrix: ["test/soak/matrix.test.ts", "is a card ever VALID over a broken start, feed, clock or restart"],
  "verify-runs": ["test/soak/verify-runs.test.ts", "does any of 700 short runs of `hufu verify` not end as it should"],
  kills: [
    "test/soak/kills.test.ts",
    "is anything lost, or an exit unexplained, over 200 kills of authority and database",
  ],
  stream: [
    "test/soak/stream.test.ts",
    "ten minutes of streams while trust and status change: is any answer wrong or lost",
  ],
  hostile: ["test/soak/hostile.test.ts", "does an honest gate hear BUSY, or wait, beside 256 hostile streams"],
  signatures: [".slow.test.ts", "are a million signatures of each algorithm judged as elsewhere (takes an hour)"],
};
const root = fileURLToPath(new URL("../..", import.meta.url));
const [name = ""] = process.argv.slice(2);
const soak = SOAKS[name];
if (soak === undefined) {
  for (const [known, [, question]] of Object.entries(SOAKS))
    process.stderr.write(`  ${known.padEnd(12)} ${question}\n`);
  process.stderr.write("hufu: there is no such soak; name one of these: `npm run soak -- matrix`.\n");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "hufu-soak-"));
const [result, report] = [join(folder, "result.json"), join(folder, "report.json")];
const started = Date.now();
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reporters = ["--reporter", "json", "--outputFile", report];
const { status } = spawnSync(process.execPath, [vitest, "run", ...reporters, soak[0]], {
  cwd: root,
  stdio: ["ignore", 2, 2],
  env: { ...process.env, HUFU_SOAK: name, HUFU_SOAK_RESULT: result, HUFU_SLOW: "1" },
});
const { numPassedTests, numFailedTests } = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
const found = existsSync(result) ? JSON.parse(readFileSync(result, "utf8")) : {};
const summary = {
  soak: name,
  node: process.version,
  seconds: Math.round((Date.now() - started) / 1000),
  passed: numPassedTests,
  failed: numFailedTests,
  ...found,
};
process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
rmSync(folder, { recursive: true });
process.exit(status ?? 1);
