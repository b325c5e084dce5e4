import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { runHufu } from "../../support/serve.js";

const project = fileURLToPath(new URL("../../..", import.meta.url));
const example = join(project, "examples/policy.json");
const folder = mkdtempSync(join(tmpdir(), "hufu-policy-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const policy = (...args: string[]): ReturnType<typeof runHufu> => runHufu(["policy", ...args]);

function written(rules: object[]): string {
  const path = join(folder, "policy.json");
  writeFileSync(path, JSON.stringify({ hufuPolicy: 1, rules }));
  return path;
}

describe("hufu policy", () => {
  it.each([
    ["government-office", "440115", "2017-11-30T23:59:59+08:00", { accepted: false, because: "purpose" }],
    ["government-office", "440115", "2017-12-01T00:00:00+08:00", { accepted: true, rule: 1, minTier: "full" }],
    ["government-office", "440106", "2017-12-20T12:00:00+08:00", { accepted: false, because: "region" }],
    ["hotel-checkin", "440115", "2017-12-20T12:00:00+08:00", { accepted: false, because: "purpose" }],
    ["telecom", "440115", "2017-12-31T23:59:59+08:00", { accepted: false, because: "purpose" }],
    ["bank-account", "440115", "2017-12-20T12:00:00+08:00", { accepted: false, because: "purpose" }],
    ["telecom", "110105", "2017-12-31T16:00:00Z", { accepted: true, rule: 5, minTier: "full", claims: [1, 4] }],
    ["company-registration", "110105", "2018-02-01T00:00:00Z", { accepted: true, minTier: "full", presentation: true }],
    ["parcel-pickup", "650102", "2018-02-01T00:00:00Z", { accepted: true, minTier: "lite", claims: [4] }],
    ["venue-entry", "440115", "2018-02-01T00:00:00Z", { accepted: true, minTier: "lite", claims: [] }],
  ])("tells of the example what it says on %s in %s at %s", (purpose, region, at, answer) => {
    const { status, out } = policy("test", example, "--json", "--purpose", purpose, "--region", region, "--at", at);
    expect(JSON.parse(out)).toMatchObject(answer);
    expect(status).toBe(answer.accepted ? 0 : 1);
  });

  it("says it in words", () => {
    const at = ["--at", "2018-02-01T00:00:00Z"];
    expect(policy("test", example, "--purpose", "age-check", ...at).out).toBe(
      "accepted by rule 10: a lite card or better; of somebody of 18 or older; as a code or shown by the holder's phone; no claim is disclosed\n",
    );
    expect(policy("test", example, "--purpose", "voting", ...at).out).toContain("no rule for this purpose");
    const { status, out } = policy("check", example);
    expect([status, out]).toEqual([0, "From one district to the nation: 10 rules for 9 purposes\n"]);
  });

  it("finds rules that never decide, and no others", () => {
    const file = written([
      { purpose: "a", regions: ["44", "11"], from: "2018-01-01" },
      { purpose: "a", regions: ["44"], from: "2019-01-01", minTier: "full" },
      { purpose: "a", regions: ["44"], from: "2017-01-01" },
      { purpose: "a", regions: ["4401"], from: "2019-01-01" },
      { purpose: "a" },
      { purpose: "b" },
      { purpose: "a", until: "2020-01-01" },
    ]);
    const { status, out } = policy("check", file, "--json");
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ neverDecide: [{ rule: 2, because: 1 }, { rule: 7, because: 5 }] }); // prettier-ignore
    expect(policy("check", file).out).toContain("rule 2 never decides: rule 1 comes before it");
  });

  it.each([
    [[{ purpose: "a", from: "2018-02-01", until: "2018-01-31" }], "rules.0.until: the last day in force is before"],
    [[{ purpose: "a", minTeir: "full" }], '"minTeir" is not a field here'],
    [[{ purpose: "a", regions: ["440"] }], "a region is 2, 4 or 6 digits"],
  ])("refuses %j", (rules, sentence) => {
    const { status, err } = policy("check", written(rules));
    expect([status, err]).toEqual([2, expect.stringContaining(sentence)]);
  });

  it("has a reference that lists every field", () => {
    const page = readFileSync(join(project, "docs/policy.md"), "utf8");
    const told = [...page.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
    const fieldsNamed = (file: string): string[] => {
      const { err } = policy("check", file);
      return /there are (.*?); /.exec(err)?.[1]?.split(", ") ?? [];
    };
    const ofRules = fieldsNamed(written([{ purpose: "a", unknown: 1 }]));
    writeFileSync(join(folder, "whole.json"), JSON.stringify({ hufuPolicy: 1, rules: [], unknown: 1 }));
    const ofFiles = fieldsNamed(join(folder, "whole.json"));
    expect(ofRules).toContain("purpose");
    expect(told).toEqual([...ofFiles, ...ofRules]);
  });
});
