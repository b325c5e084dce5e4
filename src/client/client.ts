import {
  CloseCode,
  type FrameCodec,
  jsonCodec,
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
export type { SocketConstructor } from "./socket.js";

export interface ClientOptions {
  /** Bearer token, where the server demands one. */
  token?: string;
  /** MessagePack by default; JSON can be read in a browser's network panel. */
  notation?: "msgpack" | "json";
  /** A WebSocket of the standard's shape; the platform's own by default, on Node without one that of "ws". */
  WebSocket?: SocketConstructor;
  /** Failed attempts to connect, one after another, after which what is unanswered is rejected; 10 by default. */
  attempts?: number;
}

const OPTIONS: OptionNames<ClientOptions> = { token: true, notation: true, WebSocket: true, attempts: true };

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

/** Measured: beyond this a frame gains nothing, and one that is small comes back sooner. */
const ITEMS_PER_FRAME = 128;
const FIRST_RETRY_MS = 50;
/** A server that owes an answer and says nothing for so long is taken for gone: TCP may not notice for hours. */
const SILENCE_MS = 15_000;
const LAST_RETRY_MS = 5_000;
/** Verdicts that `verifyMany` may owe its reader before the server's credits are known. */
const WINDOW = 4_096;

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
  /** Items of the frames that were sent on the present connection, by sequence number. */
  #sent = new Map<number, Item[]>();
  #socket: Socket | undefined;
  #connecting = false;
  #welcomed = false;
  #credits = 0;
  #itemsPerFrame = ITEMS_PER_FRAME;
  #bytesPerFrame = Infinity;
  #nextSeq = 0;
  #failures = 0;
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
      if (this.#waiting.length > 0) this.#connect();
      return;
    }
    if (!this.#welcomed) return;
    let next = 0;
    while (next < this.#waiting.length && this.#credits > 0) {
      const items = this.#nextFrame(next);
      next += items.length;
      this.#credits -= items.length;
      this.#send(this.#socket, items);
    }
    if (next > 0) this.#waiting.splice(0, next);
  }

  /** The waiting items from `start` that fit one frame: as many as ask the same. */
  #nextFrame(start: number): Item[] {
    const request = this.#waiting[start]?.request;
    const most = start + Math.min(this.#itemsPerFrame, this.#credits);
    let bytes = 0;
    let end = start;
    for (let item = this.#waiting[end]; item?.request === request && end < most; item = this.#waiting[++end]) {
      // Three bytes is the most that UTF-8 needs for one UTF-16 unit.
      bytes += (typeof item?.qr === "string" ? 3 : 1) * (item?.qr.length ?? 0) + 8;
      if (bytes > this.#bytesPerFrame && end > start) break;
    }
    return this.#waiting.slice(start, end);
  }

  #send(socket: Socket, items: Item[]): void {
    const seq = this.#nextSeq++;
    if (this.#sent.size === 0) this.#listenFor(socket);
    this.#sent.set(seq, items);
    const qrs = items.map(({ qr }) => (this.#codec.binary ? qr : asText(qr))).map(shorten);
    socket.send(this.#codec.encode({ type: "verify", seq, qrs, ...writeRequest(items[0]?.request ?? {}) }));
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
      // Room for the fields beside the texts.
      this.#bytesPerFrame = frame.limits.bytes - 4_096;
    } else {
      const items = this.#sent.get(frame.seq);
      if (items === undefined) return;
      if (frame.type === "verdicts" && frame.verdicts.length !== items.length) throw new Error("a verdict is missing");
      this.#sent.delete(frame.seq);
      this.#credits += items.length;
      items.forEach((item, index) => {
        const verdict = frame.type === "verdicts" ? frame.verdicts[index] : undefined;
        if (verdict !== undefined) item.resolve(verdict);
        else if (frame.type === "error") item.reject(new HufuClientError(frame.message, frame.code));
      });
    }
    this.#schedulePump();
  }

  /** The connection is gone: whatever it owed waits again, ahead of the rest. */
  #lost(code: number, reason: string): void {
    clearTimeout(this.#silence);
    if (!this.#welcomed) this.#failures++;
    this.#socket = undefined;
    this.#welcomed = false;
    this.#waiting = [...[...this.#sent.values()].flat(), ...this.#waiting];
    this.#sent.clear();
    if (FINAL.has(code)) {
      this.#giveUp(new HufuClientError(`the server closed the connection: ${reason || code}`, code));
    } else if (this.#failures >= (this.#options.attempts ?? 10)) {
      this.#giveUp(new HufuClientError(`${this.#url} cannot be reached`));
    } else if (this.#waiting.length > 0 && !this.#closed) {
      this.#retryLater();
    }
  }

  #retryLater(): void {
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    // Spread out, so that a thousand gates do not come back at the same moment.
    this.#retry = setTimeout(
      () => {
        this.#retry = undefined;
        this.#pump();
      },
      longest * (0.5 + Math.random() / 2),
    );
  }

  /** What waits is rejected; a later question tries anew. */
  #giveUp(error: HufuClientError): void {
    this.#failures = 0;
    this.#rejectAll(error);
  }

  #rejectAll(error: HufuClientError): void {
    const items = [...[...this.#sent.values()].flat(), ...this.#waiting];
    this.#sent.clear();
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
