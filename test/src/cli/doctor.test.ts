import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { STATUS_FILE, TRUST_FILE } from "../../../src/format/feed.js";
import { jwksOf } from "../../support/make-card.js";
import { foundNation, seconds } from "../../support/nation.js";
import { hufuPath } from "../../support/serve.js";
import { issuerKey } from "../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-doctor-"));
const nation = foundNation();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

interface Finding {
  about: string;
  good: boolean;
  found: string;
  remedy?: string;
}

function doctor(...args: string[]): Promise<{ code: number; out: string }> {
  return new Promise((resolve) => {
    const all = [hufuPath, "doctor", "--port", "0", ...args];
    const child = execFile(process.execPath, all, { env: { ...process.env, CI: "true" } }, (_, out) => {
      resolve({ code: child.exitCode ?? -1, out });
    });
  });
}

async function findings(...args: string[]): Promise<{ code: number; about: (what: string) => Finding[] }> {
  const { code, out } = await doctor(...args, "--json");
  const all = JSON.parse(out) as Finding[];
  return { code, about: (what) => all.filter(({ about }) => about === what) };
}

function feedOf(name: string, files: Record<string, Uint8Array | string>): string {
  const place = join(folder, name);
  mkdirSync(place);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content);
  return place;
}

describe("hufu doctor", () => {
  it("finds this machine fit, and says that nothing tells whether its clock is right", async () => {
    const trust = join(folder, "trust.json");
    writeFileSync(trust, jwksOf([issuerKey]));
    const { code, about } = await findings("--trust", trust);
    expect([code, about("clock")]).toMatchObject([0, [{ good: true }]]);
    expect(about("clock")[0]?.found).toMatch(/Z, with no signed time to hold it against$/);
    for (const what of ["Node", "WASM SIMD", "engine", "service", "store", "state folder"]) {
      expect(about(what), what).toMatchObject([{ good: true }]);
    }
  });

  it("tells what of a feed would be in force, how old it is and until when", async () => {
    const files = { [TRUST_FILE]: await nation.trustList(), [STATUS_FILE]: await nation.snapshot() };
    const { code, out } = await doctor("--feed", feedOf("good", files));
    expect(out).toMatch(/^good +clock +\d{4}-\S+Z, after every time that was signed$/m);
    expect(out).toMatch(/^good +trust list +Pilot District, epoch 10, signed 24 h ago, until \d{4}-/m);
    expect(out).toMatch(/^good +status +Pilot District, snapshot, epoch 20, of \d+ s ago, until \d{4}-/m);
    expect(out).toMatch(/^good +feed +\S+ can be read$/m);
    expect(code).toBe(0);
  });

  it("tells what is stale, with its remedy", async () => {
    const stale = { universe: seconds() - 100, expires: seconds() - 10 };
    const files = { [TRUST_FILE]: await nation.trustList(), [STATUS_FILE]: await nation.snapshot(stale) };
    const { code, out } = await doctor("--feed", feedOf("stale", files));
    expect(out).toMatch(
      /^bad +status +Pilot District, snapshot, epoch 20, of 1\d\d s ago, stale since \d{4}-\S+\n +-> /m,
    );
    expect(code).toBe(1);
  });

  it("tells that the clock is before what was signed, and no age below zero", async () => {
    const tomorrow = seconds() + 86_400;
    const list = await nation.trustList({ issuedAt: tomorrow, expires: tomorrow + 86_400 });
    const files = { [TRUST_FILE]: list, [STATUS_FILE]: await nation.snapshot({ universe: tomorrow - 60 }) };
    const { code, about } = await findings("--feed", feedOf("ahead", files));
    expect(code).toBe(1);
    expect(about("clock")).toMatchObject([{ good: false, remedy: "set the clock (NTP)" }]);
    expect(about("clock")[0]?.found).toMatch(/, 24 h before a time that was signed \(/);
    expect(about("trust list")).toMatchObject([{ good: false }]);
    expect(about("trust list")[0]?.found).toContain("signed 24 h in the future of this clock");
    expect(JSON.stringify(about("status"))).not.toMatch(/-\d+ s/);
  });

  it.each([
    ["there is none", (): string => join(folder, "nonesuch"), "feed", "there is no such file or folder"],
    ["it is empty", (): string => feedOf("empty", {}), "ready", "NO_TRUST"],
    [
      "its snapshot is a page",
      (): string => feedOf("page", { [STATUS_FILE]: "<html>" }),
      "feed",
      "it holds a web page",
    ],
  ])("says what is wrong with a feed where %s", async (_, place, what, why) => {
    const { code, about } = await findings("--feed", place());
    expect(code).toBe(1);
    const [finding] = about(what);
    expect(finding).toMatchObject({ good: false });
    expect(finding?.found).toContain(why);
    expect(finding?.remedy).toMatch(/./);
  });

  it("says that status is promised and not told, and that a state folder cannot be", async () => {
    const list = join(folder, "list.hufu");
    writeFileSync(list, await nation.trustList());
    const { about } = await findings("--trust", list, "--state", join(list, "below"));
    expect(about("ready")).toMatchObject([{ good: false }]);
    expect(about("ready")[0]?.found).toMatch(/^STATUS_UNKNOWN: Pilot District, /);
    expect(about("state folder")).toMatchObject([{ good: false }]);
  });
});
