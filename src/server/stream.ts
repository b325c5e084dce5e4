import {
  CloseCode,
  FrameError,
  jsonCodec,
  MAX_FRAME_ITEMS,
  MAX_FRAME_LENGTH,
  type ServerFrame,
  SUBPROTOCOL_TOKEN,
  type WelcomeFrame,
} from "../format/wire/frame.js";
import { type Hello, type Question, readClientFrame } from "../format/wire/client-frame.js";
import { msgpackCodec } from "../format/wire/msgpack.js";
import type { Exchange } from "../http/exchange.js";
import { PerAddress } from "../http/per-address.js";
import { Problem } from "../http/problem.js";
import { DROPPED } from "../http/sockets/seam.js";
import { close, type Connection, endIfRead, type Ending, type Socket, takenOf } from "./connection.js";
import type { Session } from "./session.js";
import type { Party, Sessions } from "./sessions.js";
import type { StreamEvents } from "./stream-events.js";
import { bearerOf, type TokenCheck } from "./token.js";
import { Unsent } from "./unsent.js";

export interface StreamOptions {
  /** Version of the server, for the greeting. */
  version: string;
  /** Seconds without a frame after which a connection is closed; 0 for never. */
  idleSeconds: number;
  /** Connections from one address. */
  perAddress: number;
  /** Bytes of answers that may wait for slow readers, of all connections together. */
  unsent: number;
  /** What welcomes tell of the data in force; see WelcomeFrame. */
  dataInForce: () => Pick<WelcomeFrame, "epoch" | "dataAge">;
  events: StreamEvents;
}

/**
 * Bytes of answers that may wait for a slow reader, beyond what the system buffers; with more it is closed. A reader that keeps to its credits and asks for no claims cannot come near: 4,096 verdicts are under 1 MB.
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
/** A reader that is to be told a code, behind all that it has not read, is cut without it after so many more. */
const CUT_AFTER = 20;
/** Frames that are on their way when a connection is closed; whoever sends more without reading is cut. */
const MOST_LATE_FRAMES = 1_000;
/** Frames that are refused, which no credits pay for, in one watch. */
const MOST_REFUSED = 1_000;

/** Clients of the first version wait for a welcome before they say anything (milliseconds). */
const GREETING_AFTER = 1_000;
/** Clients that a server sends away come back, elsewhere, each at a time of its own within this (milliseconds). */
const RETRY_WITHIN = 8_000;

const CODECS = [msgpackCodec, jsonCodec];

/** The WebSocket door: `GET /v1/stream`. */
export class Stream {
  readonly #sockets = new Set<Socket>();
  readonly #addresses: PerAddress;
  readonly #unsent: Unsent<Socket>;
  readonly #sessions: Sessions;
  readonly #token: TokenCheck;
  readonly #options: StreamOptions;
  readonly #watch: ReturnType<typeof setInterval>;
  #frames = 0;
  #draining = false;

  constructor(sessions: Sessions, token: TokenCheck, options: StreamOptions) {
    this.#sessions = sessions;
    this.#token = token;
    this.#options = options;
    this.#addresses = new PerAddress(options.perAddress);
    this.#unsent = new Unsent(options.unsent);
    const every = options.idleSeconds > 0 ? Math.min(WATCH_MS, options.idleSeconds * 250) : WATCH_MS;
    this.#watch = setInterval(() => {
      this.#lookAround();
    }, every).unref();
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Bytes of answers that wait for slow readers. */
  get unsent(): number {
    return this.#unsent.total;
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
    const party = scope && { scope, name: this.#token.partyOf(scope) };
    const none = { session: undefined, carrier: undefined, greeting: undefined };
    return {
      codec,
      address,
      party,
      ...none,
      spoken: false,
      heard: performance.now(),
      silent: 0,
      open: true,
      written: 0,
      refused: 0,
      ending: undefined,
    };
  }

  opened(socket: Socket): void {
    const connection = socket.getUserData();
    this.#sockets.add(socket);
    this.#addresses.enter(connection.address);
    this.#options.events.opened(connection, connection.address);
    if (connection.party === undefined) {
      close(socket, CloseCode.TOKEN, "a valid bearer token is required");
      return;
    }
    connection.greeting = setTimeout(() => {
      this.#welcome(socket, connection.party, { request: {} });
    }, GREETING_AFTER).unref();
  }

  /** Let the client into the session that it names, or a new one. */
  #welcome(socket: Socket, party: Party | undefined, hello: Omit<Hello, "type">): Session | undefined {
    const connection = socket.getUserData();
    clearTimeout(connection.greeting);
    if (!connection.open || party === undefined) return undefined;
    const lane = party.scope.lane;
    if (lane !== undefined && hello.lane !== undefined && hello.lane !== lane) {
      close(socket, CloseCode.SCOPE, `this token is for the lane ${lane}`);
      return undefined;
    }
    this.#leave(connection);
    const { session, resumed, told } = this.#sessions.open(party, connection.address, hello);
    connection.session = session;
    this.#options.events.welcomed(connection, session.lane, resumed, session.owed);
    const { version, dataInForce } = this.#options;
    const limits = { items: Math.min(MAX_FRAME_ITEMS, session.credits.items), bytes: MAX_FRAME_LENGTH };
    const carrier = {
      get written() {
        return connection.written;
      },
      send: (frame: ServerFrame) => this.#send(socket, frame),
      taken: () => takenOf(socket),
      close: (code: CloseCode, reason: string) => {
        close(socket, code, reason);
      },
      settled: () => {
        if (this.#draining) this.#closeIfDone(socket);
      },
    };
    connection.carrier = carrier;
    this.#send(socket, { type: "welcome", server: version, session: told, resumed, credits: session.credits, limits, ...dataInForce() }); // prettier-ignore
    if (!this.#sockets.has(socket)) return undefined;
    session.attach(carrier);
    return session;
  }

  /** The connection carries its session no more, which is kept for a while. */
  #leave(connection: Connection): void {
    const { session, carrier } = connection;
    if (session === undefined || carrier === undefined) return;
    session.detach(carrier);
    this.#sessions.leave(session);
    connection.session = undefined;
  }

  /** `message` is only valid until this returns. */
  received(socket: Socket, message: ArrayBuffer, isBinary: boolean): void {
    const connection = socket.getUserData();
    // After the last answer the client is told to go elsewhere, and asks again there.
    if (this.#draining) return;
    if (!connection.open) {
      if (connection.ending !== undefined && ++connection.ending.frames > MOST_LATE_FRAMES) this.#cut(socket);
      return;
    }
    this.#frames++;
    connection.heard = performance.now();
    connection.silent = 0;
    if (message.byteLength > MAX_FRAME_LENGTH) {
      close(socket, CloseCode.TOO_LARGE, `a frame has at most ${MAX_FRAME_LENGTH} bytes`);
      return;
    }
    try {
      this.#take(socket, this.#read(connection, message, isBinary), message.byteLength);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (error.seq === undefined) close(socket, CloseCode.BAD_FRAME, error.message);
      else this.#refuse(socket, error.seq, error.message);
    }
  }

  #refuse(socket: Socket, seq: number, message: string): void {
    if (++socket.getUserData().refused > MOST_REFUSED) {
      close(socket, CloseCode.OVER_CREDIT, "too many frames are refused");
    } else this.#send(socket, { type: "error", seq, code: "BAD_REQUEST", message });
  }

  #take(socket: Socket, frame: Hello | Question, bytes: number): void {
    const connection = socket.getUserData();
    const isFirst = !connection.spoken;
    connection.spoken = true;
    if (frame.type === "hello") {
      if (!isFirst) throw new FrameError("hello is the first frame of a connection");
      this.#welcome(socket, connection.party, frame);
      return;
    }
    const session = connection.session ?? this.#welcome(socket, connection.party, { request: {} });
    const fault = session?.ask(frame, bytes, connection.heard);
    if (fault === "other-question")
      throw new FrameError("seq is that of another question, which is unanswered", frame.seq);
    if (fault !== undefined) close(socket, fault.code, fault.reason);
  }

  closed(socket: Socket, code: number): void {
    const connection = socket.getUserData();
    connection.open = false;
    clearTimeout(connection.greeting);
    this.#leave(connection);
    this.#unsent.forget(socket);
    if (!this.#sockets.delete(socket)) return;
    this.#addresses.leave(connection.address);
    this.#options.events.closed(connection, code);
  }

  /** The peer lives: a ping or a pong has come. */
  alive(socket: Socket): void {
    socket.getUserData().silent = 0;
  }

  /** Tokens have changed: who holds one that is good no more, or for something else now, must come again. */
  closeStrangers(): void {
    for (const socket of [...this.#sockets]) {
      const { party } = socket.getUserData();
      if (party !== undefined && !this.#token.stands(party.scope))
        close(socket, CloseCode.TOKEN, "this token has changed");
    }
    this.#sessions.endIf((scope) => !this.#token.stands(scope));
  }

  /** Take no more frames; each connection is closed once it has its answers. */
  drain(): void {
    this.#draining = true;
    clearInterval(this.#watch);
    for (const socket of [...this.#sockets]) {
      this.#send(socket, { type: "drain", retryAfterMs: Math.floor(Math.random() * RETRY_WITHIN) });
      this.#closeIfDone(socket);
    }
  }

  /** Close what is left. */
  end(): void {
    for (const socket of [...this.#sockets]) close(socket, CloseCode.GOING_AWAY, GOING_AWAY);
  }

  #read(connection: Connection, message: ArrayBuffer, isBinary: boolean): Hello | Question {
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

  /** False: it will not arrive. */
  #send(socket: Socket, frame: ServerFrame): boolean {
    const connection = socket.getUserData();
    const { codec, open } = connection;
    if (!open) return false;
    if (socket.getBufferedAmount() > MAX_BACKPRESSURE) {
      close(socket, CloseCode.OVER_CREDIT, `more than ${MAX_BACKPRESSURE} bytes of answers are not read`);
      return false;
    }
    const message = codec.encode(frame);
    if (socket.send(message, codec.binary) === DROPPED) return false;
    connection.written += Buffer.byteLength(message) + MAX_FRAME_HEADER;
    this.#unsent.look(socket);
    // A code would wait behind all that is not read.
    for (let slow = this.#unsent.tooSlow(); slow !== undefined; slow = this.#unsent.tooSlow()) this.#cut(slow);
    return true;
  }

  #cut(socket: Socket): void {
    socket.close();
    this.#unsent.forget(socket);
  }

  #goOnEnding(socket: Socket, ending: Ending): void {
    this.#leave(socket.getUserData());
    if (++ending.watches > CUT_AFTER) this.#cut(socket);
    else endIfRead(socket);
  }

  #lookAround(): void {
    const { idleSeconds } = this.#options;
    const before = idleSeconds > 0 ? performance.now() - idleSeconds * 1000 : -Infinity;
    for (const socket of [...this.#sockets]) {
      const connection = socket.getUserData();
      if (connection.ending !== undefined) {
        this.#goOnEnding(socket, connection.ending);
        continue;
      }
      connection.refused = 0;
      const silent = ++connection.silent;
      const owed = connection.session?.owed ?? 0;
      if (owed === 0 && connection.heard < before) close(socket, CloseCode.IDLE, "no frame for too long");
      else if (silent > DEAD_AFTER) close(socket, CloseCode.IDLE, "no whole frame, and no answer to a ping");
      else if (silent === PING_AFTER && connection.open) socket.ping();
    }
  }
}

/** Bytes before what a server's frame carries (RFC 6455 section 5.2). */
const MAX_FRAME_HEADER = 10;

const GOING_AWAY = "the server is shutting down";
