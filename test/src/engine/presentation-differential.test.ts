import { describe, expect, it } from "vitest";
import { compare } from "../../support/differential.js";

describe("presentations changed in their structure and signed again", () => {
  it("are read by the engine as by another reader, in another language", async () => {
    const { disagreements, answers } = await compare(1, 3_000);
    expect(disagreements).toEqual([]);
    for (const code of ["VALID", "BAD_CBOR", "BAD_COSE", "BAD_CWT", "BAD_DISCLOSURE", "MISSING_CLAIM"]) {
      expect(answers.get(code) ?? 0, code).toBeGreaterThan(20);
    }
  });
});
