import { createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { sm2 } from "sm-crypto-v2";
import { Algorithm } from "../../src/abi/batch.js";

/** Keys and signatures by implementations other than ours: node:crypto, and sm-crypto-v2 for SM2. */
export interface TestKey {
  algorithm: Algorithm;
  publicKey: Uint8Array;
  spki: KeyObject;
  sign(message: Uint8Array): Uint8Array;
}

export const ALGORITHMS_UNDER_TEST = [Algorithm.ED25519, Algorithm.P256, Algorithm.SM2] as const;

export function generateKey(algorithm: Algorithm): TestKey {
  if (algorithm === Algorithm.ED25519) {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    return {
      algorithm,
      publicKey: new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32)),
      spki: publicKey,
      sign: (message) => new Uint8Array(sign(null, message, privateKey)),
    };
  }
  const namedCurve = algorithm === Algorithm.P256 ? "prime256v1" : "SM2";
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  const point = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-64));
  if (algorithm === Algorithm.P256) {
    const signer = { key: privateKey, dsaEncoding: "ieee-p1363" as const };
    return { algorithm, publicKey: point, spki: publicKey, sign: (m) => new Uint8Array(sign("sha256", m, signer)) };
  }
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  // PKCS #8 of an EC key: the scalar is the 32-byte OCTET STRING after the version of ECPrivateKey (RFC 5915).
  const scalar = pkcs8.subarray(pkcs8.indexOf(Buffer.from("0201010420", "hex")) + 5).subarray(0, 32);
  const options = { hash: true, publicKey: `04${Buffer.from(point).toString("hex")}` };
  return {
    algorithm,
    publicKey: point,
    spki: publicKey,
    sign: (m) => new Uint8Array(Buffer.from(sm2.doSignature(m, scalar.toString("hex"), options), "hex")),
  };
}

/** Shaped as src/format/trust/trust-list.ts wants it. */
export function verifyElsewhere(
  algorithm: Algorithm,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const hex = Buffer.from(publicKey).toString("hex");
  if (algorithm === Algorithm.SM2) {
    const options = { hash: true, publicKey: `04${hex}` };
    return sm2.doVerifySignature(message, Buffer.from(signature).toString("hex"), `04${hex}`, options);
  }
  const [prefix, digest] =
    algorithm === Algorithm.ED25519
      ? ["302a300506032b6570032100", null]
      : ["3059301306072a8648ce3d020106082a8648ce3d03010703420004", "sha256"];
  const key = createPublicKey({ key: Buffer.from(prefix + hex, "hex"), format: "der", type: "spki" });
  return verify(digest, message, { key, dsaEncoding: "ieee-p1363" }, signature);
}
