import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../src/format/base45.js";
import { Algorithm, Tier } from "../../../src/abi/batch.js";
import { encodeSign1 } from "../../../src/format/cose.js";
import { credentialHeaders, encodeCredentialClaims, qrText } from "../../../src/format/credential.js";
import { decodeBase45 } from "../../support/base45.js";
import { openCard } from "../../support/open-card.js";
import { ALGORITHMS_UNDER_TEST, generateKey, verifyElsewhere } from "../../support/keys.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

describe("base45", () => {
  it("encodes the examples of RFC 9285", () => {
    const encode = (text: string) => encodeBase45(new TextEncoder().encode(text));
    expect(encode("AB")).toBe("BB8");
    expect(encode("Hello!!")).toBe("%69 VD92EX0");
    expect(encode("base-45")).toBe("UJCLQE7W581");
    expect(encode("")).toBe("");
  });

  it("is undone by decoding", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase45(encodeBase45(bytes))).toEqual(bytes);
      }),
    );
  });

  it.skipIf(!vectorsPresent)(`agrees with third-party vectors${vectorsNote}`, () => {
    const { tests } = readVectorJson("base45/base45.json") as { tests: { text: string; hex?: string }[] };
    const good = tests.filter((test) => test.hex !== undefined);
    expect(good.length).toBeGreaterThan(5);
    for (const { text, hex } of good) expect(encodeBase45(Buffer.from(hex!, "hex"))).toBe(text);
  });
});

describe("a credential", () => {
  const claims = {
    issuer: "Pilot District",
    expires: 1_900_000_000,
    notBefore: 1_800_000_000,
    issuedAt: 1_800_000_000,
    id: Uint8Array.from({ length: 16 }, (_, i) => i),
    identity: {
      id: "11010519491231002X",
      fullName: "张三",
      dateOfBirth: "19491231",
      gender: 2 as const,
      nationality: "CN",
      tier: Tier.FULL,
    },
  };

  it.each(ALGORITHMS_UNDER_TEST)("is read by independent code (algorithm %i)", async (algorithm) => {
    const key = generateKey(algorithm);
    const holder = generateKey(Algorithm.P256);
    const kid = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const payload = encodeCredentialClaims({
      ...claims,
      holderKey: { algorithm: holder.algorithm, publicKey: holder.publicKey },
      statusList: { index: 42, uri: "https://status.example/1" },
    });
    const signed = await encodeSign1({ protected: credentialHeaders(algorithm, kid, "static"), payload }, (m) =>
      key.sign(m),
    );
    const text = qrText(signed, deflateSync);
    expect(text).toMatch(/^[0-9A-Z $%*+./:-]+$/);

    const { headers, claims: read, identity, toBeSigned, signature } = openCard(text);
    expect(headers.get(1)).toBe({ [Algorithm.ED25519]: -8, [Algorithm.P256]: -7, [Algorithm.SM2]: -65537 }[algorithm]);
    expect(headers.get(4)).toEqual(kid);
    expect(verifyElsewhere(algorithm, key.publicKey, toBeSigned, signature)).toBe(true);

    expect([1, 4, 5, 6].map((label) => read.get(label))).toEqual([
      "Pilot District",
      1_900_000_000,
      1_800_000_000,
      1_800_000_000,
    ]);
    expect(read.get(7)).toEqual(claims.id);
    expect(identity.get(1)).toBe("11010519491231002X");
    expect(identity.get(4)).toBe("张三");
    expect(identity.get(8)).toBe("19491231");
    expect(identity.get(9)).toBe(2);
    expect(identity.get(75)).toBe(2);
    expect(identity.size).toBe(6);
    const holderKey = (read.get(8) as Map<number, Map<number, unknown>>).get(1);
    expect([holderKey?.get(1), holderKey?.get(-1)]).toEqual([2, 1]);
    expect(Buffer.concat([holderKey?.get(-2) as Uint8Array, holderKey?.get(-3) as Uint8Array])).toEqual(
      Buffer.from(holder.publicKey),
    );
    const status = (read.get(65535) as Map<string, Map<string, unknown>>).get("status_list");
    expect([status?.get("idx"), status?.get("uri")]).toEqual([42, "https://status.example/1"]);
  });
});
