import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import { type AddressInfo, Server, type Socket } from "node:net";
import { WebSocketServer } from "ws";
import { errorOfListening } from "./listening.js";
import { NodeRequest, NodeResponse } from "./node-exchange.js";
import { NodeStream } from "./node-stream.js";
import type { App, HttpRequest, HttpResponse, Listening, Sockets, WebSocketBehavior } from "./seam.js";

/** node:http and ws as uWebSockets.js is: slower, and wherever Node runs. */
export function openNode(): Pick<Sockets, "app" | "listen"> {
  const app = new NodeApp();
  return { app, listen: (host, port) => app.listen(host, port) };
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
  readonly #server = createServer(TIMES);
  readonly #connections = new Set<Socket>();
  readonly #streams = new Set<NodeStream<unknown>>();
  /** Subprotocols that were chosen for requests that are about to become streams. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  #route: Route | undefined;
  #watch: Parameters<App["filter"]>[0] = () => undefined;
  #handler: (response: HttpResponse, request: HttpRequest) => void = () => undefined;

  constructor() {
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
    this.#connections.add(socket);
    socket.once("close", () => {
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
      this.#connections.delete(socket);
      const stream = new NodeStream(webSocket, userData, behavior, (gone) => this.#streams.delete(gone));
      this.#streams.add(stream);
      behavior.open(stream);
    });
  }
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
  if (code === "ECONNRESET" || !socket.writable) {
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
