import { generateKeyPairSync, sign } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { generateKey, type TestKey } from "../../support/keys.js";
import { jwksOf, NOW } from "../../support/make-card.js";
import { issueTo, present } from "../../support/make-presentation.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

/**
 * Wycheproof's keys and signatures in the holder's place, through the whole pipeline. Their messages are not tokens, so each
 * must be refused, and by the holder's signature; what they do to good signatures is done to good ones of a token too.
 */

interface Group {
  publicKey: { pk?: string; uncompressed?: string };
  tests: { tcId: number; sig: string }[];
}

const ORDER_25519 = 2n ** 252n + 27742317777372353535851937790883648493n;
const ORDER_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const issuer = generateKey(Algorithm.ED25519);
const FILES = [
  [Algorithm.ED25519, "wycheproof/ed25519_test.json"],
  [Algorithm.P256, "wycheproof/ecdsa_secp256r1_sha256_p1363_test.json"],
] as const;

function confirmation(algorithm: Algorithm, key: Uint8Array): Map<number, unknown> {
  const kind: [number, unknown][] = algorithm === Algorithm.ED25519 ? [[1, 1], [-1, 6]] : [[1, 2], [-1, 1], [-3, key.slice(32)]]; // prettier-ignore
  return new Map([[1, new Map<number, unknown>([...kind, [-2, key.slice(0, 32)]])]]);
}

function shownBy(by: Pick<TestKey, "algorithm" | "publicKey" | "sign">): string {
  const holder = issueTo(issuer, [[8, confirmation(by.algorithm, by.publicKey)]]);
  return present(holder, { audience: "gate", at: NOW, by: { ...holder.key, ...by } });
}

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const bytesOf = (n: bigint): Uint8Array => new Uint8Array(Buffer.from(n.toString(16).padStart(64, "0"), "hex"));
const half = (signature: Uint8Array, at: 0 | 32): Uint8Array => signature.slice(at, at + 32);
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe("a holder's key and signature", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([issuer]), status: "none", clock: () => NOW * 1000 });
  });
  const codeOf = (text: string) => engine.verifyBatch([text], { audience: "gate" })[0]?.code;

  it.runIf(vectorsPresent).each(FILES)(
    `of Wycheproof (algorithm %i) never pass for a token ${vectorsNote}`,
    (algorithm, file) => {
      const { testGroups } = readVectorJson(file) as { testGroups: Group[] };
      let count = 0;
      for (const { publicKey, tests } of testGroups) {
        const key = Buffer.from(publicKey.pk ?? publicKey.uncompressed?.slice(2) ?? "", "hex");
        for (const { tcId, sig } of tests) {
          const signature = new Uint8Array(Buffer.from(sig, "hex"));
          const code = codeOf(shownBy({ algorithm, publicKey: new Uint8Array(key), sign: () => signature }));
          expect(`${tcId} ${code ?? ""}`).toBe(`${tcId} BAD_HOLDER_SIGNATURE`);
          count++;
        }
      }
      expect(count).toBeGreaterThan(100);
    },
  );

  const changes: [string, Algorithm, (signature: Uint8Array) => Uint8Array, string][] = [
    ["as it is", Algorithm.ED25519, (s) => s, "VALID"],
    ["S + L", Algorithm.ED25519, (s) => joined(half(s, 0), bytesOf(numberOf(half(s, 32).reverse()) + ORDER_25519).reverse()), "BAD_HOLDER_SIGNATURE"],
    ["S of 0", Algorithm.ED25519, (s) => joined(half(s, 0), new Uint8Array(32)), "BAD_HOLDER_SIGNATURE"],
    ["R of 0", Algorithm.ED25519, (s) => joined(new Uint8Array(32), half(s, 32)), "BAD_HOLDER_SIGNATURE"],
    ["a byte more", Algorithm.ED25519, (s) => joined(s, Uint8Array.of(0)), "BAD_HOLDER_SIGNATURE"],
    ["a byte less", Algorithm.ED25519, (s) => s.slice(0, 63), "BAD_HOLDER_SIGNATURE"],
    ["as it is", Algorithm.P256, (s) => s, "VALID"],
    ["n - s: COSE knows no low s", Algorithm.P256, (s) => joined(half(s, 0), bytesOf(ORDER_P256 - numberOf(half(s, 32)))), "VALID"],
    ["n - r", Algorithm.P256, (s) => joined(bytesOf(ORDER_P256 - numberOf(half(s, 0))), half(s, 32)), "BAD_HOLDER_SIGNATURE"],
    ["r of 0", Algorithm.P256, (s) => joined(new Uint8Array(32), half(s, 32)), "BAD_HOLDER_SIGNATURE"],
    ["s of 0", Algorithm.P256, (s) => joined(half(s, 0), new Uint8Array(32)), "BAD_HOLDER_SIGNATURE"],
    ["r and s of n", Algorithm.P256, () => joined(bytesOf(ORDER_P256), bytesOf(ORDER_P256)), "BAD_HOLDER_SIGNATURE"],
    ["r and s changed over", Algorithm.P256, (s) => joined(half(s, 32), half(s, 0)), "BAD_HOLDER_SIGNATURE"],
    ["nothing", Algorithm.P256, () => new Uint8Array(), "BAD_HOLDER_SIGNATURE"],
  ]; // prettier-ignore

  it.each(changes)("%s (algorithm %i)", (_, algorithm, change, code) => {
    const key = generateKey(algorithm);
    expect(codeOf(shownBy({ ...key, sign: (message) => change(key.sign(message)) }))).toBe(code);
  });

  it("in DER, as most libraries write ECDSA, is refused", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const point = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-64));
    const der = (message: Uint8Array): Uint8Array => new Uint8Array(sign("sha256", message, privateKey));
    expect(codeOf(shownBy({ algorithm: Algorithm.P256, publicKey: point, sign: der }))).toBe("BAD_HOLDER_SIGNATURE");
  });
});
