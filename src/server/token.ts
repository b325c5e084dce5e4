import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { MAX_NAME_LENGTH } from "../format/frame.js";
import type { VerifyRequest } from "../format/verdict.js";

/** What a token looks like; RFC 6750 section 2.1 allows a little more. */
export const token = z.string().regex(/^[A-Za-z0-9._~+-]{8,256}$/, "a token is 8 to 256 letters, digits and . _ ~ + -");

const accessToken = z.strictObject({
  token,
  /** Purposes that may be asked for; one of them must be named. Absent: any, or none. */
  purposes: z.array(z.string().min(1).max(MAX_NAME_LENGTH)).min(1).optional(),
  /** Whether claims may be asked for; yes by default. */
  claims: z.boolean().optional(),
});

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
  const parsed = z.array(accessToken).min(1).safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`it is wrong at ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}

/** Checks bearer tokens (RFC 6750) in a time that does not tell how much of a token was right. */
export class TokenCheck {
  readonly #known: { digest: Buffer; scope: Scope }[];

  /** Without tokens everyone is let in, for everything. */
  constructor(tokens: readonly AccessToken[]) {
    this.#known = tokens.map(({ token: text, ...scope }) => ({ digest: digest(text), scope }));
  }

  /** What whoever offers this token may ask; undefined for a stranger. */
  scopeOf(offered: string | undefined): Scope | undefined {
    if (this.#known.length === 0) return {};
    if (offered === undefined) return undefined;
    const asked = digest(offered);
    return this.#known.find((one) => timingSafeEqual(one.digest, asked))?.scope;
  }
}

/** Why `scope` does not cover `request`, if it does not. */
export function outOfScope({ purposes, claims }: Scope, request: VerifyRequest): string | undefined {
  if (purposes !== undefined && (request.purpose === undefined || !purposes.includes(request.purpose))) {
    return `this token is for ${purposes.join(", ")}`;
  }
  return claims === false && request.claims === true ? "this token may not ask for claims" : undefined;
}

/** The token of an Authorization header. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
