import {
  CONTEXT_AT,
  CONTEXT_AUDIENCE_LENGTH,
  CONTEXT_CAPTURED,
  CONTEXT_DATE,
  CONTEXT_EXPECT,
  CONTEXT_EXPECT_ID,
  CONTEXT_EXPECT_KNOWN_BY,
  CONTEXT_EXPECT_NAME,
  CONTEXT_EXPECTED_NAME_LENGTH,
  CONTEXT_FLAG_AT_REPLACES_CLOCK,
  CONTEXT_FLAG_CAPTURED,
  CONTEXT_FLAG_CLAIMS,
  CONTEXT_FLAG_DETAIL,
  CONTEXT_FLAG_PRESENTATION_REQUIRED,
  CONTEXT_FLAG_PURPOSE_REFUSED,
  CONTEXT_FLAG_REGION_REFUSED,
  CONTEXT_FLAG_REPLAY,
  CONTEXT_FLAGS,
  CONTEXT_FRESHNESS,
  CONTEXT_ID_LENGTH,
  CONTEXT_MIN_AGE,
  CONTEXT_MIN_TIER,
  CONTEXT_NONCE_LENGTH,
  CONTEXT_PURPOSE_LENGTH,
  CONTEXT_SKEW,
  CONTEXT_TEXT_OFFSET,
  type Tier,
} from "../abi/batch.js";
import type { Expected, VerifyRequest } from "./verdict.js";

/** What one request demands of a card, after policy: the context of the items that it is made for. */
export interface Requirements {
  /** Seconds since 1970-01-01T00:00:00Z at which the card must be valid. */
  at: bigint;
  /** Does `at` stand for the clock in all else too: keys, trust and status? They are judged by the clock if not. */
  atReplacesClock?: boolean;
  /** The same moment as a calendar date YYYYMMDD in China (UTC+8), for ages. */
  date: number;
  /** Absent: any tier, or none. */
  minTier?: Tier;
  /** Years; absent: any age. */
  minAge?: number;
  /** Why the policy refuses whatever card is shown, if it does. */
  refused?: "purpose" | "region";
  /** A static QR is not enough. */
  presentationRequired?: boolean;
  /** What to return beside the verdict: the names the card itself gives (key id, iss), or those and its claims. */
  detail?: "names" | "claims";
  /** Of a presentation: who asks, and the purpose as an audience; one of the two must be what it was made for. */
  audience?: string;
  purposeAudience?: string;
  /** Of a presentation: the number that the gate has shown to the phone, which is signed with it. */
  nonce?: string;
  /** Of a presentation, in seconds: how long ago it may have been made, and how far ahead the phone's clock may be. */
  freshness?: number;
  skew?: number;
  /** Of a presentation: when it was captured, in seconds since 1970; by the clock where absent. */
  captured?: bigint;
  /** Tell what an accepted presentation is known by, so that it is accepted once. */
  replay?: boolean;
  /** Whose card it must be. */
  expect?: Expected;
  /** Tell what the credential is known by beside a comparison, for who counts how often it did not match. */
  knownBy?: boolean;
  /** Keys of claim 169 that the policy lets this relying party see; absent: all. */
  disclosed?: readonly number[];
}

/** Seconds that a presentation may be old, and that a phone's clock may be ahead, where no policy says so (contract §3). */
export const FRESHNESS = 60;
export const SKEW = 30;

/** Bytes of the texts that one context may bring along; see textsOf. */
export const MAX_CONTEXT_TEXTS_LENGTH = 4 * 1024;

/** What a card is held against, which goes with the context as UTF-8: audience, purpose, nonce, number, name. */
export function textsOf(requirements: Requirements): string[] {
  const { audience = "", purposeAudience = "", nonce = "", expect: { id = "", name = "" } = {} } = requirements;
  return [audience, purposeAudience, nonce, id, name];
}

/**
 * Write `requirements` as the CONTEXT_SIZE bytes at `offset`; their texts, of these lengths, lie at this offset of the
 * batch's.
 */
export function writeContext(
  view: DataView,
  offset: number,
  requirements: Requirements,
  texts: { offset: number; lengths: readonly number[] },
): void {
  let flags = 0;
  if (requirements.refused === "purpose") flags |= CONTEXT_FLAG_PURPOSE_REFUSED;
  if (requirements.refused === "region") flags |= CONTEXT_FLAG_REGION_REFUSED;
  if (requirements.presentationRequired === true) flags |= CONTEXT_FLAG_PRESENTATION_REQUIRED;
  if (requirements.detail !== undefined) flags |= CONTEXT_FLAG_DETAIL;
  if (requirements.detail === "claims") flags |= CONTEXT_FLAG_CLAIMS;
  if (requirements.replay === true) flags |= CONTEXT_FLAG_REPLAY;
  if (requirements.atReplacesClock === true) flags |= CONTEXT_FLAG_AT_REPLACES_CLOCK;
  if (requirements.captured !== undefined) flags |= CONTEXT_FLAG_CAPTURED;
  view.setBigInt64(offset + CONTEXT_CAPTURED, requirements.captured ?? 0n, true);
  view.setBigInt64(offset + CONTEXT_AT, requirements.at, true);
  view.setUint32(offset + CONTEXT_DATE, requirements.date, true);
  view.setUint8(offset + CONTEXT_MIN_TIER, requirements.minTier ?? 0);
  view.setUint8(offset + CONTEXT_MIN_AGE, requirements.minAge ?? 0);
  view.setUint8(offset + CONTEXT_FLAGS, flags);
  view.setUint8(offset + CONTEXT_EXPECT, expectFlags(requirements));
  const [audience = 0, purpose = 0, nonce = 0, id = 0, name = 0] = texts.lengths;
  view.setUint32(offset + CONTEXT_TEXT_OFFSET, texts.offset, true);
  view.setUint16(offset + CONTEXT_AUDIENCE_LENGTH, audience, true);
  view.setUint16(offset + CONTEXT_PURPOSE_LENGTH, purpose, true);
  view.setUint16(offset + CONTEXT_NONCE_LENGTH, nonce, true);
  view.setUint16(offset + CONTEXT_ID_LENGTH, id, true);
  view.setUint16(offset + CONTEXT_EXPECTED_NAME_LENGTH, name, true);
  view.setUint16(offset + CONTEXT_FRESHNESS, requirements.freshness ?? FRESHNESS, true);
  view.setUint16(offset + CONTEXT_SKEW, requirements.skew ?? SKEW, true);
}

function expectFlags({ expect, knownBy }: Requirements): number {
  let flags = 0;
  if (expect?.id !== undefined) flags |= CONTEXT_EXPECT_ID;
  if (expect?.name !== undefined) flags |= CONTEXT_EXPECT_NAME;
  if (flags !== 0 && knownBy === true) flags |= CONTEXT_EXPECT_KNOWN_BY;
  return flags;
}

/**
 * What the moment that a request names stands for: the clock, on the command line and in the library; the day on which
 * the card is to be valid and no more, at a server's doors (contract §8).
 */
export type AtMeans = "clock" | "card";

/** The moment of a check where a request may name one. */
export function momentAsked(
  at: Date | undefined,
  now: Date,
  means: AtMeans,
): Pick<Requirements, "at" | "date" | "atReplacesClock"> {
  if (at === undefined) return momentOf(now);
  return { ...momentOf(at), atReplacesClock: means === "clock" };
}

/**
 * What a presentation is held against: it was made for who asks, or for the purpose, which a phone without network can know
 * (contract §3).
 */
export function audiencesOf({
  audience,
  purpose,
  nonce,
}: Pick<VerifyRequest, "audience" | "purpose" | "nonce">): Pick<
  Requirements,
  "audience" | "purposeAudience" | "nonce"
> {
  return {
    ...(audience !== undefined && { audience }),
    ...(purpose !== undefined && { purposeAudience: `purpose:${purpose}` }),
    ...(nonce !== undefined && { nonce }),
  };
}

const CHINA_OFFSET_MS = 8 * 3_600_000;

/** The moment of a check in both forms that requirements carry. */
export function momentOf(at: Date): { at: bigint; date: number } {
  const local = new Date(at.getTime() + CHINA_OFFSET_MS);
  const date = local.getUTCFullYear() * 10_000 + (local.getUTCMonth() + 1) * 100 + local.getUTCDate();
  return { at: BigInt(Math.floor(at.getTime() / 1000)), date };
}
