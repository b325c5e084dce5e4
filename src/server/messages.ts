import { z } from "zod";
import { Code } from "../abi/code.js";
import { type ClientFrame, LANES, MAX_FRAME_ITEMS, type ServerFrame } from "../format/wire/frame.js";
import { ITEM_FIELDS, REQUEST_FIELDS, SESSION_FIELDS } from "../format/wire/request.js";

/**
 * Bodies of HTTP requests and answers, as /openapi.json tells them, and frames of the stream in JSON, as /asyncapi.json
 * does. What is asked is defined in format/wire/request.ts.
 */

export type JsonSchema = Readonly<Record<string, unknown>>;

const fields = fieldsOf(Object.keys(REQUEST_FIELDS) as (keyof typeof REQUEST_FIELDS)[]);
const qr: JsonSchema = { type: "string", description: "The text of the QR code" };

export const verifyOne = mapOf({ qr, ...fields }, "qr");
export const verifyMany = mapOf(
  {
    items: {
      type: "array",
      minItems: 1,
      maxItems: MAX_FRAME_ITEMS,
      items: { anyOf: [qr, verifyOne] },
      description: "QR texts, alone or each with fields of its own, which go before those beside items",
    },
    ...fields,
  },
  "items",
);

function fieldsOf(names: readonly (keyof typeof REQUEST_FIELDS)[]): Record<string, JsonSchema> {
  return Object.fromEntries(
    names.map((name) => [name, { ...REQUEST_FIELDS[name].schema, description: REQUEST_FIELDS[name].description }]),
  );
}

function mapOf(properties: Readonly<Record<string, JsonSchema>>, ...required: string[]): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

/** What a zod schema says, without the name of its dialect. */
export function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema, ...json } = z.toJSONSchema(schema);
  return $schema === undefined ? {} : json;
}

const codes = Object.keys(Code).filter((key) => Number.isNaN(Number(key)));

export const verdict = z.object({
  outcome: z.enum(["accepted", "refused", "undetermined"]),
  code: z.enum(codes),
  retryAfterMs: z.int().optional().describe("Of BUSY: when to ask again; absent where that would not help for a while"),
  format: z.enum(["claim169", "presentation", "sd-cwt"]).optional(),
  alg: z.enum(["EdDSA", "ES256", "SM2"]).optional(),
  kid: z.string().optional().describe("Key id in hexadecimal"),
  issuer: z.string().optional(),
  tier: z.enum(["lite", "full"]).optional(),
  status: z.enum(["good", "revoked", "suspended", "not-covered", "stale", "unchecked"]).optional(),
  statusSource: z.enum(["snapshot", "delta", "list"]).optional(),
  epoch: z.int().optional().describe("Epoch of the issuer's status snapshot, where the verdict rests on one"),
  notBefore: z.int().optional().describe("Seconds since 1970"),
  expires: z.int().optional().describe("Seconds since 1970"),
  replay: z.enum(["unchecked", "gate", "station", "nation"]).optional().describe("Who was asked for earlier showings"),
  matches: z
    .object({ id: z.boolean().optional(), name: z.enum(["match", "differs", "review"]).optional() })
    .optional()
    .describe("How a card that is otherwise good compares with what was expected"),
  claims: z.record(z.string(), z.json()).optional().describe("Claim 169 by key, of accepted cards"),
});
export const verdicts = z.object({ verdicts: z.array(verdict) });

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.string(),
});

export const notReady = problem.extend({
  ready: z.literal(false),
  reasons: z.array(
    z.object({ code: z.string(), issuer: z.string().optional(), sentence: z.string(), remedy: z.string() }),
  ),
});

const count = z.int().min(0);
const credits = z
  .object({ items: z.int().min(1), bytes: count })
  .describe("So much may be unanswered, or unread, at once");
const epoch = z.int().nullable().describe("Of the newest status snapshot; null where there is none");
const seq = count.describe("The client's own number for a frame, unique among the unanswered frames of its session");

interface Message {
  readonly from: "client" | "server";
  readonly summary: string;
  readonly schema: JsonSchema;
}

/** Frames of the stream by their type, in the notation hufu.v1+json. */
export const FRAMES: Readonly<Record<(ClientFrame | ServerFrame)["type"], Message>> = {
  hello: {
    from: "client",
    summary: "How a session begins, or goes on over another connection",
    schema: mapOf(
      {
        type: { const: "hello" },
        session: {
          type: "string",
          pattern: "^([0-9A-Fa-f]{32}|[A-Za-z0-9_-]{21}[AQgw])$",
          description: "16 random bytes in hex or base64url; a session that there is goes on",
        },
        lane: { enum: LANES, description: "Scans at a gate, which few wait for, or bulk work; gate when absent" },
        ...fieldsOf(SESSION_FIELDS),
      },
      "type",
    ),
  },
  verify: {
    from: "client",
    summary: "Texts to verify; what an item says goes before what the frame says, and that before the hello",
    schema: mapOf(
      {
        type: { const: "verify" },
        seq: schemaOf(seq),
        items: {
          type: "array",
          minItems: 1,
          maxItems: MAX_FRAME_ITEMS,
          items: { anyOf: [qr, mapOf({ qr, ...fieldsOf(ITEM_FIELDS) }, "qr")] },
        },
        ...fields,
      },
      "type",
      "seq",
      "items",
    ),
  },
  welcome: {
    from: "server",
    summary: "The session that the connection carries from now on",
    schema: schemaOf(
      z.object({
        type: z.literal("welcome"),
        server: z.string().describe("Version of the server"),
        session: z.string(),
        resumed: z.boolean().describe("Is it one that there was, whose unanswered frames will be answered?"),
        credits,
        limits: z.object({ items: z.int().min(1), bytes: count }).describe("What one frame may carry"),
        epoch,
        dataAge: count.nullable().describe("Seconds since the oldest data in force; null where there are none"),
      }),
    ),
  },
  credits: {
    from: "server",
    summary: "From now on the session has other credits; what is unanswered already counts against them",
    schema: schemaOf(z.object({ type: z.literal("credits"), credits })),
  },
  verdicts: {
    from: "server",
    summary: "The answer to a frame, a verdict for each of its items in their order",
    schema: schemaOf(z.object({ type: z.literal("verdicts"), seq, epoch, verdicts: z.array(verdict) })),
  },
  error: {
    from: "server",
    summary: "A frame that was refused as a whole",
    schema: schemaOf(z.object({ type: z.literal("error"), seq, code: z.enum(codes), message: z.string() })),
  },
  drain: {
    from: "server",
    summary: "The server stops: it answers what it has and takes no more",
    schema: schemaOf(
      z.object({ type: z.literal("drain"), retryAfterMs: count.describe("This client's own time to connect anew") }),
    ),
  },
};
