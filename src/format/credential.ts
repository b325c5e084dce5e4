import { ALGORITHMS } from "./algorithm.js";
import type { Algorithm } from "../abi/batch.js";
import { encodeBase45 } from "./base45.js";
import { encodeCbor, type CborMap } from "./cbor.js";
import { toCoseKey, type PublicKey } from "./cose-key.js";
import { toIdentityMap, type Identity } from "./identity.js";
import {
  CLAIM_CNF,
  CLAIM_CTI,
  CLAIM_EXP,
  CLAIM_IAT,
  CLAIM_IDENTITY,
  CLAIM_ISS,
  CLAIM_NBF,
  CLAIM_STATUS,
  CNF_COSE_KEY,
  HEADER_ALG,
  HEADER_KID,
  HEADER_TYP,
  TYP_CWT,
  TYP_SD_CWT,
} from "./labels.js";

/** A credential as the authority issues it (contract §2): a CWT with claim 169 in a COSE_Sign1. */
export interface CredentialClaims {
  issuer: string;
  /** Seconds since 1970-01-01T00:00:00Z, as the other two. */
  expires: number;
  notBefore: number;
  issuedAt: number;
  /** cti: 16 random bytes. */
  id: Uint8Array;
  /** The holder's public key, for presentations. */
  holderKey?: PublicKey;
  /** Entry in an IETF Token Status List. */
  statusList?: { index: number; uri: string };
  identity: Identity;
}

/** Shown as it is, or presented with its holder's key, who chooses what to disclose. */
export type CredentialForm = "static" | "presentable";

export function credentialHeaders(algorithm: Algorithm, kid: Uint8Array, form: CredentialForm): CborMap {
  const { cose } = ALGORITHMS[algorithm];
  return new Map<number, unknown>([
    // An SD-CWT names a fully specified algorithm (draft-ietf-spice-sd-cwt section 7.1): our tables have it last.
    [HEADER_ALG, form === "static" ? cose[0] : cose.at(-1)],
    [HEADER_KID, kid],
    [HEADER_TYP, form === "static" ? TYP_CWT : TYP_SD_CWT],
  ]);
}

export function encodeCredentialClaims(claims: CredentialClaims): Uint8Array {
  return encodeCbor(new Map([...credentialEntries(claims), [CLAIM_IDENTITY, toIdentityMap(claims.identity)]]));
}

/** All but the identity. */
export function credentialEntries(claims: CredentialClaims): Map<number, unknown> {
  const map = new Map<number, unknown>([
    [CLAIM_ISS, claims.issuer],
    [CLAIM_EXP, claims.expires],
    [CLAIM_NBF, claims.notBefore],
    [CLAIM_IAT, claims.issuedAt],
    [CLAIM_CTI, claims.id],
  ]);
  if (claims.holderKey !== undefined) map.set(CLAIM_CNF, new Map([[CNF_COSE_KEY, toCoseKey(claims.holderKey)]]));
  if (claims.statusList !== undefined) {
    const { index, uri } = claims.statusList;
    const reference = new Map<string, unknown>([
      ["idx", index],
      ["uri", uri],
    ]);
    map.set(CLAIM_STATUS, new Map([["status_list", reference]]));
  }
  return map;
}

/** The text of the QR; `deflate` makes a zlib stream (RFC 1950). */
export function qrText(signed: Uint8Array, deflate: (bytes: Uint8Array) => Uint8Array): string {
  return encodeBase45(deflate(signed));
}
