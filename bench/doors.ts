import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { WebSocketServer } from "ws";
import { Verifier } from "../src/engine/verifier.js";
import { startServer } from "../src/server/server.js";
import type { PeerAnswer, PeerQuestion, Target } from "./line.js";
import type { LoadOrders, LoadReport } from "./load.js";
import type { LoadMessage } from "./load-process.js";
import type { PeerData } from "./peer-worker.js";
import type { Traffic } from "./traffic.js";

/** A server to put a load on, in this process. */
export interface Door {
  readonly target: Target;
  readonly url: string;
  close(): Promise<void>;
}

/** So many connections come from one address here. */
const CONNECTIONS = 10_000;

export async function ourDoor({ trust, status }: Pick<Traffic, "trust" | "status">): Promise<Door> {
  const verifier = await Verifier.create({ trust, status });
  const limits = { perAddress: CONNECTIONS, connections: CONNECTIONS };
  const server = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "bench", ...limits });
  return {
    target: "hufu",
    url: `ws://127.0.0.1:${server.port}`,
    close: async () => {
      await server.close();
      await verifier.close();
    },
  };
}

/** What one would use instead: ws, and a piscina pool of the peer. */
export async function peerDoor({ jwks, revoked }: Pick<Traffic, "jwks" | "revoked">): Promise<Door> {
  const threads = availableParallelism();
  const piscina = new Piscina<{ jwks: string; qrs: string[] }, boolean[]>({
    filename: fileURLToPath(new URL("./peer-worker.js", import.meta.url)),
    minThreads: threads,
    maxThreads: threads,
    workerData: { revoked } satisfies PeerData,
  });
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const { seq, qrs } = JSON.parse(data.toString()) as PeerQuestion;
      piscina.run({ jwks, qrs }).then(
        (accepted) => {
          socket.send(JSON.stringify({ seq, accepted } satisfies PeerAnswer));
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

/** A load from a process of its own. Rejects where an answer was lost, doubled or swapped: nothing was measured then. */
export function loadFrom(orders: LoadOrders, onOpen: () => void = () => undefined): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL("./load-process.js", import.meta.url)), { serialization: "advanced" });
    child.on("message", (message: LoadMessage) => {
      if ("open" in message) {
        onOpen();
        return;
      }
      const { lost, doubled, swapped } = message.report;
      if (lost + doubled + swapped === 0) resolve(message.report);
      else reject(new Error(`${orders.target}: ${lost} answers lost, ${doubled} doubled, ${swapped} wrong`));
    });
    child.once("exit", (code) => {
      if (code !== 0) reject(new Error("the load generator failed"));
    });
    child.send(orders);
  });
}
