import { SENTENCES_EN } from "../../format/sentences.en.js";
import type { CodeName, Verdict } from "../../format/verdict.js";
import { type Cause, causeOf, type Moment } from "./causes.js";
import { timeOf } from "./dates.js";
import { type Found, lookInside, type Seen } from "./inside.js";
import { LIST_RULES, type RefusalCode, RULES, SNAPSHOT_RULES } from "./rules.js";

/** The layers of a QR text, from the outside in (contract §6). */
export const LAYERS = ["base45", "zlib", "CBOR", "COSE", "claims", "key", "signature", "status", "policy"] as const;
export type LayerName = (typeof LAYERS)[number];

/** What is said of one layer. */
export interface Layer {
  layer: LayerName;
  /** not-reached: an outer layer refused. unchecked: nothing was given to check it with. */
  result: "good" | "refused" | "undetermined" | "not-reached" | "unchecked";
  /** What was found there. */
  found?: string;
  code?: CodeName;
  /** What is the matter, for people: one clause. */
  cause?: string;
  /** Where the fault lies, from 0: a character of the text for base45, else a byte of what the layer reads. */
  byte?: number;
  rule?: string;
  remedy?: string;
}

/** Which layer refuses with a code; codes that no card causes belong to none. */
const LAYER_OF: Partial<Record<CodeName, LayerName>> = {
  ...sameLayer("base45", "TOO_LONG", "BAD_PREFIX", "BAD_BASE45"),
  ...sameLayer("zlib", "BAD_ZLIB", "TOO_LARGE"),
  ...sameLayer("CBOR", "BAD_CBOR", "TOO_DEEP"),
  ...sameLayer("COSE", "BAD_COSE", "UNSUPPORTED_ALGORITHM"),
  ...sameLayer("claims", "BAD_CWT", "MISSING_CLAIM", "BAD_IDENTITY"),
  ...sameLayer("key", "UNKNOWN_ISSUER", "KEY_NOT_YET_VALID", "KEY_EXPIRED"),
  ...sameLayer("key", "ALGORITHM_MISMATCH", "TIER_NOT_ALLOWED_FOR_KEY", "TOO_MANY_KEYS"),
  ...sameLayer("signature", "BAD_ISSUER_SIGNATURE", "BAD_HOLDER_SIGNATURE", "BAD_DISCLOSURE"),
  ...sameLayer("status", "REVOKED", "SUSPENDED", "STATUS_NOT_COVERED", "STATUS_STALE", "STATUS_UNKNOWN"),
  // Told once the signature held, and of nothing that is revoked.
  ...sameLayer("policy", "CLOCK_WRONG"),
  ...sameLayer("policy", "NOT_YET_VALID", "EXPIRED", "TIER_TOO_LOW", "PURPOSE_NOT_ACCEPTED", "REGION_NOT_ACCEPTED"),
  ...sameLayer("policy", "UNDER_AGE", "WRONG_AUDIENCE", "PRESENTATION_STALE", "PRESENTATION_REQUIRED", "REPLAYED"),
  ...sameLayer("policy", "IDENTITY_MISMATCH", "CLAIM_NOT_DISCLOSED", "NAME_REVIEW"),
};

function sameLayer(layer: LayerName, ...codes: CodeName[]): Partial<Record<CodeName, LayerName>> {
  return Object.fromEntries(codes.map((code) => [code, layer]));
}

/**
 * The verdict layer by layer. The engine has decided; what is read here again, slowly, is where and why. A verdict of
 * UNVERIFIED is one on what could be read and was not judged.
 */
export function explainVerdict(given: string | Uint8Array, verdict: Verdict, moment: Moment): Layer[] {
  const text = typeof given === "string" ? given : new TextDecoder("utf-8", { ignoreBOM: true }).decode(given);
  const seen = lookInside(text, verdict.code);
  const refusing = LAYER_OF[verdict.code];
  const known: Found = { ...seen.found, ...judged(verdict, seen) };
  // A CBOR item that another wraps is read where the wrapping is known, and its fault is one of CBOR all the same.
  const stop = refusing === undefined ? LAYERS.length : LAYERS.indexOf(refusing);
  return LAYERS.map((layer, index): Layer => {
    const found = known[layer];
    const said = found === undefined ? {} : { found };
    if (index < stop) {
      const judging = index >= LAYERS.indexOf("key");
      const unchecked =
        judging && (verdict.code === "UNVERIFIED" || (layer === "status" && verdict.status === "unchecked"));
      return { layer, result: unchecked ? "unchecked" : "good", ...said };
    }
    if (index > stop) return { layer, result: "not-reached" };
    return { layer, ...said, ...refusal(given, verdict, seen, moment) };
  });
}

type Refusal = Required<Pick<Layer, "result" | "code" | "cause" | "rule" | "remedy">> & Pick<Layer, "byte">;

function refusal(given: string | Uint8Array, verdict: Verdict, seen: Seen, moment: Moment): Refusal {
  const { code, outcome, statusSource } = verdict;
  // Behind the claims the card reads well, and no byte of it is at fault.
  const place = isBehindClaims(code) ? undefined : seen.fault;
  // A prefix is in front, wherever the text as a whole would stop being base45.
  const { byte, rule } = code === "BAD_PREFIX" ? { byte: 0, rule: undefined } : (place ?? {});
  const closer: Partial<Cause> = causeOf(given, verdict, seen, moment) ?? {};
  const rules = statusSource === undefined ? {} : statusSource === "list" ? LIST_RULES : SNAPSHOT_RULES;
  return {
    result: outcome === "undetermined" ? "undetermined" : "refused",
    code,
    ...(byte !== undefined && { byte }),
    cause: closer.cause ?? SENTENCES_EN[code].sentence,
    rule: rule ?? closer.rule ?? rules[code as RefusalCode] ?? RULES[code as RefusalCode],
    remedy: closer.remedy ?? SENTENCES_EN[code].remedy,
  };
}

function isBehindClaims(code: CodeName): boolean {
  return LAYERS.indexOf(LAYER_OF[code] ?? "policy") >= LAYERS.indexOf("key");
}

/** What the verdict itself tells of the layers behind the claims, and the card of where it is listed. */
function judged({ kid, issuer, status, epoch, statusSource, tier }: Verdict, { dates, list }: Seen): Found {
  const of =
    statusSource === undefined ? "" : `, by the ${statusSource}${epoch === undefined ? "" : ` of epoch ${epoch}`}`;
  const place = list === undefined ? "" : `; the card names index ${list.index} of ${list.uri}`;
  const validity = [
    dates.notBefore === undefined ? "" : `from ${timeOf(dates.notBefore)}`,
    dates.expires === undefined ? "" : `until ${timeOf(dates.expires)}`,
  ];
  const policy = [tier === undefined ? "" : `${tier} card`, validity.filter((date) => date !== "").join(" ")];
  return {
    ...((kid ?? issuer) !== undefined && { key: [kid, issuer].filter((fact) => fact !== undefined).join(", ") }),
    ...(status !== undefined && { status: `${status}${of}${place}` }),
    policy: policy.filter((fact) => fact !== "").join(", "),
  };
}
