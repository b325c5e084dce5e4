import { createHash, verify } from "node:crypto";
import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { beforeAll, describe, expect, it } from "vitest";
import { bytesOf, Ed25519, freshKey, numberOf, type Signed } from "../../support/ed25519.js";
import { readVectorJson, readVectorText, vectorsNote, vectorsPresent } from "../../support/vectors.js";

const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));

let debug: Ed25519;
let release: Ed25519;
beforeAll(async () => {
  debug = await Ed25519.load("debug");
  release = await Ed25519.load("stages");
});

/** Verdicts of both paths, which must agree; a key that may not be loaded makes its signatures invalid. */
function verdicts(engine: Ed25519, list: readonly Signed<Uint8Array>[]): boolean[] {
  const once = engine.verifyOnce(list);
  const slots = new Map<string, number>();
  const known = list.flatMap((item, index) => {
    const name = Buffer.from(item.key).toString("hex");
    let slot = slots.get(name);
    if (slot === undefined) slots.set(name, (slot = engine.loadKnownKey(slots.size, item.key) ? slots.size : -1));
    return slot < 0 ? [] : [{ index, job: { ...item, key: slot } }];
  });
  const byTable = list.map(() => false);
  engine.verifyKnown(known.map(({ job }) => job)).forEach((valid, i) => (byTable[known[i]?.index ?? -1] = valid));
  expect(byTable).toEqual(once);
  return once;
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}

describe.skipIf(!vectorsPresent)("third-party Ed25519 vectors" + vectorsNote, () => {
  it("judges every Wycheproof case as Wycheproof does", () => {
    const { testGroups } = readVectorJson("wycheproof/ed25519_test.json") as {
      testGroups: { publicKey: { pk: string }; tests: { tcId: number; msg: string; sig: string; result: string }[] }[];
    };
    const cases = testGroups.flatMap(({ publicKey, tests }) =>
      tests.map(({ tcId, msg, sig, result }) => ({
        tcId,
        result,
        key: hex(publicKey.pk),
        msg: hex(msg),
        sig: hex(sig),
      })),
    );
    expect(cases.length).toBeGreaterThan(100);
    // The engine reads 64 bytes of signature; another length never gets that far.
    for (const { sig, result } of cases) if (sig.length !== 64) expect(result).toBe("invalid");
    const fit = cases.filter(({ sig }) => sig.length === 64);
    const found = verdicts(
      debug,
      fit.map(({ key, msg, sig }) => ({ key, message: msg, signature: sig })),
    );
    expect(fit.filter(({ result }, i) => found[i] !== (result === "valid"))).toEqual([]);
  });

  it("accepts the 256 vectors of sign.input and nothing one bit beside them", () => {
    const list = readVectorText("ed25519/sign.input")
      .trim()
      .split("\n")
      .map((line) => {
        const [, key = "", message = "", signed = ""] = line.split(":");
        return { key: hex(key), message: hex(message), signature: hex(signed.slice(0, 128)) };
      });
    expect(list.length).toBe(256);
    expect(verdicts(debug, list)).toEqual(list.map(() => true));
    const beside = list.flatMap((item, i) => [
      { ...item, signature: flip(item.signature, (i * 37) % 512) },
      { ...item, key: flip(item.key, (i * 11) % 256) },
      ...(item.message.length > 0
        ? [{ ...item, message: flip(item.message, (i * 29) % (item.message.length * 8)) }]
        : []),
    ]);
    expect(verdicts(release, beside)).toEqual(beside.map(() => false));
  });

  it("accepts exactly cases 2 and 3 of the published edge cases", () => {
    const cases = readVectorJson("ed25519/speccheck-cases.json") as Record<
      "message" | "pub_key" | "signature",
      string
    >[];
    const list = cases.map(({ message, pub_key, signature }) => ({
      key: hex(pub_key),
      message: hex(message),
      signature: hex(signature),
    }));
    expect(list.length).toBe(12);
    expect(verdicts(debug, list).flatMap((valid, i) => (valid ? [i] : []))).toEqual([2, 3]);
  });
});

describe("Ed25519 signatures", () => {
  it("agrees with RFC 8032, section 7.1, tests 1 and 2", () => {
    const list = [
      {
        key: hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"),
        message: new Uint8Array(),
        signature: hex(
          "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
      },
      {
        key: hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"),
        message: hex("72"),
        signature: hex(
          "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
      },
    ];
    expect(verdicts(debug, list)).toEqual([true, true]);
  });

  it("agrees with node:crypto, whatever the batch size, on good and corrupted signatures", () => {
    const keys = Array.from({ length: 5 }, freshKey);
    keys.forEach(({ raw }, slot) => {
      expect(release.loadKnownKey(slot, raw)).toBe(true);
    });
    const list = Array.from({ length: 512 }, (_, i) => {
      const slot = (i * 7) % keys.length;
      const { raw, publicKey, sign } = keys[slot] ?? freshKey();
      const message = Buffer.from(`message ${i} `.repeat(i % 40));
      const signature = i % 3 === 0 ? flip(sign(message), (i * 31) % 512) : sign(message);
      return { slot, raw, message, signature, expected: verify(null, message, publicKey, signature) };
    });
    expect(list.filter(({ expected }) => expected).length).toBeGreaterThan(300);
    for (const size of [1, 2, 3, 63, 64, 65, 512]) {
      const count = size === 1 ? 24 : 512;
      for (let from = 0; from < count; from += size) {
        const batch = list.slice(from, Math.min(from + size, count));
        const expected = batch.map((item) => item.expected);
        expect(release.verifyKnown(batch.map((item) => ({ ...item, key: item.slot })))).toEqual(expected);
        if (size > 2) expect(release.verifyOnce(batch.map((item) => ({ ...item, key: item.raw })))).toEqual(expected);
      }
    }
  });

  it("gives the same verdicts with many more keys than tables", () => {
    const keys = Array.from({ length: 260 }, freshKey);
    keys.forEach(({ raw }, slot) => {
      expect(release.loadKnownKey(slot, raw)).toBe(true);
    });
    const before = release.stages.exports.memory.buffer.byteLength;
    const list = keys.map(({ sign }, key) => {
      const message = Buffer.from(`key ${key}`);
      return { key, message, signature: key % 4 === 0 ? flip(sign(message), key) : sign(message) };
    });
    const expected = list.map(({ key }) => key % 4 !== 0);
    expect(release.verifyKnown(list)).toEqual(expected);
    // One busy key after another: each comes to its table, and takes another's.
    for (let busy = 200; busy < 240; busy++) {
      const item = list[busy];
      if (item === undefined) throw new Error("no such key");
      const batch = Array.from({ length: 100 }, () => item);
      expect(release.verifyKnown(batch)).toEqual(batch.map(() => busy % 4 !== 0));
    }
    expect(release.verifyKnown(list)).toEqual(expected);
    expect(release.stages.exports.memory.buffer.byteLength).toBe(before);
  });

  it("keeps the tables that are in use, with more busy keys than tables in a batch", () => {
    const keys = Array.from({ length: 70 }, freshKey);
    keys.forEach(({ raw }, slot) => {
      expect(release.loadKnownKey(slot, raw)).toBe(true);
    });
    const list = Array.from({ length: 1000 }, (_, i) => {
      const key = (i * 31) % keys.length;
      const message = Buffer.from(`job ${i}`);
      const signature = keys[key]!.sign(message);
      return { key, message, signature: i % 5 === 0 ? flip(signature, i % 512) : signature };
    });
    const expected = list.map((_, i) => i % 5 !== 0);
    // A key earns its table after 64 jobs, in the fifth batch: by then every table is another's.
    for (let batch = 0; batch < 6; batch++) expect(release.verifyKnown(list)).toEqual(expected);
  });

  it("refuses S + L, S = L and an all-ones S", () => {
    const { raw, sign } = freshKey();
    const message = Buffer.from("S");
    const good = sign(message);
    const withS = (s: bigint) => Uint8Array.from([...good.subarray(0, 32), ...bytesOf(s)]);
    const s = numberOf(good.subarray(32));
    const list = [s, s + L, L, 2n ** 256n - 1n, s + 2n ** 253n].map((value) => ({
      key: raw,
      message,
      signature: withS(value),
    }));
    expect(verdicts(debug, list)).toEqual([true, false, false, false, false]);
  });

  it("compares R as bytes: the neutral element counts, in its canonical encoding only", () => {
    // With A = 8 B or so and S = k a, R is neutral: sign with the nonce 0.
    const a = 8n;
    const key = noble.Point.BASE.multiply(a).toBytes();
    const message = Buffer.from("nonce 0");
    const neutral = bytesOf(1n);
    const signed = (r: Uint8Array) => {
      const k = numberOf(sha512(r, key, message)) % L;
      return { key, message, signature: Uint8Array.from([...r, ...bytesOf((k * a) % L)]) };
    };
    const minusZero = flip(neutral, 255);
    const unreduced = bytesOf(P + 1n);
    expect(verdicts(debug, [neutral, minusZero, unreduced].map(signed))).toEqual([true, false, false]);
  });

  it("leaves other memory alone and decides an empty batch", () => {
    release.stages.exports.ed25519VerifyKnown(release.stages.base, 0);
    release.stages.exports.ed25519VerifyOnce(release.stages.base, 0);
    expect(release.loadKnownKey(5000, freshKey().raw)).toBe(false);
  });
});

describe("Ed25519 public keys", () => {
  const lowOrder = noble.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");
  const torsion = Array.from({ length: 8 }, (_, i) => (i === 0 ? noble.Point.ZERO : lowOrder.multiply(BigInt(i))));

  it("are refused if of low order, in any encoding", () => {
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(8);
    for (const point of torsion) {
      const bytes = point.toBytes();
      expect(debug.isAcceptableKey(bytes)).toBe(false);
      expect(debug.isAcceptableKey(flip(bytes, 255))).toBe(false);
    }
  });

  it("are refused in a signature that would hold under them", () => {
    // [S]B - [k]A = [S]B for a neutral A: whoever names that key can sign anything.
    const message = Buffer.from("anything");
    const signature = Uint8Array.from([...noble.Point.BASE.multiply(5n).toBytes(), ...bytesOf(5n)]);
    const forged = { key: noble.Point.ZERO.toBytes(), message, signature };
    const good = freshKey();
    const honest = { key: good.raw, message, signature: good.sign(message) };
    expect(release.verifyOnce([forged])).toEqual([false]);
    expect(release.verifyOnce([honest, forged, honest])).toEqual([true, false, true]);
    // And (0, 1) in an encoding that is not canonical.
    const other = { ...forged, key: bytesOf(P + 1n) };
    expect(release.verifyOnce([other, honest])).toEqual([false, true]);
  });

  it("are refused if not canonical: y >= p, or x = 0 with a sign", () => {
    for (let above = 0n; above < 19n; above++) {
      expect(debug.isAcceptableKey(bytesOf(P + above))).toBe(false);
      expect(debug.isAcceptableKey(bytesOf(P + above + 2n ** 255n))).toBe(false);
    }
    for (const y of [1n, P - 1n]) expect(debug.isAcceptableKey(bytesOf(y + 2n ** 255n))).toBe(false);
  });

  it("are accepted with a torsion part, and then the cofactor is not cleared", () => {
    const a = 0x1234567n;
    const message = Buffer.from("mixed order");
    for (const [i, part] of torsion.entries()) {
      const key = noble.Point.BASE.multiply(a).add(part).toBytes();
      expect(debug.isAcceptableKey(key)).toBe(true);
      const nonce = 0x7654321n;
      const r = noble.Point.BASE.multiply(nonce).toBytes();
      const k = numberOf(sha512(r, key, message)) % L;
      const signature = Uint8Array.from([...r, ...bytesOf((nonce + k * a) % L)]);
      const isExact = part.is0() || torsion[Number((k * BigInt(i)) % 8n)]?.is0() === true;
      expect(verdicts(debug, [{ key, message, signature }])).toEqual([isExact]);
    }
  });

  it("agree with an independent decoder on random bytes", () => {
    for (let i = 0n; i < 200n; i++) {
      const bytes = bytesOf((i * 0x9e3779b97f4a7c15f39cc0605cedc834n ** 2n) % 2n ** 256n);
      let expected: boolean;
      try {
        expected = !noble.Point.fromBytes(bytes, false).isSmallOrder();
      } catch {
        expected = false;
      }
      expect(release.isAcceptableKey(bytes)).toBe(expected);
    }
  });
});

function sha512(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(createHash("sha512").update(Buffer.concat(parts)).digest());
}
