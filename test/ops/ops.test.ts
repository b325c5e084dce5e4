import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { STATUS_FILE, TRUST_FILE } from "../../src/format/feed.js";
import { SETTINGS } from "../../src/server/config.js";
import { foundNation } from "../support/nation.js";
import { startServe } from "../support/serve.js";

/** What operators are given: it must speak of what there is. */

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const namesIn = (text: string): string[] => [...new Set(text.match(/\bhufu_[a-z0-9_]+\b/g))].sort();
const isThere = (command: string): boolean => spawnSync("which", [command]).status === 0;
const unless = (command: string): string => (isThere(command) ? "" : ` (skipped: there is no ${command})`);

const nation = foundNation();

describe("what is watched", () => {
  it("every metric that the dashboard, the alert rules and the documents name is in /metrics of a running server", async () => {
    const feed = mkdtempSync(join(tmpdir(), "hufu-ops-"));
    writeFileSync(join(feed, TRUST_FILE), await nation.trustList());
    writeFileSync(join(feed, STATUS_FILE), await nation.snapshot());
    const server = await startServe(["--feed", feed], { HUFU_STATE: "none" });
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    server.process.kill("SIGTERM");
    await server.ended;
    rmSync(feed, { recursive: true });
    const told = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
    for (const file of ["ops/grafana/hufu.json", "ops/prometheus/alerts.yml", "docs/operating.md"]) {
      const names = namesIn(read(file));
      expect(names.length, file).toBeGreaterThan(1);
      for (const name of names) {
        const series = /^(.*)_(?:bucket|sum|count)$/.exec(name)?.[1] ?? "";
        expect(told.has(name) || told.get(series) === "histogram", `${name} of ${file}`).toBe(true);
      }
    }
  });

  it("every panel asks something, and no two have one place", () => {
    const { panels } = JSON.parse(read("ops/grafana/hufu.json")) as {
      panels: { id: number; type: string; targets?: { expr: string }[]; gridPos: { x: number; y: number } }[];
    };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)).size).toBe(panels.length);
    for (const { type, targets = [] } of panels) if (type !== "row") expect(targets.length).toBeGreaterThan(0);
  });

  it("docs/operating.md says of every alert what it means and what to do, and of no other", () => {
    const alerts = [...read("ops/prometheus/alerts.yml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const told = [...read("docs/operating.md").matchAll(/^### (Hufu\w+)$/gm)].map(([, name]) => name);
    expect(alerts.length).toBeGreaterThan(10);
    expect(told).toEqual(alerts);
  });

  it.runIf(isThere("promtool"))(
    `promtool accepts rules and configuration, and the rules' own tests hold${unless("promtool")}`,
    () => {
      const promtool = (...args: string[]): string =>
        execFileSync("promtool", args, { cwd: join(root, "ops/prometheus"), encoding: "utf8", stdio: "pipe" });
      expect(promtool("check", "rules", "alerts.yml")).toContain("SUCCESS");
      expect(promtool("check", "config", "prometheus.yml")).toContain("SUCCESS");
      expect(promtool("test", "rules", "alerts.test.yml")).toContain("SUCCESS");
    },
  );

  it.runIf(isThere("promtool"))(`every expression of the dashboard is PromQL${unless("promtool")}`, () => {
    const expressions = [...read("ops/grafana/hufu.json").matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = ""]) => JSON.parse(text) as string,
    );
    const rules = expressions.map((expr, i) => {
      const asked = expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*");
      return { record: `hufu:panel:${i}`, expr: asked };
    });
    const folder = mkdtempSync(join(tmpdir(), "hufu-ops-"));
    const file = join(folder, "panels.yml");
    // JSON is YAML.
    writeFileSync(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
    const { status, stdout, stderr } = spawnSync("promtool", ["check", "rules", file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`${rules.length} rules found`);
  });
});

describe("what it is run by", () => {
  const files = ["ops/Dockerfile", "ops/compose.yaml", "ops/hufu.service", "docs/operating.md"];

  it.each(files)("%s names settings that there are", (file) => {
    const known = new Set([...Object.values(SETTINGS).map(({ variable }) => variable), "HUFU_CONFIG"]);
    const named = read(file).match(/\bHUFU_[A-Z_]*[A-Z]\b/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("the image copies what there is, and runs as another user than root, with a health check", () => {
    const dockerfile = read("ops/Dockerfile");
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
      names.split(" "),
    );
    expect(copied.length).toBeGreaterThan(5);
    const ignored = read("ops/Dockerfile.dockerignore");
    for (const name of copied) {
      expect(existsSync(join(root, name)), name).toBe(true);
      expect(ignored, name).toContain(`\n!${name.replace(/^\.\//, "")}\n`);
    }
    expect(dockerfile).toMatch(/^USER (?!root|0)\w+$/m);
    expect(dockerfile).toMatch(/^HEALTHCHECK /m);
  });

  it.runIf(isThere("systemd-analyze"))(`systemd accepts the unit${unless("systemd-analyze")}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "hufu-ops-"));
    const file = join(folder, "hufu.service");
    // The command is looked for, and is not installed here.
    writeFileSync(file, read("ops/hufu.service").replace("/usr/local/bin/hufu", process.execPath).replace("/usr/bin/curl", process.execPath)); // prettier-ignore
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
