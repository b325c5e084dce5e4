import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Code } from "../../../src/abi/code.js";
import { Engine } from "../../../src/engine/engine.js";
import { codeOfUnreadable } from "../../../src/engine/unreadable.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { jwksOf } from "../../support/make-card.js";
import { at, card, codes, issuerKey, texts } from "../../support/server.js";

/** Of what scanners add, what base45 has, and what neither has. */
const pieces = fc.oneof(
  fc.constantFrom("", " ", "\n", "\0", "\ufeff", "]Q1", "]Qé", "\\000026", "QR-Code:", "HC1:", "https:", "toolongname:", ":", "é", "\ud800", "\u2028", "@", "[", "`", "{"), // prettier-ignore
  fc.constantFrom("BB8", card, card.slice(0, 40), card.toLowerCase()),
  fc.string({ unit: "binary-ascii", maxLength: 4 }),
  fc.constantFrom(...[4290, 4296, 4297, 4399, 4400, 4401].map((length) => "A".repeat(length))),
  fc.constantFrom(...[1432, 1433, 2199].map((length) => "é中".repeat(length / 2))),
);
const scanned = fc.array(pieces, { maxLength: 5 }).map((parts) => parts.join(""));

describe("a text that cannot be a card", () => {
  let engine: Engine;
  let verifier: Verifier;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([issuerKey]) });
    verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1, slabs: 1 });
  });
  afterAll(() => verifier.close());

  const judged = (texts: readonly (string | Uint8Array)[]) => engine.verifyBatch(texts, { at }).map(({ code }) => code);

  it("gets the code that the engine gives it, and every other is left to the engine", () => {
    let told = 0;
    const check = (text: string | Uint8Array): void => {
      const code = codeOfUnreadable(text);
      if (code === undefined) return;
      told++;
      expect(judged([text])).toEqual([Code[code]]);
    };
    fc.assert(fc.property(scanned, check), { numRuns: 2_000 });
    fc.assert(
      fc.property(
        scanned.map((text) => new TextEncoder().encode(text)),
        check,
      ),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), check), { numRuns: 2_000 });
    for (const length of [1_400, 4_296, 4_297, 4_400]) check(new Uint8Array(length).fill(0xff));
    for (const text of [
      "\ufeff",
      "\ufeffé\ufeff",
      "\ufeff".repeat(1_000),
      " \ufeff \u3000",
      ` ${"\ufeff".repeat(1_433)}é`,
    ]) {
      check(text);
      check(new TextEncoder().encode(text));
    }
    expect(told).toBeGreaterThan(1_000);
  });

  it("needs no slab: it is answered before what has to be read, and where there is no room", async () => {
    const none = Array.from(
      { length: 1_000 },
      (_, i) => ["", "not base45", "A".repeat(4401), "https://example.com/é"][i % 4]!,
    );
    const requirements = verifier.requirementsOf({ at });
    let answers: readonly string[] = [];
    // Whatever is not refused at sight fills the only slab.
    const full = Array.from({ length: 129 }, () => "BB8");
    const busy = new Promise<readonly string[]>((resolve) => {
      verifier.submitMany(full, () => requirements, (verdicts) => { resolve(verdicts.map(({ code }) => code)); }); // prettier-ignore
    });
    verifier.submitMany(none, () => requirements, (verdicts) => { answers = verdicts.map(({ code }) => code); }); // prettier-ignore
    expect(answers).toEqual(judged(none));
    expect((await busy).filter((code) => code === "BUSY")).toHaveLength(1);
  });

  it("changes the order of none", async () => {
    const verdicts = await verifier.verifyBatch([...texts, "", ...texts], { at });
    expect(verdicts.map(({ code }) => code)).toEqual([...codes, "BAD_ZLIB", ...codes]);
  });
});
