import {
  CloseCode,
  type ErrorFrame,
  type FrameCodec,
  FrameError,
  jsonCodec,
  MAX_FRAME_ITEMS,
  MAX_FRAME_LENGTH,
  type Question,
  readClientFrame,
  type ServerFrame,
  SUBPROTOCOL_TOKEN,
} from "../format/frame.js";
import { msgpackCodec } from "../format/msgpack.js";
import type { Exchange } from "./exchange.js";
import { PerAddress } from "./per-address.js";
import { Problem } from "./problem.js";
import type { StreamSocket } from "./sockets.js";
import type { Tally } from "./tally.js";
import { bearerOf, granted, outOfScope, type Scope, type TokenCheck } from "./token.js";

export interface StreamOptions {
  /** Version of the server, for the greeting. */
  version: string;
  /** Items that one connection may have unanswered. */
  credits: number;
  /** Seconds without a frame after which a connection is closed; 0 for never. */
  idleSeconds: number;
  /** Connections from one address. */
  perAddress: number;
}

/** One WebSocket. */
export interface Connection {
  readonly codec: FrameCodec;
  readonly address: string;
  /** Absent: the token was missing or wrong. */
  readonly scope: Scope | undefined;
  /** Items taken and not yet answered. */
  owed: number;
  /** performance.now() of the last frame. */
  heard: number;
  open: boolean;
}

type Socket = StreamSocket<Connection>;

/**
 * Bytes of answers that may wait for a slow reader, beyond what the system buffers; with more the connection is cut.
 * A reader that keeps to its credits and asks for no claims cannot come near: 4,096 verdicts are under 1 MB.
 */
export const MAX_BACKPRESSURE = 16 * 1024 * 1024;

const CODECS = [msgpackCodec, jsonCodec];

/** The WebSocket door: `GET /v1/stream`. */
export class Stream {
  readonly #sockets = new Set<Socket>();
  readonly #addresses: PerAddress;
  readonly #tally: Tally;
  readonly #token: TokenCheck;
  readonly #options: StreamOptions;
  readonly #idleTimer: ReturnType<typeof setInterval> | undefined;
  #draining = false;

  constructor(tally: Tally, token: TokenCheck, options: StreamOptions) {
    this.#tally = tally;
    this.#token = token;
    this.#options = options;
    this.#addresses = new PerAddress(options.perAddress);
    if (options.idleSeconds > 0) {
      const every = Math.min(5_000, options.idleSeconds * 250);
      this.#idleTimer = setInterval(() => {
        this.#closeIdle();
      }, every).unref();
    }
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Who asks for a connection, by which of its subprotocols. Throws Problem. */
  admit(exchange: Exchange, offered: string): Connection {
    const protocols = offered.split(",").map((protocol) => protocol.trim());
    const codec = CODECS.find(({ subprotocol }) => protocols.includes(subprotocol));
    if (codec === undefined) {
      const names = CODECS.map(({ subprotocol }) => subprotocol).join(" or ");
      throw new Problem("BAD_REQUEST", `Sec-WebSocket-Protocol must offer ${names}`);
    }
    if (this.#draining) throw new Problem("SHUTTING_DOWN", "connect to another server");
    const { address } = exchange;
    if (this.#addresses.isFull(address)) {
      throw new Problem("TOO_MANY_CONNECTIONS", `one address may hold ${this.#options.perAddress} streams`);
    }
    const token = protocols.find((protocol) => protocol.startsWith(SUBPROTOCOL_TOKEN));
    const bearer = bearerOf(exchange.authorization) ?? token?.slice(SUBPROTOCOL_TOKEN.length);
    // A browser's script learns close codes, but never the status of a refused upgrade: tokens are refused after it.
    const scope = this.#token.scopeOf(bearer);
    return { codec, address, scope, owed: 0, heard: performance.now(), open: true };
  }

  opened(socket: Socket): void {
    const connection = socket.getUserData();
    this.#sockets.add(socket);
    this.#addresses.enter(connection.address);
    if (connection.scope === undefined) {
      close(socket, CloseCode.TOKEN, "a valid bearer token is required");
      return;
    }
    const limits = { items: MAX_FRAME_ITEMS, bytes: MAX_FRAME_LENGTH };
    send(socket, { type: "welcome", server: this.#options.version, credits: this.#options.credits, limits });
  }

  /** `message` is only valid until this returns. */
  received(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const connection = socket.getUserData();
    // After the last answer the client is told to go elsewhere, and asks again there.
    if (this.#draining || !connection.open) return;
    connection.heard = performance.now();
    try {
      this.#answer(socket, connection, this.#read(connection, message, isBinary));
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (error.seq === undefined) close(socket, CloseCode.BAD_FRAME, error.message);
      else send(socket, refusal(error.seq, error.message));
    }
  }

  closed(socket: Socket): void {
    const connection = socket.getUserData();
    connection.open = false;
    if (this.#sockets.delete(socket)) this.#addresses.leave(connection.address);
  }

  /** Take no more frames; each connection is closed once it has its answers. */
  drain(): void {
    this.#draining = true;
    clearInterval(this.#idleTimer);
    for (const socket of [...this.#sockets]) this.#closeIfDone(socket);
  }

  /** Close what is left. */
  end(): void {
    for (const socket of [...this.#sockets]) close(socket, CloseCode.GOING_AWAY, GOING_AWAY);
  }

  #read(connection: Connection, message: ArrayBuffer, isBinary: boolean): Question {
    if (isBinary !== connection.codec.binary) {
      throw new FrameError(`${connection.codec.subprotocol} is sent in ${isBinary ? "text" : "binary"} messages`);
    }
    if (message.byteLength > MAX_FRAME_LENGTH) throw new FrameError(`a frame has at most ${MAX_FRAME_LENGTH} bytes`);
    return readClientFrame(connection.codec.decode(Buffer.from(message)));
  }

  #answer(socket: Socket, connection: Connection, { seq, qrs, request }: Question): void {
    const { scope = {} } = connection;
    const fault = outOfScope(scope, request);
    if (fault !== undefined) {
      close(socket, CloseCode.SCOPE, fault);
      return;
    }
    if (connection.owed + qrs.length > this.#options.credits) {
      close(socket, CloseCode.OVER_CREDIT, `more than ${this.#options.credits} items unanswered`);
      return;
    }
    connection.owed += qrs.length;
    const requirements = granted(scope, this.#tally.judge.requirementsOf(request, "card"));
    this.#tally.ask(
      "stream",
      qrs,
      () => requirements,
      (verdicts) => {
        connection.owed -= qrs.length;
        if (!connection.open) return;
        send(socket, { type: "verdicts", seq, verdicts });
        if (this.#draining) this.#closeIfDone(socket);
      },
    );
  }

  #closeIfDone(socket: Socket): void {
    const { open, owed } = socket.getUserData();
    if (open && owed === 0) close(socket, CloseCode.GOING_AWAY, GOING_AWAY);
  }

  #closeIdle(): void {
    const before = performance.now() - this.#options.idleSeconds * 1000;
    for (const socket of [...this.#sockets]) {
      const { heard, owed } = socket.getUserData();
      if (owed === 0 && heard < before) close(socket, CloseCode.IDLE, "no frame for too long");
    }
  }
}

const GOING_AWAY = "the server is shutting down";

function refusal(seq: number, message: string): ErrorFrame {
  return { type: "error", seq, code: "BAD_REQUEST", message };
}

function send(socket: Socket, frame: ServerFrame): void {
  const { codec, open } = socket.getUserData();
  // Beyond MAX_BACKPRESSURE the connection is cut by this call, and `closed` runs within it.
  if (open) socket.send(codec.encode(frame), codec.binary);
}

function close(socket: Socket, code: CloseCode, reason: string): void {
  if (socket.getUserData().open) socket.end(code, reason);
}
