import { systemClock } from "../engine/clock.js";
import type { WelcomeFrame } from "../format/wire/frame.js";
import { asyncApi } from "./asyncapi.js";
import { limitConnections } from "./connections.js";
import { Claims } from "./claims.js";
import { Allotment } from "./credits.js";
import { openHealthDoor, type Probe, type Probes } from "../http/health.js";
import { Metrics } from "./metrics.js";
import { observing } from "./observed.js";
import { openApi } from "./openapi.js";
import { Origins } from "../http/origins.js";
import { Peers } from "../http/peers.js";
import { Problem } from "../http/problem.js";
import { untilQuiet } from "./quiet.js";
import { Quotas } from "./quota.js";
import { Readiness } from "./readiness.js";
import { addReadinessMetrics } from "./readiness-metrics.js";
import { readinessAnswer } from "./ready-door.js";
import { type Handler, type OnError, Reception, type Routes, upgradeRequired } from "./reception.js";
import { Schedule } from "./schedule.js";
import { Sessions } from "./sessions.js";
import type { Renew, SocketsName, WebSocketBehavior } from "../http/sockets/seam.js";
import { openSockets } from "../http/sockets/sockets.js";
import type { Certificates } from "../http/sockets/certificates.js";
import { renewing } from "./certificate-door.js";
import type { Connection } from "./connection.js";
import { type StreamEvent, StreamEvents } from "./stream-events.js";
import { MAX_BACKPRESSURE, MAX_READ_LENGTH, Stream } from "./stream.js";
import { spanSink } from "./tracing.js";
import { claimsOptions, Replay } from "./replay.js";
import { type Judge, Tally } from "./tally.js";
import { type AccessToken, TokenCheck } from "./token.js";
import { VerifyDoor } from "./verify-door.js";

export interface ServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Version to tell. */
  version: string;
  /** To speak TLS by. */
  certificates?: Certificates;
  /** Bearer tokens, one of which clients must show; everyone is let in without any. */
  tokens?: readonly AccessToken[];
  /** Items of bulk work that one session may have unanswered; 4,096 by default. */
  credits?: number;
  /** Seconds without a frame after which a stream is closed, 0 for never; 600 by default. */
  idleSeconds?: number;
  /** Streams, and HTTP requests at work, from one address; 256 by default. */
  perAddress?: number;
  /** Bytes of answers that may wait for slow readers of all streams together; 128 MiB by default. */
  unsent?: number;
  /** Connections in all; 10,000 by default. */
  connections?: number;
  /** Names that the server has beside localhost and `host`; see Origins. */
  allowHost?: readonly string[];
  /** Origins of web pages that may use it. */
  cors?: readonly string[];
  /** Proxies that are believed whose a request is: addresses, or networks as CIDR writes them. */
  trustProxy?: readonly string[];
  /** Port for the probes alone, HTTP/1.0 as well, 0 for any that is free; none by default. */
  healthPort?: number;
  /** Files to serve beside the service's own addresses, by path. */
  pages?: ReadonlyMap<string, Page>;
  /** Where it is remembered which presentations were accepted: in memory by default, and then a restart forgets them. */
  claims?: Claims;
  /** Whether a good card would be accepted now; what the verifier itself says by default. */
  readiness?: Readiness;
  onError?: OnError;
  /** Told what happens to streams. */
  onStream?: (event: StreamEvent) => void;
  /** Told in a sentence what whoever runs the server should know. */
  onWarning?: (message: string) => void;
}

export interface Page {
  type: string;
  body: string | Uint8Array;
}

export interface RunningServer {
  /** What speaks to its clients. */
  readonly sockets: SocketsName;
  readonly port: number;
  readonly healthPort: number | undefined;
  /** Let in whoever shows one of these, and nobody else any more. */
  replaceTokens(tokens: readonly AccessToken[]): void;
  readonly replaceCertificates: Renew;
  /** Accept nothing new, answer what had been sent, then close every connection. */
  close(): Promise<void>;
}

const UNSENT_BYTES = 128 * 1024 * 1024;

/** `work`, done again where what it said is a second old. */
function everySecond<T>(work: () => T): () => T {
  let last: { said: T; until: number } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now >= last.until) last = { said: work(), until: now + 1_000 };
    return last.said;
  };
}

type DataInForce = Pick<WelcomeFrame, "epoch" | "dataAge">;

/** Of the newest snapshot the epoch; the age of the oldest data. */
function dataInForceOf(judge: Judge): DataInForce {
  const { statuses } = judge.health();
  const epochs = statuses.flatMap(({ epoch }) => epoch ?? []);
  const oldest = Math.min(...statuses.map(({ universe }) => universe));
  return {
    epoch: epochs.length === 0 ? null : Math.max(...epochs),
    dataAge: statuses.length === 0 ? null : Math.max(0, Math.floor(systemClock() / 1000) - oldest),
  };
}

/** How long answers that are in work are waited for when the server closes. */
const GRACE_MS = 5_000;

/** The page is its own server's only: nothing from elsewhere is loaded or may frame it. */
const PAGE_HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "Referrer-Policy": "no-referrer",
};

/** The verifier's doors: HTTP and WebSocket. Throws StartError. */
export async function startServer(judge: Judge, options: ServerOptions): Promise<RunningServer> {
  const { name: sockets, instead, app, listen, renew } = openSockets(undefined, options.certificates);
  if (instead !== undefined) options.onWarning?.(`node:http and ws speak to clients, slower: ${instead}`);
  const { host, perAddress = 256, version, credits = 4_096, idleSeconds = 600, unsent = UNSENT_BYTES } = options;
  const token = new TokenCheck(options.tokens ?? []);
  const metrics = new Metrics(() => judge.stats);
  const claims = options.claims ?? new Claims(claimsOptions(judge));
  const tally = new Tally(judge, metrics, new Replay(claims));
  judge.onBatch((items, milliseconds) => {
    metrics.batch(items, milliseconds);
  });
  const schedule = new Schedule(() => judge.stats, observing(metrics, spanSink()));
  const events = new StreamEvents(options.onStream);
  const dataInForce = everySecond(() => dataInForceOf(judge));
  const allotment = new Allotment(() => judge.stats, credits);
  const desk = { tally, schedule, quotas: new Quotas(), allotment, epoch: () => dataInForce().epoch };
  const sessions = new Sessions(desk);
  const stream = new Stream(sessions, token, { version, idleSeconds, perAddress, unsent, dataInForce, events });
  const door = new VerifyDoor(desk, token, perAddress);
  addGauges(metrics, { sockets, tally, schedule, stream, sessions, allotment, claims, events });
  const readiness = options.readiness ?? new Readiness(judge);
  addReadinessMetrics(metrics, readiness);
  const probes = probesOf(version, metrics, readiness, () => reception.closing);
  const { allowHost: allowHosts = [], cors = [] } = options;
  const reception = new Reception(
    routesOf(probes, door, options),
    new Origins({ open: token.open, host, allowHosts, cors }),
    new Peers(options.trustProxy ?? []),
    options.onError,
  );
  const crowd = limitConnections(app, options.connections ?? 10_000, metrics, options.onWarning ?? (() => undefined));
  app.any("/*", (response, request) => {
    reception.receive(response, request);
  });
  app.ws<Connection>("/v1/stream", {
    ...streamBehavior(stream, reception),
    close: (socket, code) => {
      // An upgraded connection is not reported to the filter a second time.
      crowd.left();
      stream.closed(socket, code);
    },
  });
  const health = options.healthPort === undefined ? undefined : await openHealthDoor(host, options.healthPort, probes);
  const { port, stop } = await listen(host, options.port).catch(async (error: unknown) => {
    await health?.close();
    throw error;
  });
  return {
    sockets,
    port,
    healthPort: health?.port,
    replaceCertificates: renewing(renew, options.certificates, metrics),
    replaceTokens: (tokens) => {
      token.replace(tokens);
      stream.closeStrangers();
    },
    close: async () => {
      if (reception.closing) return;
      reception.closing = true;
      stop();
      await untilQuiet(() => reception.arrived + stream.frames);
      stream.drain();
      await schedule.waiting.idle(GRACE_MS);
      await Promise.all([tally.inFlight.idle(GRACE_MS), door.atWork.idle(GRACE_MS)]);
      stream.end();
      app.close();
      await health?.close();
    },
  };
}

interface Counted {
  sockets: SocketsName;
  tally: Tally;
  schedule: Schedule;
  stream: Stream;
  sessions: Sessions;
  allotment: Allotment;
  claims: Claims;
  events: StreamEvents;
}

function addGauges(metrics: Metrics, counted: Counted): void {
  const { sockets, tally, schedule, stream, sessions, allotment, claims, events } = counted;
  metrics.gauge("hufu_guesses", "Credentials whose holder somebody took for another", () => tally.guesses.count);
  metrics.gauge("hufu_claims", "Presentations that were accepted and are remembered", () => claims.count);
  metrics.gauge("hufu_items_in_flight", "Texts taken in and not yet answered", () => tally.inFlight.count);
  metrics.gauge("hufu_items_waiting", "Texts that wait for their turn", () => schedule.waiting.count);
  metrics.gauge("hufu_sockets_uws", "1 where uWebSockets.js speaks to clients, 0 where node:http and ws do", () => Number(sockets === "uws")); // prettier-ignore
  metrics.gauge("hufu_streams", "WebSocket connections", () => stream.size);
  metrics.gauge("hufu_unsent_bytes", "Bytes of answers that wait for slow readers of streams", () => stream.unsent);
  metrics.gauge("hufu_credits", "Items of bulk work that sessions may have unanswered", () => allotment.items);
  metrics.counters("hufu_streams_closed_total", "WebSocket connections that were closed, by code", ["code"], () => events.closings()); // prettier-ignore
  metrics.gauge("hufu_sessions_kept", "Sessions that wait for a connection", () => sessions.kept);
  metrics.counter("hufu_sessions_resumed_total", "Sessions that another connection took up", () => events.resumed);
  metrics.gauge("hufu_sessions", "Sessions of streams, those without a connection included", () => sessions.size);
}

/** What the server tells of itself. */
export function probesOf(version: string, metrics: Metrics, readiness: Readiness, isClosing: () => boolean): Probes {
  return new Map<string, Probe>([
    ["/livez", () => ({ type: "text/plain", body: "alive\n" })],
    [
      "/readyz",
      (asker) => {
        if (isClosing()) throw new Problem("SHUTTING_DOWN", "this server takes no new work");
        return readinessAnswer(readiness, asker);
      },
    ],
    ["/version", () => ({ type: "application/json", body: JSON.stringify({ name: "hufu", version }) })],
    ["/metrics", async () => ({ type: metrics.contentType, body: await metrics.text() })],
  ]);
}

/** What there is, each at its address. */
export function routesOf(
  probes: Probes,
  door: Pick<VerifyDoor, "handle">,
  { version, pages }: Pick<ServerOptions, "version" | "pages">,
): Routes {
  const routes = new Map<string, Partial<Record<string, Handler>>>([
    ["/v1/verify", { POST: (exchange) => door.handle(exchange) }],
    ["/v1/stream", { GET: refuseWithoutUpgrade }],
    ["/openapi.json", document(openApi(version))],
    ["/asyncapi.json", document(asyncApi(version))],
  ]);
  for (const [path, probe] of probes) {
    const answer: Handler = async (exchange) => {
      const { type, body, status } = await probe(exchange);
      exchange.send(type, body, {}, status);
    };
    routes.set(path, read(answer));
  }
  for (const [path, page] of pages ?? []) {
    routes.set(
      path,
      read((exchange) => {
        exchange.send(page.type, page.body, PAGE_HEADERS);
      }),
    );
  }
  return routes;
}

function read(handler: Handler): Partial<Record<string, Handler>> {
  return { GET: handler, HEAD: handler };
}

function document(value: unknown): Partial<Record<string, Handler>> {
  return read((exchange) => {
    exchange.json(value);
  });
}

function refuseWithoutUpgrade(): void {
  throw upgradeRequired();
}

function streamBehavior(stream: Stream, reception: Reception): Omit<WebSocketBehavior<Connection>, "close"> {
  return {
    maxPayloadLength: MAX_READ_LENGTH,
    maxBackpressure: MAX_BACKPRESSURE,
    closeOnBackpressureLimit: true,
    // Stream finds out whether peers live, and closes with a code; this is for where it cannot.
    idleTimeout: 120,
    sendPingsAutomatically: false,
    upgrade: (response, request, context) => {
      reception.upgrade(response, request, context, (exchange, protocols) => stream.admit(exchange, protocols));
    },
    open: (socket) => {
      stream.opened(socket);
    },
    message: (socket, message, isBinary) => {
      stream.received(socket, message, isBinary);
    },
    ping: (socket) => {
      stream.alive(socket);
    },
    pong: (socket) => {
      stream.alive(socket);
    },
  };
}
