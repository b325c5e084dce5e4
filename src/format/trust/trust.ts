import { isAcceptablePoint } from "./acceptable.js";
import { readJwks } from "./jwks.js";
import { type KeysRead, readDer, readEach } from "./key-files.js";
import { MAX_TRUST_FILE_LENGTH, MAX_TRUSTED_KEYS } from "../../abi/limits.js";
import { readBareBase64, readPem } from "./pem.js";
import { decodeText, TextError } from "../text.js";
import { decodeTrustList, TrustError, type TrustList, type VerifySignature } from "./trust-list.js";

/**
 * Trust in any of the forms we read: our signed trust list, a JWK set or DID document, public keys and certificates in
 * PEM or DER. Of all but our own list a key that cannot be used is passed over, and the list's `warnings` name it.
 * Throws nothing but TrustError (and what `verify` throws, which checks the trust list's signature).
 */
export function readTrust(bytes: Uint8Array, verify: VerifySignature): TrustList {
  if (bytes.length > MAX_TRUST_FILE_LENGTH) {
    throw new TrustError("TOO_LARGE", `it has ${bytes.length} bytes, and at most ${MAX_TRUST_FILE_LENGTH} are read`);
  }
  const list = bytes[0] === 0xd2 ? decodeTrustList(bytes, verify) : listOf(readKeys(bytes));
  if (list.keys.length === 0) throw new TrustError("NO_KEYS", "it has no key that signs cards: Ed25519, P-256 or SM2");
  if (list.keys.length > MAX_TRUSTED_KEYS) {
    throw new TrustError("TOO_MANY_KEYS", `it has ${list.keys.length} keys, and at most ${MAX_TRUSTED_KEYS} are read`);
  }
  return list;
}

function listOf(read: KeysRead): TrustList {
  const { keys, warnings } = withoutUnacceptable(read);
  if (keys.length === 0 && warnings.length > 0) throw noneLeft(warnings);
  return { epoch: 0, keys, ...(warnings.length > 0 && { warnings }) };
}

/** A key off its curve, or of low order, is one bad key like any other: the engine would refuse the file over it. */
function withoutUnacceptable({ keys, warnings }: KeysRead): KeysRead {
  const good = keys.filter(({ algorithm, publicKey }) => isAcceptablePoint(algorithm, publicKey));
  const bad = keys.length - good.length;
  if (bad === 0) return { keys, warnings };
  const what = bad === 1 ? "a key is" : `${bad} keys are`;
  const message = `${what} not of a point of the curve that may be used (off it, not canonical, or of low order)`;
  return { keys: good, warnings: [...warnings, { code: "UNSUPPORTED_KEY", message }] };
}

/** How many of the reasons are told where no key is left. */
const MOST_TOLD = 8;

function noneLeft(warnings: KeysRead["warnings"]): TrustError {
  const [first, ...others] = warnings;
  const same = others.every(({ code }) => code === first?.code);
  const told = warnings.slice(0, MOST_TOLD).map(({ message }) => message);
  if (warnings.length > MOST_TOLD) told.push(`and ${warnings.length - MOST_TOLD} more`);
  const remedy = warnings.find((warning) => warning.remedy !== undefined)?.remedy;
  return new TrustError(
    same && first !== undefined ? first.code : "NO_KEYS",
    `it has no key that can be used: ${told.join("; ")}`,
    { ...(remedy !== undefined && { remedy }) },
  );
}

function readKeys(bytes: Uint8Array): KeysRead {
  // DER begins with a SEQUENCE of more than 127 bytes or fewer; "0" as text is no form that we read.
  if (bytes[0] === 0x30) return readEach([{ name: "the key", read: () => readDer(bytes) }]);
  const text = textOf(bytes).trim();
  // PEM may begin with explanations (RFC 7468 §2), as certificates often do.
  if (text.includes("-----BEGIN ")) return readPem(text);
  if (text.startsWith("{") || text.startsWith("[")) return readJwks(text);
  const bare = readBareBase64(text);
  if (bare !== undefined) return bare;
  throw unknownFormat(bytes, text);
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    throw isKeyStore(bytes)
      ? foreignKeyStore()
      : new TrustError("UNKNOWN_FORMAT", `it ${error.message}`, { remedy: error.remedy });
  }
}

/** Java key stores (JKS, JCEKS) begin so. */
function isKeyStore([a, b, c, d]: Uint8Array): boolean {
  return (
    (a === 0xfe && b === 0xed && c === 0xfe && d === 0xed) || (a === 0xce && b === 0xce && c === 0xce && d === 0xce)
  );
}

function foreignKeyStore(): TrustError {
  return new TrustError("FOREIGN_FORMAT", "it is a Java key store", {
    remedy: "take the certificate out of it: keytool -exportcert -rfc -keystore FILE -alias NAME -file issuer.pem",
  });
}

function unknownFormat(bytes: Uint8Array, text: string): TrustError {
  if (isKeyStore(bytes)) return foreignKeyStore();
  if (/^(?:ssh-|ecdsa-sha2-|sk-)/.test(text)) {
    return new TrustError("FOREIGN_FORMAT", "it is a key of SSH", {
      remedy: "convert it: ssh-keygen -e -m PKCS8 -f FILE > issuer.pem",
    });
  }
  if (/^<(?:!doctype|html|\?xml)/i.test(text)) {
    return new TrustError("UNKNOWN_FORMAT", "it is a web page (HTML), not keys", {
      remedy: "fetch it again: a network may want a sign-in first",
    });
  }
  return new TrustError("UNKNOWN_FORMAT", "it is neither a trust list of ours, nor a JWK set, nor PEM or DER");
}
