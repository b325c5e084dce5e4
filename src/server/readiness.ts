import type { Fault, FaultCode, Health } from "../engine/health.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import type { FeedState } from "../feed/feed.js";
import { ABSENT } from "../feed/source.js";

/** Why a good card would not be accepted now, and what helps, each one clause. */
export interface Reason {
  code: ReasonCode;
  /** Whose cards are concerned; absent where all are, or where that is not known. */
  issuer?: string;
  sentence: string;
  remedy: string;
}

export type ReasonCode =
  | FaultCode
  /** The feed has not answered since the start. */
  | "FEED_AWAITED"
  | "FEED_UNREACHABLE"
  /** A file of the feed is missing, is not one, or is refused. */
  | "FEED_FILE"
  /** A file named by hand is not in force. */
  | "FILE_REFUSED";

/** What readiness is asked of: a Verifier. */
export interface Judged {
  health(): Health;
}

/**
 * Whether a good card of every issuer that is trusted would be accepted now, and if not why: asked by /readyz, by the
 * log and by the metrics. What is wrong with the feed is told as the cause, where it is one: while what is in force is
 * fresh, a feed that is down keeps nobody out.
 */
export class Readiness {
  constructor(
    readonly judged: Judged,
    readonly feed?: FeedState,
    /** Files named by hand that are not in force, by name. */
    readonly refused: ReadonlyMap<string, Reason> = new Map(),
  ) {}

  reasons(): readonly Reason[] {
    const { ready, faults } = this.judged.health();
    if (ready) return [];
    return [...faults.map(reasonOfFault), ...this.refused.values(), ...(this.feed ? feedReasons(this.feed) : [])];
  }
}

/** Not what it is for: that one changes while the state stays, as an age does. */
export function sameState(a: readonly Reason[], b: readonly Reason[]): boolean {
  return stateOf(a) === stateOf(b);
}

function stateOf(reasons: readonly Reason[]): string {
  const own = reasons.filter(({ code }) => !(code in FEED_CODES));
  return own.map(({ code, issuer = "" }) => `${code} ${issuer}`).join("\n");
}

const FEED_CODES: Partial<Record<ReasonCode, true>> = { FEED_AWAITED: true, FEED_UNREACHABLE: true, FEED_FILE: true };

const REMEDIES: Record<FaultCode, string> = {
  NO_TRUST: "give the authority's trust list with --trust, or publish it where --feed looks",
  TRUST_EXPIRED: "let the authority publish a new trust list: hufu publish",
  NO_KEY: "let the authority publish a trust list with a key that is valid now: hufu publish",
  STATUS_UNKNOWN:
    "follow the authority's feed with --feed, or name a snapshot with --status; --without-status goes without knowingly",
  STATUS_STALE: "let the authority publish a new snapshot or delta: hufu publish",
  CLOCK_WRONG: "set the clock of this machine (NTP)",
  ENGINE_FAILED: "see the log for what the workers failed at, and restart",
};

function reasonOfFault({ code, issuer, message }: Fault): Reason {
  return { code, ...(issuer !== undefined && { issuer }), sentence: message, remedy: REMEDIES[code] };
}

function feedReasons({ place, looked, trouble, faults }: FeedState): Reason[] {
  if (trouble !== undefined) {
    const remedy = "look whether it is up and can be reached from here; it is asked again and again";
    return [{ code: "FEED_UNREACHABLE", sentence: `the feed ${place} cannot be read: ${trouble}`, remedy }];
  }
  if (!looked) {
    return [{ code: "FEED_AWAITED", sentence: `the feed ${place} has not answered yet`, remedy: "wait for it" }];
  }
  return [TRUST_FILE, STATUS_FILE, DELTA_FILE].flatMap((file): Reason | [] => {
    const fault = faults.get(file);
    // There is one only where something has changed since the snapshot.
    if (fault === undefined || (file === DELTA_FILE && fault === ABSENT)) return [];
    const remedy = `let the authority publish it there: hufu publish --out FOLDER`;
    return { code: "FEED_FILE", sentence: `${file} of the feed ${place}: ${fault}`, remedy };
  });
}
