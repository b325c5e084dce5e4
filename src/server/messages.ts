import { z } from "zod";
import { Code } from "../abi/code.js";
import { MAX_FRAME_ITEMS } from "../format/wire/frame.js";
import { MAX_NAME_LENGTH, type REQUEST_FIELDS } from "../format/wire/request.js";
import { parseTime } from "../format/time.js";

/**
 * Bodies of HTTP requests and answers, as /openapi.json tells them. What is checked of a request is in
 * format/request.ts; a test puts the same bodies to both.
 */

const fields: Record<(typeof REQUEST_FIELDS)[number], z.ZodType> = {
  purpose: z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .optional()
    .describe("What the card is checked for, such as rail-boarding"),
  region: z
    .string()
    .regex(/^\d{6}$/, "a region is 6 digits")
    .optional()
    .describe("Where: a GB/T 2260 code"),
  audience: z.literal("").optional().describe("Who checks: for presentations, which are not verified yet"),
  at: z
    .string()
    .refine((text) => parseTime(text) !== undefined, "a time is written as RFC 3339 says")
    .optional()
    .meta({ description: "The moment to judge by; now when absent", format: "date-time" }),
  claims: z.boolean().optional().describe("Return the claims of accepted cards"),
};
const qr = z.string().describe("The text of the QR code");

export const verifyOne = z.strictObject({ qr, ...fields });
export const verifyMany = z.strictObject({
  items: z
    .array(z.union([qr, verifyOne]))
    .min(1)
    .max(MAX_FRAME_ITEMS)
    .describe("QR texts, alone or each with fields of its own, which go before those beside items"),
  ...fields,
});

const codes = Object.keys(Code).filter((key) => Number.isNaN(Number(key)));

export const verdict = z.object({
  outcome: z.enum(["accepted", "refused", "undetermined"]),
  code: z.enum(codes),
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
