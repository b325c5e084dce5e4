import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { verifyMany, verifyOne } from "../../../src/server/messages.js";
import { readQuestions } from "../../../src/server/questions.js";
import { requests } from "../../support/frames.js";

/** Fields of a body, mostly right, now and then wrong. */
const oddities = fc.record(
  {
    purpose: fc.constantFrom<unknown>("", "x".repeat(257), 1, null),
    region: fc.constantFrom<unknown>("11", "1101051", 110105),
    audience: fc.constantFrom<unknown>("", "gate", 1),
    nonce: fc.constantFrom<unknown>("", "481 516", 1),
    at: fc.constantFrom<unknown>("2026-10-01T08:00:00", "2026-13-01T08:00:00Z", 1),
    claims: fc.constantFrom<unknown>("true", 1),
    purpos: fc.constant("rail-boarding"),
    qr: fc.constantFrom<unknown>(1, null),
  },
  { requiredKeys: [] },
);
const good = requests.map(({ at, ...rest }) => ({ ...rest, ...(at && { at: at.toISOString() }) }));
const mostlyNone = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: oddities });
const fields = fc.tuple(good, mostlyNone).map(([right, odd]) => ({ ...right, ...odd }));
const single = fields.map((rest) => ({ qr: "BB8", ...rest }));
const item = fc.oneof(fc.constant<unknown>("BB8"), single, fc.constantFrom<unknown>(1, null, []));
const bodies = fc.oneof(
  single,
  fc.tuple(fc.array(item, { maxLength: 3 }), fields).map(([items, rest]) => ({ ...rest, items })),
  fc.constantFrom<unknown>(null, [], 1, "BB8", {}, { items: {} }),
);

const one = z.fromJSONSchema(verifyOne);
const many = z.fromJSONSchema(verifyMany);

describe("the interface as /openapi.json tells it", () => {
  it("takes exactly the bodies that the server takes", () => {
    let taken = 0;
    fc.assert(
      fc.property(bodies, (body) => {
        const told = one.safeParse(body).success || many.safeParse(body).success;
        const isTaken = takes(body);
        expect(isTaken, JSON.stringify(body)).toBe(told);
        if (isTaken) taken++;
      }),
      { numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(300);
  });
});

function takes(body: unknown): boolean {
  try {
    readQuestions(body);
    return true;
  } catch {
    return false;
  }
}
