import { parseTime } from "../time.js";
import type { VerifyRequest } from "../verdict.js";

/**
 * What may be asked beside a text, written once: HTTP, the stream, the library, the client and the command line all
 * read it here. A field that is misspelt is an error, never overlooked: the check that it asks for would not be made.
 */
export const REQUEST_FIELDS = [
  "purpose",
  "region",
  "audience",
  "at",
  "claims",
] as const satisfies (keyof VerifyRequest)[];

/** Characters of a purpose. */
export const MAX_NAME_LENGTH = 256;

/** A request that cannot be answered, in one sentence that names the field. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code = "BAD_REQUEST";
  constructor(
    message: string,
    /** The field at fault, where it is one. */
    readonly field?: string,
  ) {
    super(message);
  }
}

/** Check what is asked. `beside`: names that the same map may hold for others to read. Throws RequestError. */
export function readRequest(value: unknown, beside: readonly string[] = []): VerifyRequest {
  if (!isRecord(value)) throw new RequestError("a request is a map of fields");
  for (const field in value) {
    if (!isRequestField(field) && !beside.includes(field)) throw unknownField(field, [...beside, ...REQUEST_FIELDS]);
  }
  const { purpose, region, audience, at, claims } = value;
  const request: VerifyRequest = {};
  if (purpose !== undefined) request.purpose = readPurpose(purpose);
  if (region !== undefined) request.region = readRegion(region);
  if (audience !== undefined) refuseAudience(audience);
  if (at !== undefined) request.at = readTime(at);
  if (claims !== undefined) {
    if (typeof claims !== "boolean") throw new RequestError("claims is true or false", "claims");
    request.claims = claims;
  }
  return request;
}

/** A map, and not a list or bytes. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Says which name is wrong, and which there are. */
export function unknownField(field: string, known: readonly string[]): RequestError {
  const name = JSON.stringify(field.slice(0, 64));
  return new RequestError(`${name} is not a field here: there are ${known.join(", ")}`, field);
}

function isRequestField(field: string): boolean {
  return (REQUEST_FIELDS as readonly string[]).includes(field);
}

/** Bytes that are not UTF-8 were decoded as U+FFFD, and half of a surrogate pair cannot be encoded: neither is text. */
function readPurpose(value: unknown): string {
  const inLength = typeof value === "string" && value.length > 0 && value.length <= MAX_NAME_LENGTH;
  if (inLength && !/[\uFFFD\p{Cs}]/u.test(value)) return value;
  throw new RequestError(`purpose is 1 to ${MAX_NAME_LENGTH} characters`, "purpose");
}

function readRegion(value: unknown): string {
  if (typeof value === "string" && /^\d{6}$/.test(value)) return value;
  throw new RequestError("region is 6 digits", "region");
}

/** Only a presentation is made for an audience; to take one and not look at it would promise a check. */
function refuseAudience(value: unknown): void {
  if (value === "") return;
  throw new RequestError("audience is for presentations, which are not verified yet: leave it out", "audience");
}

function readTime(value: unknown): Date {
  const time = typeof value === "string" ? parseTime(value) : value;
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time;
  throw new RequestError("at is a time as RFC 3339 writes it", "at");
}
