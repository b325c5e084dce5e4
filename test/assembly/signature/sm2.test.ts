import { randomBytes } from "node:crypto";
import { sm2 as peer } from "sm-crypto-v2";
import { describe, expect, it } from "vitest";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";
import {
  addPoints,
  bytesOf,
  hexBytes,
  invert,
  loadSignatureStage,
  mod,
  multiplyPoint,
  pairBytes,
  pointBytes,
  power,
  sm2,
  type SignatureCase,
} from "../../support/weierstrass.js";

interface EdgeCases {
  tests: {
    level: "message" | "digest";
    publicKey: string;
    msg?: string;
    e: string;
    sig: string | null;
    result: string;
    comment: string;
  }[];
}

interface Annex {
  sm2_sign: { message: string; publicKey: string; e: string; r: string; s: string };
  sm2_lte_v2x: { publicKeyX: string; publicKeyY: string; e: string; r: string; s: string };
}

describe.each(["stages", "debug"] as const)("SM2 (%s build)", async (build) => {
  const stage = await loadSignatureStage("sm2", build);

  describe.skipIf(!vectorsPresent)("third-party vectors" + vectorsNote, () => {
    it("accepts the example of GM/T 0003.5 and nothing near it", () => {
      const { sm2_sign: example } = readVectorJson("sm2sm3/vectors.json") as Annex;
      const good = {
        key: hexBytes(example.publicKey).subarray(1),
        signature: hexBytes(example.r + example.s),
        message: new TextEncoder().encode(example.message),
      };
      const swapped = { ...good, signature: hexBytes(example.s + example.r) };
      const other = { ...good, message: new TextEncoder().encode(example.message + " ") };
      expect(stage.verifyEveryWay([good, swapped, other])).toEqual([true, false, false]);
      const digest = { ...good, message: hexBytes(example.e) };
      expect(stage.verifyEveryWay([digest, { ...digest, message: new Uint8Array(32) }], "digest")).toEqual([
        true,
        false,
      ]);
    });

    it("accepts the LTE-V2X example once two digits of its misprinted e change places", () => {
      const { sm2_lte_v2x: example } = readVectorJson("sm2sm3/vectors.json") as Annex;
      const good = {
        key: hexBytes(example.publicKeyX + example.publicKeyY),
        signature: hexBytes(example.r + example.s),
        message: hexBytes(example.e.replace("362e0ea7", "36e20ea7")),
      };
      const printed = { ...good, message: hexBytes(example.e) };
      expect(stage.verifyEveryWay([good, printed], "digest")).toEqual([true, false]);
    });

    it.each(["message", "digest"] as const)("agrees with the edge cases at the level of the %s", (level) => {
      const { tests } = readVectorJson("sm/sm2-edge-cases.json") as EdgeCases;
      const chosen = tests.filter((test) => test.level === level && test.sig !== null);
      expect(chosen.length).toBeGreaterThan(50);
      const cases = chosen.map((test) => ({
        key: hexBytes(test.publicKey).subarray(1),
        signature: hexBytes(test.sig!),
        message: hexBytes(level === "message" ? test.msg! : test.e.padStart(64, "0")),
      }));
      const verdicts = stage.verifyEveryWay(cases, level);
      chosen.forEach((test, i) => {
        expect(verdicts[i], test.comment).toBe(test.result === "valid");
      });
    });
  });

  it("agrees with sm-crypto-v2 on good and corrupted signatures", () => {
    const cases: SignatureCase[] = [];
    const expected: boolean[] = [];
    const keys = Array.from({ length: 4 }, () => peer.generateKeyPairHex());
    for (let i = 0; i < (build === "debug" ? 40 : 150); i++) {
      const { privateKey, publicKey } = keys[i % keys.length]!;
      const message = Uint8Array.from(randomBytes(i % 200));
      const signature = hexBytes(peer.doSignature(message, privateKey, { hash: true, publicKey }));
      if (i % 3 === 1) signature[i % 64]! ^= 1 << (i % 8);
      if (i % 3 === 2 && message.length > 0) message[i % message.length]! ^= 0x10;
      cases.push({ key: hexBytes(publicKey).subarray(1), signature, message });
      expected.push(peer.doVerifySignature(message, Buffer.from(signature).toString("hex"), publicKey, { hash: true }));
    }
    expect(expected).toContain(true);
    expect(expected).toContain(false);
    expect(stage.verifyEveryWay(cases)).toEqual(expected);
  });

  it("is exact where additions meet infinity, equal and opposite points", () => {
    // Q = d G with d known: s and t can be chosen freely, r = t - s, and e = r - x.
    const { n, base } = sm2;
    const cases: SignatureCase[] = [];
    const expected: boolean[] = [];
    const low = n % 2n ** 128n;
    for (const d of [1n, 255n, n - 2n, (n + 1n) / 2n, 0x1234567890abcdef1234567890abcdefn]) {
      const q = multiplyPoint(sm2, d, base);
      const scalars: [bigint, bigint][] = [
        [mod(7n * d, n), 7n], // equal in the last addition
        [mod(-7n * d, n), 7n], // opposite
        [1n, 2n],
        [n - 1n, 3n],
        [255n, 257n],
        [2n ** 128n - 1n, 2n ** 128n + 1n],
      ];
      for (const half of [low, 2n ** 128n - low]) {
        for (const k of [n - 2n * half, mod(2n * half, n), mod(n + 2n * half, n)]) scalars.push([k, 3n], [3n, k]);
      }
      for (const [s, t] of scalars) {
        const r = mod(t - s, n);
        if (r === 0n || s === 0n) continue;
        const sum = addPoints(sm2, multiplyPoint(sm2, s, base), multiplyPoint(sm2, t, q));
        const e = mod(r - (sum ? sum.x : 0n), n);
        cases.push({ key: pointBytes(q), signature: pairBytes(r, s), message: bytesOf(e) });
        expected.push(sum !== undefined);
        cases.push({ key: pointBytes(q), signature: pairBytes(r, s), message: bytesOf(mod(e + 1n, n)) });
        expected.push(false);
      }
    }
    const verdicts = stage.verifyEveryWay(cases, "digest");
    verdicts.forEach((verdict, i) => {
      expect(verdict, `case ${i}`).toBe(expected[i]);
    });
  });

  it("reduces x modulo n: accepts a point whose x lies between n and p", () => {
    const { p, n, b, base } = sm2;
    let x = n;
    let y: bigint;
    for (; ; x++) {
      const square = mod(x * x * x - 3n * x + b, p);
      y = power(square, (p + 1n) / 4n, p);
      if (mod(y * y, p) === square) break;
    }
    expect(x < p).toBe(true);
    // R = s G + t Q with s = 1 and t = 3: Q = (R - G) / 3, r = t - s, and e = r - x modulo n.
    const minusG = { x: base!.x, y: p - base!.y };
    const q = multiplyPoint(sm2, invert(3n, n), addPoints(sm2, { x, y }, minusG));
    const good = { key: pointBytes(q), signature: pairBytes(2n, 1n), message: bytesOf(mod(2n - x, n)) };
    const bad = { ...good, message: bytesOf(mod(3n - x, n)) };
    expect(stage.verifyEveryWay([good, bad], "digest")).toEqual([true, false]);
  });

  it("demands 1 <= r, s < n and r + s other than 0 modulo n", () => {
    const { n, base } = sm2;
    const key = pointBytes(base);
    // t = 0: the equation would hold with x(s G).
    const s = 5n;
    const x = multiplyPoint(sm2, s, base)!.x;
    const zeroT = { key, signature: pairBytes(n - s, s), message: bytesOf(mod(n - s - x, n)) };
    // A good one, then r and s out of range.
    const good = (r: bigint, sum = multiplyPoint(sm2, s + r + s, base)!.x) => bytesOf(mod(r - sum, n));
    const message = good(9n);
    const at = (r: bigint, s0: bigint) => ({ key, signature: pairBytes(r, s0), message });
    const cases = [
      at(9n, s),
      zeroT,
      at(9n + n, s),
      at(9n, s + n),
      at(0n, s),
      at(9n, 0n),
      at(n, s),
      at(9n, n),
      at(0n, 0n),
    ];
    expect(stage.verifyEveryWay(cases, "digest")).toEqual([true, ...cases.slice(1).map(() => false)]);
  });

  it("refuses keys that are not points of the curve", () => {
    const { p, base } = sm2;
    for (const key of [
      new Uint8Array(64),
      pointBytes({ x: base!.x, y: base!.y + 1n }),
      Uint8Array.from([...bytesOf(p), ...bytesOf(base!.y)]),
      Uint8Array.from([...bytesOf(base!.x), ...bytesOf(p)]),
    ]) {
      expect(stage.isAcceptableKey(key)).toBe(false);
      expect(stage.loadKnownKey(3, key)).toBe(false);
    }
    expect(stage.isAcceptableKey(pointBytes(base))).toBe(true);
  });
});
