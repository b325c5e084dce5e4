import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { HufuClient } from "../../src/client/client.js";
import { jwksOf, makeCard, payload } from "../support/make-card.js";
import { startServe } from "../support/serve.js";
import { issuerKey } from "../support/server.js";
import { isLong, tell } from "./result.js";

const SECONDS = isLong("hostile") ? Number(process.env["HUFU_SECONDS"] ?? "60") : 2;
const STREAMS = isLong("hostile") ? 256 : 40;
const EVERY_MS = 20;

const now = Math.floor(Date.now() / 1000);
const card = makeCard(issuerKey, { payload: payload([[4, now + 86_400], [5, now - 3600], [6, now - 3600]]) }); // prettier-ignore

/** Its address is its own. */
class FromElsewhere extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols, { localAddress: "127.0.0.2" });
  }
}

interface Told {
  codes: Record<string, number>;
  p50: number;
  p99: number;
  most: number;
}

/** A scan every EVERY_MS, whether the last was answered or not; milliseconds from when each was due. */
async function scans(client: HufuClient, seconds: number): Promise<Told> {
  const codes: Record<string, number> = {};
  const times: number[] = [];
  const begin = performance.now();
  const asked: Promise<void>[] = [];
  for (let due = begin; due < begin + seconds * 1000; due += EVERY_MS) {
    await sleep(Math.max(0, due - performance.now()));
    asked.push(
      client.verify(card).then(({ code }) => {
        times.push(performance.now() - due);
        codes[code] = (codes[code] ?? 0) + 1;
      }),
    );
  }
  await Promise.all(asked);
  times.sort((a, b) => a - b);
  const at = (part: number): number => Number((times[Math.floor((times.length - 1) * part)] ?? 0).toFixed(2));
  return { codes, p50: at(0.5), p99: at(0.99), most: at(1) };
}

function residentMiB(pid: number | undefined): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, "utf8"))?.[1]) / 1024);
}

async function begun(child: ChildProcess): Promise<void> {
  await new Promise((resolve) => child.stdout?.once("data", resolve));
}

/** Floods, empty texts, streams that never read and such as drip, all of one address; a gate of another beside them. */
it("lets an honest gate through beside hostile streams", { timeout: 600_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-hostile-"));
  writeFileSync(join(folder, "trust.json"), jwksOf([issuerKey]));
  const server = await startServe(["--trust", join(folder, "trust.json"), "--workers", "2"], { HUFU_STATE: "none" });
  const url = `ws://127.0.0.1:${server.port}`;
  const gate = new HufuClient(url, { lane: "gate", WebSocket: FromElsewhere });
  await scans(gate, 1);
  const alone = await scans(gate, SECONDS / 4);
  const before = residentMiB(server.process.pid);
  const hostile = spawn(process.execPath, [fileURLToPath(new URL("hostile-streams.mjs", import.meta.url)), String(server.port), String(STREAMS)]); // prettier-ignore
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, residentMiB(server.process.pid))), 250);
  await begun(hostile);
  const beside = await scans(gate, SECONDS);
  clearInterval(watch);
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
  const verdicts = metrics.split("\n").filter((line) => line.startsWith("hufu_verdicts_total"));
  hostile.kill();
  gate.close();
  server.process.kill("SIGTERM");
  await server.ended;
  rmSync(folder, { recursive: true });
  const mebibytes = { before, most };
  tell("hostile", { streams: STREAMS, alone, beside, mebibytes, verdicts });
  expect(beside.codes).toEqual({ VALID: SECONDS * (1000 / EVERY_MS) });
  expect(most - before).toBeLessThanOrEqual(256);
  if (isLong("hostile")) expect(beside.p99).toBeLessThanOrEqual(3 * alone.p99);
});
