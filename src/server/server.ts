import { MAX_FRAME_LENGTH } from "../format/frame.js";
import { Exchange } from "./exchange.js";
import { Metrics } from "./metrics.js";
import { openApi } from "./openapi.js";
import { Problem } from "./problem.js";
import { type HttpRequest, type HttpResponse, openSockets, type us_socket_context_t } from "./sockets.js";
import { type Connection, MAX_BACKPRESSURE, Stream } from "./stream.js";
import { type Judge, Tally } from "./tally.js";
import { type AccessToken, TokenCheck } from "./token.js";
import { VerifyDoor } from "./verify-door.js";

export interface ServerOptions {
  host: string;
  /** 0: any that is free. */
  port: number;
  /** Version to tell. */
  version: string;
  /** Bearer tokens, one of which clients must show; everyone is let in without any. */
  tokens?: readonly AccessToken[];
  /** Items that one stream may have unanswered; 4,096 by default. */
  credits?: number;
  /** Seconds without a frame after which a stream is closed, 0 for never; 600 by default. */
  idleSeconds?: number;
  /** Streams, and HTTP requests at work, from one address; 256 by default. */
  perAddress?: number;
  /** Connections in all; 10,000 by default. */
  connections?: number;
  /** Files to serve beside the service's own addresses, by path. */
  pages?: ReadonlyMap<string, Page>;
  /** Told of exceptions that no request explains. */
  onError?: (error: unknown, requestId: string) => void;
}

export interface Page {
  type: string;
  body: string | Uint8Array;
}

export interface RunningServer {
  readonly port: number;
  /** Accept nothing new, answer what is in work, then close every connection. */
  close(): Promise<void>;
}

type Handler = (exchange: Exchange) => void | Promise<void>;

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
  const { app, listen } = openSockets();
  const token = new TokenCheck(options.tokens ?? []);
  const perAddress = options.perAddress ?? 256;
  const most = options.connections ?? 10_000;
  const metrics = new Metrics(() => judge.stats);
  const tally = new Tally(judge, metrics);
  const stream = new Stream(tally, token, {
    version: options.version,
    credits: options.credits ?? 4_096,
    idleSeconds: options.idleSeconds ?? 600,
    perAddress,
  });
  const door = new VerifyDoor(tally, token, perAddress);
  metrics.gauge("hufu_items_in_flight", "Texts taken in and not yet answered", () => tally.inFlight.count);
  metrics.gauge("hufu_streams", "WebSocket connections", () => stream.size);
  const api = openApi(options.version);
  let closing = false;
  let connections = 0;

  const routes = new Map<string, Partial<Record<string, Handler>>>([
    ["/v1/verify", { POST: (exchange) => door.handle(exchange) }],
    ["/v1/stream", { GET: refuseWithoutUpgrade }],
    [
      "/livez",
      read((exchange) => {
        exchange.send("text/plain", "alive\n");
      }),
    ],
    [
      "/readyz",
      read((exchange) => {
        if (closing) throw new Problem("SHUTTING_DOWN", "this server takes no new work");
        exchange.send("text/plain", "ready\n");
      }),
    ],
    [
      "/version",
      read((exchange) => {
        exchange.json({ name: "hufu", version: options.version });
      }),
    ],
    [
      "/metrics",
      read(async (exchange) => {
        exchange.send(metrics.contentType, await metrics.text());
      }),
    ],
    [
      "/openapi.json",
      read((exchange) => {
        exchange.json(api);
      }),
    ],
  ]);
  for (const [path, page] of options.pages ?? []) {
    routes.set(
      path,
      read((exchange) => {
        exchange.send(page.type, page.body, PAGE_HEADERS);
      }),
    );
  }

  const fail = (exchange: Exchange, error: unknown): void => {
    if (!(error instanceof Problem)) options.onError?.(error, exchange.requestId);
    exchange.refuse(error instanceof Problem ? error : new Problem("INTERNAL", "this is a fault of the server"));
  };

  app.filter((response, change) => {
    connections += Number(change);
    if (Number(change) > 0 && connections > most) response.close();
  });

  app.any("/*", (response, request) => {
    // An exception that left this handler would end the process.
    const exchange = new Exchange(response, request);
    if (exchange.framing !== undefined) {
      refuseLater(exchange, exchange.framing);
      return;
    }
    try {
      const answered = handlerOf(routes, exchange)(exchange);
      answered?.catch((error: unknown) => {
        fail(exchange, error);
      });
    } catch (error) {
      fail(exchange, error);
    }
  });

  app.ws<Connection>("/v1/stream", {
    // Twice what a frame may have: what is only a little too large is told so before it is closed.
    maxPayloadLength: 2 * MAX_FRAME_LENGTH,
    maxBackpressure: MAX_BACKPRESSURE,
    closeOnBackpressureLimit: true,
    // For peers that have vanished; idle ones are closed by Stream, with a code.
    idleTimeout: 60,
    sendPingsAutomatically: true,
    upgrade: (response, request, context) => {
      const exchange = new Exchange(response, request);
      try {
        if (exchange.framing !== undefined) throw exchange.framing;
        upgrade(response, request, context, stream.admit(exchange, request.getHeader("sec-websocket-protocol")));
      } catch (error) {
        fail(exchange, error);
      }
    },
    open: (socket) => {
      stream.opened(socket);
    },
    message: (socket, message, isBinary) => {
      stream.received(socket, message, isBinary);
    },
    close: (socket) => {
      // An upgraded connection is not reported to the filter a second time.
      connections--;
      stream.closed(socket);
    },
  });

  const { port, stop } = await listen(options.host, options.port);
  return {
    port,
    close: async () => {
      if (closing) return;
      closing = true;
      stop();
      stream.drain();
      await Promise.all([tally.inFlight.idle(GRACE_MS), door.atWork.idle(GRACE_MS)]);
      stream.end();
      app.close();
    },
  };
}

/**
 * Refuse in the next turn: what follows in the same packet may be a smuggled request, and uWebSockets.js cuts a
 * connection on which one arrives before the last was answered.
 */
function refuseLater(exchange: Exchange, problem: Problem): void {
  setImmediate(() => {
    exchange.refuse(problem);
  });
}

function read(handler: Handler): Partial<Record<string, Handler>> {
  return { GET: handler, HEAD: handler };
}

function handlerOf(routes: ReadonlyMap<string, Partial<Record<string, Handler>>>, exchange: Exchange): Handler {
  const methods = routes.get(exchange.path);
  if (methods === undefined) throw new Problem("NOT_FOUND", "see /openapi.json for what there is");
  const handler = methods[exchange.method];
  if (handler === undefined) {
    const allowed = Object.keys(methods).join(", ");
    throw new Problem("METHOD_NOT_ALLOWED", `use ${allowed}`, { Allow: allowed });
  }
  return handler;
}

function refuseWithoutUpgrade(): void {
  throw new Problem("UPGRADE_REQUIRED", "connect with a WebSocket client", { Upgrade: "websocket" });
}

function upgrade(
  response: HttpResponse,
  request: HttpRequest,
  context: us_socket_context_t,
  connection: Connection,
): void {
  const key = request.getHeader("sec-websocket-key");
  const extensions = request.getHeader("sec-websocket-extensions");
  response.upgrade(connection, key, connection.codec.subprotocol, extensions, context);
}
