import {
  CloseCode,
  type ClientFrame,
  type FrameCodec,
  type HelloFrame,
  readServerFrame,
  type ServerFrame,
} from "../format/wire/frame.js";
import type { Socket } from "./socket.js";

/** A server that owes a welcome or an answer and says nothing for so long is gone: TCP may not notice for hours. */
const WELCOME_MS = 5_000;
const SILENCE_MS = 15_000;

/** Who uses a line. */
export interface LineUser {
  /** May throw where the frame makes no sense: then the line ends. */
  take(frame: ServerFrame): void;
  /** The line carries nothing any more; told once. */
  lost(line: Line, code: number, reason: string): void;
  /** Is there an answer to wait for? */
  isOwed(): boolean;
}

/** One connection to a server: it says hello, reads and writes frames, and notices a silent end. */
export class Line {
  readonly #socket: Socket;
  readonly #codec: FrameCodec;
  readonly #user: LineUser;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(
    readonly url: string,
    socket: Socket,
    codec: FrameCodec,
    hello: HelloFrame,
    user: LineUser,
  ) {
    this.#socket = socket;
    this.#codec = codec;
    this.#user = user;
    this.#listenFor(WELCOME_MS);
    socket.addEventListener("open", () => {
      if (!this.#isOver) this.send(hello);
    });
    socket.addEventListener("message", ({ data }) => {
      this.#receive(data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.#end(code, reason);
    });
    // The close event that follows says all there is to say.
    socket.addEventListener("error", () => undefined);
  }

  send(frame: ClientFrame): void {
    this.#socket.send(this.#codec.encode(frame));
    if (frame.type === "verify" && this.#silence === undefined) this.#listenFor(SILENCE_MS);
  }

  /** Without telling the user. */
  close(): void {
    this.#isOver = true;
    this.#hush();
    this.#socket.close(1000);
  }

  #receive(data: unknown): void {
    if (this.#isOver) return;
    try {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer);
      this.#user.take(readServerFrame(this.#codec.decode(bytes)));
    } catch {
      // What cannot be understood cannot be matched to a question: begin again on a new connection.
      this.#socket.close(CloseCode.BAD_FRAME, "not a frame of a server");
      this.#end(1006, "the server sent what is not a frame");
      return;
    }
    if (this.#user.isOwed()) this.#listenFor(SILENCE_MS);
    else this.#hush();
  }

  #listenFor(ms: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      this.#socket.close();
      this.#end(1006, "the server is silent");
    }, ms);
  }

  #hush(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  #end(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#hush();
    this.#user.lost(this, code, reason);
  }
}
