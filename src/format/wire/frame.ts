import type { Code } from "../../abi/code.js";
import { isRecord, readRequest, RequestError } from "./request.js";
import type { Verdict, VerifyRequest } from "../verdict.js";

/**
 * What travels over `GET /v1/stream` (contract §8), in either subprotocol the same maps: as MessagePack in binary
 * messages, as JSON in text messages.
 *
 * The server greets with `welcome`. The client sends `verify`, each item of which costs one credit; the `verdicts` or
 * the `error` that answers a frame gives the credits of its items back. There are no other credits, so neither side
 * ever holds more than `welcome.credits` items of one connection. Answers carry the client's `seq` and may come in
 * another order than the questions; the verdicts of one frame are in the order of its texts.
 */
export const SUBPROTOCOL_MSGPACK = "hufu.v1+msgpack";
export const SUBPROTOCOL_JSON = "hufu.v1+json";
/** A client that cannot set headers offers its bearer token as one more subprotocol, after this prefix. */
export const SUBPROTOCOL_TOKEN = "hufu.token.";

/** Texts in one frame, and in one HTTP request. */
export const MAX_FRAME_ITEMS = 1_000;
/** Bytes of a client's frame. */
export const MAX_FRAME_LENGTH = 1_048_576;

/** How the server closes a connection (RFC 6455 section 7.4; 4000-4999 are an application's own). */
export enum CloseCode {
  /** The server stops: connect to another, and ask again what is unanswered. */
  GOING_AWAY = 1001,
  /** What came is not a frame of the subprotocol. */
  BAD_FRAME = 4400,
  /** The token is missing or unknown. */
  TOKEN = 4401,
  /** The token is not for what was asked. */
  SCOPE = 4403,
  /** No frame for too long, or not even an answer to a ping. */
  IDLE = 4408,
  /** The frame has more bytes than `welcome.limits` says. */
  TOO_LARGE = 4413,
  /** More items unanswered than the credits allow. */
  OVER_CREDIT = 4429,
}

/** The fields of a request as they travel: a time is written as RFC 3339 says. */
export type WireRequest = Omit<VerifyRequest, "at"> & { at?: string };

export interface VerifyFrame extends WireRequest {
  type: "verify";
  /** The client's own number for this frame, 0 to 2^53 - 1; unique among its unanswered frames. */
  seq: number;
  qrs: readonly (string | Uint8Array)[];
}

export interface WelcomeFrame {
  type: "welcome";
  /** Version of the server. */
  server: string;
  /** Items that may be unanswered at once on this connection. */
  credits: number;
  /** What one frame may carry. */
  limits: { items: number; bytes: number };
}

export interface VerdictsFrame {
  type: "verdicts";
  seq: number;
  verdicts: readonly Verdict[];
}

export interface ErrorFrame {
  type: "error";
  /** The frame that was refused as a whole. */
  seq: number;
  code: keyof typeof Code;
  message: string;
}

export type ClientFrame = VerifyFrame;
export type ServerFrame = WelcomeFrame | VerdictsFrame | ErrorFrame;

/** A `verify` frame, understood. */
export interface Question {
  seq: number;
  qrs: readonly (string | Uint8Array)[];
  request: VerifyRequest;
}

/** A frame that breaks the rules above. With a `seq` the frame is refused, without one the connection is. */
export class FrameError extends Error {
  override readonly name = "FrameError";
  constructor(
    message: string,
    readonly seq?: number,
  ) {
    super(message);
  }
}

/** One of the two notations. `decode` throws FrameError. */
export interface FrameCodec {
  readonly subprotocol: string;
  readonly binary: boolean;
  encode(frame: ClientFrame | ServerFrame): Uint8Array | string;
  decode(message: Uint8Array): unknown;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

export const jsonCodec: FrameCodec = {
  subprotocol: SUBPROTOCOL_JSON,
  binary: false,
  encode: (frame) => JSON.stringify(frame),
  decode(message) {
    try {
      return JSON.parse(utf8.decode(message)) as unknown;
    } catch {
      throw new FrameError("the frame is not JSON");
    }
  },
};

/** What a `verify` frame has beside the fields of its request. */
const FRAME_FIELDS = ["type", "seq", "qrs"];

/** Check a client's frame. Throws FrameError. */
export function readClientFrame(value: unknown): Question {
  if (!isRecord(value)) throw new FrameError("a frame is a map");
  const { seq, qrs } = value;
  if (value["type"] !== "verify") throw new FrameError("the type of a frame is verify");
  if (!isCount(seq)) throw new FrameError("seq is an integer from 0 to 2^53 - 1");
  const request = requestOf(value, seq);
  if (!Array.isArray(qrs) || qrs.length === 0 || qrs.length > MAX_FRAME_ITEMS) {
    throw new FrameError(`qrs is a list of 1 to ${MAX_FRAME_ITEMS} texts`, seq);
  }
  for (const qr of qrs as unknown[]) {
    if (typeof qr !== "string" && !(qr instanceof Uint8Array)) throw new FrameError("a QR text is text or bytes", seq);
  }
  return { seq, qrs: qrs as (string | Uint8Array)[], request };
}

function requestOf(value: Record<string, unknown>, seq: number): VerifyRequest {
  try {
    return readRequest(value, FRAME_FIELDS);
  } catch (error) {
    throw error instanceof RequestError ? new FrameError(error.message, seq) : error;
  }
}

/** The fields of `request` as a `verify` frame carries them. */
export function writeRequest({ at, ...request }: VerifyRequest): WireRequest {
  return { ...request, ...(at !== undefined && { at: at.toISOString() }) };
}

/** Check a server's frame as far as a client relies on it. Throws FrameError. */
export function readServerFrame(value: unknown): ServerFrame {
  if (!isRecord(value)) throw new FrameError("a frame is a map");
  switch (value["type"]) {
    case "welcome":
      if (isWelcome(value)) return value;
      break;
    case "verdicts":
      if (isVerdicts(value)) return value;
      break;
    case "error":
      if (isError(value)) return value;
      break;
  }
  throw new FrameError("not a frame that a server of this version sends");
}

function isWelcome(value: object): value is WelcomeFrame {
  const { credits, limits, server } = value as Partial<WelcomeFrame>;
  const known = isRecord(limits) && isCount(limits.items) && limits.items > 0 && isCount(limits.bytes);
  return known && isCount(credits) && credits > 0 && typeof server === "string";
}

function isVerdicts(value: object): value is VerdictsFrame {
  const { seq, verdicts } = value as { seq?: unknown; verdicts?: unknown };
  return isCount(seq) && Array.isArray(verdicts) && verdicts.every(isVerdict);
}

function isVerdict(value: unknown): value is Verdict {
  return isRecord(value) && typeof value["code"] === "string" && typeof value["outcome"] === "string";
}

function isError(value: object): value is ErrorFrame {
  const { seq, code, message } = value as Partial<ErrorFrame>;
  return isCount(seq) && typeof code === "string" && typeof message === "string";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
