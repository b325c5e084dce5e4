import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpRequest, HttpResponse } from "./seam.js";

/** A request of node:http as uWebSockets.js shows one. */
export class NodeRequest implements HttpRequest {
  constructor(readonly message: IncomingMessage) {}

  getMethod(): string {
    return (this.message.method ?? "").toLowerCase();
  }

  getUrl(): string {
    return (this.message.url ?? "").split("?")[0] ?? "";
  }

  getHeader(lowerCaseName: string): string {
    let found: string | undefined;
    this.forEach((name, value) => {
      if (name === lowerCaseName) found ??= value;
    });
    return found ?? "";
  }

  /** Lines as they came: node:http's own map joins some and drops others. */
  forEach(each: (name: string, value: string) => void): void {
    const { rawHeaders } = this.message;
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      each((rawHeaders[i] ?? "").toLowerCase(), rawHeaders[i + 1] ?? "");
  }
}

export type Upgrade = (userData: unknown, protocol: string) => void;

/** And its answer. What is said of one whose peer is gone goes nowhere. */
export class NodeResponse implements HttpResponse {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #upgrade: Upgrade | undefined;

  constructor(request: IncomingMessage, response: ServerResponse, upgrade?: Upgrade) {
    this.#request = request;
    this.#response = response;
    this.#upgrade = upgrade;
    response.on("error", () => undefined);
    request.on("error", () => undefined);
  }

  getRemoteAddressAsText(): ArrayBuffer {
    const text = new TextEncoder().encode(this.#request.socket.remoteAddress ?? "::");
    return text.buffer;
  }

  onAborted(handler: () => void): void {
    this.#response.once("close", () => {
      if (!this.#response.writableEnded) handler();
    });
  }

  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): void {
    this.#request.on("data", ({ buffer, byteOffset, length }: Buffer) => {
      handler(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer, false);
    });
    this.#request.once("end", () => {
      handler(new ArrayBuffer(0), true);
    });
  }

  /** node:http answers what comes on one connection in its order. */
  pause(): void {
    return;
  }

  resume(): void {
    return;
  }

  cork(write: () => void): void {
    write();
  }

  writeStatus(status: string): this {
    this.#response.statusCode = Number.parseInt(status);
    this.#response.statusMessage = status.slice(4);
    return this;
  }

  writeHeader(name: string, value: string): this {
    this.#response.appendHeader(name, value);
    return this;
  }

  end(body: string | Uint8Array, closeConnection: boolean): void {
    this.#keep(closeConnection);
    this.#response.end(body);
  }

  endWithoutBody(length: number | undefined, closeConnection: boolean): void {
    this.#keep(closeConnection);
    if (length !== undefined) this.#response.setHeader("Content-Length", length);
    this.#response.end();
  }

  close(): void {
    this.#request.socket.destroy();
  }

  upgrade(userData: unknown, _key: string, protocol: string): void {
    this.#upgrade?.(userData, protocol);
  }

  /** What follows a refusal on its connection must not pass for another request. */
  #keep(closeConnection: boolean): void {
    if (!closeConnection) return;
    this.#response.shouldKeepAlive = false;
    const { socket } = this.#request;
    this.#response.once("finish", () => {
      socket.end();
      // What its peer still sends is not read any more.
      setTimeout(() => socket.destroy(), LINGER).unref();
    });
  }
}

/** So long after the last answer a peer may take to hear it (milliseconds). */
const LINGER = 2_000;
