import { parseTime } from "../time.js";
import type { Expected, VerifyRequest } from "../verdict.js";

/**
 * What may be asked beside a text, written once: HTTP, the stream, the library, the client, the command line and
 * /openapi.json all have it from here. A field that is misspelt is an error, never overlooked: the check that it asks for
 * would not be made.
 */

/** Characters of a purpose, an audience or a nonce. */
export const MAX_NAME_LENGTH = 256;
/** Characters of an identity card's number, of whatever country. */
const MAX_ID_LENGTH = 64;

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

/** One field: how it is read, and how it is told to people. */
interface Field<T> {
  /** For /openapi.json and the command line. */
  readonly description: string;
  /** JSON Schema (draft 2020-12) of its values. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** The value's place holder on the command line, where it can be given there, and what helps when it is wrong. */
  readonly flag?: { readonly value: string; readonly remedy: string };
  /** What the value stands for; undefined where it is not one. */
  readonly read: (value: unknown) => T | undefined;
  /** What it must be, as a clause after the field's name. */
  readonly rule: string;
}

type Fields = { readonly [K in keyof Required<VerifyRequest>]: Field<Required<VerifyRequest>[K]> };

/** Bytes that are not UTF-8 were decoded as U+FFFD, and half of a surrogate pair cannot be encoded: neither is text. */
function readName(value: unknown): string | undefined {
  const inLength = typeof value === "string" && value.length > 0 && value.length <= MAX_NAME_LENGTH;
  return inLength && !/[\uFFFD\p{Cs}]/u.test(value) ? value : undefined;
}

/** What a register holds may be anything, and nothing: then it is not the card's. */
function readExpected(value: unknown): Expected | undefined {
  if (!isRecord(value)) return undefined;
  const { id, name, ...rest } = value;
  const isGiven = (id ?? name) !== undefined && Object.keys(rest).length === 0;
  if (!isGiven || !isText(id, MAX_ID_LENGTH) || !isText(name, MAX_NAME_LENGTH)) return undefined;
  return { ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
}

/** Why name or number cannot be compared, a clause after what they belong to; undefined where they can. */
export function expectedFault({ id = "", name = "" }: Expected): string | undefined {
  if (id.length > MAX_ID_LENGTH) return `has a number of ${id.length} characters, of at most ${MAX_ID_LENGTH}`;
  return name.length > MAX_NAME_LENGTH ? `has a name of ${name.length} characters, of at most ${MAX_NAME_LENGTH}` : undefined; // prettier-ignore
}

function isText(value: unknown, most: number): value is string | undefined {
  return value === undefined || (typeof value === "string" && value.length <= most);
}

function name(description: string, value: string, remedy: string): Field<string> {
  return {
    description,
    schema: { type: "string", minLength: 1, maxLength: MAX_NAME_LENGTH },
    flag: { value, remedy },
    read: readName,
    rule: `is 1 to ${MAX_NAME_LENGTH} characters`,
  };
}

const RFC_3339 = String.raw`^\d{4}-(0[1-9]|1[0-2])-\d{2}[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$`;

function time(description: string): Field<Date> {
  return {
    description,
    schema: { type: "string", format: "date-time", pattern: RFC_3339 },
    read: (value) => {
      const time = typeof value === "string" ? parseTime(value) : value;
      return time instanceof Date && !Number.isNaN(time.getTime()) ? time : undefined;
    },
    rule: "is a time as RFC 3339 writes it",
  };
}

export const REQUEST_FIELDS: Fields = {
  purpose: name("What the card is checked for, such as rail-boarding", "purpose", "name one of the policy's"),
  region: {
    description: "Where: a GB/T 2260 code",
    schema: { type: "string", pattern: String.raw`^\d{6}$` },
    flag: {
      value: "code",
      remedy: "give the code of a province, city or county with all its digits, such as 110105",
    },
    read: (value) => (typeof value === "string" && /^\d{6}$/.test(value) ? value : undefined),
    rule: "is 6 digits",
  },
  audience: {
    ...name("Who checks, as a phone names it in a presentation", "name", "give the name that phones know you by"),
    // None asked: an empty one was taken before there were presentations.
    schema: { type: "string", maxLength: MAX_NAME_LENGTH },
    read: (value) => (value === "" ? "" : readName(value)),
    rule: `is at most ${MAX_NAME_LENGTH} characters`,
  },
  nonce: name(
    "The number that the gate shows, which a phone signs with its presentation",
    "text",
    "give what is shown",
  ),
  scan: name(
    "The gate's own number of a scan: the same text asked again by it gets the same verdict",
    "id",
    "give one",
  ),
  at: {
    ...time("The moment to judge by; now when absent"),
    flag: { value: "time", remedy: "write it with its time zone, such as 2026-10-01T08:00:00+08:00" },
  },
  captured: time("When a presentation was captured: it must have been fresh then, all else is judged by the clock"),
  claims: {
    description: "Return the claims of accepted cards",
    schema: { type: "boolean" },
    read: (value) => (typeof value === "boolean" ? value : undefined),
    rule: "is true or false",
  },
  expect: {
    description: "Whose card it must be; what of it is the card's is told, and nothing else",
    schema: {
      type: "object",
      properties: {
        id: { type: "string", maxLength: MAX_ID_LENGTH, description: "Number of the identity card" },
        name: { type: "string", maxLength: MAX_NAME_LENGTH, description: "Full name" },
      },
      minProperties: 1,
      additionalProperties: false,
    },
    read: readExpected,
    rule: `is a map of id (at most ${MAX_ID_LENGTH} characters), name (at most ${MAX_NAME_LENGTH}) or both, and nothing else`,
  },
};

/** What may be asked of one text among others. */
export const ITEM_FIELDS = [
  "scan",
  "expect",
  "nonce",
  "at",
  "captured",
] as const satisfies readonly (keyof VerifyRequest)[];

/** What a session may ask of all its texts. */
export const SESSION_FIELDS = [
  "purpose",
  "region",
  "audience",
  "claims",
  "nonce",
] as const satisfies readonly (keyof VerifyRequest)[];

const NAMES = Object.keys(REQUEST_FIELDS) as (keyof VerifyRequest)[];

/** Check what is asked. `beside`: names that the same map may hold for others to read. Throws RequestError. */
export function readRequest(value: unknown, beside: readonly string[] = []): VerifyRequest {
  if (!isRecord(value)) throw new RequestError("a request is a map of fields");
  for (const field in value) {
    if (!isRequestField(field) && !beside.includes(field)) throw unknownField(field, [...beside, ...NAMES]);
  }
  return Object.fromEntries(
    NAMES.flatMap((field) => (value[field] === undefined ? [] : [[field, readField(field, value[field])]])),
  );
}

function readField(field: keyof VerifyRequest, value: unknown): unknown {
  const { read, rule } = REQUEST_FIELDS[field];
  const found = read(value);
  if (found === undefined) throw new RequestError(`${field} ${rule}`, field);
  return found;
}

/** A map, and not a list or bytes. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Says which name is wrong, and which there are. */
export function unknownField(field: string, known: readonly string[]): RequestError {
  const name = JSON.stringify(field.slice(0, 64));
  return new RequestError(`${name} is not a field here: there are ${known.join(", ")}`, field);
}

export function isRequestField(field: string): field is keyof VerifyRequest {
  return Object.hasOwn(REQUEST_FIELDS, field);
}
