import { z } from "zod";
import { Tier } from "../abi/batch.js";
import {
  type AtMeans,
  audiencesOf,
  FRESHNESS,
  momentAsked,
  momentOf,
  type Requirements,
  SKEW,
} from "../format/requirements.js";
import type { VerifyRequest } from "../format/verdict.js";
import { faultOf } from "./schema-fault.js";

/**
 * The acceptance policy: purpose x region x date -> accepted or not yet, and what is then demanded of a card. Data, not
 * code: the programme grows region by region and service by service by adding rules.
 */

/** The beginning of a GB/T 2260 code: a province, a city or a county. */
export const regionPrefix = z.string().regex(/^\d{2}(\d{2}(\d{2})?)?$/, "a region is 2, 4 or 6 digits");

const date = z.iso.date();
const rule = z.strictObject({
  purpose: z.string().regex(/^[a-z][a-z0-9-]*$/, "a purpose is lower-case words joined by hyphens"),
  /** Everywhere when absent. */
  regions: z.array(regionPrefix).min(1).optional(),
  /** First and last day in force, in China. */
  from: date.optional(),
  until: date.optional(),
  minTier: z.enum(["lite", "full"]).optional(),
  minAge: z.int().min(0).max(150).optional(),
  /** Keys of claim 169 the relying party may see; none when absent. */
  claims: z.array(z.int()).optional(),
  /** The holder must prove possession of the device: a static QR is not enough. */
  presentation: z.boolean().optional(),
  /** Whom a presentation must have been made for: who asks by name, or the purpose; either when absent. */
  audience: z.enum(["own", "purpose"]).optional(),
  /** Seconds that a presentation may be old, and that the phone's clock may be ahead: 60 and 30 when absent. */
  freshness: z.int().min(1).max(3600).optional(),
  skew: z.int().min(0).max(300).optional(),
});
const dated = rule.refine(({ from, until }) => from === undefined || until === undefined || from <= until, {
  path: ["until"],
  message: "the last day in force is before the first",
});

const table = z.strictObject({
  hufuPolicy: z.literal(1),
  name: z.string().optional(),
  rules: z.array(dated),
});

export type PolicyRule = z.infer<typeof rule>;
export type PolicyTable = z.infer<typeof table>;

export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

/** Read a policy file. Throws PolicyError, which says where it is wrong. */
export function readPolicy(json: string): PolicyTable {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new PolicyError(`the policy is not JSON: ${error instanceof Error ? error.message : ""}`);
  }
  return checkPolicy(value);
}

/** Check a policy that is an object already. Throws PolicyError, which says where it is wrong. */
export function checkPolicy(value: unknown): PolicyTable {
  const parsed = table.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new PolicyError(`the policy is wrong: ${faultOf(table, parsed.error)}`);
}

/**
 * What `request` demands under `policy`. Without a policy every purpose is accepted. With one, a request that names no
 * purpose learns whether the card is genuine, but sees no claims.
 */
export function requirementsFor(
  policy: PolicyTable | undefined,
  request: VerifyRequest,
  now: Date,
  atMeans: AtMeans = "clock",
): Requirements {
  const requirements: Requirements = { ...momentAsked(request.at, now, atMeans), ...audiencesOf(request) };
  if (request.claims === true) requirements.detail = "claims";
  if (request.expect !== undefined) requirements.expect = request.expect;
  if (request.captured !== undefined) requirements.captured = momentOf(earlier(request.captured, now)).at;
  if (policy === undefined) return requirements;
  if (request.purpose === undefined) return { ...requirements, disclosed: [] };
  const { purpose, region } = request;
  const found = ruleFor(policy, { purpose, region, date: requirements.date });
  if (typeof found === "string") return { ...requirements, disclosed: [], refused: found };
  return {
    ...requirements,
    disclosed: found.claims ?? [],
    ...(found.minTier !== undefined && { minTier: found.minTier === "full" ? Tier.FULL : Tier.LITE }),
    ...(found.minAge !== undefined && { minAge: found.minAge }),
    ...(found.presentation === true && { presentationRequired: true }),
    ...(found.audience === "own" && { purposeAudience: "" }),
    ...(found.audience === "purpose" && { audience: "" }),
    ...(found.freshness !== undefined && { freshness: found.freshness }),
    ...(found.skew !== undefined && { skew: found.skew }),
  };
}

/** Nothing was captured after now, whatever is said. */
function earlier(one: Date, other: Date): Date {
  return one < other ? one : other;
}

/** Seconds after its iat for which a presentation may be accepted, by the longest rule. */
export function presentationWindow(policy: PolicyTable | undefined): number {
  const windows = policy?.rules.map(({ freshness = FRESHNESS, skew = SKEW }) => freshness + skew) ?? [];
  return Math.max(FRESHNESS + SKEW, ...windows);
}

export interface Question {
  purpose: string;
  region: string | undefined;
  /** Day in China as a number: 20261001. */
  date: number;
}

/** The rule in force that names the region most closely, or what there is no rule for. */
export function ruleFor(policy: PolicyTable, { purpose, region, date }: Question): PolicyRule | "purpose" | "region" {
  const inForce = policy.rules.filter((candidate) => candidate.purpose === purpose && isInForce(candidate, date));
  if (inForce.length === 0) return "purpose";
  let best: PolicyRule | undefined;
  let bestMatch = -1;
  for (const candidate of inForce) {
    const match = matchedDigits(candidate, region);
    // Of equally close rules the first in the file decides.
    if (match > bestMatch) [best, bestMatch] = [candidate, match];
  }
  return best ?? "region";
}

function isInForce({ from, until }: PolicyRule, today: number): boolean {
  return (from === undefined || asNumber(from) <= today) && (until === undefined || today <= asNumber(until));
}

/** Digits of the longest prefix of `region` that the rule names; 0 for a rule that holds everywhere, -1 for none. */
function matchedDigits({ regions }: PolicyRule, region: string | undefined): number {
  if (regions === undefined) return 0;
  return Math.max(-1, ...regions.filter((prefix) => region?.startsWith(prefix) === true).map(({ length }) => length));
}

/** 2026-10-01 to 20261001. */
function asNumber(isoDate: string): number {
  return Number(isoDate.replaceAll("-", ""));
}
