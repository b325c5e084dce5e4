import { createHash, timingSafeEqual } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { LANES } from "../format/wire/frame.js";
import { MAX_NAME_LENGTH } from "../format/wire/request.js";
import type { Requirements } from "../format/requirements.js";
import type { VerifyRequest } from "../format/verdict.js";
import { regionPrefix } from "../policy/policy.js";
import { faultOf } from "../policy/schema-fault.js";

/** What a token looks like; RFC 6750 section 2.1 allows a little more. */
export const token = z.string().regex(/^[A-Za-z0-9._~+-]{8,256}$/, "a token is 8 to 256 letters, digits and . _ ~ + -");

const accessToken = z.strictObject({
  /** Who it is, for people. */
  name: z.string().min(1).max(MAX_NAME_LENGTH).optional(),
  token,
  /** Purposes that may be asked for; one of them must be named. Absent: any, or none. */
  purposes: z.array(z.string().min(1).max(MAX_NAME_LENGTH)).min(1).optional(),
  /** Prefixes of GB/T 2260 codes: where it may ask; the region must then be named. Absent: anywhere. */
  regions: z.array(regionPrefix).min(1).optional(),
  /** Keys of claim 169 that it may see; true, or absent: whatever the policy allows; false: none. */
  claims: z.union([z.boolean(), z.array(z.int())], "claims is true, false or a list of keys of claim 169").optional(),
  /** Whether it may ask about another moment than now; no by default. */
  at: z.boolean().optional(),
  /** Whether it may have name and number compared; no by default. */
  match: z.boolean().optional(),
  /** Whether it may have presentations judged by when they were captured; no by default. */
  captured: z.boolean().optional(),
  /** Texts a second that it may ask; any number by default. */
  rate: z.int().min(1).max(1_000_000).optional(),
  /** Texts that it may have unanswered at a time; any number by default. */
  concurrency: z.int().min(1).max(1_000_000).optional(),
  /** The one lane of the stream that it is for; either by default. */
  lane: z.enum(LANES).optional(),
});
const accessTokens = z.array(accessToken).min(1);

/** A relying party's bearer token and what it is good for. */
export type AccessToken = z.infer<typeof accessToken>;
export type Scope = Omit<AccessToken, "token">;

/** Read a file of tokens, a JSON array. Throws Error, which says where it is wrong and never what a token is. */
export function readTokens(json: string): AccessToken[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error("it is not JSON");
  }
  const parsed = accessTokens.safeParse(value);
  if (!parsed.success) {
    throw new Error(`it is wrong at ${faultOf(accessTokens, parsed.error)}`);
  }
  const again = parsed.data.findIndex((one, i) => parsed.data.findIndex((other) => other.token === one.token) < i);
  if (again >= 0) throw new Error(`it is wrong at ${again}: another entry has the same token`);
  return parsed.data;
}

/** Checks bearer tokens (RFC 6750) in a time that does not tell how much of a token was right. */
export class TokenCheck {
  #known: readonly Known[] = [];

  /** Without tokens everyone is let in, for everything. */
  constructor(tokens: readonly AccessToken[]) {
    this.replace(tokens);
  }

  /** Other tokens from now on. A token that is still good for the same keeps its scope, the very object. */
  replace(tokens: readonly AccessToken[]): void {
    this.#known = tokens.map(({ token: text, ...scope }) => {
      const known = { digest: digest(text), scope };
      return this.#known.find((one) => isDeepStrictEqual(one, known)) ?? known;
    });
  }

  /** Is this scope still that of a token? */
  stands(scope: Scope): boolean {
    return this.#known.length === 0 || this.#known.some((one) => one.scope === scope);
  }

  /** Is anyone let in? */
  get open(): boolean {
    return this.#known.length === 0;
  }

  /** Who holds a token of this scope, by a name that outlives a restart and tells nothing. */
  partyOf(scope: Scope): string {
    return this.#known.find((one) => one.scope === scope)?.digest.toString("base64") ?? "";
  }

  /** What whoever offers this token may ask; undefined for a stranger. */
  scopeOf(offered: string | undefined): Scope | undefined {
    if (this.open) return EVERYTHING;
    if (offered === undefined) return undefined;
    const asked = digest(offered);
    return this.#known.find((one) => timingSafeEqual(one.digest, asked))?.scope;
  }
}

const EVERYTHING: Scope = { at: true, match: true, captured: true };

/** Why `scope` does not cover `request`, if it does not. */
export function outOfScope(
  { purposes, regions, claims, at, match, captured }: Scope,
  request: VerifyRequest,
): string | undefined {
  if (purposes !== undefined && (request.purpose === undefined || !purposes.includes(request.purpose))) {
    return `this token is for ${purposes.join(", ")}`;
  }
  if (regions !== undefined && !regions.some((prefix) => request.region?.startsWith(prefix) === true)) {
    return `this token is for the regions ${regions.join(", ")}`;
  }
  if (request.at !== undefined && at !== true) return "this token may not ask about another moment than now";
  if (request.captured !== undefined && captured !== true) return "this token may not say when a card was captured";
  if (request.expect !== undefined && match !== true) return "this token may not have name and number compared";
  return claims === false && request.claims === true ? "this token may not ask for claims" : undefined;
}

/** `requirements`, with claims disclosed only where the party may see them too. */
export function granted({ claims }: Scope, requirements: Requirements): Requirements {
  if (!Array.isArray(claims)) return requirements;
  const { disclosed } = requirements;
  return { ...requirements, disclosed: disclosed?.filter((key) => claims.includes(key)) ?? claims };
}

/** The token of an Authorization header. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

interface Known {
  digest: Buffer;
  scope: Scope;
}
