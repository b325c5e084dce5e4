import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { Verifier } from "../../../src/engine/verifier.js";
import type { VerifyRequest } from "../../../src/format/verdict.js";
import { generateKey } from "../../support/keys.js";
import { identity, jwksOf, makeCard, NOW, payload } from "../../support/make-card.js";

const key = generateKey(Algorithm.ED25519);
const trust = jwksOf([key]);
const clock = (): number => NOW * 1000;
const ID = "11010519491231002X";
const NAME = "欧阳·样例";
const cardOf = (changes: [number, unknown][]) => makeCard(key, { payload: payload([[169, identity(changes)]]) });
const card = cardOf([
  [1, ID],
  [4, NAME],
]);
const expired = makeCard(key, { payload: payload([[4, NOW - 1]]) });

describe("a card that is expected to be somebody's", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust, status: "none", clock });
  });

  const verdictOn = (text: string, expected: NonNullable<VerifyRequest["expect"]>, claims = false) => {
    const [verdict] = engine.verifyBatch([text], { expect: expected, claims });
    const { code, outcome, matches } = verdict!;
    return { code, outcome, ...(matches && { matches }) };
  };

  it.each([
    [{ id: ID }, "VALID", { id: true }],
    [{ id: "11010519491231002x" }, "VALID", { id: true }],
    [{ id: "110105194912310021" }, "IDENTITY_MISMATCH", { id: false }],
    [{ id: `${ID} ` }, "IDENTITY_MISMATCH", { id: false }],
    [{ id: "" }, "IDENTITY_MISMATCH", { id: false }],
    [{ name: NAME }, "VALID", { name: "match" }],
    [{ name: " 欧阳•样例" }, "VALID", { name: "match" }],
    [{ name: "歐陽·样例" }, "NAME_REVIEW", { name: "review" }],
    [{ name: "欧阳·样" }, "IDENTITY_MISMATCH", { name: "differs" }],
    [{ name: "" }, "IDENTITY_MISMATCH", { name: "differs" }],
    [{ id: ID, name: NAME }, "VALID", { id: true, name: "match" }],
    [{ id: ID, name: "歐陽·样例" }, "NAME_REVIEW", { id: true, name: "review" }],
    [{ id: "1", name: "歐陽·样例" }, "IDENTITY_MISMATCH", { id: false, name: "review" }],
    [{ id: ID, name: "张三" }, "IDENTITY_MISMATCH", { id: true, name: "differs" }],
  ] as const)("%j: %s", (expected, code, matches) => {
    const outcome = { VALID: "accepted", NAME_REVIEW: "undetermined", IDENTITY_MISMATCH: "refused" }[code];
    expect(verdictOn(card, expected)).toEqual({ code, outcome, matches });
  });

  it("shows its claims only where it is accepted, and then also after its name was looked at twice", () => {
    const claimsOf = (name: string) => engine.verifyBatch([card], { expect: { name }, claims: true })[0]!.claims;
    expect(claimsOf(NAME)).toMatchObject({ "4": NAME });
    expect(claimsOf("欧阳‧样例")).toMatchObject({ "4": NAME });
    expect(claimsOf("歐陽·样例")).toBeUndefined();
    expect(claimsOf("张三")).toBeUndefined();
  });

  it("tells nothing of a card that is refused for what it is", () => {
    expect(verdictOn(expired, { name: "张三" })).toEqual({ code: "EXPIRED", outcome: "refused" });
    expect(verdictOn("BB8", { id: ID })).toEqual({ code: "BAD_ZLIB", outcome: "refused" });
  });

  it("must show what is compared", () => {
    const nameless = makeCard(key, { payload: payload([[169, new Map<number, unknown>([[1, ID], [8, "19491231"], [75, 1]])]]) }); // prettier-ignore
    expect(verdictOn(nameless, { name: "" }).code).toBe("CLAIM_NOT_DISCLOSED");
    expect(verdictOn(nameless, { id: ID })).toMatchObject({ code: "VALID", matches: { id: true } });
  });

  it("of nothing but spaces is nobody's", () => {
    for (const name of ["", " ", "\u3000", "\u200b"]) {
      expect(verdictOn(cardOf([[4, name]]), { name })).toMatchObject({ code: "IDENTITY_MISMATCH", matches: { name: "differs" } }); // prettier-ignore
    }
  });

  it("is compared with what its own request says, hundreds in a batch, of one issuer or of none", async () => {
    const verifier = await Verifier.create({ trust, status: "none", workers: 1, clock });
    const names = Array.from({ length: 700 }, (_, i) => (i % 3 === 0 ? NAME : i % 3 === 1 ? `歐陽·样例` : `张${i}`));
    const requirements = names.map((name) => verifier.requirementsOf({ expect: { name, id: ID } }));
    const verdicts = await new Promise<readonly { code: string }[]>((resolve) => {
      verifier.submitMany(names.map((_, i) => (i % 50 === 7 ? "BB8" : card)), (i) => requirements[i]!, resolve); // prettier-ignore
    });
    const codes = ["VALID", "NAME_REVIEW", "IDENTITY_MISMATCH"];
    expect(verdicts.map(({ code }) => code)).toEqual(names.map((_, i) => (i % 50 === 7 ? "BAD_ZLIB" : codes[i % 3]!)));
    await verifier.close();
  });

  it.each([
    {},
    { id: 5 },
    { name: null, id: undefined },
    { nam: "张三" },
    { name: "x".repeat(257) },
    { id: "1".repeat(65) },
    "张三",
    [],
  ])(
    // prettier-ignore
    "not by %j",
    (expected) => {
      expect(() => engine.verifyBatch([card], { expect: expected as never })).toThrow(/^expect is a map of id/);
    },
  );
});
