import {
  CloseCode,
  type Credits,
  type FrameCodec,
  jsonCodec,
  type Lane,
  readServerFrame,
  type ServerFrame,
  SUBPROTOCOL_TOKEN,
  writeRequest,
} from "../format/wire/frame.js";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import { msgpackCodec } from "../format/wire/msgpack.js";
import { checkOptions, type OptionNames } from "../format/options.js";
import { readRequest, RequestError } from "../format/wire/request.js";
import type { CodeName, Verdict, VerifyRequest } from "../format/verdict.js";
import { inOrder } from "./in-order.js";
import { openSocket, type Socket, type SocketConstructor } from "./socket.js";

export type { CodeName, Expected, Matches, Outcome, Verdict, VerifyRequest } from "../format/verdict.js";
export type { Lane } from "../format/wire/frame.js";
export type { SocketConstructor } from "./socket.js";

export interface ClientOptions {
  /** Bearer token, where the server demands one. */
  token?: string;
  /** MessagePack by default; JSON can be read in a browser's network panel. */
  notation?: "msgpack" | "json";
  /** A WebSocket of the standard's shape; the platform's own by default, on Node without one that of "ws". */
  WebSocket?: SocketConstructor;
  /** `gate`: few scans at a time, each answered before others' bulk work. `bulk` by default. */
  lane?: Lane;
  /** Failed attempts to connect, one after another, after which what is unanswered is rejected; 10 by default. */
  attempts?: number;
}

const OPTIONS: OptionNames<ClientOptions> = {
  token: true,
  notation: true,
  WebSocket: true,
  lane: true,
  attempts: true,
};

/** The server cannot be reached, refuses this client, or refused the request; `code` says which where it said so. */
export class HufuClientError extends Error {
  override readonly name = "HufuClientError";
  constructor(
    message: string,
    /** What the server said: a result code, or the number it closed with (CloseCode). */
    readonly code?: CodeName | number,
  ) {
    super(message);
  }
}

interface Item {
  qr: string | Uint8Array;
  request: VerifyRequest;
  resolve: (verdict: Verdict) => void;
  reject: (error: Error) => void;
}

/** A frame whose answer is awaited. */
interface Frame {
  items: Item[];
  /** As sent, at most. */
  bytes: number;
}

/** Measured: beyond this a frame gains nothing, and one that is small comes back sooner. */
const ITEMS_PER_FRAME = 128;
const FIRST_RETRY_MS = 50;
/** A server that owes an answer and says nothing for so long is taken for gone: TCP may not notice for hours. */
const SILENCE_MS = 15_000;
const LAST_RETRY_MS = 5_000;
/** Verdicts that `verifyMany` may owe its reader before the server's credits are known. */
const WINDOW = 4_096;

/** Bytes of a frame beside its texts, at most. */
const FIELDS_LENGTH = 8_192;

/** One object for all who ask nothing special: texts share a frame when they ask the very same request. */
const ANYTHING: VerifyRequest = Object.freeze({});

/** Close codes after which the same client would only be closed again. */
const FINAL = new Set<number>([CloseCode.BAD_FRAME, CloseCode.TOKEN, CloseCode.SCOPE, CloseCode.TOO_LARGE]);

/**
 * A relying party's line to a verifier, for Node and browsers. Connects when there is something to ask, and again when
 * the connection is lost; what was unanswered is then asked again, so that every text gets exactly one verdict.
 */
export class HufuClient {
  readonly #url: string;
  readonly #codec: FrameCodec;
  readonly #options: ClientOptions;
  /** Items that no frame carries yet, first come first. */
  #waiting: Item[] = [];
  /** 16 random bytes, in hex: what a connection that was lost owed is had over the next. */
  readonly #session = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  /** Frames that are unanswered, by sequence number. */
  readonly #sent = new Map<number, Frame>();
  /** Those of them that the present connection has not carried yet. */
  #again: number[] = [];
  #socket: Socket | undefined;
  #connecting = false;
  #welcomed = false;
  /** What may still be sent before something is answered. */
  #credits: Credits = { items: 0, bytes: 0 };
  #itemsPerFrame = ITEMS_PER_FRAME;
  #bytesPerFrame = Infinity;
  #nextSeq = 0;
  #failures = 0;
  /** Where the server said that it stops: when to come again, in milliseconds. */
  #drained: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #pumping = false;
  #closed = false;

  /** `url`: that of the server (`http:` or `ws:`, `https:` or `wss:`), or of its stream. Throws OptionsError. */
  constructor(url: string | URL, options: ClientOptions = {}) {
    checkOptions("HufuClient", options, OPTIONS);
    const parsed = new URL(url);
    parsed.protocol = parsed.protocol.replace(/^http/, "ws");
    if (parsed.pathname === "/") parsed.pathname = "/v1/stream";
    this.#url = parsed.href;
    this.#codec = options.notation === "json" ? jsonCodec : msgpackCodec;
    this.#options = options;
  }

  /** The verdict on one text. Texts asked for in one turn of the event loop share frames. Rejects HufuClientError. */
  verify(qr: string | Uint8Array, request: VerifyRequest = ANYTHING): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new HufuClientError("this client is closed"));
        return;
      }
      const fault = faultOf(request);
      if (fault !== undefined) {
        reject(fault);
        return;
      }
      this.#waiting.push({ qr, request, resolve, reject });
      this.#schedulePump();
    });
  }

  /**
   * Verdicts in the order of the texts. Takes no more from `qrs` than is answered and read at the other end, so both
   * may be endless.
   */
  verifyMany(
    qrs: Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
    request: VerifyRequest = ANYTHING,
  ): AsyncGenerator<Verdict, void, undefined> {
    return inOrder(qrs, (qr) => this.verify(qr, request), WINDOW);
  }

  /** Ends the connection. What is unanswered is rejected. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#socket?.close(1000);
    this.#rejectAll(new HufuClientError("this client was closed"));
  }

  #schedulePump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    afterThisTurn(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** Send as much as the credits allow. */
  #pump(): void {
    if (this.#socket === undefined) {
      if (this.#waiting.length + this.#sent.size > 0) this.#connect();
      return;
    }
    if (!this.#welcomed || this.#drained !== undefined) return;
    for (let [seq] = this.#again; seq !== undefined; [seq] = this.#again) {
      const frame = this.#sent.get(seq);
      if (frame !== undefined && !this.#hasCredits(frame)) return;
      this.#again.shift();
      if (frame !== undefined) this.#send(this.#socket, seq, frame);
    }
    let next = 0;
    while (next < this.#waiting.length && this.#credits.items > 0) {
      const frame = this.#nextFrame(next);
      if (!this.#hasCredits(frame)) break;
      next += frame.items.length;
      this.#send(this.#socket, this.#nextSeq++, frame);
    }
    if (next > 0) this.#waiting.splice(0, next);
  }

  /** The waiting items from `start` that fit one frame: as many as ask the same. */
  #nextFrame(start: number): Frame {
    const request = this.#waiting[start]?.request;
    const most = start + Math.min(this.#itemsPerFrame, this.#credits.items);
    let bytes = FIELDS_LENGTH;
    let end = start;
    for (let item = this.#waiting[end]; item?.request === request && end < most; item = this.#waiting[++end]) {
      // Three bytes is the most that UTF-8 needs for one UTF-16 unit.
      const more = (typeof item?.qr === "string" ? 3 : 1) * Math.min(item?.qr.length ?? 0, MAX_SCANNED_LENGTH + 1) + 8;
      if (bytes + more > Math.min(this.#bytesPerFrame, this.#credits.bytes) && end > start) break;
      bytes += more;
    }
    return { items: this.#waiting.slice(start, end), bytes };
  }

  #hasCredits({ items, bytes }: Frame): boolean {
    return items.length <= this.#credits.items && bytes <= this.#credits.bytes;
  }

  #send(socket: Socket, seq: number, frame: Frame): void {
    if (this.#sent.size === 0) this.#listenFor(socket);
    this.#sent.set(seq, frame);
    this.#spend(frame, -1);
    const items = frame.items.map(({ qr }) => (this.#codec.binary ? qr : asText(qr))).map(shorten);
    socket.send(this.#codec.encode({ type: "verify", seq, items, ...writeRequest(frame.items[0]?.request ?? {}) }));
  }

  #spend({ items, bytes }: Frame, sign: 1 | -1): void {
    this.#credits = { items: this.#credits.items + sign * items.length, bytes: this.#credits.bytes + sign * bytes };
  }

  #connect(): void {
    if (this.#connecting || this.#retry !== undefined || this.#closed) return;
    this.#connecting = true;
    const { token, WebSocket } = this.#options;
    const protocols = [this.#codec.subprotocol, ...(token === undefined ? [] : [SUBPROTOCOL_TOKEN + token])];
    openSocket(this.#url, protocols, WebSocket).then(
      (socket) => {
        this.#connecting = false;
        this.#attach(socket);
      },
      (error: unknown) => {
        this.#connecting = false;
        this.#giveUp(new HufuClientError(error instanceof Error ? error.message : String(error)));
      },
    );
  }

  #attach(socket: Socket): void {
    if (this.#closed) {
      socket.close(1000);
      return;
    }
    this.#socket = socket;
    this.#listenFor(socket);
    const { lane = "bulk" } = this.#options;
    socket.addEventListener("open", () => {
      socket.send(this.#codec.encode({ type: "hello", session: this.#session, lane }));
    });
    socket.addEventListener("message", ({ data }) => {
      this.#receive(socket, data);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      if (this.#socket === socket) this.#lost(code, reason);
    });
    // The close event that follows says all there is to say.
    socket.addEventListener("error", () => undefined);
  }

  /** Start the silence anew. */
  #listenFor(socket: Socket): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (this.#socket !== socket || (this.#welcomed && this.#sent.size === 0)) return;
      socket.close();
      this.#lost(1006, "the server is silent");
    }, SILENCE_MS);
  }

  #receive(socket: Socket, data: unknown): void {
    if (this.#socket !== socket) return;
    if (this.#sent.size > 1) this.#listenFor(socket);
    else clearTimeout(this.#silence);
    try {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer);
      this.#take(readServerFrame(this.#codec.decode(bytes)));
    } catch {
      // What cannot be understood cannot be matched to a question: begin again on a new connection.
      socket.close(CloseCode.BAD_FRAME, "a frame that is none");
      this.#lost(1006, "the server sent what is not a frame");
    }
  }

  #take(frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.#welcomed = true;
      this.#failures = 0;
      this.#credits = frame.credits;
      this.#itemsPerFrame = Math.min(ITEMS_PER_FRAME, frame.limits.items);
      this.#bytesPerFrame = frame.limits.bytes;
      // Under the same numbers: an answer that is there already is sent, and none is asked twice.
      this.#again = [...this.#sent.keys()];
    } else if (frame.type === "drain") {
      this.#drained = frame.retryAfterMs;
    } else {
      const sent = this.#sent.get(frame.seq);
      if (sent === undefined) return;
      const { items } = sent;
      if (frame.type === "verdicts" && frame.verdicts.length !== items.length) throw new Error("a verdict is missing");
      this.#sent.delete(frame.seq);
      if (!this.#again.includes(frame.seq)) this.#spend(sent, 1);
      items.forEach((item, index) => {
        const verdict = frame.type === "verdicts" ? frame.verdicts[index] : undefined;
        if (verdict !== undefined) item.resolve(verdict);
        else if (frame.type === "error") item.reject(new HufuClientError(frame.message, frame.code));
      });
    }
    this.#schedulePump();
  }

  /** The connection is gone: whatever it owed is asked again over the next, ahead of the rest. */
  #lost(code: number, reason: string): void {
    clearTimeout(this.#silence);
    if (!this.#welcomed) this.#failures++;
    this.#socket = undefined;
    this.#welcomed = false;
    if (FINAL.has(code)) {
      this.#giveUp(new HufuClientError(`the server closed the connection: ${reason || code}`, code));
    } else if (this.#failures >= (this.#options.attempts ?? 10)) {
      this.#giveUp(new HufuClientError(`${this.#url} cannot be reached`));
    } else if (this.#waiting.length + this.#sent.size > 0 && !this.#closed) {
      this.#retryLater();
    }
    this.#drained = undefined;
  }

  #retryLater(): void {
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    // Spread out, so that a thousand gates do not come back at the same moment.
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        this.#pump();
      },
      this.#drained ?? longest * (0.5 + Math.random() / 2),
    );
  }

  /** What waits is rejected; a later question tries anew. */
  #giveUp(error: HufuClientError): void {
    this.#failures = 0;
    this.#rejectAll(error);
  }

  #rejectAll(error: HufuClientError): void {
    const items = [...[...this.#sent.values()].flatMap((frame) => frame.items), ...this.#waiting];
    this.#sent.clear();
    this.#again = [];
    this.#waiting = [];
    for (const item of items) item.reject(error);
  }
}

/**
 * Not a microtask: between two of those a reader of `verifyMany` asks for one more text, which would go out alone.
 * Browsers have no setImmediate.
 */
const afterThisTurn: (task: () => void) => void =
  typeof setImmediate === "function" ? setImmediate : (task) => setTimeout(task);

/** What the server would refuse is not sent. */
function faultOf(request: VerifyRequest): HufuClientError | undefined {
  try {
    readRequest(request);
    return undefined;
  } catch (error) {
    if (error instanceof RequestError) return new HufuClientError(error.message, error.code);
    throw error;
  }
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** JSON has no bytes. A byte order mark stays where it is: what scanners add is the engine's to take off. */
function asText(qr: string | Uint8Array): string {
  return typeof qr === "string" ? qr : utf8.decode(qr);
}

/** The verdict on a text over the limit rests on its length alone; it must not fill the line. */
function shorten(qr: string | Uint8Array): string | Uint8Array {
  return qr.length > MAX_SCANNED_LENGTH ? qr.slice(0, MAX_SCANNED_LENGTH + 1) : qr;
}
