import { WebSocket } from "ws";
import { type Credits, type HelloFrame, jsonCodec, type ServerFrame } from "../../src/format/wire/frame.js";
import { msgpackCodec } from "../../src/format/wire/msgpack.js";
import { at } from "./server.js";

export const MSGPACK = ["hufu.v1+msgpack"];
export const JSON_TWIN = ["hufu.v1+json"];

/** A plain WebSocket that collects what the server says. */
export class Line {
  /** What came, but for news of credits, which may come at any time. */
  readonly frames: ServerFrame[] = [];
  readonly credits: Credits[] = [];
  readonly #socket: WebSocket;
  #changed: () => void = () => undefined;
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, subprotocols: string[], headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, subprotocols, { headers });
    const codec = subprotocols[0] === jsonCodec.subprotocol ? jsonCodec : msgpackCodec;
    this.#socket.on("message", (data: Buffer) => {
      const frame = codec.decode(data) as ServerFrame;
      if (frame.type === "credits") this.credits.push(frame.credits);
      else this.frames.push(frame);
      this.#changed();
    });
    this.opened = new Promise((resolve) => {
      this.#socket.once("open", resolve).once("error", () => {
        resolve();
      });
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

  /** Nothing, where the line is not there. */
  send(data: string | Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(data);
  }

  /** As a cable that is cut: nothing is said any more. */
  cut(): void {
    this.#socket.terminate();
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

/** A line that has said hello and been welcomed. */
export async function openLine(url: string, subprotocols = MSGPACK, hello: Partial<HelloFrame> = {}): Promise<Line> {
  const line = new Line(url, subprotocols);
  await line.opened;
  const codec = subprotocols[0] === jsonCodec.subprotocol ? jsonCodec : msgpackCodec;
  line.send(codec.encode({ type: "hello", lane: "bulk", ...hello }));
  await line.received(1);
  return line;
}

export function question(seq: number, qrs: readonly (string | Uint8Array)[], more = {}): Uint8Array {
  return msgpackCodec.encode({ type: "verify", seq, items: qrs, at: at.toISOString(), ...more }) as Uint8Array;
}
