import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresRuns } from "../../support/authority.js";

const bin = fileURLToPath(new URL("../../../bin/hufu.mjs", import.meta.url));

const runs = await postgresRuns();

describe.skipIf(!runs)(`hufu demo${runs ? "" : " (skipped: PostgreSQL does not run here)"}`, () => {
  let demo: ChildProcess;
  let output = "";
  let url = "";

  beforeAll(async () => {
    demo = spawn(process.execPath, [bin, "demo", "--port", "0", "--rate", "200"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    await new Promise<void>((resolve, reject) => {
      demo.stdout?.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes("Verify")) resolve();
      });
      demo.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      demo.once("exit", () => { reject(new Error(`the demo ended: ${output}`)); }); // prettier-ignore
    });
    url = /Watch\s+(\S+)/.exec(output)?.[1] ?? "";
  });
  afterAll(() => demo.kill("SIGKILL"));

  it("serves its page with all that the page needs", async () => {
    for (const path of ["", "dashboard.js", "dashboard.css", "metrics.js"]) {
      const response = await fetch(url + path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    }
  });

  it("has gates at work that meet every kind of card", async () => {
    const wanted = ["VALID", "EXPIRED", "REVOKED", "SUSPENDED", "BAD_ISSUER_SIGNATURE"];
    await expect
      .poll(
        async () => {
          const metrics = await (await fetch(`${url}metrics`)).text();
          return wanted.filter((code) => metrics.includes(`hufu_verdicts_total{door="stream",code="${code}"}`));
        },
        { timeout: 30_000, interval: 250 },
      )
      .toEqual(wanted);
  });

  it("prints a request that works as it stands", async () => {
    const body = /-d '([^']+)'/.exec(output)?.[1] ?? "";
    const response = await fetch(`${url}v1/verify`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    const verdict = (await response.json()) as { claims?: Record<string, unknown> };
    expect(verdict).toMatchObject({ outcome: "accepted", tier: "lite", status: "good" });
    expect(verdict.claims?.[4]).toMatch(/./);
  });

  it("ends cleanly on Ctrl-C and leaves nothing behind", async () => {
    const folder = /--trust (\S+)\/trust\.hufu/.exec(output)?.[1] ?? "";
    expect(existsSync(folder)).toBe(true);
    const ended = new Promise((resolve) => demo.once("exit", resolve));
    demo.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(existsSync(folder)).toBe(false);
    await expect(fetch(url)).rejects.toThrow();
  });
});
