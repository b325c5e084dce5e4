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
    [{ HUFU_ALLOW_HOST: "http://verifier.example" }, "allowHost"],
    [{ HUFU_CORS: "desk.example" }, "cors"],
    [{ HUFU_CORS: "https://desk.example/" }, "cors"],
    [{ HUFU_CORS: "*" }, "cors"],
    [{ HUFU_TRUST_PROXY: "10.0.0.0/33" }, "trustProxy"],
    [{ HUFU_HEALTH_PORT: "-1" }, "healthPort"],
    [{ HUFU_FEED: "ftp://host/feed" }, "feed"],
    [{ HUFU_WITHOUT_STATUS: "maybe" }, "withoutStatus"],
    [{ HUFU_WITHOUT_STATUS: "1", HUFU_STATUS: "a" }, "withoutStatus"],
  ])("refuses %j, naming the setting", (environment, name) => {
    expect(() => configure({}, { HUFU_TRUST: "a", ...environment })).toThrow(name);
  });

  it("takes lists of names from the environment with commas between", () => {
    const environment = {
      HUFU_TRUST: "a",
      HUFU_CORS: "https://a.example, http://b.example:81",
      HUFU_ALLOW_HOST: "a,[::1]",
    };
    const { config } = configure({ trustProxy: ["10.0.0.0/8", "::1"] }, environment);
    expect(config).toMatchObject({
      cors: ["https://a.example", "http://b.example:81"],
      allowHost: ["a", "[::1]"],
      trustProxy: ["10.0.0.0/8", "::1"],
    });
  });

  it("keeps state where the system says, unless it is told where or told not to", () => {
    const stateOf = (environment: Record<string, string>): unknown =>
      configure({}, { HUFU_TRUST: "a", ...environment }).config.state;
    expect(stateOf({ STATE_DIRECTORY: "/var/lib/hufu" })).toBe("/var/lib/hufu");
    expect(stateOf({ XDG_STATE_HOME: "/x" })).toBe("/x/hufu");
    expect(stateOf({ XDG_STATE_HOME: "/x", HUFU_STATE: "none" })).toBe("none");
  });

  it.each([
    ["1", true],
    ["TRUE", true],
    ["yes", true],
    ["0", false],
    ["no", false],
    ["", false],
  ])("reads the switch HUFU_WITHOUT_STATUS=%s as %s", (text, value) => {
    expect(configure({}, { HUFU_TRUST: "a", HUFU_WITHOUT_STATUS: text }).config.withoutStatus).toBe(value);
  });

  it("refuses a file that is none, or has a setting that is none", () => {
    expect(() => gather({ config: join(folder, "absent") }, {})).toThrow("cannot read");
    expect(() => gather({ config: file("{") }, {})).toThrow("cannot read");
    expect(() => gather({ config: file([]) }, {})).toThrow("not a JSON object");
    expect(() => gather({ config: file({ prot: 1 }) }, {})).toThrow("prot");
  });
});
