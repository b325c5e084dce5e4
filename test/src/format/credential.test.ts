import { deflateSync, inflateSync } from "node:zlib";
import { decode, decodeFirst } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase45 } from "../../../src/format/base45.js";
import { Algorithm, Tier } from "../../../src/format/batch.js";
import { encodeSign1 } from "../../../src/format/cose.js";
import { credentialHeaders, encodeCredentialClaims, qrText } from "../../../src/format/credential.js";
import { ALGORITHMS_UNDER_TEST, generateKey, verifyElsewhere } from "../../support/keys.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

/** Base45 by the book (RFC 9285 §4.3), for texts known to be right. */
function decodeBase45(text: string): Uint8Array {
  const digits = Array.from(text, (c) => "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".indexOf(c));
  const bytes: number[] = [];
  for (let i = 0; i < digits.length; i += 3) {
    const [c, d, e] = digits.slice(i, i + 3);
    const value = c! + d! * 45 + (e ?? 0) * 2025;
    bytes.push(...(e === undefined ? [value] : [value >> 8, value & 255]));
  }
  return Uint8Array.from(bytes);
}

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
    const signed = await encodeSign1({ protected: credentialHeaders(algorithm, kid), payload }, (m) => key.sign(m));
    const text = qrText(signed, deflateSync);
    expect(text).toMatch(/^[0-9A-Z $%*+./:-]+$/);

    const cose = new Uint8Array(inflateSync(decodeBase45(text)));
    expect(cose[0]).toBe(0xd2);
    const [item, rest] = decodeFirst(cose.subarray(1), { useMaps: true }) as [unknown[], Uint8Array];
    expect(rest).toHaveLength(0);
    const [headerBytes, unprotected, body, signature] = item as [
      Uint8Array,
      Map<number, unknown>,
      Uint8Array,
      Uint8Array,
    ];
    expect(unprotected.size).toBe(0);
    const headers = decode(headerBytes, { useMaps: true }) as Map<number, unknown>;
    expect(headers.get(1)).toBe({ [Algorithm.ED25519]: -8, [Algorithm.P256]: -7, [Algorithm.SM2]: -65537 }[algorithm]);
    expect(headers.get(4)).toEqual(kid);

    // Sig_structure by hand: array(4), "Signature1", protected, h'', payload.
    const head = (length: number) =>
      length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
    const structure = Uint8Array.of(
      ...[0x84, 0x6a, ...Buffer.from("Signature1")],
      ...[...head(headerBytes.length), ...headerBytes],
      0x40,
      ...[...head(body.length), ...body],
    );
    expect(verifyElsewhere(algorithm, key.publicKey, structure, signature)).toBe(true);

    const read = decode(body, { useMaps: true }) as Map<number, unknown>;
    expect([1, 4, 5, 6].map((label) => read.get(label))).toEqual([
      "Pilot District",
      1_900_000_000,
      1_800_000_000,
      1_800_000_000,
    ]);
    expect(read.get(7)).toEqual(claims.id);
    const identity = read.get(169) as Map<number, unknown>;
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
