import { MAX_TRUST_FILE_LENGTH, MAX_TRUSTED_KEYS } from "./limits.js";
import { readJwks } from "./jwks.js";
import { readPem } from "./pem.js";
import { decodeTrustList, TrustError, type TrustList, type VerifySignature } from "./trust-list.js";

/**
 * Trust in any of the forms we read: our signed trust list, a JWK set, PEM public keys and certificates.
 * Throws nothing but TrustError (and what `verify` throws, which checks the trust list's signature).
 */
export function readTrust(bytes: Uint8Array, verify: VerifySignature): TrustList {
  if (bytes.length > MAX_TRUST_FILE_LENGTH) {
    throw new TrustError("TOO_LARGE", `it has ${bytes.length} bytes, and at most ${MAX_TRUST_FILE_LENGTH} are read`);
  }
  const list = readAny(bytes, verify);
  if (list.keys.length === 0) throw new TrustError("NO_KEYS", "it has no key that signs cards: Ed25519, P-256 or SM2");
  if (list.keys.length > MAX_TRUSTED_KEYS) {
    throw new TrustError("TOO_MANY_KEYS", `it has ${list.keys.length} keys, and at most ${MAX_TRUSTED_KEYS} are read`);
  }
  return list;
}

function readAny(bytes: Uint8Array, verify: VerifySignature): TrustList {
  if (bytes[0] === 0xd2) return decodeTrustList(bytes, verify);
  const text = new TextDecoder().decode(bytes).trimStart();
  if (text.startsWith("{")) return { epoch: 0, keys: readJwks(text) };
  // PEM may begin with explanations (RFC 7468 §2), as certificates often do.
  if (text.includes("-----BEGIN ")) return { epoch: 0, keys: readPem(text) };
  throw new TrustError("UNKNOWN_FORMAT", "it is neither a trust list of ours, nor a JWK set, nor PEM");
}
