import fc from "fast-check";
import type { ServerFrame } from "../../src/format/wire/frame.js";
import { MAX_NAME_LENGTH } from "../../src/format/wire/request.js";
import type { ClaimValue, Verdict, VerifyRequest } from "../../src/format/verdict.js";

/** What may be said over a stream, for property tests. Absent fields are left out, as both notations do. */

export const seqs = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
export const names = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter(isName);
export const requests: fc.Arbitrary<VerifyRequest> = fc.record(
  {
    purpose: names,
    region: fc.stringMatching(/^[0-9]{6}$/),
    at: fc.date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z"), noInvalidDate: true }),
    claims: fc.boolean(),
  },
  { requiredKeys: [] },
);

function isName(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && !text.includes("\uFFFD");
}

const claimValues = fc.letrec<{ value: ClaimValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(fc.string({ unit: "grapheme" }), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.stringMatching(/^[a-z0-9]{1,4}$/), tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const verdicts: fc.Arbitrary<Verdict> = fc.record(
  {
    outcome: fc.constantFrom("accepted", "refused", "undetermined"),
    code: fc.constantFrom("VALID", "REVOKED", "BAD_BASE45", "BUSY"),
    kid: fc.stringMatching(/^[0-9a-f]{16}$/),
    issuer: fc.string({ unit: "grapheme" }),
    status: fc.constantFrom("good", "revoked"),
    epoch: fc.nat(),
    expires: fc.maxSafeNat(),
    claims: fc.dictionary(fc.stringMatching(/^[1-9][0-9]{0,2}$/), claimValues, { maxKeys: 4, noNullPrototype: true }),
  },
  { requiredKeys: ["outcome", "code"] },
);

export const serverFrames: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    type: fc.constant("welcome" as const),
    server: fc.string(),
    session: fc.stringMatching(/^[0-9a-f]{32}$/),
    resumed: fc.boolean(),
    credits: fc.record({ items: fc.integer({ min: 1, max: 65_536 }), bytes: fc.nat() }),
    limits: fc.record({ items: fc.integer({ min: 1, max: 1000 }), bytes: fc.nat() }),
    epoch: fc.option(fc.nat()),
    dataAge: fc.option(fc.nat()),
  }),
  fc.record({
    type: fc.constant("credits" as const),
    credits: fc.record({ items: fc.integer({ min: 1, max: 65_536 }), bytes: fc.nat() }),
  }),
  fc.record({ type: fc.constant("drain" as const), retryAfterMs: fc.nat() }),
  fc.record({
    type: fc.constant("verdicts" as const),
    seq: seqs,
    epoch: fc.option(fc.nat()),
    verdicts: fc.array(verdicts, { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("error" as const),
    seq: seqs,
    code: fc.constantFrom("BAD_REQUEST" as const, "BUSY" as const),
    message: fc.string({ unit: "grapheme" }),
  }),
);
