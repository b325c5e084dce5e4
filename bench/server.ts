import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { WebSocketServer } from "ws";
import { Engine } from "../src/engine/engine.js";
import { Verifier } from "../src/engine/verifier.js";
import { startServer } from "../src/server/server.js";
import { type Deck, makeDeck } from "./cards.js";
import { median } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import type { LoadOrders, LoadReport } from "./stream-load.js";

interface Door {
  target: LoadOrders["target"];
  url: string;
  close: () => Promise<void>;
}

/** So that an answer in another's place is noticed. */
const FORGED_ONE_IN = 8;

/** Verdicts through one WebSocket, the load generator in a process of its own on the same machine. */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const deck = makeDeck(quick ? 256 : 2_048);
  const forged = makeDeck(deck.qrs.length / FORGED_ONE_IN, "ed25519", deck.kid);
  const genuine = deck.qrs.map((_, i) => i % FORGED_ONE_IN !== 0);
  const qrs = deck.qrs.map((qr, i) => (i % FORGED_ONE_IN === 0 ? (forged.qrs[i / FORGED_ONE_IN] ?? "") : qr));
  const doors = [await ourDoor(deck), await peerDoor(deck)];
  const rates: number[][] = doors.map(() => []);
  const perCpu: number[] = [];
  try {
    // They take turns, so that a machine whose speed drifts is unfair to neither.
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const [index, { target, url }] of doors.entries()) {
        const before = process.cpuUsage();
        const { verdicts, seconds } = await load({ target, url, qrs, genuine, milliseconds: quick ? 1_000 : 4_000 });
        if (target === "hufu") perCpu.push(verdicts / cpuSeconds(before));
        rates[index]?.push(verdicts / seconds);
      }
    }
  } finally {
    for (const door of doors) await door.close();
  }
  const [ours = NaN, theirs = NaN] = rates.map(median);
  const name = `one WebSocket, ${availableParallelism()} workers, load from another process`;
  const alone = { name: "the engine alone", value: await engineAlone(deck, quick) };
  return [
    row("server", name, "verdicts/s", ours, [{ name: "the peer in a piscina pool behind ws", value: theirs }]),
    row("server", "the same by CPU time, all threads of the server", "verdicts/CPU s", median(perCpu), [alone]),
  ];
}

/** Seconds of CPU time of all threads since then. */
function cpuSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Verdicts for a second of CPU time, from texts as they come from a socket, in batches as the pool makes them. */
async function engineAlone({ jwks, bytes }: Deck, quick: boolean | undefined): Promise<number> {
  const engine = await Engine.create({ trust: jwks });
  const rates: number[] = [];
  for (let round = 0; round < (quick ? 2 : 8); round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < bytes.length; i += BATCH) engine.verifyBatch(bytes.slice(i, i + BATCH));
    rates.push(bytes.length / cpuSeconds(before));
  }
  return median(rates);
}

const BATCH = 128;

async function ourDoor(deck: Deck): Promise<Door> {
  const verifier = await Verifier.create({ trust: deck.jwks });
  const server = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "bench" });
  return {
    target: "hufu",
    url: `ws://127.0.0.1:${server.port}`,
    close: async () => {
      await server.close();
      await verifier.close();
    },
  };
}

/** JSON arrays of texts in, JSON arrays of booleans out. */
async function peerDoor({ jwks }: Deck): Promise<Door> {
  const threads = availableParallelism();
  const piscina = new Piscina<{ jwks: string; qrs: string[] }, boolean[]>({
    filename: fileURLToPath(new URL("./peer-worker.js", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
  });
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      piscina.run({ jwks, qrs: JSON.parse(data.toString()) as string[] }).then(
        (verdicts) => {
          socket.send(JSON.stringify(verdicts));
        },
        // The pool is ended with what the load left behind; before that, the load sees its line cut and fails.
        () => {
          socket.terminate();
        },
      );
    });
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    target: "peer",
    url: `ws://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      for (const client of server.clients) client.terminate();
      await piscina.destroy();
    },
  };
}

function load(orders: LoadOrders): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./stream-load.js", import.meta.url)));
    child.once("message", (report: LoadReport) => {
      resolve(report);
    });
    child.once("exit", (code) => {
      if (code !== 0) reject(new Error("the load generator failed"));
    });
    child.send(orders);
  });
}
