import fc from "fast-check";
import { decode } from "cborg";
import { describe, expect, it } from "vitest";
import { Algorithm, Tier } from "../../../../src/abi/batch.js";
import { decodeCbor, encodeCbor, isMap } from "../../../../src/format/cbor.js";
import { encodeSign1 } from "../../../../src/format/cose.js";
import {
  decodeTrustList,
  encodeTrustList,
  TRUST_LIST_TYPE,
  type NewTrustList,
  type TrustedKey,
} from "../../../../src/format/trust/trust-list.js";
import { ALGORITHMS_UNDER_TEST, generateKey, verifyElsewhere } from "../../../support/keys.js";
import { trustErrorOf } from "../../../support/trust.js";

function exampleList(root: Algorithm): { list: NewTrustList; sign: (message: Uint8Array) => Uint8Array } {
  const rootKey = generateKey(root);
  const keys = ALGORITHMS_UNDER_TEST.map((algorithm, i): TrustedKey => {
    const { publicKey } = generateKey(algorithm);
    return {
      kids: [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, i)],
      algorithm,
      publicKey,
      issuer: "Pilot District",
      notBefore: 1_700_000_000,
      notAfter: 1_900_000_000,
      tiers: [Tier.LITE, Tier.FULL],
      use: "credential",
      promisesStatus: i % 2 === 0,
    };
  });
  const status = generateKey(Algorithm.ED25519);
  const { algorithm, publicKey } = status;
  keys.push({ kids: [Uint8Array.of(9)], algorithm, publicKey, use: "status", promisesStatus: true });
  const list = {
    authority: "试点公安局",
    epoch: 7,
    issuedAt: 1_790_000_000,
    expires: 1_792_592_000,
    keys,
    root: { algorithm: rootKey.algorithm, publicKey: rootKey.publicKey },
  };
  return { list, sign: (message) => rootKey.sign(message) };
}

describe("the trust list", () => {
  it.each(ALGORITHMS_UNDER_TEST)("round-trips under a root key of algorithm %i", async (algorithm) => {
    const { list, sign } = exampleList(algorithm);
    const bytes = await encodeTrustList(list, sign);
    const trusting = list.keys.map((key) => ({ ...key, trustUntil: list.expires }));
    expect(decodeTrustList(bytes, verifyElsewhere)).toEqual({ ...list, keys: trusting });
  });

  it("is plain COSE that any library reads", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const bytes = await encodeTrustList(list, sign);
    expect(bytes[0]).toBe(0xd2);
    const parts = decode(bytes.subarray(1), { useMaps: true }) as [Uint8Array, unknown, Uint8Array, Uint8Array];
    const headers = decode(parts[0], { useMaps: true }) as Map<number, unknown>;
    expect(headers.get(1)).toBe(-8);
    expect(headers.get(16)).toBe(TRUST_LIST_TYPE);
    const claims = decode(parts[2], { useMaps: true }) as Map<number, unknown>;
    expect(claims.get(1)).toBe("试点公安局");
    expect(claims.get(4)).toBe(1_792_592_000);
    expect(claims.get(-65537)).toBe(7);
  });

  it("refuses every flipped bit", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const bytes = await encodeTrustList({ ...list, keys: list.keys.slice(0, 1) }, sign);
    for (let i = 0; i < bytes.length * 8; i++) {
      const bad = bytes.slice();
      bad[i >> 3]! ^= 1 << (i & 7);
      expect(
        trustErrorOf(() => decodeTrustList(bad, verifyElsewhere)),
        `bit ${i}`,
      ).not.toBe("accepted");
    }
  });

  it("refuses every truncation and every addition", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const bytes = await encodeTrustList(list, sign);
    for (let length = 0; length < bytes.length; length++) {
      expect(trustErrorOf(() => decodeTrustList(bytes.subarray(0, length), () => true))).toBe("BAD_TRUST_LIST");
    }
    expect(trustErrorOf(() => decodeTrustList(Uint8Array.of(...bytes, 0), () => true))).toBe("BAD_TRUST_LIST");
  });

  it("says BAD_SIGNATURE only for the signature", async () => {
    const { list, sign } = exampleList(Algorithm.P256);
    const bytes = await encodeTrustList(list, sign);
    bytes[bytes.length - 1]! ^= 1;
    expect(trustErrorOf(() => decodeTrustList(bytes, verifyElsewhere))).toBe("BAD_SIGNATURE");
  });

  it("refuses another kind of signed thing", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const bytes = await encodeTrustList(list, sign);
    const parts = decodeCbor(bytes.subarray(1)) as [Uint8Array, unknown, Uint8Array, Uint8Array];
    const headers = decodeCbor(parts[0]);
    if (!isMap(headers)) throw new Error("no headers");
    const forged = await encodeSign1(
      { protected: new Map([...headers, [16, "application/cwt"]]), payload: parts[2] },
      sign,
    );
    expect(trustErrorOf(() => decodeTrustList(forged, () => true))).toBe("BAD_TRUST_LIST");
  });

  it("refuses a header that names another algorithm than the root key's", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const bytes = await encodeTrustList(list, sign);
    const parts = decodeCbor(bytes.subarray(1)) as [Uint8Array, unknown, Uint8Array, Uint8Array];
    const headers = decodeCbor(parts[0]);
    if (!isMap(headers)) throw new Error("no headers");
    const forged = await encodeSign1({ protected: new Map([...headers, [1, -7]]), payload: parts[2] }, sign);
    expect(trustErrorOf(() => decodeTrustList(forged, () => true))).toBe("BAD_TRUST_LIST");
  });

  it("never ends in another error than its own, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom([], [0xd2], [0xd2, 0x84]), (tail, head) => {
        expect(trustErrorOf(() => decodeTrustList(Uint8Array.of(...head, ...tail), () => true))).toBe("BAD_TRUST_LIST");
      }),
    );
  });

  it("never ends in another error than its own, whatever the claims", async () => {
    const { list, sign } = exampleList(Algorithm.ED25519);
    const whole = await encodeTrustList(list, sign);
    const parts = decodeCbor(whole.subarray(1)) as [Uint8Array, unknown, Uint8Array, Uint8Array];
    const claims = decodeCbor(parts[2]);
    if (!isMap(claims)) throw new Error("no claims");
    const value = fc.oneof(
      fc.integer(),
      fc.string(),
      fc.uint8Array({ maxLength: 8 }),
      fc.constant(null),
      fc.constant([]),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...claims.keys()), value, async (label, replacement) => {
        const payload = encodeCbor(new Map([...claims, [label, replacement]]));
        const headers = decodeCbor(parts[0]);
        if (!isMap(headers)) throw new Error("no headers");
        const bytes = await encodeSign1({ protected: headers, payload }, sign);
        expect(["accepted", "BAD_TRUST_LIST"]).toContain(trustErrorOf(() => decodeTrustList(bytes, verifyElsewhere)));
      }),
    );
  });

  it("survives nesting deep enough to exhaust a stack", () => {
    const deep = new Uint8Array(300_000).fill(0x81);
    deep[0] = 0xd2;
    expect(trustErrorOf(() => decodeTrustList(deep, () => true))).toBe("BAD_TRUST_LIST");
  });
});
