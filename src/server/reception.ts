import { Exchange, joined } from "../http/exchange.js";
import type { Origins } from "../http/origins.js";
import type { Peers } from "../http/peers.js";
import { Problem } from "../http/problem.js";
import type { HttpRequest, HttpResponse, UpgradeContext } from "../http/sockets/seam.js";
import type { Connection } from "./connection.js";

export type Handler = (exchange: Exchange) => void | Promise<void>;
/** What there is, by path and method. */
export type Routes = ReadonlyMap<string, Partial<Record<string, Handler>>>;
/** Told of exceptions that no request explains. */
export type OnError = (error: unknown, requestId: string) => void;

/** Where monitoring asks by whatever name or address the server has. */
const UNGUARDED = ["/livez", "/readyz", "/metrics"];

/** Every request comes in here: it is looked at, and led to the door that is for it, or refused. */
export class Reception {
  readonly #routes: Routes;
  readonly #origins: Origins;
  readonly #peers: Peers;
  readonly #onError: OnError;
  #arrived = 0;
  /** Answer what comes, and let nobody stay. */
  closing = false;

  constructor(routes: Routes, origins: Origins, peers: Peers, onError: OnError = () => undefined) {
    this.#routes = routes;
    this.#origins = origins;
    this.#peers = peers;
    this.#onError = onError;
  }

  /** Requests that have come in. */
  get arrived(): number {
    return this.#arrived;
  }

  /** An exception that left this handler would end the process. */
  receive(response: HttpResponse, request: HttpRequest): void {
    const exchange = this.#open(response, request);
    if (exchange.framing !== undefined) {
      refuseLater(exchange, exchange.framing);
      return;
    }
    try {
      if (!UNGUARDED.includes(exchange.path)) this.#origins.admit(exchange);
      const preflight = this.#origins.preflightOf(exchange);
      if (preflight !== undefined) exchange.done(preflight);
      else this.#lead(exchange);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  /** A request that asks for a WebSocket; `admit` throws Problem. */
  upgrade(
    response: HttpResponse,
    request: HttpRequest,
    context: UpgradeContext,
    admit: (exchange: Exchange, protocols: string) => Connection,
  ): void {
    const exchange = this.#open(response, request);
    try {
      if (exchange.framing !== undefined) throw exchange.framing;
      this.#origins.admit(exchange);
      if (this.closing) throw new Problem("SHUTTING_DOWN", "connect to another server");
      const isWebSocket = request.getHeader("upgrade").toLowerCase() === "websocket";
      if (!isWebSocket || request.getHeader("sec-websocket-version") !== "13") throw upgradeRequired();
      const connection = admit(exchange, joined(request, "sec-websocket-protocol"));
      const key = request.getHeader("sec-websocket-key");
      const extensions = request.getHeader("sec-websocket-extensions");
      response.upgrade(connection, key, connection.codec.subprotocol, extensions, context);
    } catch (error) {
      this.#fail(exchange, error);
    }
  }

  #open(response: HttpResponse, request: HttpRequest): Exchange {
    this.#arrived++;
    const exchange = new Exchange(response, request, this.#peers);
    exchange.headers = this.#origins.headersFor(exchange);
    exchange.isLast = this.closing;
    return exchange;
  }

  #lead(exchange: Exchange): void {
    const methods = this.#routes.get(exchange.path);
    if (methods === undefined) throw new Problem("NOT_FOUND", "see /openapi.json for what there is");
    const handler = methods[exchange.method];
    if (handler === undefined) {
      const allowed = Object.keys(methods).join(", ");
      throw new Problem("METHOD_NOT_ALLOWED", `use ${allowed}`, { Allow: allowed });
    }
    handler(exchange)?.catch((error: unknown) => {
      this.#fail(exchange, error);
    });
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (!(error instanceof Problem)) this.#onError(error, exchange.requestId);
    exchange.refuse(error instanceof Problem ? error : new Problem("INTERNAL", "this is a fault of the server"));
  }
}

/** For whoever asks for a stream otherwise than RFC 6455 section 4.2.1 says, or in another version (section 4.4). */
export function upgradeRequired(): Problem {
  const headers = { Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
  return new Problem("UPGRADE_REQUIRED", "connect with a WebSocket client, version 13 (RFC 6455)", headers);
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
