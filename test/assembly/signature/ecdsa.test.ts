import { createHash, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { readVectorJson, readVectorText, vectorsNote, vectorsPresent } from "../../support/vectors.js";
import {
  addPoints,
  bytesOf,
  hexBytes,
  invert,
  loadSignatureStage,
  mod,
  multiplyPoint,
  p256,
  pairBytes,
  pointBytes,
  power,
  type SignatureCase,
} from "../../support/weierstrass.js";

interface Wycheproof {
  testGroups: {
    publicKey: { uncompressed: string };
    tests: { tcId: number; msg: string; sig: string; result: string }[];
  }[];
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The section of a NIST file headed so, as records. */
function nistSection(file: string, heading: string): Record<string, string>[] {
  const section = readVectorText(file).split(`[${heading}]`)[1]!.split("[")[0]!;
  return section
    .split(/\r?\n\r?\n/)
    .map((block) => Object.fromEntries([...block.matchAll(/(\w+) = (\S+)/g)].map(([, name, value]) => [name!, value!])))
    .filter((record) => "Result" in record);
}

describe.each(["stages", "debug"] as const)("ECDSA on P-256 (%s build)", async (build) => {
  const stage = await loadSignatureStage("ecdsa", build);

  describe.skipIf(!vectorsPresent)("third-party vectors" + vectorsNote, () => {
    it("agrees with Wycheproof", () => {
      const { testGroups } = readVectorJson("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json") as Wycheproof;
      const cases: SignatureCase[] = [];
      const expected: boolean[] = [];
      for (const group of testGroups) {
        const key = hexBytes(group.publicKey.uncompressed).subarray(1);
        for (const test of group.tests) {
          // Signatures of another length than 64 are refused before they come here.
          if (test.sig.length !== 128) expect(test.result).toBe("invalid");
          else {
            cases.push({ key, signature: hexBytes(test.sig), message: hexBytes(test.msg) });
            expected.push(test.result === "valid");
          }
        }
      }
      expect(cases.length).toBeGreaterThan(240);
      expect(stage.verifyEveryWay(cases)).toEqual(expected);
    });

    it("agrees with NIST SigVer", () => {
      const records = nistSection("ecdsa-p256/SigVer.rsp", "P-256,SHA-256");
      expect(records).toHaveLength(15);
      const cases = records.map(({ Msg, Qx, Qy, R, S }) => ({
        key: hexBytes(Qx!.padStart(64, "0") + Qy!.padStart(64, "0")),
        signature: hexBytes(R!.padStart(64, "0") + S!.padStart(64, "0")),
        message: hexBytes(Msg!),
      }));
      expect(stage.verifyEveryWay(cases)).toEqual(records.map((record) => record["Result"] === "P"));
    });

    it("agrees with NIST PKV", () => {
      const records = nistSection("ecdsa-p256/PKV.rsp", "P-256");
      expect(records).toHaveLength(12);
      for (const { Qx, Qy, Result } of records) {
        const fits = Qx!.length <= 64 && Qy!.length <= 64;
        const key = hexBytes(Qx!.padStart(64, "0").slice(-64) + Qy!.padStart(64, "0").slice(-64));
        expect(fits && stage.isAcceptableKey(key), `${Qx} ${Qy}`).toBe(Result === "P");
        expect(fits && stage.loadKnownKey(0, key)).toBe(Result === "P");
      }
    });
  });

  it("accepts RFC 6979 A.2.5 and the same with high s", () => {
    const key = hexBytes(
      "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    );
    const [sample, test] = [
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
      "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
    ].map(hexBytes);
    const highS = (signature: Uint8Array) => {
      const s = BigInt("0x" + Buffer.from(signature.subarray(32)).toString("hex"));
      return Uint8Array.from([...signature.subarray(0, 32), ...bytesOf(p256.n - s)]);
    };
    const cases = [
      { key, signature: sample!, message: utf8("sample") },
      { key, signature: test!, message: utf8("test") },
      { key, signature: highS(sample!), message: utf8("sample") },
      { key, signature: highS(test!), message: utf8("test") },
      { key, signature: sample!, message: utf8("test") },
    ];
    expect(stage.verifyEveryWay(cases)).toEqual([true, true, true, true, false]);
  });

  it("agrees with node:crypto on good and corrupted signatures", () => {
    const cases: SignatureCase[] = [];
    const expected: boolean[] = [];
    const keys = Array.from({ length: 6 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));
    for (let i = 0; i < (build === "debug" ? 70 : 400); i++) {
      const { privateKey, publicKey } = keys[i % keys.length]!;
      const { x, y } = publicKey.export({ format: "jwk" });
      const key = Uint8Array.from([...Buffer.from(x!, "base64url"), ...Buffer.from(y!, "base64url")]);
      const message = Uint8Array.from(randomBytes(i % 200));
      const signature = Uint8Array.from(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
      if (i % 3 === 1) signature[i % 64]! ^= 1 << (i % 8);
      if (i % 3 === 2 && message.length > 0) message[i % message.length]! ^= 0x10;
      cases.push({ key, signature, message });
      expected.push(verify("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature));
    }
    expect(expected).toContain(true);
    expect(expected).toContain(false);
    expect(stage.verifyEveryWay(cases)).toEqual(expected);
  });

  it("demands 1 <= r, s < n", () => {
    const { n } = p256;
    const key = pointBytes(p256.base);
    // With Q = G, e = 0 and r = x(u2 G), s = r / u2: valid for every u2; then r and s moved by n.
    const u2 = 7n;
    const r = mod(multiplyPoint(p256, u2, p256.base)!.x, n);
    const s = mod(r * invert(u2, n), n);
    const message = new Uint8Array(32);
    const top = 2n ** 256n - 1n;
    const pairs = [
      [r, s],
      [0n, s],
      [r, 0n],
      [0n, 0n],
      [n, s],
      [r, n],
      [top, s],
      [r, top],
      [n - 1n, n - 1n],
    ] as const;
    const cases = pairs.map(([a, b]) => ({ key, signature: pairBytes(a, b), message }));
    expect(stage.verifyEveryWay(cases, "digest")).toEqual([true, ...pairs.slice(1).map(() => false)]);
  });

  it("is exact where additions meet infinity, equal and opposite points", () => {
    // Q = d G with d known, so that u1 and u2 can be chosen: r = x(u1 G + u2 Q), s = r / u2, e = u1 s.
    const { n, base } = p256;
    const cases: SignatureCase[] = [];
    const expected: boolean[] = [];
    for (const d of [1n, 2n, 255n, n - 1n, (n + 1n) / 2n, 0x1234567890abcdef1234567890abcdefn]) {
      const q = multiplyPoint(p256, d, base);
      const key = pointBytes(q);
      const scalars: [bigint, bigint][] = [
        [0n, 5n], // u1 G is infinity
        [d, 1n], // equal in the last addition
        [mod(77n * d, n), 77n],
        [mod(-d, n), 1n], // opposite in the last addition
        [mod(-99n * d, n), 99n],
        [1n, 1n],
        [1n, n - 1n],
        [n - 1n, 1n],
        [2n, n - 2n],
        [255n, 257n],
        [2n ** 128n - 1n, 2n ** 128n + 1n],
        [2n ** 255n - 1n, 2n ** 248n],
      ];
      // Scalars whose halves in odd digits are equal, or nearly: k = n - 2 L, where n = L modulo 2^128.
      const low = n % 2n ** 128n;
      for (const half of [low, 2n ** 128n - low]) {
        for (const k of [n - 2n * half, mod(2n * half, n), mod(n + 2n * half, n)])
          scalars.push([k, 3n], [3n, k], [k, k]);
      }
      for (const [u1, u2] of scalars) {
        const sum = addPoints(p256, multiplyPoint(p256, u1, base), multiplyPoint(p256, u2, q));
        const r = sum ? mod(sum.x, n) : 12345n;
        const s = mod(r * invert(u2, n), n);
        cases.push({ key, signature: pairBytes(r, s), message: bytesOf(mod(u1 * s, n)) });
        expected.push(sum !== undefined);
        cases.push({ key, signature: pairBytes(r, mod(s + 1n, n) || 1n), message: bytesOf(mod(u1 * s, n)) });
        expected.push(false);
      }
    }
    expect(expected.filter((valid) => !valid).length).toBeGreaterThan(cases.length / 2);
    const verdicts = stage.verifyEveryWay(cases, "digest");
    verdicts.forEach((verdict, i) => {
      expect(verdict, `case ${i}`).toBe(expected[i]);
    });
  });

  it("compares x modulo n: accepts r = x - n", () => {
    // A point whose x lies between n and p: the smallest such x on the curve.
    const { p, n, b } = p256;
    let x = n;
    let y: bigint;
    for (; ; x++) {
      const square = mod(x * x * x - 3n * x + b, p);
      y = power(square, (p + 1n) / 4n, p);
      if (mod(y * y, p) === square) break;
    }
    expect(x < p).toBe(true);
    // R = u1 G + u2 Q with u1 = 1: Q = (R - G) / u2.
    const r = x - n;
    const u2 = 3n;
    const s = mod(r * invert(u2, n), n);
    const minusG = { x: p256.base!.x, y: p - p256.base!.y };
    const q = multiplyPoint(p256, invert(u2, n), addPoints(p256, { x, y }, minusG));
    const good = { key: pointBytes(q), signature: pairBytes(r, s), message: bytesOf(s) };
    const bad = { ...good, signature: pairBytes(r + 1n, s) };
    expect(stage.verifyEveryWay([good, bad], "digest")).toEqual([true, false]);
  });

  it("refuses keys that are not points of the curve, and never lets one disturb another job", () => {
    const { p, base } = p256;
    const bad = [
      new Uint8Array(64),
      new Uint8Array(64).fill(0xff),
      pointBytes({ x: base!.x, y: base!.y + 1n }),
      Uint8Array.from([...bytesOf(p), ...bytesOf(base!.y)]),
      Uint8Array.from([...bytesOf(base!.x), ...bytesOf(p)]),
      pointBytes({ x: base!.y, y: base!.x }),
    ];
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = publicKey.export({ format: "jwk" });
    const message = utf8("message");
    const good = {
      key: Uint8Array.from([...Buffer.from(jwk.x!, "base64url"), ...Buffer.from(jwk.y!, "base64url")]),
      signature: Uint8Array.from(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" })),
      message,
    };
    for (const key of bad) {
      expect(stage.isAcceptableKey(key)).toBe(false);
      expect(stage.loadKnownKey(3, key)).toBe(false);
      expect(stage.verifyEveryWay([good, { ...good, key }, good])).toEqual([true, false, true]);
    }
  });

  it("does not depend on whether a key has a table", () => {
    // More keys than tables, each used in turn.
    const pairs = Array.from({ length: 40 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));
    const cases = Array.from({ length: build === "debug" ? 80 : 1100 }, (_, i) => {
      const { privateKey, publicKey } = pairs[(i * i) % pairs.length]!;
      const { x, y } = publicKey.export({ format: "jwk" });
      const message = createHash("sha256").update(String(i)).digest();
      const signature = Uint8Array.from(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
      if (i % 5 === 0) signature[40]! ^= 4;
      const key = Uint8Array.from([...Buffer.from(x!, "base64url"), ...Buffer.from(y!, "base64url")]);
      return { key, signature, message: Uint8Array.from(message) };
    });
    const expected = cases.map((_, i) => i % 5 !== 0);
    for (const batch of [1024, 33]) expect(stage.verify(cases, "known", batch)).toEqual(expected);
  });
});

describe("ECDSA on P-256, more busy keys than tables", () => {
  it("keeps the tables that are in use", async () => {
    const stage = await loadSignatureStage("ecdsa", "stages");
    const pairs = Array.from({ length: 70 }, () => generateKeyPairSync("ec", { namedCurve: "P-256" }));
    const cases = Array.from({ length: 1000 }, (_, i) => {
      const { privateKey, publicKey } = pairs[(i * 31) % pairs.length]!;
      const { x, y } = publicKey.export({ format: "jwk" });
      const message = utf8(`job ${i}`);
      const signature = Uint8Array.from(sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" }));
      if (i % 5 === 0) signature[40]! ^= 4;
      return {
        key: Uint8Array.from([...Buffer.from(x!, "base64url"), ...Buffer.from(y!, "base64url")]),
        signature,
        message,
      };
    });
    // A key earns its table after 64 jobs, in the fifth round: by then every table is another's.
    const rounds = Array.from({ length: 6 }, () => cases).flat();
    expect(stage.verify(rounds, "known", 1000)).toEqual(rounds.map((_, i) => (i % 1000) % 5 !== 0));
  });
});
