import type { CodeName } from "../format/verdict.js";

/** Codes of refused requests: those of the table (contract §5) where one says it, and what only HTTP can meet. */
export type ProblemCode =
  | Extract<CodeName, "BAD_REQUEST" | "BUSY" | "INTERNAL" | "TOO_LARGE">
  | "UNAUTHORIZED"
  | "FORBIDDEN"
  | "HOST_NOT_ALLOWED"
  | "ORIGIN_NOT_ALLOWED"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "TOO_SLOW"
  | "UPGRADE_REQUIRED"
  | "UNSUPPORTED_CODING"
  | "TOO_MANY_CONNECTIONS"
  | "RATE_LIMITED"
  | "NOT_READY"
  | "SHUTTING_DOWN";

const KINDS: Record<ProblemCode, { status: string; title: string }> = {
  BAD_REQUEST: { status: "400 Bad Request", title: "The request is malformed" },
  UNAUTHORIZED: { status: "401 Unauthorized", title: "A bearer token is required" },
  FORBIDDEN: { status: "403 Forbidden", title: "The bearer token is not for this request" },
  HOST_NOT_ALLOWED: { status: "403 Forbidden", title: "The server is not known by this name" },
  ORIGIN_NOT_ALLOWED: { status: "403 Forbidden", title: "Pages of this origin may not use the server" },
  NOT_FOUND: { status: "404 Not Found", title: "There is nothing at this address" },
  METHOD_NOT_ALLOWED: { status: "405 Method Not Allowed", title: "This address has other methods" },
  TOO_SLOW: { status: "408 Request Timeout", title: "The request came too slowly" },
  TOO_LARGE: { status: "413 Content Too Large", title: "The request is too large" },
  UPGRADE_REQUIRED: { status: "426 Upgrade Required", title: "This address speaks WebSocket" },
  TOO_MANY_CONNECTIONS: { status: "429 Too Many Requests", title: "Too many connections from this address" },
  RATE_LIMITED: { status: "429 Too Many Requests", title: "The token's rate or concurrency is used up" },
  INTERNAL: { status: "500 Internal Server Error", title: "The server failed" },
  UNSUPPORTED_CODING: { status: "501 Not Implemented", title: "This transfer coding is not understood" },
  BUSY: { status: "503 Service Unavailable", title: "The verifier is busy" },
  NOT_READY: { status: "503 Service Unavailable", title: "A good card would not be accepted now" },
  SHUTTING_DOWN: { status: "503 Service Unavailable", title: "The server is shutting down" },
};

/** A request refused, to be answered as application/problem+json (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** Members beside those that every problem has (RFC 9457 section 3.2). */
    readonly members: Readonly<Record<string, unknown>> = {},
    /** Where the code's own says less. */
    readonly status = KINDS[code].status,
  ) {
    super(detail);
  }

  body(requestId: string): string {
    const { title } = KINDS[this.code];
    const document = { title, status: Number.parseInt(this.status), detail: this.detail, code: this.code, requestId };
    return JSON.stringify({ type: "about:blank", ...document, ...this.members });
  }
}
