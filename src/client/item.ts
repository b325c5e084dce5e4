import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { type WireItem, type WireRequest, writeRequest } from "../format/wire/frame.js";
import { ITEM_FIELDS } from "../format/wire/request.js";
import { HufuClientError } from "./errors.js";

/** What is asked of a text, as it travels. */
export interface Asked {
  /** What a whole frame says, and by what two of them are the same. */
  readonly ofFrame: WireRequest;
  readonly key: string;
  /** What is said of the text alone, where the others of its frame are asked something else. */
  readonly own: Omit<WireItem, "qr">;
  /** Bytes of that in either notation, at most. */
  readonly ownLength: number;
}

export function askedOf(request: VerifyRequest): Asked {
  const all = writeRequest(request);
  const entries = Object.entries(all);
  const isOwn = ([name]: [string, unknown]): boolean => (ITEM_FIELDS as readonly string[]).includes(name);
  const own = Object.fromEntries(entries.filter(isOwn)) as Asked["own"];
  const ofFrame = Object.fromEntries(entries.filter((entry) => !isOwn(entry))) as WireRequest;
  return { ofFrame, key: JSON.stringify(ofFrame), own, ownLength: 3 * JSON.stringify(own).length };
}

/** A text that somebody waits for the verdict on. */
export interface Item {
  readonly qr: string | Uint8Array;
  readonly asked: Asked;
  /** Either may be called again, in vain. */
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
  /** It was too late: nobody waits any more. */
  isOver: boolean;
}

/** `item`, rejected where it has no verdict in so many milliseconds. */
export function itemOf(item: Item, timeoutMs: number | undefined): Item {
  if (timeoutMs === undefined) return item;
  const timer = setTimeout(() => {
    timed.isOver = true;
    item.reject(new HufuClientError("TIMED_OUT", `no verdict in ${timeoutMs} ms`));
  }, timeoutMs);
  const timed: Item = {
    ...item,
    resolve: (verdict) => {
      clearTimeout(timer);
      item.resolve(verdict);
    },
    reject: (error) => {
      clearTimeout(timer);
      item.reject(error);
    },
  };
  return timed;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** JSON has no bytes. A byte order mark stays where it is: what scanners add is the engine's to take off. */
export function asText(qr: string | Uint8Array): string {
  return typeof qr === "string" ? qr : utf8.decode(qr);
}

/** The verdict on a text over the limit rests on its length alone; it must not fill the line. */
export function shorten(qr: string | Uint8Array): string | Uint8Array {
  return qr.length > MAX_SCANNED_LENGTH ? qr.slice(0, MAX_SCANNED_LENGTH + 1) : qr;
}
