import { ALGORITHMS, algorithmOfJwkCurve } from "../algorithm.js";
import { Algorithm } from "../../abi/batch.js";
import { concat, fromBase64Url } from "../bytes.js";
import { type KeyEntry, type KeysRead, readEach } from "./key-files.js";
import { MAX_KID_LENGTH } from "../../abi/limits.js";
import { TrustError, type TrustedKey } from "./trust-list.js";

/**
 * Keys of a JSON Web Key Set (RFC 7517, RFC 8037), of an array of JWKs or a single one, or of a DID document
 * (`publicKeyJwk`, DID Core §5.2.1). Keys for other uses and of kinds not understood are passed over, as RFC 7517 §5
 * says, and named. Throws nothing but TrustError.
 */
export function readJwks(text: string): KeysRead {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw bad("it is not JSON");
  }
  const methods = isObject(document) ? document["verificationMethod"] : undefined;
  if (Array.isArray(methods)) return readEach(methods.map(methodEntry));
  const keys = keysOf(document);
  return readEach(keys.map((jwk, index) => ({ name: nameOf(jwk, index), read: () => readJwk(jwk) })));
}

function keysOf(document: unknown): readonly unknown[] {
  if (Array.isArray(document)) return document;
  if (!isObject(document)) throw bad("it is not an object");
  const keys = "kty" in document ? [document] : document["keys"];
  if (Array.isArray(keys)) return keys;
  throw "@context" in document ? bad("it is a DID document without verification methods") : bad('it has no "keys"');
}

function methodEntry(method: unknown, index: number): KeyEntry {
  const jwk = isObject(method) ? method["publicKeyJwk"] : undefined;
  return {
    name: isObject(jwk) ? nameOf(jwk, index) : `verification method ${index + 1}`,
    read: () => {
      if (isObject(jwk)) return readJwk(jwk);
      throw new TrustError("FOREIGN_FORMAT", "has no publicKeyJwk", { remedy: "give the key as a JWK" });
    },
  };
}

/** The place of a key in its file, and its kid, which whoever made the file knows it by. */
function nameOf(jwk: unknown, index: number): string {
  const kid = isObject(jwk) && typeof jwk["kid"] === "string" ? ` (${JSON.stringify(jwk["kid"].slice(0, 64))})` : "";
  return `key ${index + 1}${kid}`;
}

const PUBLIC_JWK = "let nobody else see that file, and give the key without its member d, in a file of its own";

/** Members of RFC 7518 §6.2.2, §6.3.2 and §6.4 that only who may sign should have. */
const SECRETS = ["d", "p", "q", "k", "priv"];

/** One JWK. Throws nothing but TrustError, whose message goes on after the key's name. */
export function readJwk(jwk: unknown): TrustedKey {
  if (!isObject(jwk)) throw malformed("is not an object");
  if (SECRETS.some((member) => member in jwk) || jwk["kty"] === "oct")
    throw new TrustError("PRIVATE_KEY", "is a private or secret key", { remedy: PUBLIC_JWK });
  refuseOtherUses(jwk);
  const { kty, crv, alg } = jwk;
  const algorithm = algorithmOfJwkCurve(kty, crv);
  if (algorithm === undefined) {
    const kind = [kty, crv].filter((word) => typeof word === "string").join(" ").slice(0, 40); // prettier-ignore
    const what = kind === "" ? "does not say its kind (kty)" : `is of another kind (${kind})`;
    throw new TrustError("UNSUPPORTED_KEY", `${what}; cards are signed with Ed25519, P-256 or SM2`);
  }
  if (alg !== undefined && !ALGORITHMS[algorithm].jwk.alg.some((name) => name === alg)) {
    throw malformed("is bound to an algorithm (alg) that its curve does not have");
  }
  const x = coordinate("x", jwk["x"]);
  const y = algorithm === Algorithm.ED25519 ? new Uint8Array() : coordinate("y", jwk["y"]);
  const kids = kidsOf(jwk["kid"]);
  return { kids, algorithm, publicKey: concat(x, y), use: "credential", promisesStatus: false };
}

/** RFC 7517 §4.2 and §4.3. */
function refuseOtherUses({ use, key_ops: operations }: Record<string, unknown>): void {
  if (use !== undefined && use !== "sig") {
    const what = use === "enc" ? "is for encryption" : "is for another use";
    throw new TrustError("NOT_FOR_SIGNING", `${what} (use ${JSON.stringify(use).slice(0, 40)}), not for signatures`);
  }
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) {
    throw new TrustError("NOT_FOR_SIGNING", 'is for other operations (key_ops) than "verify"');
  }
}

/** A JWK's kid is text, a COSE kid is bytes. Both ways to get from one to the other are in use. */
function kidsOf(kid: unknown): Uint8Array[] {
  if (kid === undefined) return [];
  if (typeof kid !== "string") throw malformed("has a kid that is not a text");
  const asText = new TextEncoder().encode(kid);
  if (asText.length === 0 || asText.length > MAX_KID_LENGTH) {
    throw malformed(`has a kid that is not of 1 to ${MAX_KID_LENGTH} bytes`);
  }
  const decoded = fromBase64Url(kid);
  return decoded === undefined || decoded.length === 0 ? [asText] : [asText, decoded];
}

function coordinate(name: "x" | "y", value: unknown): Uint8Array {
  if (value === undefined) throw malformed(`has no ${name}`);
  const bytes = typeof value === "string" ? fromBase64Url(value) : undefined;
  if (bytes === undefined) throw malformed(`has as ${name} what is not base64url without padding`);
  if (bytes.length !== 32)
    throw malformed(`has ${bytes.length} bytes as ${name} in place of 32 (RFC 7518 section 6.2.1)`);
  return bytes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function malformed(why: string): TrustError {
  return new TrustError("BAD_JWKS", why);
}

function bad(why: string): TrustError {
  return new TrustError("BAD_JWKS", `not a JWK set: ${why}`);
}
