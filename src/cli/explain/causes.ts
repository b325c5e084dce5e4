import { diagnose } from "../../engine/damage.js";
import type { StatusHealth } from "../../engine/statuses.js";
import { toHex } from "../../format/bytes.js";
import { sentenceOf } from "../../format/damage/sentences.js";
import { SENTENCES_EN } from "../../format/sentences.en.js";
import type { TrustedKey } from "../../format/trust/trust-list.js";
import type { CodeName, Verdict } from "../../format/verdict.js";
import { scaleOf, timeOf } from "./dates.js";
import type { Seen } from "./inside.js";

/** What is the matter with one card, closer than its code says it; each one clause. */
export interface Cause {
  cause: string;
  /** Where it is another than the code's own. */
  rule?: string;
  remedy?: string;
}

/** What a verdict was given by, beside the card. */
export interface Moment {
  at: Date;
  /** The clock's, not one that was asked about. */
  byClock: boolean;
  /** Where the trusted keys are known, for their dates. */
  keys?: readonly TrustedKey[];
  /** Where it is known, what is in force of status. */
  statuses?: readonly StatusHealth[];
}

/** Codes of a text in which nothing of a card was seen. */
const UNREAD: ReadonlySet<CodeName> = new Set(["TOO_LONG", "BAD_PREFIX", "BAD_BASE45", "BAD_ZLIB"]);

export function isUnread(code: CodeName): boolean {
  return UNREAD.has(code);
}

/** Why nothing of a card was seen in a text: what has happened to it, as far as that can be told. */
export function damageTo(given: string | Uint8Array): Cause | undefined {
  const diagnosis = diagnose(given);
  return diagnosis && sentenceOf(diagnosis);
}

export function causeOf(given: string | Uint8Array, verdict: Verdict, seen: Seen, moment: Moment): Cause | undefined {
  const { code } = verdict;
  if (isUnread(code)) return damageTo(given);
  if (code === "BAD_CWT" && seen.fault !== undefined)
    return { cause: `the card's claims are wrong: ${seen.fault.rule}` };
  if (code === "EXPIRED" || code === "NOT_YET_VALID") return causeInDates(code, seen, moment);
  if (code === "KEY_EXPIRED" || code === "KEY_NOT_YET_VALID") return causeInKey(code, verdict, moment);
  const expired = code === "STATUS_STALE" ? causeInTrust(verdict, moment) : undefined;
  if (expired !== undefined) return expired;
  if (verdict.statusSource !== undefined || code === "STATUS_UNKNOWN") return causeInStatus(verdict, seen, moment);
  return undefined;
}

/** The date at fault beside the moment that it was held against. */
function causeInDates(code: "EXPIRED" | "NOT_YET_VALID", { dates }: Seen, moment: Moment): Cause | undefined {
  const date = code === "EXPIRED" ? dates.expires : dates.notBefore;
  if (date === undefined) return undefined;
  const scale = scaleOf(date);
  if (scale !== undefined) {
    const what = code === "EXPIRED" ? "exp (4)" : "nbf (5)";
    return {
      cause: `${SENTENCES_EN[code].sentence}: its ${what} ${scale}, where seconds are counted (RFC 8392 section 2)`,
      remedy: SENTENCES_EN.BAD_CWT.remedy,
    };
  }
  return { cause: `the card ${code === "EXPIRED" ? "expired" : "is valid from"} ${timeOf(date)}; ${said(moment)}` };
}

/** The trust list that names the key has expired: what was good by it is not known to be so now. */
function causeInTrust({ kid }: Verdict, moment: Moment): Cause | undefined {
  const until = keyOf(kid, moment)?.trustUntil;
  if (until === undefined || moment.at.getTime() < until * 1000) return undefined;
  return {
    cause: `the trust list that names the card's key expired ${timeOf(until)}; ${said(moment)}`,
    rule: "the trust list that names the card's key has not expired",
    remedy: "fetch the newest trust list; until then do not decide by this card",
  };
}

function keyOf(kid: string | undefined, { keys }: Moment): TrustedKey | undefined {
  return keys?.find(({ kids }) => kids.some((known) => toHex(known) === kid));
}

function causeInKey(code: "KEY_EXPIRED" | "KEY_NOT_YET_VALID", { kid }: Verdict, moment: Moment): Cause | undefined {
  const date = dateOfKey(code, keyOf(kid, moment));
  if (date === undefined) return undefined;
  const [was, by] = code === "KEY_EXPIRED" ? ["counted until", timeOf(date)] : ["counts from", timeOf(date)];
  return { cause: `the key that signed the card ${was} ${by}; ${said(moment)}` };
}

function dateOfKey(code: "KEY_EXPIRED" | "KEY_NOT_YET_VALID", key: TrustedKey | undefined): number | undefined {
  return code === "KEY_EXPIRED" ? key?.notAfter : key?.notBefore;
}

function said({ at, byClock }: Moment): string {
  const time = timeOf(at.getTime() / 1000);
  return byClock ? `the clock says ${time}` : `it is judged at ${time}, as was asked`;
}

function staleSentence({ statusSource }: Verdict, place: string): string {
  return statusSource === "list"
    ? `the status list is too old to call a card good:${place}`
    : "the status snapshot is too old to call a card good";
}

/** Of what date it is and until when it was good, beside the moment that it was held against. */
function datesOfStatus({ statusSource, issuer }: Verdict, uri: string | undefined, moment: Moment): string {
  const isList = statusSource === "list";
  const one = moment.statuses?.find((status) =>
    isList ? status.uri === uri : status.source !== "list" && status.issuer === issuer,
  );
  if (one === undefined) return "";
  const until = one.expires === undefined ? "" : ` and was good until ${timeOf(one.expires)}`;
  return `; it is of ${timeOf(one.universe)}${until}; ${said(moment)}`;
}

/** What decided, or what would have. */
function causeInStatus(verdict: Verdict, { list }: Seen, moment: Moment): Cause | undefined {
  const { code, statusSource } = verdict;
  const place = list === undefined ? "" : ` ${list.uri}, index ${list.index}`;
  switch (code) {
    case "STATUS_UNKNOWN":
      return list && { cause: `nothing loaded tells the card's status: it names the status list${place}` };
    case "REVOKED":
    case "SUSPENDED":
      return statusSource === "list" ? { cause: `${SENTENCES_EN[code].sentence}, says the status list${place}` } : undefined; // prettier-ignore
    case "STATUS_NOT_COVERED":
      return statusSource === "list" ? { cause: `the status list says nothing of the card:${place}` } : undefined;
    case "STATUS_STALE":
      return { cause: `${staleSentence(verdict, place)}${datesOfStatus(verdict, list?.uri, moment)}` };
    default:
      return undefined;
  }
}
