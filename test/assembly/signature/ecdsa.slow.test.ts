import { generateKeyPairSync, randomBytes, randomInt, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadSignatureStage, type SignatureCase } from "../../support/weierstrass.js";

const COUNT = 1_000_000;
const BATCH = 10_000;
const KEYS = 64;

describe("ECDSA on P-256, a million signatures", async () => {
  const stage = await loadSignatureStage("ecdsa", "stages");

  it("agrees with node:crypto, half of them corrupted, on both paths", { timeout: 7_200_000 }, () => {
    const keys = Array.from({ length: KEYS }, () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const { x, y } = publicKey.export({ format: "jwk" });
      const key = Uint8Array.from([...Buffer.from(x!, "base64url"), ...Buffer.from(y!, "base64url")]);
      return { privateKey, publicKey, key };
    });
    let accepted = 0;
    for (let done = 0; done < COUNT; done += BATCH) {
      const cases: SignatureCase[] = [];
      const expected: boolean[] = [];
      for (let i = 0; i < BATCH; i++) {
        const { privateKey, publicKey, key } = keys[randomInt(KEYS)]!;
        const message = new Uint8Array(randomBytes(randomInt(150)));
        const signature = new Uint8Array(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
        if (i % 4 === 1) signature[randomInt(64)]! ^= 1 << randomInt(8);
        if (i % 4 === 3 && message.length > 0) message[randomInt(message.length)]! ^= 1 << randomInt(8);
        cases.push({ key, signature, message });
        expected.push(verify("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature));
      }
      accepted += expected.filter(Boolean).length;
      // More keys than tables: the first path also meets keys without one.
      const turn = done / BATCH;
      const batch = [1, 63, 64, 1000][(turn >> 2) & 3]!;
      expect(stage.verify(cases, turn % 4 === 0 ? "once" : "known", batch)).toEqual(expected);
    }
    expect(accepted).toBeGreaterThan(COUNT * 0.49);
    expect(accepted).toBeLessThan(COUNT * 0.52);
  });
});
