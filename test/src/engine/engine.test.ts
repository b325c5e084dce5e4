import { readdirSync } from "node:fs";
import { encode } from "cborg";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { Algorithm, Tier } from "../../../src/abi/batch.js";
import { Code } from "../../../src/abi/code.js";
import { MAX_TEXT_LENGTH } from "../../../src/abi/limits.js";
import { momentOf, type Requirements } from "../../../src/format/requirements.js";
import {
  COSE_ALG,
  coseSign1,
  identity,
  jwksOf,
  kidOf,
  makeCard,
  NOW,
  payload,
  qrOf,
  trusted,
} from "../../support/make-card.js";
import { generateKey, type TestKey } from "../../support/keys.js";
import { trustListOf } from "../../support/trust.js";
import { readVectorJson, vectorPath, vectorsNote, vectorsPresent } from "../../support/vectors.js";

const at = new Date(NOW * 1000);
const ed25519 = generateKey(Algorithm.ED25519);
const p256 = generateKey(Algorithm.P256);
/** A key of each algorithm the engine verifies. */
const issuers = [ed25519, p256, generateKey(Algorithm.SM2)];
const root = generateKey(Algorithm.ED25519);

function protectedOf(key: TestKey): Uint8Array {
  return encode(new Map<number, unknown>([[1, COSE_ALG[key.algorithm]], [4, kidOf(key)]])); // prettier-ignore
}

function codesOf(engine: Engine, qrs: (string | Uint8Array)[], changes: Partial<Requirements> = {}): string[] {
  return engine.verifyAll(qrs, { ...momentOf(at), atReplacesClock: true, ...changes }).map(({ code }) => code);
}

describe("a card of each algorithm", () => {
  for (const key of issuers) {
    it(`${Algorithm[key.algorithm]} is accepted, and altered it is not`, async () => {
      const engine = await Engine.create({
        trust: await trustListOf(root, [trusted(key, { issuer: "pilot.example" })]),
      });
      const card = makeCard(key);
      const [verdict] = engine.verifyBatch([card], { at, claims: true });
      expect(verdict).toMatchObject({
        outcome: "accepted",
        code: "VALID",
        format: "claim169",
        alg: { 1: "EdDSA", 2: "ES256", 3: "SM2" }[key.algorithm],
        kid: Buffer.from(kidOf(key)).toString("hex"),
        issuer: "pilot.example",
        tier: "full",
        status: "unchecked",
        expires: NOW + 1000,
      });
      expect(verdict?.claims).toMatchObject({ 1: "11010519491231002X", 4: "张秀英", 9: 2, 75: 2 });
      const cose = coseSign1(key);
      cose[cose.length - 1]! ^= 1;
      expect(codesOf(engine, [qrOf(cose)])).toEqual(["BAD_ISSUER_SIGNATURE"]);
    });

    it(`${Algorithm[key.algorithm]}: a good signature is 64 bytes long, not one more or less`, async () => {
      const engine = await Engine.create({ trust: jwksOf([key]) });
      const cards = [0, -1, 1].map((more) => {
        const toBeSigned = encode(["Signature1", protectedOf(key), new Uint8Array(), encode(payload())]);
        const signature = Uint8Array.from([...key.sign(toBeSigned), 0]).slice(0, 64 + more);
        return makeCard(key, { signature });
      });
      expect(codesOf(engine, cards)).toEqual(["VALID", "BAD_ISSUER_SIGNATURE", "BAD_ISSUER_SIGNATURE"]);
    });
  }
});

describe("which key may have signed", () => {
  let engine: Engine;
  const late = generateKey(Algorithm.ED25519);
  const old = generateKey(Algorithm.ED25519);
  const lite = generateKey(Algorithm.ED25519);
  const brief = generateKey(Algorithm.ED25519);
  const first = generateKey(Algorithm.ED25519);
  const twin = generateKey(Algorithm.ED25519);
  beforeAll(async () => {
    engine = await Engine.create({
      trust: await trustListOf(root, [
        trusted(ed25519),
        trusted(late, { notBefore: NOW + 1 }),
        trusted(old, { notAfter: NOW - 1 }),
        trusted(lite, { tiers: [Tier.LITE] }),
        trusted(brief, { notBefore: NOW, notAfter: NOW }),
        trusted(first, { kids: [Uint8Array.of(1, 2, 3)] }),
        trusted(twin, { kids: [Uint8Array.of(1, 2, 3)] }),
      ]),
    });
  });

  const kid = Uint8Array.of(1, 2, 3);
  const cases: [string, () => string, string][] = [
    ["its kid names it", () => makeCard(ed25519), "VALID"],
    ["a stranger", () => makeCard(generateKey(Algorithm.ED25519)), "UNKNOWN_ISSUER"],
    ["a key not yet valid", () => makeCard(late), "KEY_NOT_YET_VALID"],
    ["a key past its time", () => makeCard(old), "KEY_EXPIRED"],
    ["a tier the key may not sign", () => makeCard(lite), "TIER_NOT_ALLOWED_FOR_KEY"],
    ["the tier the key may sign", () => makeCard(lite, { payload: payload([[169, identity([[75, 1]])]]) }), "VALID"],
    ["another algorithm than the key's", () => makeCard(ed25519, { alg: -7 }), "ALGORITHM_MISMATCH"],
    ["no kid: every key that fits is tried", () => makeCard(first, { kid: null }), "VALID"],
    ["no kid and a stranger", () => makeCard(generateKey(Algorithm.ED25519), { kid: null }), "BAD_ISSUER_SIGNATURE"],
    ["no kid, no key of that algorithm", () => makeCard(p256, { kid: null }), "UNKNOWN_ISSUER"],
    ["a kid two keys share: the first", () => makeCard(first, { kid }), "VALID"],
    ["a kid two keys share: the second", () => makeCard(twin, { kid }), "VALID"],
    ["a kid two keys share: neither", () => makeCard(generateKey(Algorithm.ED25519), { kid }), "BAD_ISSUER_SIGNATURE"],
    [
      "kid in the unprotected header",
      () => makeCard(ed25519, { kid: null, unprotected: new Map([[4, kidOf(ed25519)]]) }),
      "VALID",
    ],
    ["a signature of no length", () => makeCard(ed25519, { signature: new Uint8Array() }), "BAD_ISSUER_SIGNATURE"],
    ["the only second of a key", () => makeCard(brief), "VALID"],
  ];
  for (const [name, card, code] of cases) {
    it(`${name}: ${code}`, () => {
      expect(codesOf(engine, [card()])).toEqual([code]);
    });
  }

  it("a key without kid is tried whatever kid the card has", async () => {
    const pem = ed25519.spki.export({ type: "spki", format: "pem" }).toString();
    const nameless = await Engine.create({ trust: pem });
    expect(codesOf(nameless, [makeCard(ed25519), makeCard(p256)])).toEqual(["VALID", "UNKNOWN_ISSUER"]);
  });

  it("a JWK kid matches as text and base64url-decoded", async () => {
    const jwk = { ...ed25519.spki.export({ format: "jwk" }), kid: "AQID" };
    const both = await Engine.create({ trust: JSON.stringify({ keys: [jwk] }) });
    const text = new TextEncoder().encode("AQID");
    const cards = [kid, text, Uint8Array.of(9)].map((id) => makeCard(ed25519, { kid: id }));
    expect(codesOf(both, cards)).toEqual(["VALID", "VALID", "UNKNOWN_ISSUER"]);
  });

  it("a key of low order is refused when the list loads", async () => {
    const zero = { ...trusted(ed25519), publicKey: Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)) };
    await expect(Engine.create({ trust: await trustListOf(root, [zero]) })).rejects.toThrow(/not an acceptable/);
  });
});

describe("time and policy", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([ed25519]) });
  });

  const card = (claims: [number, unknown][]): string => makeCard(ed25519, { payload: payload(claims) });
  const cases: [string, () => string, Partial<Requirements>, string][] = [
    ["exp a second ahead", () => card([[4, NOW + 1]]), {}, "VALID"],
    ["exp now", () => card([[4, NOW]]), {}, "EXPIRED"],
    ["nbf now", () => card([[5, NOW]]), {}, "VALID"],
    ["nbf a second ahead", () => card([[5, NOW + 1]]), {}, "NOT_YET_VALID"],
    ["exp before 1970", () => card([[4, -1]]), {}, "EXPIRED"],
    ["full where full is asked", () => card([]), { minTier: Tier.FULL }, "VALID"],
    ["lite where full is asked", () => card([[169, identity([[75, 1]])]]), { minTier: Tier.FULL }, "TIER_TOO_LOW"],
    ["no tier where lite is asked", () => card([[169, new Map([[4, "A"]])]]), { minTier: Tier.LITE }, "TIER_TOO_LOW"],
    ["purpose refused", () => card([]), { refused: "purpose" }, "PURPOSE_NOT_ACCEPTED"],
    ["region refused", () => card([]), { refused: "region" }, "REGION_NOT_ACCEPTED"],
    ["possession to be proved", () => card([]), { presentationRequired: true }, "PRESENTATION_REQUIRED"],
    ["the day before the birthday", () => card([]), { minAge: 76, date: 20251230 }, "UNDER_AGE"],
    ["the birthday", () => card([]), { minAge: 76, date: 20251231 }, "VALID"],
    [
      "born tomorrow",
      () => card([[169, new Map<number, unknown>([[4, "A"], [8, "20260102"]])]]), // prettier-ignore
      { minAge: 1, date: 20260101 },
      "UNDER_AGE",
    ],
    ["no date of birth", () => card([[169, new Map([[4, "A"]])]]), { minAge: 1 }, "UNDER_AGE"],
    ["expired comes before policy", () => card([[4, NOW]]), { refused: "purpose" }, "EXPIRED"],
  ];
  for (const [name, make, requirements, code] of cases) {
    it(`${name}: ${code}`, () => {
      expect(codesOf(engine, [make()], requirements)).toEqual([code]);
    });
  }

  it("claims are shown only of genuine cards, and only those disclosed", () => {
    const forged = coseSign1(ed25519);
    forged[forged.length - 1]! ^= 1;
    const requirements: Requirements = { ...momentOf(at), atReplacesClock: true, detail: "claims", disclosed: [4] };
    const [good, bad] = engine.verifyAll([makeCard(ed25519), qrOf(forged)], requirements);
    expect(good?.claims).toEqual({ 4: "张秀英" });
    expect(bad?.claims).toBeUndefined();
    expect(engine.verifyBatch([makeCard(ed25519)], { at })[0]?.claims).toBeUndefined();
  });

  it("no key stands in for another: text is quoted, and what is neither integer nor text is refused", () => {
    const of = (identity: Uint8Array) => engine.verifyBatch([card([[169, identity]])], { at, claims: true })[0];
    const text = new Map<unknown, unknown>([[4, "A"], ["4", "B"], ["4.0", "C"], [" 4", "D"], ["x", 1]]); // prettier-ignore
    expect(of(encode(text))?.claims).toEqual({ 4: "A", '"4"': "B", "4.0": "C", " 4": "D", x: 1 });
    const requirements: Requirements = { ...momentOf(at), atReplacesClock: true, detail: "claims", disclosed: [4] };
    expect(engine.verifyAll([card([[169, encode(text)]])], requirements)[0]?.claims).toEqual({ 4: "A" });
    // 4 and 4.0; 75 and 75.0, whose tier the verdict would not have told.
    const double = Buffer.from("a204645245414cf94400644556494c", "hex");
    const tiers = Buffer.from("a2184b01f954b002", "hex");
    for (const identity of [double, tiers]) expect(of(identity)?.code).toBe("BAD_IDENTITY");
  });
});

describe("bad input", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf(issuers) });
  });

  it("a text of the greatest length is read, one character more is TOO_LONG", () => {
    expect(codesOf(engine, ["0".repeat(MAX_TEXT_LENGTH)])).toEqual(["BAD_ZLIB"]);
    expect(codesOf(engine, ["0".repeat(MAX_TEXT_LENGTH + 1), new Uint8Array(100_000)])).toEqual([
      "TOO_LONG",
      "TOO_LONG",
    ]);
  });

  it("other schemes and other alphabets", () => {
    const card = makeCard(ed25519);
    expect(
      codesOf(engine, [
        "HC1:6BFOXN",
        "https://example.org/",
        "",
        "abc",
        "ＢＢ８",
        `${card.slice(0, 9)}\n${card.slice(9)}`,
      ]),
    ).toEqual(["BAD_PREFIX", "BAD_PREFIX", "BAD_ZLIB", "BAD_BASE45", "BAD_BASE45", "BAD_BASE45"]);
  });

  it("a text cut short by characters beyond ASCII never passes for its beginning", () => {
    const card = makeCard(ed25519);
    const text = card + "虎".repeat(MAX_TEXT_LENGTH - card.length);
    expect(codesOf(engine, [text, new TextEncoder().encode(text), `${card}虎`])).toEqual([
      ...["TOO_LONG", "TOO_LONG", "BAD_BASE45"],
    ]);
  });

  for (const key of issuers) {
    const name = Algorithm[key.algorithm];
    it(`${name}: no truncation of a card is accepted`, () => {
      const card = makeCard(key);
      const cuts = Array.from({ length: card.length }, (_, length) => card.slice(0, length));
      expect(codesOf(engine, cuts)).not.toContain("VALID");
      const cose = coseSign1(key);
      const short = Array.from({ length: cose.length }, (_, length) => qrOf(cose.slice(0, length)));
      expect(codesOf(engine, short)).not.toContain("VALID");
    });

    it(`${name}: no flipped bit of a card is accepted, in the text or under the compression`, () => {
      const card = new TextEncoder().encode(makeCard(key));
      const cose = coseSign1(key);
      const flipped: Uint8Array[] = [];
      for (let bit = 0; bit < card.length * 8; bit++) flipped.push(flip(card, bit));
      expect(codesOf(engine, flipped)).not.toContain("VALID");
      const under: string[] = [];
      for (let bit = 0; bit < cose.length * 8; bit++) under.push(qrOf(flip(cose, bit)));
      expect(codesOf(engine, under)).not.toContain("VALID");
    });
  }

  it("arbitrary bytes are answered with a code, never VALID, INTERNAL or UNVERIFIED", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 20 }), (texts) => {
        for (const code of codesOf(engine, texts)) {
          expect(Code[code as keyof typeof Code]).toBeGreaterThanOrEqual(Code.TOO_LONG);
          expect(Code[code as keyof typeof Code]).toBeLessThan(Code.REVOKED);
        }
      }),
    );
  });

  it("arbitrary bytes in place of each layer's content are answered with a code", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const layers = [qrOf(bytes), makeCard(ed25519, { payload: bytes })];
        for (const code of codesOf(engine, layers)) {
          expect(Code[code as keyof typeof Code]).toBeGreaterThanOrEqual(Code.TOO_LONG);
          expect(Code[code as keyof typeof Code]).toBeLessThan(Code.REVOKED);
        }
      }),
    );
  });

  it("a verdict does not depend on what else is in the batch", () => {
    const good = makeCard(ed25519);
    const forged = coseSign1(ed25519);
    forged[forged.length - 1]! ^= 1;
    const kinds = [
      good,
      qrOf(forged),
      makeCard(p256),
      makeCard(generateKey(Algorithm.ED25519)),
      "garbage",
      makeCard(ed25519, { alg: -7 }),
    ];
    const alone = kinds.flatMap((qr) => codesOf(engine, [qr]));
    fc.assert(
      fc.property(fc.array(fc.nat({ max: kinds.length - 1 }), { maxLength: 700 }), (picks) => {
        const codes = codesOf(
          engine,
          picks.map((pick) => kinds[pick]!),
        );
        expect(codes).toEqual(picks.map((pick) => alone[pick]));
      }),
      { numRuns: 30 },
    );
  });

  it("more than one arena of large cards in a batch", () => {
    const big = payload([[169, identity([[16, new Uint8Array(40_000)]])]]);
    const card = makeCard(ed25519, { payload: big });
    const qrs = Array.from({ length: 100 }, (_, i) => (i % 10 === 9 ? "BB8" : card));
    const verdicts = engine.verifyBatch(qrs, { at, claims: true });
    expect(verdicts.filter(({ code }) => code === "VALID")).toHaveLength(90);
    expect(verdicts[42]?.claims?.["16"]).toHaveLength(Math.ceil((40_000 * 4) / 3));
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}

interface Claim169Vector {
  name: string;
  category: "valid" | "edge" | "invalid";
  qr_data: string;
  signing_key?: { algorithm: string; public_key_hex: string };
  expected_claim169?: Record<string, unknown>;
  expected_cwt_meta?: { issuer?: string; expiresAt?: number };
}

describe.skipIf(!vectorsPresent)(`third-party Claim 169 cards${vectorsNote}`, () => {
  const vectors = vectorsPresent
    ? ["valid", "edge", "invalid"].flatMap((folder) =>
        readdirSync(vectorPath(`claim169/test-vectors/${folder}`)).map(
          (file) => readVectorJson(`claim169/test-vectors/${folder}/${file}`) as Claim169Vector,
        ),
      )
    : [];
  const when = new Date(1_780_000_000_000);
  const EXPECTED: Record<string, string> = {
    "ed25519-signed": "VALID",
    "ecdsa-p256-signed": "VALID",
    "encrypted-aes256": "BAD_COSE",
    "encrypted-signed": "BAD_COSE",
    "bad-base45": "BAD_BASE45",
    "bad-zlib": "BAD_ZLIB",
    "not-cose": "BAD_COSE",
    "missing-169": "MISSING_CLAIM",
  };

  /** A JWKS of the keys the vectors name. */
  function trust(): string {
    const keys = vectors.flatMap<Record<string, string | undefined>>(({ signing_key: key }) => {
      const bytes = Buffer.from(key?.public_key_hex ?? "", "hex");
      if (key?.algorithm === "EdDSA") return [{ kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") }];
      if (key?.algorithm !== "ES256") return [];
      const [x, y] = [bytes.subarray(1, 33), bytes.subarray(33)].map((half) => half.toString("base64url"));
      return [{ kty: "EC", crv: "P-256", x, y }];
    });
    return JSON.stringify({ keys });
  }

  it("exactly the signed ones are accepted", async () => {
    const engine = await Engine.create({ trust: trust() });
    const codes = engine.verifyBatch(
      vectors.map(({ qr_data }) => qr_data),
      { at: when },
    );
    for (const [index, { name }] of vectors.entries()) {
      // The others carry a signature of no length: readable, never verified.
      expect(codes[index]?.code, name).toBe(EXPECTED[name] ?? "BAD_ISSUER_SIGNATURE");
    }
    expect(vectors.length).toBeGreaterThanOrEqual(17);
  });

  it("all that can be read are read", async () => {
    const engine = await Engine.create({ trust: [] });
    for (const { name, qr_data, expected_claim169: claims, expected_cwt_meta: meta } of vectors) {
      const { verdict, issuer, identity: bytes } = engine.inspect(qr_data);
      expect(verdict.code, name).toBe(
        /^(VALID|undefined)$/.test(String(EXPECTED[name])) ? "UNVERIFIED" : EXPECTED[name],
      );
      if (verdict.code !== "UNVERIFIED") continue;
      expect(new TextDecoder().decode(issuer), name).toBe(meta?.issuer);
      expect(verdict.expires, name).toBe(meta?.expiresAt);
      expect(Buffer.from(bytes).includes(String(claims?.["fullName"])), name).toBe(true);
    }
  });
});
