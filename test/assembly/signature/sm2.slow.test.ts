import { spawnSync } from "node:child_process";
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomInt,
  sign,
  verify,
} from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytesOf, loadSignatureStage, type SignatureCase, sm2 } from "../../support/weierstrass.js";

const TOTAL = 1_000_000;
const BATCH = 10_000;
/** Of each signature one good copy and so many corrupted ones. */
const COPIES = 4;
const KEYS = 64;
const WITH_COMMAND = 2000;

const hasCommand = spawnSync("openssl", ["ecparam", "-name", "SM2", "-noout"]).status === 0;

describe("SM2, many signatures", async () => {
  const stage = await loadSignatureStage("sm2", "stages");

  // node:crypto reaches OpenSSL's SM2 by keys read from PEM, but can give no identifier: ZA is of the empty one here,
  // and so both sides are given SM3(ZA || message).
  it(`agrees with OpenSSL on ${TOTAL} signatures, good and corrupted, on both paths`, { timeout: 7_200_000 }, () => {
    const keys = Array.from({ length: KEYS }, freshKey);
    let accepted = 0;
    for (let done = 0; done < TOTAL; done += BATCH) {
      const cases: SignatureCase[] = [];
      const expected: boolean[] = [];
      for (let i = 0; i < BATCH; i += COPIES) {
        const { privateKey, publicKey, raw, identity } = keys[randomInt(KEYS)]!;
        const message = new Uint8Array(randomBytes(randomInt(150)));
        const signature = rawSignature(sign("sm3", message, privateKey));
        for (let copy = 0; copy < COPIES; copy++) {
          const [said, signed] = [Uint8Array.from(message), Uint8Array.from(signature)];
          const changed = copy === 3 && said.length > 0 ? said : signed;
          if (copy > 0) changed[randomInt(changed.length)]! ^= 1 << randomInt(8);
          expected.push(verify("sm3", said, publicKey, derSignature(signed)));
          const digest = createHash("sm3").update(identity).update(said).digest();
          cases.push({ key: raw, signature: signed, message: Uint8Array.from(digest) });
        }
      }
      accepted += expected.filter(Boolean).length;
      // More keys than tables: the first path also meets keys without one.
      const turn = done / BATCH;
      const batch = [1, 63, 64, 1000][(turn >> 2) & 3]!;
      expect(stage.verify(cases, turn % 4 === 0 ? "once" : "known", batch, "digest")).toEqual(expected);
    }
    expect(accepted).toBe(TOTAL / COPIES);
  });

  it.skipIf(!hasCommand)(
    `agrees with OpenSSL's command line on ${WITH_COMMAND}, the identifier included`,
    { timeout: 7_200_000 },
    () => {
      const folder = mkdtempSync(join(tmpdir(), "hufu-sm2-"));
      try {
        const file = (name: string) => join(folder, name);
        const { privateKey, publicKey, raw } = freshKey();
        writeFileSync(file("key"), privateKey.export({ type: "pkcs8", format: "pem" }));
        writeFileSync(file("public"), publicKey.export({ type: "spki", format: "pem" }));
        const pkeyutl = (...options: string[]) => {
          const identity = ["-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678"];
          return spawnSync("openssl", ["pkeyutl", ...identity, "-in", file("message"), ...options]).status;
        };
        const cases: SignatureCase[] = [];
        const expected: boolean[] = [];
        for (let i = 0; i < WITH_COMMAND; i++) {
          const message = new Uint8Array(randomBytes(1 + randomInt(150)));
          writeFileSync(file("message"), message);
          expect(pkeyutl("-sign", "-inkey", file("key"), "-out", file("signature"))).toBe(0);
          const signature = rawSignature(readFileSync(file("signature")));
          if (i % 4 === 1) signature[randomInt(64)]! ^= 1 << randomInt(8);
          if (i % 4 === 3) message[randomInt(message.length)]! ^= 1 << randomInt(8);
          writeFileSync(file("message"), message);
          writeFileSync(file("signature"), derSignature(signature));
          cases.push({ key: raw, signature, message });
          expected.push(pkeyutl("-verify", "-pubin", "-inkey", file("public"), "-sigfile", file("signature")) === 0);
        }
        expect(expected.filter(Boolean).length).toBe(WITH_COMMAND / 2);
        expect(stage.verify(cases, "known", 64)).toEqual(expected);
        expect(stage.verify(cases, "once", 64)).toEqual(expected);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});

/** Keys that OpenSSL takes for SM2, not for ECDSA on that curve; and ZA of the empty identifier (GB/T 32918.2, 5.5). */
function freshKey(): { privateKey: KeyObject; publicKey: KeyObject; raw: Uint8Array; identity: Uint8Array } {
  const pair = generateKeyPairSync("ec", { namedCurve: "SM2" });
  const privateKey = createPrivateKey(pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const publicKey = createPublicKey(pair.publicKey.export({ type: "spki", format: "pem" }));
  const raw = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-64));
  const { p, b, base } = sm2;
  const hash = createHash("sm3").update(new Uint8Array(2));
  for (const number of [p - 3n, b, base!.x, base!.y]) hash.update(bytesOf(number));
  return { privateKey, publicKey, raw, identity: hash.update(raw).digest() };
}

/** A DER sequence of the integers r and s (SEC 1, C.5). */
function derSignature(signature: Uint8Array): Uint8Array {
  const body = [signature.subarray(0, 32), signature.subarray(32)].flatMap((half) => {
    const first = half.findIndex((byte) => byte !== 0);
    const digits = [...half.subarray(first < 0 ? 31 : first)];
    if (digits[0]! >= 128) digits.unshift(0);
    return [2, digits.length, ...digits];
  });
  return Uint8Array.from([0x30, body.length, ...body]);
}

function rawSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(64);
  const r = der.subarray(4, 4 + der[3]!);
  const s = der.subarray(6 + r.length);
  for (const [end, digits] of [
    [32, r],
    [64, s],
  ] as const)
    raw.set(digits.slice(-32), end - Math.min(digits.length, 32));
  return raw;
}
