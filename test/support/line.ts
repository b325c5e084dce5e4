import { WebSocket } from "ws";
import { jsonCodec, type ServerFrame } from "../../src/format/wire/frame.js";
import { msgpackCodec } from "../../src/format/wire/msgpack.js";
import { at } from "./server.js";

export const MSGPACK = ["hufu.v1+msgpack"];
export const JSON_TWIN = ["hufu.v1+json"];

/** A plain WebSocket that collects what the server says. */
export class Line {
  readonly frames: ServerFrame[] = [];
  readonly #socket: WebSocket;
  #changed: () => void = () => undefined;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, subprotocols: string[], headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, subprotocols, { headers });
    const codec = subprotocols[0] === jsonCodec.subprotocol ? jsonCodec : msgpackCodec;
    this.#socket.on("message", (data: Buffer) => {
      this.frames.push(codec.decode(data) as ServerFrame);
      this.#changed();
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", (code, reason) => {
        resolve({ code, reason: reason.toString() });
        this.#changed();
      });
    });
    this.#socket.on("error", () => undefined);
  }

  /** Resolves when there are `count` frames. */
  async received(count: number): Promise<ServerFrame[]> {
    while (this.frames.length < count) {
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("closed before the answer");
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    return this.frames;
  }

  send(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.close();
  }
}

/** A line that has been greeted. */
export async function openLine(url: string, subprotocols = MSGPACK): Promise<Line> {
  const line = new Line(url, subprotocols);
  await line.received(1);
  return line;
}

export function question(seq: number, qrs: readonly (string | Uint8Array)[], more = {}): Uint8Array {
  return msgpackCodec.encode({ type: "verify", seq, qrs, at: at.toISOString(), ...more }) as Uint8Array;
}
