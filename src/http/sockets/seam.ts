import type { Certificates } from "./certificates.js";

/**
 * What a service needs of whatever speaks HTTP and WebSocket for it, in the form that uWebSockets.js has; node:http and ws
 * take its place where it does not load.
 */

export interface HttpRequest {
  getMethod(): string;
  /** Without the query. */
  getUrl(): string;
  /** Of several lines of one name the first. */
  getHeader(lowerCaseName: string): string;
  forEach(each: (name: string, value: string) => void): void;
}

export interface HttpResponse {
  getRemoteAddressAsText(): ArrayBuffer;
  onAborted(handler: () => void): unknown;
  /** `chunk` is only valid until the handler returns. */
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): unknown;
  pause(): unknown;
  resume(): unknown;
  cork(write: () => void): unknown;
  writeStatus(status: string): HttpResponse;
  writeHeader(name: string, value: string): HttpResponse;
  end(body: string | Uint8Array, closeConnection: boolean): unknown;
  endWithoutBody(length: number | undefined, closeConnection: boolean): unknown;
  close(): unknown;
  upgrade(userData: unknown, key: string, protocol: string, extensions: string, context: UpgradeContext): void;
}

/** Handed through from `upgrade` to `upgrade`. */
export type UpgradeContext = object;

export interface StreamSocket<T> {
  getUserData(): T;
  /** DROPPED where it will not arrive. */
  send(message: string | Uint8Array, isBinary: boolean): number;
  /** Closes it, and `close` is called before this returns. */
  end(code: number, reason: string): unknown;
  ping(): unknown;
  /** Bytes that wait for the reader. */
  getBufferedAmount(): number;
  /** Cuts it without a word, and forgets what waits. */
  close(): unknown;
}

/** What `send` says of a message that was neither sent nor kept. */
export const DROPPED = 2;

export interface WebSocketBehavior<T> {
  maxPayloadLength: number;
  /** Bytes that may wait for a slow reader; with more the next message cuts the connection. */
  maxBackpressure: number;
  closeOnBackpressureLimit: true;
  idleTimeout: number;
  sendPingsAutomatically: false;
  upgrade(response: HttpResponse, request: HttpRequest, context: UpgradeContext): void;
  open(socket: StreamSocket<T>): void;
  message(socket: StreamSocket<T>, message: ArrayBuffer, isBinary: boolean): void;
  ping(socket: StreamSocket<T>): void;
  pong(socket: StreamSocket<T>): void;
  /** `code` as RFC 6455 section 7.1.5 has it: 1006 where no close frame came. */
  close(socket: StreamSocket<T>, code: number): void;
}

export interface App {
  /** Told of each connection that comes (1) and goes (-1), but of none that became a stream that it went. */
  filter(watch: (response: Pick<HttpResponse, "close">, change: number) => void): unknown;
  any(pattern: "/*", handler: (response: HttpResponse, request: HttpRequest) => void): unknown;
  ws<T>(path: string, behavior: WebSocketBehavior<T>): unknown;
  /** Ends every connection. */
  close(): unknown;
}

export interface Listening {
  port: number;
  /** Accept no more connections; those there are live on. */
  stop: () => void;
}

/** By what the server speaks. */
export const SOCKETS = ["uws", "node"] as const;
export type SocketsName = (typeof SOCKETS)[number];

/** Shows new connections these certificates. Throws StartError, and then nothing has changed. */
export type Renew = (certificates: Certificates) => void;

export interface Sockets {
  name: SocketsName;
  /** Where uWebSockets.js was not to be had: why, and what helps, as two clauses. */
  instead?: string;
  app: App;
  /** Where it speaks TLS. */
  renew?: Renew;
  /** Rejects with StartError. */
  listen: (host: string, port: number) => Promise<Listening>;
}
