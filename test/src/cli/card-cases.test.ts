import { describe, expect, it } from "vitest";
import { explainVerdict } from "../../../src/cli/explain/layers.js";
import { Engine } from "../../../src/engine/engine.js";
import { caseNames, casesNote, casesPresent, readCase } from "../../support/cases.js";

/** Soon after the cases were made. */
const at = new Date("2026-11-25T23:30:00Z");

/** Codes of the cards that are not valid, and what the explanation has to say. */
const REFUSED: Readonly<Record<string, readonly [code: string, cause: RegExp]>> = {
  "alg-es384-header": ["UNSUPPORTED_ALGORITHM", /signed in a way/],
  "alg-unprotected": ["BAD_COSE", /form/],
  "dob-ddmmyyyy": ["BAD_IDENTITY", /ID number/],
  "dob-unknown-day": ["BAD_IDENTITY", /ID number/],
  "exp-float-expired": ["EXPIRED", /expired 2026-11-25T22:4/],
  "exp-nan": ["BAD_CWT", /exp \(4\) is a finite number/],
  "exp-negative": ["EXPIRED", /expired 1969-12-31T23:59:55Z; .* 2026-11-25T23:30:00Z/],
  "exp-tag1": ["BAD_CWT", /exp \(4\) .* untagged/],
  "exp-text": ["BAD_CWT", /exp \(4\) is a finite number/],
  "expired-yesterday": ["EXPIRED", /expired 2026-11-24T22:57:01Z; .* 2026-11-25T23:30:00Z/],
  gzip: ["BAD_PREFIX", /gzip/],
  "id-15": ["BAD_IDENTITY", /ID number/],
  "id-lower-x": ["BAD_IDENTITY", /ID number/],
  "junk-after-zlib": ["BAD_ZLIB", /something follows/],
  "nbf-milliseconds": [
    "NOT_YET_VALID",
    /nbf \(5\) 1795646589490 is in milliseconds, and stands for 2026-11-25T22:43:09Z/,
  ],
  "not-yet-valid-tomorrow": ["NOT_YET_VALID", /valid from 2026-11-26T22:57:01Z; .* 2026-11-25T23:30:00Z/],
  "raw-deflate": ["BAD_ZLIB", /damaged/],
  uncompressed: ["BAD_ZLIB", /not compressed/],
};
/** Those whose code another change of the engine decides. */
const OPEN = ["iat-after-exp"];

describe.skipIf(!casesPresent)("cases of cards" + casesNote, () => {
  const names = caseNames("cards").filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -4)); // prettier-ignore

  it.each(names.filter((name) => !OPEN.includes(name)))("%s is judged and explained", async (name) => {
    const engine = await Engine.create({ trust: readCase("cards/issuer.jwks") });
    const text = readCase(`cards/${name}.txt`);
    const verdict = engine.verifyBatch([text], { at })[0]!;
    const fault = explainVerdict(text, verdict, { at, byClock: true }).find(({ code }) => code !== undefined);
    const [code, cause] = REFUSED[name] ?? ["VALID"];
    expect(verdict.code).toBe(code);
    if (cause === undefined) expect(fault).toBeUndefined();
    else expect(fault!.cause).toMatch(cause);
  });
});
