import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, makeCard, NOW, payload } from "../../support/make-card.js";

/** A card's dates (RFC 8392 section 2): which are impossible, and how verdicts show them. */

const key = generateKey(Algorithm.ED25519);
const at = new Date(NOW * 1000);
const MILLISECONDS = NOW * 1000;
const LAST = 253_402_300_799; // 9999-12-31T23:59:59Z
const ABSENT = Symbol("absent");

type Dates = Partial<Record<"exp" | "nbf" | "iat", number | bigint | typeof ABSENT>>;

function card({ exp = NOW + 1000, nbf = NOW - 1000, iat = NOW - 1000 }: Dates): string {
  const claims = payload();
  for (const [claim, date] of [
    [4, exp],
    [5, nbf],
    [6, iat],
  ] as const) {
    // prettier-ignore
    if (date === ABSENT) claims.delete(claim);
    else claims.set(claim, date);
  }
  return makeCard(key, { payload: claims });
}

describe("dates of a card", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([key]) });
  });
  const judge = (dates: Dates, moment = at) => engine.verifyBatch([card(dates)], { at: moment })[0];

  it.each<[string, Dates, string]>([
    ["issued as it expires", { iat: NOW + 1000 }, "VALID"],
    ["issued after it expires", { iat: NOW + 1001 }, "BAD_CWT"],
    ["issued a fraction after it expires", { exp: NOW + 1000.25, iat: NOW + 1000.75 }, "VALID"],
    ["expires in the last year of four digits", { exp: LAST }, "VALID"],
    ["expires after it", { exp: LAST + 1 }, "BAD_CWT"],
    ["expires in milliseconds", { exp: MILLISECONDS + 1000 }, "BAD_CWT"],
    ["expires in milliseconds as a float", { exp: MILLISECONDS + 0.5 }, "BAD_CWT"],
    ["expires at the end of 64 bits", { exp: 2n ** 63n - 1n }, "BAD_CWT"],
    ["expires a second before", { exp: 2n ** 63n - 2n }, "BAD_CWT"],
    ["issued in milliseconds", { iat: MILLISECONDS }, "BAD_CWT"],
    ["issued in milliseconds, without expiry", { exp: ABSENT, iat: MILLISECONDS }, "BAD_CWT"],
    ["issued at the end of the years, without expiry", { exp: ABSENT, iat: LAST }, "VALID"],
    ["starts in milliseconds", { nbf: MILLISECONDS }, "NOT_YET_VALID"],
    ["all in milliseconds", { exp: MILLISECONDS + 1000, nbf: MILLISECONDS, iat: MILLISECONDS }, "NOT_YET_VALID"],
    ["expired, and issued after that", { exp: NOW, iat: NOW + 5 }, "EXPIRED"],
    ["expiry not a number", { exp: NaN }, "BAD_CWT"],
    ["expiry infinite", { exp: Infinity }, "BAD_CWT"],
    ["start not a number", { nbf: NaN }, "BAD_CWT"],
    ["start before all time", { nbf: -Infinity }, "BAD_CWT"],
    ["issue infinite", { iat: Infinity }, "BAD_CWT"],
    ["a fraction before expiry", { exp: NOW + 0.75 }, "EXPIRED"],
    ["a fraction after the start", { nbf: NOW + 0.75 }, "VALID"],
    ["none at all", { exp: ABSENT, nbf: ABSENT, iat: ABSENT }, "VALID"],
  ])("%s", (_, dates, code) => {
    expect(judge(dates)?.code).toBe(code);
  });

  it("are in the verdict whole, or absent", () => {
    expect(judge({ exp: 4_294_967_306, nbf: -5 })).toMatchObject({ expires: 4_294_967_306, notBefore: -5 });
    expect(judge({ exp: 0, nbf: 0, iat: 0 })).toMatchObject({ code: "EXPIRED", expires: 0, notBefore: 0 });
    const none = judge({ exp: ABSENT, nbf: ABSENT });
    expect(none).not.toHaveProperty("expires");
    expect(none).not.toHaveProperty("notBefore");
    // What the dates contradict can be read all the same.
    expect(judge({ iat: NOW + 1001 })).toMatchObject({ code: "BAD_CWT", expires: NOW + 1000 });
    expect(engine.inspect(card({ iat: NOW + 1001 })).verdict.code).toBe("UNVERIFIED");
  });
});

describe("an algorithm named by text", () => {
  it("is one that is not supported, as is any that nobody knows", async () => {
    const engine = await Engine.create({ trust: jwksOf([key]) });
    const of = (alg: unknown): string | undefined =>
      engine.verifyBatch([makeCard(key, { protected: new Map([[1, alg]]) })], { at })[0]?.code;
    expect(["EdDSA", "ES256", "", -35, 0].map(of)).toEqual(Array(5).fill("UNSUPPORTED_ALGORITHM"));
    expect([null, true, 1.5, new Uint8Array(1), [-8]].map(of)).toEqual(Array(5).fill("BAD_COSE"));
  });
});
