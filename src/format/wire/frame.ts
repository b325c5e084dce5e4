import type { Code } from "../../abi/code.js";
import { isCount, isRecord, type ITEM_FIELDS, type SESSION_FIELDS } from "./request.js";
import type { Verdict, VerifyRequest } from "../verdict.js";

/**
 * What travels over `GET /v1/stream` (contract §8), in either subprotocol the same maps: as MessagePack in binary
 * messages, as JSON in text messages.
 *
 * The client says `hello`, the server `welcome`. The client sends `verify`, each item of which costs one credit, and its
 * bytes; the `verdicts` or the `error` that answers a frame gives them back, once it is read. There are no other credits,
 * so neither side ever holds more than these of one session; `credits` says when there are more or fewer. Answers carry the client's `seq` and may come in another order
 * than the questions; the verdicts of one frame are in the order of its items. A session outlives its connection: what it
 * is owed is sent over the next that says hello with its id.
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
  /** Another connection carries the session now. */
  REPLACED = 4409,
  /** The frame has more bytes than `welcome.limits` says. */
  TOO_LARGE = 4413,
  /** More unanswered than the credits allow, or more answers that are not read than are kept. */
  OVER_CREDIT = 4429,
}

/** The fields of a request as they travel: a time is written as RFC 3339 says. */
export type WireRequest = Omit<VerifyRequest, "at" | "captured"> & { at?: string; captured?: string };

/** Who stands at a gate is answered now; bulk work as fast as there is room. */
export const LANES = ["gate", "bulk"] as const;
export type Lane = (typeof LANES)[number];

export interface HelloFrame extends Pick<WireRequest, (typeof SESSION_FIELDS)[number]> {
  type: "hello";
  /** 16 random bytes, as text in hex or base64url: by it what a lost connection was owed is had over another. */
  session?: string | Uint8Array;
  /** `gate` when absent. */
  lane?: Lane;
}

/** One text with what is asked of it alone. */
export interface WireItem extends Pick<WireRequest, (typeof ITEM_FIELDS)[number]> {
  qr: string | Uint8Array;
}

export interface VerifyFrame extends WireRequest {
  type: "verify";
  /** The client's own number for this frame, 0 to 2^53 - 1; unique among the unanswered frames of its session. */
  seq: number;
  items: readonly (string | Uint8Array | WireItem)[];
}

/** So many items, and bytes of frames, may be unanswered at once. */
export interface Credits {
  items: number;
  bytes: number;
}

export interface WelcomeFrame {
  type: "welcome";
  /** Version of the server. */
  server: string;
  session: string;
  /** Is it one that there was, whose unanswered frames need not be asked again? */
  resumed: boolean;
  credits: Credits;
  /** What one frame may carry. */
  limits: Credits;
  /** Of the newest status snapshot, and seconds since the oldest data in force; null where there are none. */
  epoch: number | null;
  dataAge: number | null;
}

/** From now on a session has other credits: what is unanswered already counts against them. */
export interface CreditsFrame {
  type: "credits";
  credits: Credits;
}

export interface VerdictsFrame {
  type: "verdicts";
  seq: number;
  /** Of the newest status snapshot; null where there is none. */
  epoch: number | null;
  verdicts: readonly Verdict[];
}

export interface ErrorFrame {
  type: "error";
  /** The frame that was refused as a whole. */
  seq: number;
  code: keyof typeof Code;
  message: string;
}

/** The server stops: what was asked is answered, nothing more is taken. */
export interface DrainFrame {
  type: "drain";
  /** This client's own time to connect anew, so that not all come at once. */
  retryAfterMs: number;
}

export type ClientFrame = HelloFrame | VerifyFrame;
export type ServerFrame = WelcomeFrame | CreditsFrame | VerdictsFrame | ErrorFrame | DrainFrame;

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

/** The fields of `request` as a `verify` frame carries them. */
export function writeRequest({ at, captured, ...request }: VerifyRequest): WireRequest {
  return {
    ...request,
    ...(at !== undefined && { at: at.toISOString() }),
    ...(captured !== undefined && { captured: captured.toISOString() }),
  };
}

/** Check a server's frame as far as a client relies on it. Throws FrameError. */
export function readServerFrame(value: unknown): ServerFrame {
  if (!isRecord(value)) throw new FrameError("a frame is a map");
  switch (value["type"]) {
    case "welcome":
      if (isWelcome(value)) return value;
      break;
    case "credits":
      if (isCredits(value["credits"])) return value as unknown as CreditsFrame;
      break;
    case "drain":
      if (isCount(value["retryAfterMs"])) return value as unknown as DrainFrame;
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
  const { credits, limits, server, session, resumed } = value as Partial<WelcomeFrame>;
  return (
    isCredits(credits) &&
    isCredits(limits) &&
    [server, session].every((text) => typeof text === "string") &&
    typeof resumed === "boolean"
  );
}

function isCredits(value: unknown): value is Credits {
  return isRecord(value) && isCount(value["items"]) && value["items"] > 0 && isCount(value["bytes"]);
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
