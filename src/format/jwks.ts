import { ALGORITHMS, algorithmOfJwkCurve } from "./algorithm.js";
import { Algorithm } from "./batch.js";
import { concat, fromBase64Url } from "./bytes.js";
import { MAX_KID_LENGTH } from "./limits.js";
import { TrustError, type TrustedKey } from "./trust-list.js";

/**
 * Keys of a JSON Web Key Set, or of a single JWK (RFC 7517, RFC 8037). Keys for other uses and of kinds not understood
 * are passed over, as RFC 7517 §5 says. Throws nothing but TrustError.
 */
export function readJwks(text: string): TrustedKey[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw bad("it is not JSON");
  }
  if (!isObject(document)) throw bad("it is not an object");
  const keys = "kty" in document ? [document] : document["keys"];
  if (!Array.isArray(keys)) throw bad('it has no "keys"');
  return keys.flatMap((jwk, i) => readJwk(jwk, i + 1) ?? []);
}

function readJwk(jwk: unknown, position: number): TrustedKey | undefined {
  if (!isObject(jwk)) throw bad(`key ${position} is not an object`);
  if ("d" in jwk || jwk["kty"] === "oct") {
    throw new TrustError(
      "PRIVATE_KEY",
      `key ${position} is secret: give its public part, and keep the secret elsewhere`,
    );
  }
  if (jwk["use"] !== undefined && jwk["use"] !== "sig") return undefined;
  const algorithm = algorithmOfJwkCurve(jwk["kty"], jwk["crv"]);
  if (algorithm === undefined) return undefined;
  const { alg } = ALGORITHMS[algorithm].jwk;
  if (jwk["alg"] !== undefined && !alg.some((name) => name === jwk["alg"])) {
    throw bad(`key ${position} is bound to an algorithm that its curve does not have`);
  }
  const x = coordinate(jwk["x"]);
  const y = algorithm === Algorithm.ED25519 ? new Uint8Array() : coordinate(jwk["y"]);
  if (x === undefined || y === undefined) throw bad(`key ${position} has no public key of 32-byte coordinates`);
  const kids = kidsOf(jwk["kid"], position);
  return { kids, algorithm, publicKey: concat(x, y), use: "credential", promisesStatus: false };
}

/** A JWK's kid is text, a COSE kid is bytes. Both ways to get from one to the other are in use. */
function kidsOf(kid: unknown, position: number): Uint8Array[] {
  if (kid === undefined) return [];
  const asText = typeof kid === "string" ? new TextEncoder().encode(kid) : undefined;
  if (asText === undefined || asText.length === 0 || asText.length > MAX_KID_LENGTH) {
    throw bad(`the kid of key ${position} is not a text of 1 to ${MAX_KID_LENGTH} bytes`);
  }
  const decoded = fromBase64Url(kid as string);
  return decoded === undefined || decoded.length === 0 ? [asText] : [asText, decoded];
}

function coordinate(value: unknown): Uint8Array | undefined {
  const bytes = typeof value === "string" ? fromBase64Url(value) : undefined;
  return bytes?.length === 32 ? bytes : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(why: string): TrustError {
  return new TrustError("BAD_JWKS", `not a JWK set: ${why}`);
}
