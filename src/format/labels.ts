/** Labels and types of COSE and CWT, each with where it is registered. */

/** COSE header labels (RFC 9052 §3.1, RFC 9528 §10.9, RFC 9596, draft-ietf-spice-sd-cwt §16.1). */
export const HEADER_ALG = 1;
export const HEADER_KID = 4;
/** kcwt: the credential inside a key binding token. */
export const HEADER_KCWT = 13;
export const HEADER_KCCS = 14;
export const HEADER_TYP = 16;
/** sd_claims: what the holder discloses. */
export const HEADER_SD_CLAIMS = 17;

/** CWT claims: RFC 8392 §3.1, RFC 8747 §3.1, RFC 9711 §4.1, draft-ietf-oauth-status-list, MOSIP Claim 169. */
export const CLAIM_ISS = 1;
export const CLAIM_SUB = 2;
export const CLAIM_AUD = 3;
export const CLAIM_EXP = 4;
export const CLAIM_NBF = 5;
export const CLAIM_IAT = 6;
export const CLAIM_CTI = 7;
export const CLAIM_CNF = 8;
export const CLAIM_CNONCE = 39;
export const CLAIM_IDENTITY = 169;
export const CLAIM_STATUS = 65535;
/** SHA-256 of the ID number that a proof of enrolment is for; ours, of the range for private use. */
export const CLAIM_ID_NUMBER_HASH = -65537;
/** Inside CLAIM_CNF. */
export const CNF_COSE_KEY = 1;

/** Types (header 16) by their CoAP content format: a byte or two instead of a text. */
export const TYP_CWT = 61;
export const TYP_SD_CWT = 293;
export const TYP_KB_CWT = 294;
export const TYP_ENROLMENT = "application/hufu-enrolment+cwt";
