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
} from "../format/wire/frame.js";
import { msgpackCodec } from "../format/wire/msgpack.js";
import type { Exchange } from "../http/exchange.js";
import { PerAddress } from "../http/per-address.js";
import { Problem } from "../http/problem.js";
import type { StreamSocket } from "../http/sockets.js";
import { type Carrier, type Desk, Session } from "./session.js";
import { bearerOf, type TokenCheck } from "./token.js";

export interface StreamOptions {
  /** Version of the server, for the greeting. */
  version: string;
  /** Seconds without a frame after which a connection is closed; 0 for never. */
  idleSeconds: number;
  /** Connections from one address. */
  perAddress: number;
}

/** One WebSocket: it frames what a session says and hears. */
export interface Connection {
  readonly codec: FrameCodec;
  readonly address: string;
  /** Absent: the token was missing or wrong. */
  readonly session: Session | undefined;
  /** The socket, as the session knows it. */
  carrier: Carrier | undefined;
  /** performance.now() of the last frame. */
  heard: number;
  /** Watches in a row in which nothing came that shows a living peer. */
  silent: number;
  open: boolean;
}

type Socket = StreamSocket<Connection>;

/**
 * Bytes of answers that may wait for a slow reader, beyond what the system buffers; with more the connection is cut.
 * A reader that keeps to its credits and asks for no claims cannot come near: 4,096 verdicts are under 1 MB.
 */
export const MAX_BACKPRESSURE = 16 * 1024 * 1024;

/**
 * Bytes of a frame that are still read whole, so that its sender can be told that it is too large: uWebSockets.js cuts
 * off what is larger, without a code. What connections may fill of memory is bounded by this, by their number, and by
 * the time that a frame may take (DEAD_AFTER).
 */
export const MAX_READ_LENGTH = 16 * MAX_FRAME_LENGTH;

/**
 * Every WATCH_MS each connection is looked at. One that has been silent for two is sent a ping; one that is silent still
 * after six more is gone, or is in the midst of a frame that does not end: it came unmasked, or drop by drop. Watches are
 * counted, not time, so that a machine that was stopped does not lose its connections.
 */
const WATCH_MS = 3_000;
const PING_AFTER = 2;
const DEAD_AFTER = 8;

const CODECS = [msgpackCodec, jsonCodec];

/** The WebSocket door: `GET /v1/stream`. */
export class Stream {
  readonly #sockets = new Set<Socket>();
  readonly #addresses: PerAddress;
  readonly #desk: Desk;
  readonly #token: TokenCheck;
  readonly #options: StreamOptions;
  readonly #watch: ReturnType<typeof setInterval>;
  #frames = 0;
  #draining = false;

  constructor(desk: Desk, token: TokenCheck, options: StreamOptions) {
    this.#desk = desk;
    this.#token = token;
    this.#options = options;
    this.#addresses = new PerAddress(options.perAddress);
    const every = options.idleSeconds > 0 ? Math.min(WATCH_MS, options.idleSeconds * 250) : WATCH_MS;
    this.#watch = setInterval(() => {
      this.#lookAround();
    }, every).unref();
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Frames that have come in. */
  get frames(): number {
    return this.#frames;
  }

  /** Who asks for a connection, by which of its subprotocols. Throws Problem. */
  admit(exchange: Exchange, offered: string): Connection {
    const protocols = offered.split(",").map((protocol) => protocol.trim());
    const codec = CODECS.find(({ subprotocol }) => protocols.includes(subprotocol));
    if (codec === undefined) {
      const names = CODECS.map(({ subprotocol }) => subprotocol).join(" or ");
      throw new Problem("BAD_REQUEST", `Sec-WebSocket-Protocol must offer ${names}`);
    }
    const { address } = exchange;
    if (this.#addresses.isFull(address)) {
      throw new Problem("TOO_MANY_CONNECTIONS", `one address may hold ${this.#options.perAddress} streams`);
    }
    const token = protocols.find((protocol) => protocol.startsWith(SUBPROTOCOL_TOKEN));
    const bearer = bearerOf(exchange.authorization) ?? token?.slice(SUBPROTOCOL_TOKEN.length);
    // A browser's script learns close codes, but never the status of a refused upgrade: tokens are refused after it.
    const scope = this.#token.scopeOf(bearer);
    const session = scope && new Session(scope, this.#token.partyOf(scope), this.#desk);
    return { codec, address, session, carrier: undefined, heard: performance.now(), silent: 0, open: true };
  }

  opened(socket: Socket): void {
    const connection = socket.getUserData();
    this.#sockets.add(socket);
    this.#addresses.enter(connection.address);
    const { session } = connection;
    if (session === undefined) {
      close(socket, CloseCode.TOKEN, "a valid bearer token is required");
      return;
    }
    const limits = { items: MAX_FRAME_ITEMS, bytes: MAX_FRAME_LENGTH };
    send(socket, { type: "welcome", server: this.#options.version, credits: this.#desk.credits, limits });
    connection.carrier = {
      send: (frame) => {
        send(socket, frame);
        if (this.#draining) this.#closeIfDone(socket);
      },
    };
    session.attach(connection.carrier);
  }

  /** `message` is only valid until this returns. */
  received(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const connection = socket.getUserData();
    // After the last answer the client is told to go elsewhere, and asks again there.
    if (this.#draining || !connection.open) return;
    this.#frames++;
    connection.heard = performance.now();
    connection.silent = 0;
    if (message.byteLength > MAX_FRAME_LENGTH) {
      close(socket, CloseCode.TOO_LARGE, `a frame has at most ${MAX_FRAME_LENGTH} bytes`);
      return;
    }
    try {
      const question = this.#read(connection, message, isBinary);
      const fault = connection.session?.ask(question, message.byteLength);
      if (fault !== undefined) close(socket, fault.code, fault.reason);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (error.seq === undefined) close(socket, CloseCode.BAD_FRAME, error.message);
      else send(socket, refusal(error.seq, error.message));
    }
  }

  closed(socket: Socket): void {
    const connection = socket.getUserData();
    connection.open = false;
    connection.session?.end();
    if (this.#sockets.delete(socket)) this.#addresses.leave(connection.address);
  }

  /** The peer lives: a ping or a pong has come. */
  alive(socket: Socket): void {
    socket.getUserData().silent = 0;
  }

  /** Tokens have changed: who holds one that is good no more, or for something else now, must come again. */
  closeStrangers(): void {
    for (const socket of [...this.#sockets]) {
      const { session } = socket.getUserData();
      if (session !== undefined && !this.#token.stands(session.scope)) {
        close(socket, CloseCode.TOKEN, "this token has changed");
      }
    }
  }

  /** Take no more frames; each connection is closed once it has its answers. */
  drain(): void {
    this.#draining = true;
    clearInterval(this.#watch);
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
    // A copy: its texts may wait, and what uWebSockets.js gave is gone when this turn ends.
    return readClientFrame(connection.codec.decode(Buffer.from(new Uint8Array(message))));
  }

  #closeIfDone(socket: Socket): void {
    const { open, session } = socket.getUserData();
    if (open && (session?.owed ?? 0) === 0) close(socket, CloseCode.GOING_AWAY, GOING_AWAY);
  }

  #lookAround(): void {
    const { idleSeconds } = this.#options;
    const before = idleSeconds > 0 ? performance.now() - idleSeconds * 1000 : -Infinity;
    for (const socket of [...this.#sockets]) {
      const connection = socket.getUserData();
      const silent = ++connection.silent;
      const owed = connection.session?.owed ?? 0;
      if (owed === 0 && connection.heard < before) close(socket, CloseCode.IDLE, "no frame for too long");
      else if (silent > DEAD_AFTER) close(socket, CloseCode.IDLE, "no whole frame, and no answer to a ping");
      else if (silent === PING_AFTER && connection.open) socket.ping();
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

/** A reason has 123 bytes at most (RFC 6455 section 5.5), none of them the half of a character. */
function close(socket: Socket, code: CloseCode, reason: string): void {
  if (!socket.getUserData().open) return;
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(123));
  socket.end(code, reason.slice(0, read));
}
