import { bytesItem, contentOf, integerItem, integerOf, ItemError, textItem, textOf } from "./items.js";
import { CLAIM_AUD, CLAIM_IAT, CLAIM_ID_NUMBER_HASH, HEADER_ALG, HEADER_TYP, TYP_ENROLMENT } from "./labels.js";
import { integerMap, integersOf, wanted } from "./presentation.js";
import { readSign1, sigStructure, writeSign1, type Sign } from "./sign1.js";

/**
 * What a phone signs so that an authority knows that the key it is to put into a card is the phone's own: a CWT by that
 * key, for one authority and one ID number.
 */
export interface EnrolmentProof {
  /** By COSE number. */
  algorithm: number;
  /** SHA-256 COSE Key Thumbprint of the authority's root key, in hex. */
  audience: string;
  /** Seconds since 1970. */
  issuedAt: number;
  /** SHA-256 of the ID number's UTF-8. */
  idNumberHash: Uint8Array;
}

export function writeEnrolmentProof(proof: EnrolmentProof, sign: Sign): Promise<Uint8Array> {
  const protectedBytes = integerMap([
    [HEADER_ALG, integerItem(proof.algorithm)],
    [HEADER_TYP, textItem(TYP_ENROLMENT)],
  ]);
  const payload = integerMap([
    [CLAIM_AUD, textItem(proof.audience)],
    [CLAIM_IAT, integerItem(proof.issuedAt)],
    [CLAIM_ID_NUMBER_HASH, bytesItem(proof.idNumberHash)],
  ]);
  return writeSign1({ protectedBytes, payload }, sign);
}

/** Throws nothing but ItemError. The signature is not checked here. */
export function readEnrolmentProof(
  bytes: Uint8Array,
): EnrolmentProof & { toBeSigned: Uint8Array; signature: Uint8Array } {
  const { protectedBytes, payload, signature } = readSign1(bytes);
  const [headers, claims] = [integersOf(protectedBytes), integersOf(payload)];
  if (textOf(wanted(headers.get(HEADER_TYP))) !== TYP_ENROLMENT) throw new ItemError("not a proof of enrolment");
  return {
    algorithm: integerOf(wanted(headers.get(HEADER_ALG))),
    audience: textOf(wanted(claims.get(CLAIM_AUD))),
    issuedAt: integerOf(wanted(claims.get(CLAIM_IAT))),
    idNumberHash: contentOf(wanted(claims.get(CLAIM_ID_NUMBER_HASH))),
    toBeSigned: sigStructure(protectedBytes, payload),
    signature,
  };
}
