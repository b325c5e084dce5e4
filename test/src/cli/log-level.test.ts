import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { HufuClient } from "../../../src/client/client.js";
import { jwksOf } from "../../support/make-card.js";
import { type ServeProcess, startServe } from "../../support/serve.js";
import { card, issuerKey } from "../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-log-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The lines of a server's log after a client came, asked and went. */
async function logOf(...args: string[]): Promise<{ msg: string; level: number }[]> {
  const server = await startServe(["--trust", trust, "--feed", folder, ...args], { HUFU_STATE: "none" });
  const client = new HufuClient(`ws://127.0.0.1:${server.port}`);
  await client.verify(card);
  client.close();
  await gone(server);
  server.process.kill("SIGTERM");
  expect(await server.ended).toBe(0);
  return server
    .log()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { msg: string; level: number });
}

/** Until the server has noticed that the client went. */
async function gone({ port }: ServeProcess): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    if (/^hufu_streams 0$/m.test(text)) return;
    await sleep(20);
  }
}

describe("hufu serve --log-level", () => {
  it("debug: each stream that comes and goes, its session, and each look at the feed; nothing of a card", async () => {
    const lines = await logOf("--log-level", "debug");
    const said = (msg: string) => lines.filter((line) => line.msg === msg);
    expect(said("stream opened")).toMatchObject([{ level: 20, connection: 1, address: "127.0.0.1" }]);
    expect(said("stream welcomed")).toMatchObject([{ connection: 1, resumed: false, owed: 0 }]);
    expect(said("stream closed")).toMatchObject([{ connection: 1, code: expect.any(Number) as number }]);
    expect(said("looked at the feed").length).toBeGreaterThan(0);
    expect(JSON.stringify(lines)).not.toContain(card.slice(0, 20));
  });

  it("info, the default: nothing of these", async () => {
    const lines = await logOf();
    expect(lines.filter(({ level }) => level < 30)).toEqual([]);
    expect(lines.some(({ msg }) => msg === "verifying")).toBe(true);
  });
});
