import { fromBase64Url, toHex } from "../bytes.js";
import type { VerifyRequest } from "../verdict.js";
import { FrameError, type Lane, LANES, MAX_FRAME_ITEMS } from "./frame.js";
import { isCount, isRecord, ITEM_FIELDS, readRequest, RequestError, SESSION_FIELDS, unknownField } from "./request.js";

/** What a client says over the stream (contract §8), read strictly: what is misspelt would not be checked. */

/** How a session begins, or goes on. */
export interface Hello {
  readonly type: "hello";
  /** As the client wrote it, and its 16 bytes in hex; absent where the server is to choose one. */
  readonly session?: { readonly told: string; readonly id: string };
  readonly lane?: Lane;
  /** What is asked of every text, unless its frame or itself says otherwise. */
  readonly request: VerifyRequest;
}

/** A `verify` frame, understood. */
export interface Question {
  readonly type: "verify";
  readonly seq: number;
  readonly qrs: readonly (string | Uint8Array)[];
  /** What is asked of all of them; it goes before the session's. */
  readonly request: VerifyRequest;
  /** By index, what is asked of one alone, which goes before that; absent where no text has any. */
  readonly own?: ReadonlyMap<number, VerifyRequest>;
}

const HELLO_FIELDS = ["type", "session", "lane"];
const FRAME_FIELDS = ["type", "seq", "items"];

/** Throws FrameError. */
export function readClientFrame(value: unknown): Hello | Question {
  if (!isRecord(value)) throw new FrameError("a frame is a map");
  if (value["type"] === "hello") return readHello(value);
  if (value["type"] !== "verify") throw new FrameError("the type of a frame is hello or verify");
  const { seq, items } = value;
  if (!isCount(seq)) throw new FrameError("seq is an integer from 0 to 2^53 - 1");
  const request = requestOf(value, FRAME_FIELDS, undefined, seq);
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_FRAME_ITEMS) {
    throw new FrameError(`items is a list of 1 to ${MAX_FRAME_ITEMS} texts`, seq);
  }
  return { type: "verify", seq, request, ...readItems(items, seq) };
}

function readHello(value: Record<string, unknown>): Hello {
  const { session, lane } = value;
  if (lane !== undefined && !LANES.includes(lane as Lane)) throw new FrameError(`lane is ${LANES.join(" or ")}`);
  const request = requestOf(value, HELLO_FIELDS, SESSION_FIELDS);
  return {
    type: "hello",
    request,
    ...(session !== undefined && { session: readSession(session) }),
    ...(lane !== undefined && { lane: lane as Lane }),
  };
}

function readSession(value: unknown): { told: string; id: string } {
  if (value instanceof Uint8Array && value.length === 16) return { told: toHex(value), id: toHex(value) };
  if (typeof value === "string" && /^[0-9a-f]{32}$/i.test(value)) return { told: value, id: value.toLowerCase() };
  if (typeof value === "string" && /^[A-Za-z0-9_-]{21}[AQgw]$/.test(value)) {
    return { told: value, id: toHex(fromBase64Url(value) ?? new Uint8Array()) };
  }
  throw new FrameError("session is 16 bytes, in hex or base64url where it is text");
}

function readItems(items: readonly unknown[], seq: number): Pick<Question, "qrs" | "own"> {
  const own = new Map<number, VerifyRequest>();
  const qrs = items.map((item, index) => {
    if (isQr(item)) return item;
    if (!isRecord(item)) throw new FrameError(`items.${index}: a QR text is text or bytes, or a map with qr`, seq);
    const { qr } = item;
    if (!isQr(qr)) throw new FrameError(`items.${index}: qr is text or bytes`, seq);
    const request = requestOf(item, ["qr"], ITEM_FIELDS, seq, `items.${index}: `);
    if (Object.keys(request).length > 0) own.set(index, request);
    return qr;
  });
  return { qrs, ...(own.size > 0 && { own }) };
}

function isQr(value: unknown): value is string | Uint8Array {
  return typeof value === "string" || value instanceof Uint8Array;
}

/** `asks`: the fields of a request that there may be; all where it is absent. */
function requestOf(
  value: Record<string, unknown>,
  beside: readonly string[],
  asks?: readonly string[],
  seq?: number,
  where = "",
): VerifyRequest {
  try {
    const stray = asks && Object.keys(value).find((field) => !beside.includes(field) && !asks.includes(field));
    if (stray !== undefined) throw unknownField(stray, [...beside, ...(asks ?? [])]);
    return readRequest(value, beside);
  } catch (error) {
    throw error instanceof RequestError ? new FrameError(where + error.message, seq) : error;
  }
}
