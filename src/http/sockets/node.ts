import { createServer, type IncomingMessage, type Server as HttpServer, ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import { type AddressInfo, Server, type Socket } from "node:net";
import { WebSocketServer } from "ws";
import { type Certificates, tlsOptionsOf } from "./certificates.js";
import { errorOfListening } from "./listening.js";
import { NodeRequest, NodeResponse } from "./node-exchange.js";
import { NodeStream } from "./node-stream.js";
import { StartError } from "../start-error.js";
import type { App, HttpRequest, HttpResponse, Listening, Renew, Sockets, WebSocketBehavior } from "./seam.js";

/** node:http and ws as uWebSockets.js is: slower, and wherever Node runs. */
export function openNode(certificates?: Certificates): Pick<Sockets, "app" | "listen" | "renew"> {
  const secure = certificates && openSecure(certificates);
  const app = new NodeApp(secure?.server ?? createServer(TIMES));
  return { app, listen: (host, port) => app.listen(host, port), ...(secure && { renew: secure.renew }) };
}

/** With a client's authority who shows no certificate of it is refused in the handshake. */
function openSecure(certificates: Certificates): { server: SecureServer; renew: Renew } {
  const isMutual = certificates.clientCa !== undefined;
  const server = createSecureServer({
    ...TIMES,
    ...tlsOptionsOf(certificates),
    requestCert: isMutual,
    rejectUnauthorized: isMutual,
    handshakeTimeout: TIMES.headersTimeout,
    minVersion: "TLSv1.2",
    ALPNProtocols: ["http/1.1"],
  });
  const renew = (next: Certificates): void => {
    if ((next.clientCa !== undefined) !== isMutual) {
      throw new StartError("whether clients show certificates is settled when a server starts", "start it anew");
    }
    server.setSecureContext(tlsOptionsOf(next));
  };
  return { server, renew };
}

/** Milliseconds, as uWebSockets.js has them. Bodies are kept to their pace by Exchange. */
const TIMES = {
  headersTimeout: 10_000,
  requestTimeout: 0,
  keepAliveTimeout: 10_000,
  connectionsCheckingInterval: 2_000,
};

interface Route {
  path: string;
  behavior: WebSocketBehavior<unknown>;
  server: WebSocketServer;
}

class NodeApp implements App {
  readonly #server: HttpServer | SecureServer;
  /** Of TCP, whatever is spoken over them. */
  readonly #connections = new Set<Socket>();
  /** The same by peer: Node keeps to itself over which of them a TLS connection goes. */
  readonly #byPeer = new Map<string, Socket>();
  readonly #streams = new Set<NodeStream<unknown>>();
  /** Subprotocols that were chosen for requests that are about to become streams. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  #route: Route | undefined;
  #watch: Parameters<App["filter"]>[0] = () => undefined;
  #handler: (response: HttpResponse, request: HttpRequest) => void = () => undefined;

  constructor(server: HttpServer | SecureServer) {
    this.#server = server;
    this.#server.on("connection", (socket: Socket) => {
      this.#connected(socket);
    });
    this.#server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#handler(new NodeResponse(request, response), new NodeRequest(request));
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#upgrade(request, socket, head);
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
      refuseBytes(error, socket);
    });
  }

  filter(watch: Parameters<App["filter"]>[0]): void {
    this.#watch = watch;
  }

  any(_pattern: "/*", handler: (response: HttpResponse, request: HttpRequest) => void): void {
    this.#handler = handler;
  }

  ws<T>(path: string, behavior: WebSocketBehavior<T>): void {
    const server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: behavior.maxPayloadLength,
      handleProtocols: (_offered, request) => this.#protocols.get(request) ?? false,
    });
    this.#route = { path, behavior: behavior as unknown as WebSocketBehavior<unknown>, server };
  }

  listen(host: string, port: number): Promise<Listening> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        reject(errorOfListening(error.code ?? error.message, host, port));
      });
      this.#server.listen({ host, port, exclusive: true }, () => {
        // That of node:http would cut connections on which a request may be on its way.
        const stop = (): void => {
          Server.prototype.close.call(this.#server);
        };
        resolve({ port: (this.#server.address() as AddressInfo).port, stop });
      });
    });
  }

  close(): void {
    Server.prototype.close.call(this.#server);
    for (const stream of [...this.#streams]) stream.close();
    for (const socket of [...this.#connections]) socket.destroy();
  }

  #connected(socket: Socket): void {
    const peer = peerOf(socket);
    this.#connections.add(socket);
    this.#byPeer.set(peer, socket);
    // Of a TLS connection it is the upper half that is told of a reset, but for during the handshake.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (this.#byPeer.get(peer) === socket) this.#byPeer.delete(peer);
      const isStream = !this.#connections.delete(socket);
      if (!isStream) this.#watch({ close: () => undefined }, -1);
    });
    this.#watch({ close: () => socket.destroy() }, 1);
  }

  /** What asks for something else than a stream is a request like any other, without a body. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const answer = new ServerResponse(request);
    answer.assignSocket(socket);
    socket.on("error", () => undefined);
    answer.once("finish", () => {
      socket.end();
    });
    const response = new NodeResponse(request, answer, (userData, protocol) => {
      answer.detachSocket(socket);
      this.#become(userData, protocol, { request, socket, head });
    });
    const route = this.#route;
    const [path] = (request.url ?? "").split("?");
    const isStream = request.method === "GET" && path === route?.path && request.headers["sec-websocket-key"];
    if (isStream && route !== undefined) route.behavior.upgrade(response, new NodeRequest(request), {});
    else this.#handler(response, new NodeRequest(request));
  }

  #become(userData: unknown, protocol: string, { request, socket, head }: Upgrading): void {
    const route = this.#route;
    if (route === undefined) return;
    const { behavior, server } = route;
    this.#protocols.set(request, protocol);
    server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#connections.delete(this.#byPeer.get(peerOf(socket)) ?? socket);
      const stream = new NodeStream(webSocket, userData, behavior, (gone) => this.#streams.delete(gone));
      this.#streams.add(stream);
      behavior.open(stream);
    });
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

interface Upgrading {
  request: IncomingMessage;
  socket: Socket;
  head: Buffer;
}

type Refusal = readonly [status: string, code: string, detail: string];

/** By what node:http says of bytes. */
const REFUSALS: Partial<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "TOO_SLOW", "the request did not come in time"],
  HPE_HEADER_OVERFLOW: ["431 Request Header Fields Too Large", "BAD_REQUEST", "the headers are too long"],
  HPE_INVALID_TRANSFER_ENCODING: [
    "501 Not Implemented",
    "UNSUPPORTED_CODING",
    "the one Transfer-Encoding that is understood is chunked",
  ],
};

/** Bytes that are not a request, or none that came in time; node:http would say nothing of a reason. */
function refuseBytes({ code }: NodeJS.ErrnoException, socket: Socket): void {
  // What failed beneath HTTP, in TLS or TCP, is not answered in HTTP.
  if (!/^(HPE|ERR_HTTP)_/.test(code ?? "") || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, name, detail] = (code === undefined ? undefined : REFUSALS[code]) ?? [
    "400 Bad Request",
    "BAD_REQUEST",
    "this is not a request of HTTP/1.1, or its extent is in doubt",
  ];
  const body = JSON.stringify({ type: "about:blank", title: status.slice(4), status: Number.parseInt(status), detail, code: name }); // prettier-ignore
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
