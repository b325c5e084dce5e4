import { bytesItem, integerItem, textItem } from "./items.js";
import { CLAIM_AUD, CLAIM_IAT, CLAIM_ID_NUMBER_HASH, HEADER_ALG, HEADER_TYP, TYP_ENROLMENT } from "./labels.js";
import { integerMap } from "./presentation.js";
import { writeSign1, type Sign } from "./sign1.js";

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
