import { describe, expect, it } from "vitest";
import { compare } from "../../support/differential.js";

/** The same as presentation-differential.test.ts, over more. */
describe("200,000 presentations changed in their structure and signed again", () => {
  it("are read by the engine as by another reader, in another language", { timeout: 1_200_000 }, async () => {
    expect((await compare(1_000_000, 200_000)).disagreements).toEqual([]);
  });
});
