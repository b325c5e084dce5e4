import { Algorithm } from "../../src/abi/batch.js";
import type { PublicJwk } from "../../src/wallet/wallet.js";
import { encodeBase45 } from "./base45.js";
import type { TestKey } from "./keys.js";
import { qrOf } from "./make-card.js";
import { issueTo } from "./make-presentation.js";

/** cnf of a card for a wallet's key, made by hand. */
function confirmation({ kty, x, y }: PublicJwk): Map<number, unknown> {
  const bytes = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
  const point: [number, unknown][] = kty === "OKP" ? [[1, 1], [-1, 6]] : [[1, 2], [-1, 1], [-3, bytes(y)]]; // prettier-ignore
  return new Map([[1, new Map<number, unknown>([...point, [-2, bytes(x)]])]]);
}

/** The text that an authority hands to the holder of a key: with all disclosures, as zlib or not. */
export function cardFor(
  issuer: TestKey,
  jwk: PublicJwk,
  { changes = [], form = "zlib" }: { changes?: [number, unknown][]; form?: "zlib" | "plain" } = {},
): string {
  const holder = issueTo(issuer, [[8, confirmation(jwk)], ...changes]);
  const credential = holder.credential([...holder.disclosures.values()]);
  return form === "zlib" ? qrOf(credential) : encodeBase45(credential);
}

/** A JWK for `hufu present`, and the key as the tests have it. */
export async function privateJwk(algorithm: Algorithm.ED25519 | Algorithm.P256): Promise<JsonWebKey & PublicJwk> {
  const parameters = algorithm === Algorithm.ED25519 ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" };
  const { privateKey } = (await crypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as CryptoKeyPair;
  return (await crypto.subtle.exportKey("jwk", privateKey)) as JsonWebKey & PublicJwk;
}
