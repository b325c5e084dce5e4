import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Comparison } from "../../../bench/compare.js";
import type { BenchReport } from "../../../bench/main.js";
import { hufuPath } from "../../support/serve.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-bench-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function bench(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [hufuPath, "bench", "start", "--quick", ...args], (_, out, err) => {
      resolve({ code: child.exitCode, out, err });
    });
  });
}

/** An earlier report in which all figures were so many times what they are now. */
function earlier(report: BenchReport, times: number): string {
  const results = report.results.map((result) => ({ ...result, ours: result.ours * times }));
  const file = join(folder, `${times}.json`);
  writeFileSync(file, JSON.stringify({ ...report, results }));
  return file;
}

describe("hufu bench --compare", () => {
  it("says what has changed, and exits 1 where it is worse by more than the threshold", async () => {
    const first = await bench("--json");
    expect(first.code).toBe(0);
    const report = JSON.parse(first.out) as BenchReport;
    // Of milliseconds fewer are better: they were a thousandth, or a thousand times as many.
    const worse = await bench("--compare", earlier(report, 0.001), "--threshold", "50");
    expect(worse).toMatchObject({ code: 1, out: expect.stringMatching(/since then[^]*% worse/) as string });
    const better = await bench("--json", "--compare", earlier(report, 1000));
    expect(better.code).toBe(0);
    const { comparison } = JSON.parse(better.out) as { comparison: Comparison };
    expect(comparison.changes.map(({ isWorse }) => isWorse)).toEqual(report.results.map(() => false));
    expect(comparison.changes.every(({ better }) => better > 0.5)).toBe(true);
  });

  it("refuses what is not a report before it measures", async () => {
    const file = join(folder, "other.json");
    writeFileSync(file, "{}");
    expect(await bench("--compare", file)).toMatchObject({
      ...{ code: 2, out: "" },
      err: expect.stringContaining("--json > FILE") as string,
    });
    expect(await bench("--compare", join(folder, "none.json"))).toMatchObject({ code: 2, out: "" });
  });
});
