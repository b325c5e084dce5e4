import { describe, expect, it } from "vitest";
import { compare, readReport } from "../../bench/compare.js";
import type { BenchResult } from "../../bench/result.js";

const rate = (ours: number, more: Partial<BenchResult> = {}): BenchResult => {
  return { group: "server", name: "bank", unit: "verdicts/s", ours, peers: [], ...more };
};
const late = (ours: number): BenchResult => rate(ours, { name: "p99", unit: "ms" });

describe("comparing with an earlier report", () => {
  it("says how much better or worse a row is, whichever way better lies", () => {
    const { changes } = compare([rate(100), late(10)], [rate(80), late(8)], 0.1);
    expect(changes).toMatchObject([
      { name: "server: bank", of: "value", before: 100, now: 80, isWorse: true },
      { name: "server: p99", before: 10, now: 8, isWorse: false },
    ]);
    expect(changes.map(({ better }) => better)).toEqual([expect.closeTo(-0.2), expect.closeTo(0.2)]);
    expect(compare([late(10)], [late(12)], 0.1).changes[0]).toMatchObject({ isWorse: true });
    expect(compare([late(10)], [late(12)], 0.3).changes[0]).toMatchObject({ isWorse: false });
  });

  it("compares ratios where there are some: a machine that is slower is slower for both", () => {
    const [change] = compare([rate(100, { ratio: 5 })], [rate(50, { ratio: 5.1 })], 0.1).changes;
    expect(change).toMatchObject({ of: "ratio", before: 5, now: 5.1, isWorse: false });
  });

  it("calls nothing worse that differs less than rounds of the same row do", () => {
    const rounds = { ours: [80, 100, 120] };
    const [change] = compare([rate(100, { rounds })], [rate(75)], 0.1).changes;
    expect(change).toMatchObject({ spread: 0.4, isWorse: false });
    expect(compare([rate(100, { rounds })], [rate(50)], 0.1).changes[0]).toMatchObject({ isWorse: true });
  });

  it("takes a wrong answer where there was none for worse, whatever the threshold", () => {
    const wrong = (ours: number): BenchResult => rate(ours, { name: "wrong", unit: "answers" });
    expect(compare([wrong(0)], [wrong(0)], 0.1).changes[0]).toMatchObject({ better: 0, isWorse: false });
    expect(compare([wrong(0)], [wrong(1)], 99).changes[0]).toMatchObject({ isWorse: true });
  });

  it("names rows of one report alone, of the groups that were run", () => {
    const other = rate(1, { group: "signature", name: "ed25519" });
    expect(compare([rate(1), other], [late(1)], 0.1)).toEqual({
      changes: [],
      gone: ["server: bank"],
      added: ["server: p99"],
    });
  });

  it("reads what --json prints, and says what else is not", () => {
    const results = [rate(3, { ratio: 2, rounds: { ours: [1, 3, 4], ratio: [1, 2, 3] } })];
    expect(readReport(JSON.stringify({ machine: {}, commit: "", results }))).toMatchObject([{ ours: 3, ratio: 2 }]);
    expect(() => readReport("{}")).toThrow("results");
    expect(() => readReport("hufu")).toThrow();
  });
});
