import {
  Algorithm,
  Format,
  Match,
  NO_DATE,
  NO_KEY,
  RESULT_ALGORITHM,
  RESULT_CODE,
  RESULT_EPOCH,
  RESULT_EXPIRES,
  RESULT_FORMAT,
  RESULT_KEY,
  RESULT_MATCHES,
  RESULT_NOT_BEFORE,
  RESULT_SIZE,
  RESULT_STATUS_SOURCE,
  RESULT_TIER_AND_STATUS,
  RESULTS_OFFSET,
  Status,
  StatusSource,
  Tier,
} from "../abi/batch.js";
import { Code } from "../abi/code.js";
import type { NameMatch } from "../format/names/compare.js";
import type {
  AlgorithmName,
  CodeName,
  FormatName,
  Matches,
  Outcome,
  StatusName,
  StatusSourceName,
  TierName,
  Verdict,
} from "../format/verdict.js";

/** How verdicts name a trusted key. */
export interface KeyName {
  kid?: string;
  issuer?: string;
}

const FORMATS: Partial<Record<number, FormatName>> = {
  [Format.CLAIM169]: "claim169",
  [Format.PRESENTATION]: "presentation",
  [Format.SD_CWT]: "sd-cwt",
};
const TIERS: Partial<Record<number, TierName>> = { [Tier.LITE]: "lite", [Tier.FULL]: "full" };
const ALGORITHMS: Partial<Record<number, AlgorithmName>> = {
  [Algorithm.ED25519]: "EdDSA",
  [Algorithm.P256]: "ES256",
  [Algorithm.SM2]: "SM2",
};
const STATUSES: Partial<Record<number, StatusName>> = {
  [Status.GOOD]: "good",
  [Status.REVOKED]: "revoked",
  [Status.SUSPENDED]: "suspended",
  [Status.NOT_COVERED]: "not-covered",
  [Status.STALE]: "stale",
  [Status.UNCHECKED]: "unchecked",
};

const STATUS_SOURCES: Partial<Record<number, StatusSourceName>> = {
  [StatusSource.SNAPSHOT]: "snapshot",
  [StatusSource.DELTA]: "delta",
  [StatusSource.LIST]: "list",
};

export function outcomeOf(code: Code): Outcome {
  switch (code) {
    case Code.VALID:
      return "accepted";
    case Code.UNVERIFIED:
    case Code.STATUS_NOT_COVERED:
    case Code.STATUS_STALE:
    case Code.STATUS_UNKNOWN:
    case Code.CLOCK_WRONG:
    case Code.NAME_REVIEW:
    case Code.BUSY:
    case Code.INTERNAL:
      return "undetermined";
    default:
      return "refused";
  }
}

/** A verdict that rests on nothing read from the card. */
export function bareVerdict(code: Code): Verdict {
  return { outcome: outcomeOf(code), code: Code[code] as CodeName };
}

const CODES = new Map(
  Object.values(Code)
    .filter((value) => typeof value === "number")
    .map((code): [number, Code] => [code, code]),
);

/** The verdict on item `index` of the batch that `view` spans, after the engine wrote its results. */
export function readVerdict(view: DataView, index: number, keys: readonly KeyName[]): Verdict {
  const at = RESULTS_OFFSET + index * RESULT_SIZE;
  const verdict = bareVerdict(CODES.get(view.getUint8(at + RESULT_CODE)) ?? Code.INTERNAL);
  const format = view.getUint8(at + RESULT_FORMAT);
  if (format === 0) return verdict;
  const name = FORMATS[format];
  if (name !== undefined) verdict.format = name;
  if (format === (Format.PRESENTATION as number) && verdict.code === "VALID") verdict.replay = "unchecked";
  const alg = ALGORITHMS[view.getUint8(at + RESULT_ALGORITHM)];
  if (alg !== undefined) verdict.alg = alg;
  const key = view.getUint16(at + RESULT_KEY, true);
  const keyName = key === NO_KEY ? undefined : keys[key];
  if (keyName?.kid !== undefined) verdict.kid = keyName.kid;
  if (keyName?.issuer !== undefined) verdict.issuer = keyName.issuer;
  const tierAndStatus = view.getUint8(at + RESULT_TIER_AND_STATUS);
  const tier = TIERS[tierAndStatus & 15];
  if (tier !== undefined) verdict.tier = tier;
  const status = STATUSES[tierAndStatus >> 4];
  if (status !== undefined) verdict.status = status;
  const source = STATUS_SOURCES[view.getUint8(at + RESULT_STATUS_SOURCE)];
  if (source !== undefined) verdict.statusSource = source;
  const epoch = view.getUint32(at + RESULT_EPOCH, true);
  if (epoch !== 0) verdict.epoch = epoch;
  const matches = matchesOf(view.getUint8(at + RESULT_MATCHES));
  if (matches !== undefined) verdict.matches = matches;
  const notBefore = dateAt(view, at + RESULT_NOT_BEFORE);
  if (notBefore !== NO_DATE) verdict.notBefore = notBefore;
  const expires = dateAt(view, at + RESULT_EXPIRES);
  if (expires !== NO_DATE) verdict.expires = expires;
  return verdict;
}

const NAME_MATCHES: Partial<Record<number, NameMatch>> = {
  [Match.SAME]: "match",
  [Match.DIFFERS]: "differs",
  [Match.REVIEW]: "review",
};

function matchesOf(bits: number): Matches | undefined {
  if (bits === 0) return undefined;
  const matches: Matches = {};
  if ((bits & 3) !== 0) matches.id = (bits & 3) === (Match.SAME as number);
  const name = NAME_MATCHES[bits >> 2];
  if (name !== undefined) matches.name = name;
  return matches;
}

/** An i64 as a number: exact as far as numbers are, which is 285 million years. */
function dateAt(view: DataView, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}
