import {
  type Credits,
  type FrameCodec,
  jsonCodec,
  type Lane,
  type ServerFrame,
  SUBPROTOCOL_TOKEN,
} from "../format/wire/frame.js";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import { msgpackCodec } from "../format/wire/msgpack.js";
import { checkOptions, type OptionNames } from "../format/options.js";
import { readRequest, RequestError } from "../format/wire/request.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { finalError, HufuClientError } from "./errors.js";
import { inOrder } from "./in-order.js";
import { type Asked, askedOf, asText, type Item, itemOf, shorten } from "./item.js";
import { Line, type LineUser } from "./line.js";
import { Route } from "./route.js";
import { openSocket, type SocketConstructor } from "./socket.js";

export type { CodeName, Expected, Matches, Outcome, Verdict, VerifyRequest } from "../format/verdict.js";
export { type ClientErrorCode, HufuClientError } from "./errors.js";
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
  /** Milliseconds after which a text without a verdict is rejected with TIMED_OUT, and not asked again; none by default. */
  timeoutMs?: number;
  /** Told what happens to the line, in a turn of its own. */
  onEvent?: (event: LineEvent) => void;
}

/** A text, and what is asked of it alone. */
export interface Question extends VerifyRequest {
  readonly qr: string | Uint8Array;
}

/** What happens between a client and its servers. */
export type LineEvent =
  /** A server lets it in. `resumed`: and still knows what it was asked. */
  | { type: "welcomed"; url: string; server: string; resumed: boolean }
  /** The server is about to stop: it answers what it has, and the client goes elsewhere in so many milliseconds. */
  | { type: "draining"; url: string; retryAfterMs: number }
  /** The connection has ended. */
  | { type: "lost"; url: string; code: number; reason: string }
  /** In so many milliseconds this server is tried. */
  | { type: "waiting"; url: string; ms: number };

const OPTIONS: OptionNames<ClientOptions> = {
  token: true,
  notation: true,
  WebSocket: true,
  lane: true,
  attempts: true,
  timeoutMs: true,
  onEvent: true,
};

/** A frame whose answer is awaited. */
interface Frame {
  items: Item[];
  /** Whether all of them are asked the very same. */
  alike: boolean;
  /** As sent, at most. */
  bytes: number;
}

/** Measured: beyond this a frame gains nothing, and one that is small comes back sooner. */
const ITEMS_PER_FRAME = 128;
/** Verdicts that `verifyMany` may owe its reader before the server's credits are known. */
const WINDOW = 4_096;

/** Bytes of a frame beside its texts, at most. */
const FIELDS_LENGTH = 8_192;

/** One object for all who ask nothing special. */
const ANYTHING: VerifyRequest = Object.freeze({});

/**
 * A relying party's line to a verifier, for Node and browsers. Connects when there is something to ask, and again when
 * the connection is lost; what was unanswered is then asked again, so that every text gets exactly one verdict.
 */
export class HufuClient {
  readonly #route: Route;
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
  #line: Line | undefined;
  #connecting = false;
  #welcomed = false;
  /** What may still be sent before something is answered. */
  #credits: Credits = { items: 0, bytes: 0 };
  /** What may be unanswered, as the server said last. */
  #allowed: Credits = { items: 0, bytes: 0 };
  #itemsPerFrame = ITEMS_PER_FRAME;
  #bytesPerFrame = Infinity;
  #nextSeq = 0;
  /** Many in a row ask the very same. */
  #lastRequest = ANYTHING;
  #lastAsked: Asked = askedOf(ANYTHING);
  /** Where the server said that it stops: when to come again, in milliseconds. */
  #drained: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  readonly #user: LineUser = {
    take: (frame) => {
      this.#take(frame);
    },
    lost: (line, code, reason) => {
      this.#lost(line, code, reason);
    },
    isOwed: () => this.#sent.size > 0,
  };
  #pumping = false;
  #closed = false;

  /**
   * `servers`: one address or several, of servers (`http:` or `ws:`, `https:` or `wss:`) or of their streams. The next is
   * tried when one goes away or cannot be reached. Throws OptionsError, TypeError.
   */
  constructor(servers: string | URL | readonly (string | URL)[], options: ClientOptions = {}) {
    checkOptions("HufuClient", options, OPTIONS);
    this.#route = new Route(typeof servers === "string" || servers instanceof URL ? [servers] : servers);
    this.#codec = options.notation === "json" ? jsonCodec : msgpackCodec;
    this.#options = options;
  }

  /** The verdict on one text. Texts asked for in one turn of the event loop share frames. Rejects HufuClientError. */
  verify(qr: string | Uint8Array, request: VerifyRequest = ANYTHING): Promise<Verdict> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new HufuClientError("CLIENT_CLOSED", "this client is closed"));
        return;
      }
      const fault = faultOf(request);
      if (fault !== undefined) {
        reject(fault);
        return;
      }
      if (request !== this.#lastRequest) [this.#lastRequest, this.#lastAsked] = [request, askedOf(request)];
      const item = { qr, asked: this.#lastAsked, resolve, reject, isOver: false };
      this.#waiting.push(itemOf(item, this.#options.timeoutMs));
      this.#schedulePump();
    });
  }

  /**
   * Verdicts in the order of the texts; one that is a map says with its text what is asked of it alone, such as whose
   * card it must be. Takes no more from `qrs` than is answered and read at the other end, so both may be endless.
   */
  verifyMany(
    qrs: Iterable<string | Uint8Array | Question> | AsyncIterable<string | Uint8Array | Question>,
    request: VerifyRequest = ANYTHING,
  ): AsyncGenerator<Verdict, void, undefined> {
    const ask = (one: string | Uint8Array | Question): Promise<Verdict> => {
      if (typeof one === "string" || one instanceof Uint8Array) return this.verify(one, request);
      const { qr, ...own } = one;
      return this.verify(qr, { ...request, ...own });
    };
    return inOrder(qrs, ask, WINDOW);
  }

  /** Ends the connection. What is unanswered is rejected. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#line?.close();
    this.#rejectAll(new HufuClientError("CLIENT_CLOSED", "this client was closed"));
  }

  #tell(event: LineEvent): void {
    const { onEvent } = this.#options;
    // What a listener throws is its own affair, and must not befall the line.
    if (onEvent === undefined) return;
    queueMicrotask(() => {
      onEvent(event);
    });
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
    if (this.#options.timeoutMs !== undefined) this.#waiting = this.#waiting.filter(({ isOver }) => !isOver);
    if (this.#line === undefined) {
      this.#forgetLate();
      if (this.#waiting.length + this.#sent.size > 0) this.#connect();
      return;
    }
    if (!this.#welcomed || this.#drained !== undefined) return;
    for (let [seq] = this.#again; seq !== undefined; [seq] = this.#again) {
      const frame = this.#sent.get(seq);
      if (frame !== undefined && !this.#hasCredits(frame)) return;
      this.#again.shift();
      if (frame !== undefined) this.#send(this.#line, seq, frame);
    }
    let next = 0;
    while (next < this.#waiting.length && this.#credits.items > 0) {
      const frame = this.#nextFrame(next);
      if (!this.#hasCredits(frame)) break;
      next += frame.items.length;
      this.#send(this.#line, this.#nextSeq++, frame);
    }
    if (next > 0) this.#waiting.splice(0, next);
  }

  /** The waiting items from `start` that fit one frame: as many as ask the same, but for what is an item's own. */
  #nextFrame(start: number): Frame {
    const asked = this.#waiting[start]?.asked;
    const most = start + Math.min(this.#itemsPerFrame, this.#credits.items);
    let bytes = FIELDS_LENGTH;
    let alike = true;
    let end = start;
    for (let item = this.#waiting[end]; item?.asked.key === asked?.key && end < most; item = this.#waiting[++end]) {
      const { qr = "", asked: { ownLength = 0 } = {} } = item ?? {};
      // Three bytes is the most that UTF-8 needs for one UTF-16 unit.
      const more = (typeof qr === "string" ? 3 : 1) * Math.min(qr.length, MAX_SCANNED_LENGTH + 1) + ownLength + 16;
      if (bytes + more > Math.min(this.#bytesPerFrame, this.#credits.bytes) && end > start) break;
      bytes += more;
      alike &&= item?.asked === asked;
    }
    return { items: this.#waiting.slice(start, end), alike, bytes };
  }

  #hasCredits({ items, bytes }: Frame): boolean {
    return items.length <= this.#credits.items && bytes <= this.#credits.bytes;
  }

  #send(line: Line, seq: number, frame: Frame): void {
    this.#sent.set(seq, frame);
    this.#spend(costOf(frame), -1);
    const { ofFrame, own } = frame.items[0]?.asked ?? this.#lastAsked;
    const items = frame.items.map(({ qr, asked }) => {
      const text = shorten(this.#codec.binary ? qr : asText(qr));
      return frame.alike ? text : { qr: text, ...asked.own };
    });
    line.send({ type: "verify", seq, items, ...ofFrame, ...(frame.alike && own) });
  }

  #spend({ items, bytes }: Credits, sign: 1 | -1): void {
    this.#credits = { items: this.#credits.items + sign * items, bytes: this.#credits.bytes + sign * bytes };
  }

  /** Frames that nobody waits for any more are not asked again. */
  #forgetLate(): void {
    for (const [seq, { items }] of this.#sent) if (items.every(({ isOver }) => isOver)) this.#sent.delete(seq);
  }

  #connect(): void {
    if (this.#connecting || this.#retry !== undefined || this.#closed) return;
    this.#connecting = true;
    const { url } = this.#route;
    const { token, WebSocket } = this.#options;
    const protocols = [this.#codec.subprotocol, ...(token === undefined ? [] : [SUBPROTOCOL_TOKEN + token])];
    openSocket(url, protocols, WebSocket).then(
      (socket) => {
        this.#connecting = false;
        if (this.#closed) {
          socket.close(1000);
          return;
        }
        const { lane = "bulk" } = this.#options;
        this.#line = new Line(url, socket, this.#codec, { type: "hello", session: this.#session, lane }, this.#user);
      },
      (error: unknown) => {
        this.#connecting = false;
        this.#giveUp(new HufuClientError("UNREACHABLE", error instanceof Error ? error.message : String(error)));
      },
    );
  }

  #take(frame: ServerFrame): void {
    if (frame.type === "welcome") {
      this.#welcomed = true;
      this.#route.welcomed();
      this.#tell({ type: "welcomed", url: this.#route.url, server: frame.server, resumed: frame.resumed });
      this.#credits = this.#allowed = frame.credits;
      this.#itemsPerFrame = Math.min(ITEMS_PER_FRAME, frame.limits.items);
      this.#bytesPerFrame = frame.limits.bytes;
      // Under the same numbers: an answer that is there already is sent, and none is asked twice.
      this.#again = [...this.#sent.keys()];
    } else if (frame.type === "credits") {
      this.#spend(this.#allowed, -1);
      this.#spend(frame.credits, 1);
      this.#allowed = frame.credits;
    } else if (frame.type === "drain") {
      this.#drained = frame.retryAfterMs;
      this.#tell({ type: "draining", url: this.#route.url, retryAfterMs: frame.retryAfterMs });
    } else {
      const sent = this.#sent.get(frame.seq);
      if (sent === undefined) return;
      const { items } = sent;
      if (frame.type === "verdicts" && frame.verdicts.length !== items.length) throw new Error("a verdict is missing");
      this.#sent.delete(frame.seq);
      if (!this.#again.includes(frame.seq)) this.#spend(costOf(sent), 1);
      items.forEach((item, index) => {
        const verdict = frame.type === "verdicts" ? frame.verdicts[index] : undefined;
        if (verdict !== undefined) item.resolve(verdict);
        else if (frame.type === "error") item.reject(new HufuClientError(frame.code, frame.message));
      });
    }
    this.#schedulePump();
  }

  /** The connection is gone: whatever it owed is asked again over the next, ahead of the rest. */
  #lost({ url }: Line, code: number, reason: string): void {
    const ms = this.#whenAgain();
    this.#line = undefined;
    this.#welcomed = false;
    this.#drained = undefined;
    this.#tell({ type: "lost", url, code, reason });
    const { attempts = 10 } = this.#options;
    const final = finalError(code, reason);
    if (final !== undefined) this.#giveUp(final);
    else if (this.#route.failures >= attempts) {
      this.#giveUp(new HufuClientError("UNREACHABLE", `${url} cannot be reached: ${reason || code}`));
    } else if (this.#waiting.length + this.#sent.size > 0 && !this.#closed) {
      this.#tell({ type: "waiting", url: this.#route.url, ms });
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#pump();
      }, ms);
    }
  }

  #whenAgain(): number {
    if (this.#drained === undefined) return this.#welcomed ? this.#route.lost() : this.#route.failed();
    this.#route.drained();
    return this.#drained;
  }

  /** What waits is rejected; a later question tries anew. */
  #giveUp(error: HufuClientError): void {
    this.#route.rest();
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

function costOf({ items, bytes }: Frame): Credits {
  return { items: items.length, bytes };
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
    if (error instanceof RequestError) return new HufuClientError(error.code, error.message);
    throw error;
  }
}
