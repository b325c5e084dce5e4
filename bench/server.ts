import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { publishFile } from "../src/authority/publish-file.js";
import { Engine } from "../src/engine/engine.js";
import { STATUS_FILE, TRUST_FILE } from "../src/format/feed.js";
import { type Door, loadFrom, ourDoor, peerDoor } from "./doors.js";
import type { LoadOrders, LoadReport } from "./load.js";
import { median } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { quantile } from "./score.js";
import { residentMebibytes, serve } from "./serve.js";
import { ended } from "./switch.js";
import { makeTraffic, type Traffic } from "./traffic.js";

/** What the two sides of a row were in each round. */
interface Rounds {
  ours: number[];
  peer: number[];
}

const PEER = "the peer in a piscina pool behind ws";

/** How much is put on the server; `quick` only to see that it works. */
function scaleOf(quick: boolean) {
  return quick
    ? { rounds: 1, milliseconds: 1_000, gates: 50, idle: 200, besideMs: 1_000 }
    : { rounds: 3, milliseconds: 4_000, gates: 1_000, idle: 5_000, besideMs: 10_000 };
}

type Load = Omit<LoadOrders, "target" | "url" | "scans" | "milliseconds" | "warmUp">;

const BANK: Load = { lane: "bulk", connections: 1, items: 256, window: 4_096 };
/** A gate shows one card after another. */
const gates = (connections: number): Load => ({ lane: "gate", connections, items: 1, window: 1 });

/** Banks and gates, each load from a process of its own on the same machine. What is wrong once ends it. */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const traffic = await makeTraffic(quick ? 500 : 4_000);
  const bench = new Bench(traffic, scaleOf(quick), await ourDoor(traffic), await peerDoor(traffic));
  try {
    const results = [...(await bench.banks()), ...(await bench.gates()), ...(await bench.beside())];
    return [
      ...results,
      ...(await idleConnections(traffic, scaleOf(quick))),
      row("server", "answers lost, doubled or swapped, of all above", "answers", 0),
    ];
  } finally {
    await bench.close();
  }
}

class Bench {
  constructor(
    readonly traffic: Traffic,
    readonly scale: ReturnType<typeof scaleOf>,
    readonly ours: Door,
    readonly peer: Door,
  ) {}

  async close(): Promise<void> {
    await this.ours.close();
    await this.peer.close();
  }

  async banks(): Promise<BenchResult[]> {
    const rates: Rounds = { ours: [], peer: [] };
    const [perCpu, alone]: [number[], number[]] = [[], []];
    const engine = await Engine.create({ trust: this.traffic.trust, status: this.traffic.status });
    for (let round = 0; round < this.scale.rounds; round++) {
      const before = process.cpuUsage();
      let begun = before;
      const report = await this.#load(this.ours, BANK, { onOpen: () => (begun = process.cpuUsage(before)) });
      const spent = cpuSeconds(before) - (begun.user + begun.system) / 1e6;
      // All that was asked after the connection stood took this time, the warm-up included.
      perCpu.push((report.verdicts * (this.scale.milliseconds / 1000 / report.seconds)) / spent);
      rates.ours.push(report.verdicts / report.seconds);
      rates.peer.push(rateOf(await this.#load(this.peer, BANK)));
      alone.push(engineAlone(engine, this.traffic));
    }
    const workers = availableParallelism();
    return [
      compared(`bank, one connection, 256 cards a frame, ${workers} workers`, "verdicts/s", rates, PEER),
      compared("the same by CPU time, all threads of the server", "verdicts/CPU s", { ours: perCpu, peer: alone }, "the engine alone"), // prettier-ignore
    ];
  }

  async gates(): Promise<BenchResult[]> {
    const load = gates(this.scale.gates);
    const rates: Rounds = { ours: [], peer: [] };
    for (let round = 0; round < this.scale.rounds; round++) {
      rates.ours.push(rateOf(await this.#load(this.ours, load)));
      rates.peer.push(rateOf(await this.#load(this.peer, load)));
    }
    const half = Math.floor(median(rates.ours) / 2);
    const [middle, late]: [number[], number[]] = [[], []];
    for (let round = 0; round < this.scale.rounds; round++) {
      const { latencies } = await this.#load(this.ours, { ...load, rate: half });
      middle.push(quantile(latencies, 0.5));
      late.push(quantile(latencies, 0.99));
    }
    const name = `${this.scale.gates} gates, one card a frame`;
    return [
      compared(`${name}, saturated`, "verdicts/s", rates, PEER),
      alone(`${name}, half of that, open loop, median`, "ms", middle),
      alone(`${name}, half of that, open loop, p99`, "ms", late),
    ];
  }

  /** A hundred gates, two scans a second each, alone and while a bank asks as much as it may. */
  async beside(): Promise<BenchResult[]> {
    const load = { ...gates(100), rate: 200 };
    const [quiet, beside]: [number[], number[]] = [[], []];
    let busy = 0;
    for (let round = 0; round < this.scale.rounds; round++) {
      const milliseconds = this.scale.besideMs;
      quiet.push(quantile((await this.#load(this.ours, load, { milliseconds })).latencies, 0.99));
      const bank = this.#load(this.ours, BANK, { milliseconds: milliseconds + 1_000 });
      const report = await this.#load(this.ours, load, { milliseconds });
      await bank;
      beside.push(quantile(report.latencies, 0.99));
      busy += report.busy;
    }
    return [
      alone("100 gates, 200 scans/s in all, p99", "ms", quiet),
      alone("the same beside a bank that saturates, p99", "ms", beside),
      alone("of these scans BUSY, and shown again", "scans", [busy]),
    ];
  }

  #load(
    { target, url }: Door,
    load: Load,
    { milliseconds = this.scale.milliseconds, onOpen = (): void => undefined } = {},
  ): Promise<LoadReport> {
    const { scans } = this.traffic;
    return loadFrom({ ...load, target, url, scans, milliseconds, warmUp: milliseconds / 4 }, onOpen);
  }
}

/** What connections take that ask nothing, of a server of its own, as Linux tells it. */
async function idleConnections(traffic: Traffic, { idle }: ReturnType<typeof scaleOf>): Promise<BenchResult[]> {
  if (process.platform !== "linux") return [];
  const folder = await mkdtemp(join(tmpdir(), "hufu-bench-"));
  const processes: ChildProcess[] = [];
  try {
    await publishFile(join(folder, TRUST_FILE), [traffic.trust]);
    await publishFile(join(folder, STATUS_FILE), [traffic.status]);
    const url = await serve(folder, processes, "--per-address", String(idle), "--connections", String(idle + 100));
    const [server] = processes;
    if (server === undefined) throw new Error("there is no server");
    const load = { target: "hufu" as const, url, scans: traffic.scans, warmUp: 0 };
    // What it compiles and keeps for its first clients is not theirs.
    await loadFrom({ ...load, ...gates(100), rate: 1_000, milliseconds: 2_000 });
    const before = residentMebibytes(server);
    let after = NaN;
    const open = (): void => {
      void sleep(2_000).then(() => (after = residentMebibytes(server)));
    };
    await loadFrom({ ...load, ...gates(idle), rate: 0, milliseconds: 3_000 }, open);
    return [alone(`${idle} idle connections, memory more`, "MiB", [after - before])];
  } finally {
    await Promise.all(processes.map(ended));
    await rm(folder, { recursive: true, force: true });
  }
}

function rateOf({ verdicts, seconds }: LoadReport): number {
  return verdicts / seconds;
}

function compared(name: string, unit: string, { ours, peer }: Rounds, against: string): BenchResult {
  const ratio = ours.map((value, round) => value / (peer[round] ?? NaN));
  const result = row("server", name, unit, median(ours), [{ name: against, value: median(peer) }]);
  // Of each round by itself: the two sides of one met the same machine.
  return { ...result, ratio: median(ratio), rounds: { ours, ratio } };
}

function alone(name: string, unit: string, ours: number[]): BenchResult {
  return { ...row("server", name, unit, median(ours)), rounds: { ours } };
}

/** Seconds of CPU time of all threads since then. */
function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

const BATCH = 128;

/** Verdicts for a second of CPU time, from texts as they come from a socket, in batches as the pool makes them. */
function engineAlone(engine: Engine, { scans }: Traffic): number {
  const texts = scans.map(({ qr }) => new TextEncoder().encode(qr));
  const before = process.cpuUsage();
  for (let i = 0; i < texts.length; i += BATCH) engine.verifyBatch(texts.slice(i, i + BATCH));
  return texts.length / cpuSeconds(before);
}
