import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/format/verdict.js";
import { jwksOf } from "../../support/make-card.js";
import { type ServeProcess, startServe } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";

describe("hufu serve with a worker that calls process.exit in the middle of a batch", () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-dying-"));
  const trust = join(folder, "trust.json");
  const trigger = join(folder, "die");
  let server: ServeProcess;
  beforeAll(async () => {
    writeFileSync(trust, jwksOf([issuerKey]));
    const preload = new URL("../../support/dying-worker.mjs", import.meta.url).href;
    const env = { NODE_OPTIONS: `--import=${preload}`, DYING_WORKER: trigger };
    server = await startServe(["--trust", trust], env);
  });
  afterAll(() => {
    server.process.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  async function ask(): Promise<Verdict> {
    const body = JSON.stringify({ qr: card, at });
    return (await (
      await fetch(`http://127.0.0.1:${server.port}/v1/verify`, { method: "POST", body })
    ).json()) as Verdict;
  }

  it("answers the batch INTERNAL, replaces the worker, and the next batch succeeds", async () => {
    expect(await ask()).toMatchObject({ code: "VALID" });
    for (let death = 1; death <= 3; death++) {
      writeFileSync(trigger, "");
      expect(await ask()).toEqual({ outcome: "undetermined", code: "INTERNAL" });
      expect(await ask()).toMatchObject({ code: "VALID" });
      const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
      expect(metrics).toMatch(new RegExp(`^hufu_workers_replaced_total ${death}$`, "m"));
      expect(metrics).toMatch(/^hufu_workers 1$/m);
    }
  });

  it("lives on when the worker that is to replace one fails, too, and the log says so", async () => {
    writeFileSync(`${trigger}.load`, "");
    writeFileSync(trigger, "");
    expect(await ask()).toEqual({ outcome: "undetermined", code: "INTERNAL" });
    // What waits for a worker that never came is told so; a pool of new ones is started.
    while ((await ask()).code === "INTERNAL") await sleep(20);
    expect(await ask()).toMatchObject({ code: "VALID" });
    while (!server.log().includes("a worker failed, and was replaced")) await sleep(20);
    expect(server.log()).toContain("failed while it loaded");
    server.process.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });
});
