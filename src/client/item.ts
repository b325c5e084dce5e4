import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { HufuClientError } from "./errors.js";

/** A text that somebody waits for the verdict on. */
export interface Item {
  readonly qr: string | Uint8Array;
  readonly request: VerifyRequest;
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
