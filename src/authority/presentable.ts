import { createHash, randomBytes } from "node:crypto";
import { toBase64Url } from "../format/bytes.js";
import { encodeCbor } from "../format/cbor.js";
import { credentialEntries, type CredentialClaims, type CredentialForm } from "../format/credential.js";
import { IDENTITY_KEYS, toIdentityMap, type Identity } from "../format/identity.js";
import { CLAIM_IDENTITY, CLAIM_SUB } from "../format/labels.js";
import { disclosureOf, HASHES, integerMap, readSdCwt, redactedMap, type Disclosure } from "../format/presentation.js";

/**
 * Cards that their holders present (contract §3): of claim 169 all is redacted that is of the person, and each card has as
 * many hashes as any other, so that nobody learns from their number what there is. Open are the tier, which a holder must
 * not be able to hide, and the language of our registers, which is that of all.
 *
 * Left out are the ways to reach a person, which a relying party asks the person for, and what would tell that there is
 * a photo (its first bytes say its format) or of which people somebody is (the language of the second name).
 */
const REDACTED = [
  "id",
  "fullName",
  "dateOfBirth",
  "gender",
  "address",
  "nationality",
  "locationCode",
  "photo",
  "secondFullName",
] as const satisfies (keyof Identity)[];
const OPEN = ["language", "tier"] as const satisfies (keyof Identity)[];

/** Whether what would be redacted has a hash each. */
export function hasRoom(identity: Identity): boolean {
  return of(identity, REDACTED).length <= HASHES;
}

/** Of what was signed. */
export function formOf(signed: Uint8Array | null): CredentialForm {
  return signed !== null && readSdCwt(signed) !== undefined ? "presentable" : "static";
}

export interface Presentable {
  /** Of the CWT. */
  payload: Uint8Array;
  disclosures: Disclosure[];
}

export function redact(claims: CredentialClaims): Presentable {
  const { identity } = claims;
  const disclosures = of(identity, REDACTED).map(([key, value]) => disclosureOf(random(16), key, value));
  const hashes: Uint8Array[] = disclosures.map(
    ({ item }) => new Uint8Array(createHash("sha256").update(item).digest()),
  );
  while (hashes.length < HASHES) hashes.push(random(32));
  // In an order that tells nothing of what they are of.
  hashes.sort((a, b) => Buffer.compare(a, b));
  const payload = integerMap([
    ...Array.from(credentialEntries(claims), ([key, value]) => [key, encodeCbor(value)] as const),
    // A subject that says nothing: of one and the same person no two cards have one.
    [CLAIM_SUB, encodeCbor(toBase64Url(random(16)))],
    [CLAIM_IDENTITY, redactedMap(of(identity, OPEN), hashes)],
  ]);
  return { payload, disclosures };
}

function of(identity: Identity, names: readonly (keyof Identity)[]): [key: number, value: Uint8Array][] {
  const map = toIdentityMap(identity);
  const keys = names.map((name) => IDENTITY_KEYS[name]).filter((key) => map.has(key));
  return keys.map((key) => [key, encodeCbor(map.get(key))]);
}

function random(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
