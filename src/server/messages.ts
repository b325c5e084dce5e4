import { z } from "zod";
import { Code } from "../abi/code.js";
import { MAX_FRAME_ITEMS } from "../format/wire/frame.js";
import { REQUEST_FIELDS } from "../format/wire/request.js";

/** Bodies of HTTP requests and answers, as /openapi.json tells them. What is asked is defined in format/wire/request.ts. */

type JsonSchema = Readonly<Record<string, unknown>>;

const fields = Object.fromEntries(
  Object.entries(REQUEST_FIELDS).map(([name, { schema, description }]) => [name, { ...schema, description }]),
);
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

function mapOf(properties: Readonly<Record<string, JsonSchema>>, required: string): JsonSchema {
  return { type: "object", properties, required: [required], additionalProperties: false };
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
