import { createHash, timingSafeEqual } from "node:crypto";

/** Checks bearer tokens (RFC 6750) in a time that does not tell how much of a token was right. */
export class TokenCheck {
  readonly #digest: Buffer | undefined;

  /** Without a token everyone is let in. */
  constructor(token: string | undefined) {
    this.#digest = token === undefined ? undefined : digest(token);
  }

  allows(offered: string | undefined): boolean {
    if (this.#digest === undefined) return true;
    return offered !== undefined && timingSafeEqual(this.#digest, digest(offered));
  }
}

/** The token of an Authorization header. */
export function bearerOf(authorization: string): string | undefined {
  return /^Bearer +([^ ]+)$/i.exec(authorization)?.[1];
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
