import type { CodeName } from "../../format/verdict.js";

/** Codes that refuse a card, or leave it undecided. */
export type RefusalCode = Exclude<CodeName, "UNVERIFIED" | "VALID">;

/** The rule that a code says is broken, where no place tells it more closely. */
export const RULES: Readonly<Record<RefusalCode, string>> = {
  TOO_LONG: "a QR text has at most 4,296 characters (ISO/IEC 18004, 40-L)",
  BAD_PREFIX: "a card has no prefix",
  BAD_BASE45: "the text is base45 (RFC 9285)",
  BAD_ZLIB: "the bytes are one zlib stream (RFC 1950)",
  TOO_LARGE: "it inflates to at most 65,536 bytes",
  BAD_CBOR: "the bytes are one CBOR item of definite length, without a key twice (RFC 8949)",
  TOO_DEEP: "at most 16 arrays, maps and tags are nested, and a map has at most 256 entries",
  BAD_COSE: "the item is a COSE_Sign1 (RFC 9052 section 4.2)",
  BAD_CWT: "the payload is a map of claims of their types (RFC 8392 section 3)",
  MISSING_CLAIM: "a card has claim 169",
  UNSUPPORTED_ALGORITHM: "the algorithms are -8, -19, -7, -9 and -65537",
  BAD_IDENTITY: "of a Chinese card the ID number is valid (GB 11643) and agrees with date of birth and gender",
  TOO_MANY_KEYS: "a card names its key, or few trusted keys fit its algorithm",
  UNKNOWN_ISSUER: "the key id is one of the trust list",
  KEY_NOT_YET_VALID: "the key is valid at the moment of the check",
  KEY_EXPIRED: "the key is valid at the moment of the check",
  ALGORITHM_MISMATCH: "a key is used with its own algorithm only",
  TIER_NOT_ALLOWED_FOR_KEY: "a key signs the tiers that the trust list allows it",
  BAD_ISSUER_SIGNATURE: "the signature holds over the protected header and the payload (RFC 9052 section 4.4)",
  BAD_HOLDER_SIGNATURE: "the holder's signature holds over the presentation (RFC 9052 section 4.4)",
  BAD_DISCLOSURE: "each disclosure's digest is one that the issuer signed, and status and tier are not redacted",
  REVOKED: "the card is not revoked",
  SUSPENDED: "the card is not suspended",
  STATUS_NOT_COVERED: "the status answers for the card",
  STATUS_STALE: "the status is young enough",
  STATUS_UNKNOWN: "what promises to tell the status is loaded",
  CLOCK_WRONG: "the clock of this machine is not before a time that was signed",
  NOT_YET_VALID: "the moment of the check is not before nbf (5)",
  EXPIRED: "the moment of the check is before exp (4) (RFC 8392 section 3.1.4)",
  TIER_TOO_LOW: "the policy asks for a higher tier for this purpose",
  PURPOSE_NOT_ACCEPTED: "the policy has a rule in force for this purpose",
  REGION_NOT_ACCEPTED: "the policy has a rule in force for this purpose in this region",
  UNDER_AGE: "the policy asks for an age that the date of birth shows",
  WRONG_AUDIENCE: "the presentation was made for who asks, or for this purpose",
  PRESENTATION_STALE: "the presentation was made a moment ago",
  PRESENTATION_REQUIRED: "the policy asks for a presentation by the holder's phone, and this is the static QR",
  REPLAYED: "a presentation is accepted once",
  IDENTITY_MISMATCH: "the card is of the person that was expected",
  CLAIM_NOT_DISCLOSED: "the card shows what the check needs",
  NAME_REVIEW: "the name agrees with the one that was expected",
  BUSY: "there is room for one more card",
  BAD_REQUEST: "the question is one that can be asked",
  INTERNAL: "the engine answers",
};

/** Of a Token Status List, by which another rule is broken than by a snapshot. */
export const LIST_RULES: Partial<Record<RefusalCode, string>> = {
  REVOKED: "the status list has not 1 at the card's index",
  SUSPENDED: "the status list has not 2 at the card's index",
  STATUS_NOT_COVERED:
    "the card's index is within the status list, and what stands there is a status (sections 7.1, 8.3)",
  STATUS_STALE: "the status list is neither expired (4) nor older than its time to live (65534)",
};

export const SNAPSHOT_RULES: Partial<Record<RefusalCode, string>> = {
  REVOKED: "the status snapshot and what has changed since do not have the card as revoked",
  SUSPENDED: "the status snapshot and what has changed since do not have the card as suspended",
  STATUS_NOT_COVERED: "the status snapshot answers for cards issued before it was made",
  STATUS_STALE: "the status snapshot is young enough",
};
