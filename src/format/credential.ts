import { ALGORITHMS } from "./algorithm.js";
import type { Algorithm } from "../abi/batch.js";
import { encodeBase45 } from "./base45.js";
import { encodeCbor, type CborMap } from "./cbor.js";
import { HEADER_ALG, HEADER_KID, HEADER_TYP } from "./cose.js";
import { toCoseKey, type PublicKey } from "./cose-key.js";
import { toIdentityMap, type Identity } from "./identity.js";

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

// CWT claims: RFC 8392 §3.1, RFC 8747 §3.1, draft-ietf-oauth-status-list, MOSIP Claim 169.
const ISS = 1;
const EXP = 4;
const NBF = 5;
const IAT = 6;
const CTI = 7;
const CNF = 8;
const CNF_COSE_KEY = 1;
const STATUS = 65535;
const IDENTITY = 169;

/** `application/cwt` as its CoAP content format (RFC 8392 §9.3), as RFC 9596 allows: a byte instead of a text. */
const TYP_CWT = 61;

export function credentialHeaders(algorithm: Algorithm, kid: Uint8Array): CborMap {
  return new Map<number, unknown>([
    [HEADER_ALG, ALGORITHMS[algorithm].cose[0]],
    [HEADER_KID, kid],
    [HEADER_TYP, TYP_CWT],
  ]);
}

export function encodeCredentialClaims(claims: CredentialClaims): Uint8Array {
  const map = new Map<number, unknown>([
    [ISS, claims.issuer],
    [EXP, claims.expires],
    [NBF, claims.notBefore],
    [IAT, claims.issuedAt],
    [CTI, claims.id],
    [IDENTITY, toIdentityMap(claims.identity)],
  ]);
  if (claims.holderKey !== undefined) map.set(CNF, new Map([[CNF_COSE_KEY, toCoseKey(claims.holderKey)]]));
  if (claims.statusList !== undefined) {
    const { index, uri } = claims.statusList;
    const reference = new Map<string, unknown>([
      ["idx", index],
      ["uri", uri],
    ]);
    map.set(STATUS, new Map([["status_list", reference]]));
  }
  return encodeCbor(map);
}

/** The text of the QR; `deflate` makes a zlib stream (RFC 1950). */
export function qrText(signed: Uint8Array, deflate: (bytes: Uint8Array) => Uint8Array): string {
  return encodeBase45(deflate(signed));
}
