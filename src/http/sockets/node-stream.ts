import type { RawData, WebSocket } from "ws";
import { DROPPED, type StreamSocket, type WebSocketBehavior } from "./seam.js";

/** As uWebSockets.js tells of a message: it waits, or it was sent. */
const WAITS = 0;
const SENT = 1;
/** A peer that does not answer a close frame is cut off (milliseconds). */
const CLOSING = 5_000;

/** A connection of ws as uWebSockets.js shows one: it is over when its end has been said, and nothing is heard after. */
export class NodeStream<T> implements StreamSocket<T> {
  readonly #socket: WebSocket;
  readonly #userData: T;
  readonly #behavior: WebSocketBehavior<T>;
  readonly #onGone: (stream: NodeStream<T>) => void;
  #isOver = false;

  constructor(socket: WebSocket, userData: T, behavior: WebSocketBehavior<T>, onGone: (stream: NodeStream<T>) => void) {
    this.#socket = socket;
    this.#userData = userData;
    this.#behavior = behavior;
    this.#onGone = onGone;
    socket.on("message", (data: RawData, isBinary) => {
      if (!this.#isOver) behavior.message(this, bytesOf(data), isBinary);
    });
    socket.on("ping", () => {
      if (!this.#isOver) behavior.ping(this);
    });
    socket.on("pong", () => {
      if (!this.#isOver) behavior.pong(this);
    });
    socket.on("error", () => undefined);
    socket.on("close", (code) => {
      this.#over(code);
    });
  }

  getUserData(): T {
    return this.#userData;
  }

  send(message: string | Uint8Array, isBinary: boolean): number {
    if (this.#isOver) return DROPPED;
    if (this.#socket.bufferedAmount > this.#behavior.maxBackpressure) {
      this.close();
      return DROPPED;
    }
    this.#socket.send(message, { binary: isBinary });
    return this.#socket.bufferedAmount > 0 ? WAITS : SENT;
  }

  end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#socket.close(code, reason);
    setTimeout(() => {
      this.#socket.terminate();
    }, CLOSING).unref();
    this.#over(code);
  }

  ping(): void {
    if (!this.#isOver) this.#socket.ping();
  }

  getBufferedAmount(): number {
    return this.#isOver ? 0 : this.#socket.bufferedAmount;
  }

  close(): void {
    this.#socket.terminate();
    this.#over(1006);
  }

  #over(code: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#behavior.close(this, code);
    this.#onGone(this);
  }
}

function bytesOf(data: RawData): ArrayBuffer {
  if (data instanceof ArrayBuffer) return data;
  const { buffer, byteOffset, length } = Array.isArray(data) ? Buffer.concat(data) : data;
  return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
}
