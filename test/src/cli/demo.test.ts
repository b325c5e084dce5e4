import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { postgresRuns } from "../../support/authority.js";
import { chromiumPath, openBrowser } from "../../support/browser.js";

const bin = fileURLToPath(new URL("../../../bin/hufu.mjs", import.meta.url));

const runs = postgresRuns();

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

  it("says where it is, and is ready", async () => {
    expect(url).toMatch(/^http:\/\/localhost:\d+\/$/);
    const ready = await fetch(`${url}readyz`);
    expect([ready.status, await ready.text()]).toEqual([200, "ready\n"]);
  });

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
          return wanted.filter((code) =>
            metrics.includes(`hufu_verdicts_total{door="stream",lane="gate",code="${code}"}`),
          );
        },
        { timeout: 30_000, interval: 250 },
      )
      .toEqual(wanted);
    // Status is promised, and told of every card.
    expect(await (await fetch(`${url}metrics`)).text()).not.toMatch(/code="(STATUS_|CLOCK_|INTERNAL|UNKNOWN_)/);
  });

  const inBrowser = chromiumPath === undefined ? " (skipped: there is no Chromium here)" : "";
  it.skipIf(chromiumPath === undefined)(`shows on its page what happens, as it happens${inBrowser}`, async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
      const complaints: string[] = [];
      page.on("pageerror", ({ message }) => complaints.push(message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      await page.goto(url);
      const textOf = (selector: string) => page.locator(selector).innerText();
      const numberOf = async (selector: string) => Number((await textOf(selector)).replaceAll(",", ""));
      await expect.poll(() => textOf("#state"), { timeout: 20_000 }).toBe("live");
      await expect.poll(() => numberOf("#rate"), { timeout: 20_000 }).toBeGreaterThan(0);
      await expect.poll(() => textOf("#p50"), { timeout: 20_000 }).toMatch(/^[\d.]+ ms$/);
      await expect.poll(() => textOf("#codes tbody"), { timeout: 20_000 }).toMatch(/VALID[^]*BAD_ISSUER_SIGNATURE/);
      await expect.poll(() => page.locator("#line").getAttribute("d"), { timeout: 20_000 }).toMatch(/^M[\d.]+,/);
      const before = await numberOf("#total");
      await expect.poll(() => numberOf("#total"), { timeout: 20_000 }).toBeGreaterThan(before);
      // A telephone held upright is wide enough.
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
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
