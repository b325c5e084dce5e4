import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configure, gather } from "../../../src/server/config.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-config-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
function file(value: unknown): string {
  const path = join(folder, "hufu.json");
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

describe("the verifier's settings", () => {
  it("takes flags over environment over file over defaults, and says which", () => {
    const config = file({ port: 1, host: "::1", credits: 7, trust: ["c"] });
    const environment = { HUFU_PORT: "2", HUFU_HOST: "0.0.0.0", HUFU_TRUST: "a:b", HUFU_TOKEN: "" };
    const { config: got, sources } = configure({ config, port: 3 }, environment);
    expect(got).toMatchObject({ port: 3, host: "0.0.0.0", credits: 7, trust: ["a", "b"], idleSeconds: 600 });
    expect(sources).toMatchObject({ port: "flag", host: "environment", credits: "file", idleSeconds: "default" });
    expect(got).not.toHaveProperty("token");
  });

  it.each([
    [{ HUFU_PORT: "eighty" }, "port"],
    [{ HUFU_PORT: "70000" }, "port"],
    [{ HUFU_WORKERS: "0" }, "workers"],
    [{ HUFU_TOKEN: "short" }, "token"],
    [{ HUFU_LOG_LEVEL: "loud" }, "logLevel"],
    [{ HUFU_TRUST: "" }, "trust"],
    [{ HUFU_FEED: "ftp://host/feed" }, "feed"],
  ])("refuses %j, naming the setting", (environment, name) => {
    expect(() => configure({}, { HUFU_TRUST: "a", ...environment })).toThrow(name);
  });

  it("refuses a file that is none, or has a setting that is none", () => {
    expect(() => gather({ config: join(folder, "absent") }, {})).toThrow("cannot read");
    expect(() => gather({ config: file("{") }, {})).toThrow("cannot read");
    expect(() => gather({ config: file([]) }, {})).toThrow("not a JSON object");
    expect(() => gather({ config: file({ prot: 1 }) }, {})).toThrow("prot");
  });
});
