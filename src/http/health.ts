import { randomUUID } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Problem } from "./problem.js";
import { StartError } from "./start-error.js";

/** What can be asked of the server itself, by path. Throws Problem where the answer is not good. */
export type Probes = ReadonlyMap<string, Probe>;
export type Probe = (asker: Asker) => Answer | Promise<Answer>;

/** What is to be known of who asks. */
export interface Asker {
  readonly acceptsJson: boolean;
}

/** Does an Accept header say that JSON is read? What takes anything, as curl does, is a person's. */
export function acceptsJson(accept = ""): boolean {
  return /\bjson\b/i.test(accept);
}

export interface Answer {
  type: string;
  body: string;
  /** 200 by default. */
  status?: string;
}

export interface HealthDoor {
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds for a request to arrive: they have no bodies. */
const ARRIVAL_MS = 5_000;
const CONNECTIONS = 64;

/**
 * The probes over node:http, which answers HTTP/1.0 too, as older load balancers speak it; uWebSockets.js refuses that
 * with 505 before any handler. Rejects with StartError.
 */
export async function openHealthDoor(host: string, port: number, probes: Probes): Promise<HealthDoor> {
  const server = createServer({ headersTimeout: ARRIVAL_MS, requestTimeout: ARRIVAL_MS }, (request, response) => {
    const probe = probes.get((request.url ?? "").split("?")[0] ?? "");
    const asker = { acceptsJson: acceptsJson(request.headers.accept) };
    void answer(response, request.method ?? "", probe && (() => probe(asker)));
  });
  server.maxConnections = CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const inUse = error.code === "EADDRINUSE";
      const why = `cannot listen on ${host} port ${port} (${error.code ?? error.message})`;
      reject(new StartError(inUse ? `port ${port} on ${host} is in use` : why, "choose another with --health-port"));
    });
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function answer(
  response: ServerResponse,
  method: string,
  probe: (() => Answer | Promise<Answer>) | undefined,
): Promise<void> {
  response.setHeader("Cache-Control", "no-store");
  try {
    if (probe === undefined) throw new Problem("NOT_FOUND", "only what tells of the server itself is at this port");
    if (method !== "GET" && method !== "HEAD") throw new Problem("METHOD_NOT_ALLOWED", "use GET, HEAD");
    const { type, body, status = "200 OK" } = await probe();
    response.statusCode = Number.parseInt(status);
    response.setHeader("Content-Type", type).end(body);
  } catch (error) {
    const problem = error instanceof Problem ? error : new Problem("INTERNAL", "this is a fault of the server");
    response.statusCode = Number.parseInt(problem.status);
    response.setHeader("Content-Type", "application/problem+json").end(problem.body(randomUUID()));
  }
}
