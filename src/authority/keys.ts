import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Algorithm } from "../abi/batch.js";
import { toHex } from "../format/bytes.js";
import { thumbprintInput, type PublicKey } from "../format/cose-key.js";
import { DER_INTEGER, DER_OCTET_STRING, DER_SEQUENCE, DerReader } from "../format/trust/der.js";
import { readSpki } from "../format/trust/x509.js";
import { AuthorityError } from "./errors.js";
import { signSm2 } from "./sm2.js";

/** Private keys: PKCS #8 in PEM, one file each, named by the key identifier, readable by the owner alone. */
export interface SigningKey extends PublicKey {
  kid: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** SHA-256 COSE Key Thumbprint (RFC 9679): what a relying party pins. */
export function thumbprint(key: PublicKey): Uint8Array {
  return new Uint8Array(createHash("sha256").update(thumbprintInput(key)).digest());
}

/** Our key identifiers: the first 8 bytes of the thumbprint. */
export function keyId(key: PublicKey): Uint8Array {
  return thumbprint(key).slice(0, 8);
}

/** Makes a key and returns when its file is on the disk. */
export function createKey(folder: string, algorithm: Algorithm): SigningKey {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const privateKey = generate(algorithm);
  const key = signingKey(privateKey);
  const file = openSync(keyFile(folder, key.kid), "wx", 0o600);
  writeSync(file, privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  fsyncSync(file);
  closeSync(file);
  const directory = openSync(folder, "r");
  fsyncSync(directory);
  closeSync(directory);
  return key;
}

export function loadKey(folder: string, kid: Uint8Array): SigningKey {
  const file = keyFile(folder, kid);
  let key: SigningKey;
  try {
    if ((statSync(file).mode & 0o077) !== 0) {
      throw new AuthorityError({ code: "KEY_UNAVAILABLE", is: "readable-by-others", file });
    }
    key = signingKey(createPrivateKey(readFileSync(file)));
  } catch (error) {
    if (error instanceof AuthorityError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new AuthorityError({ code: "KEY_UNAVAILABLE", is: "unreadable", file, why });
  }
  if (toHex(key.kid) !== toHex(kid)) {
    throw new AuthorityError({ code: "KEY_UNAVAILABLE", is: "another", file });
  }
  return key;
}

function generate(algorithm: Algorithm): KeyObject {
  if (algorithm === Algorithm.ED25519) return generateKeyPairSync("ed25519").privateKey;
  const namedCurve = algorithm === Algorithm.P256 ? "prime256v1" : "SM2";
  return generateKeyPairSync("ec", { namedCurve }).privateKey;
}

function signingKey(privateKey: KeyObject): SigningKey {
  const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const { algorithm, publicKey } = readSpki(new Uint8Array(spki));
  return { algorithm, publicKey, kid: keyId({ algorithm, publicKey }), sign: signer(algorithm, privateKey, publicKey) };
}

function signer(algorithm: Algorithm, key: KeyObject, publicKey: Uint8Array): (message: Uint8Array) => Uint8Array {
  switch (algorithm) {
    case Algorithm.ED25519:
      return (message) => new Uint8Array(sign(null, message, key));
    case Algorithm.P256:
      return (message) => new Uint8Array(sign("sha256", message, { key, dsaEncoding: "ieee-p1363" }));
    case Algorithm.SM2: {
      const scalar = scalarOf(new Uint8Array(key.export({ type: "pkcs8", format: "der" })));
      return (message) => signSm2(message, scalar, publicKey);
    }
  }
}

/** Private scalar of PKCS #8 (RFC 5958) around an ECPrivateKey (RFC 5915). */
function scalarOf(pkcs8: Uint8Array): Uint8Array {
  const info = new DerReader(pkcs8).inside();
  info.content(DER_INTEGER); // version
  info.content(DER_SEQUENCE); // algorithm
  const key = new DerReader(info.content(DER_OCTET_STRING)).inside();
  key.content(DER_INTEGER); // version
  return key.content(DER_OCTET_STRING);
}

function keyFile(folder: string, kid: Uint8Array): string {
  return join(folder, `${toHex(kid)}.pem`);
}
