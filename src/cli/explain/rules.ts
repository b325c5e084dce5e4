import type { CodeName } from "../../format/verdict.js";

type Texts = Partial<Record<CodeName, string>>;

/** The rule that a code says is broken, where no place tells it more closely. */
export const RULES: Texts = {
  TOO_LONG: "a QR text has at most 4,296 characters",
  BAD_PREFIX: "a card has no prefix; this is a QR of another scheme",
  BAD_IDENTITY: "of a Chinese card the ID number is valid (GB 11643) and agrees with date of birth and gender",
  TOO_MANY_KEYS: "a card names its key, or few trusted keys fit its algorithm",
  UNKNOWN_ISSUER: "the key id is one of the trust list",
  KEY_NOT_YET_VALID: "the key is valid at the moment of the check",
  KEY_EXPIRED: "the key is valid at the moment of the check",
  ALGORITHM_MISMATCH: "a key is used with its own algorithm only",
  TIER_NOT_ALLOWED_FOR_KEY: "a key signs the tiers that the trust list allows it",
  BAD_ISSUER_SIGNATURE: "the signature holds over the protected header and the payload (RFC 9052 section 4.4)",
  REVOKED: "the card is not revoked",
  SUSPENDED: "the card is not suspended",
  STATUS_NOT_COVERED: "the status snapshot answers for cards issued before it was made",
  STATUS_STALE: "the status snapshot is young enough",
  STATUS_UNKNOWN: "what promises to tell the status is loaded",
  CLOCK_WRONG: "the clock of this machine is not before a time that was signed",
  NOT_YET_VALID: "the moment of the check is not before nbf (5)",
  EXPIRED: "the moment of the check is before exp (4)",
  TIER_TOO_LOW: "the policy asks for a higher tier for this purpose",
  PURPOSE_NOT_ACCEPTED: "the policy has a rule in force for this purpose",
  REGION_NOT_ACCEPTED: "the policy has a rule in force for this purpose in this region",
  UNDER_AGE: "the policy asks for an age that the date of birth shows",
  PRESENTATION_REQUIRED: "the policy asks for a presentation by the holder's phone, and this is the static QR",
};

const READ_AGAIN = "scan it again; if that does not help, the QR is damaged or no card";
const NOT_OURS = "ask the issuer: no reader will take this card";

/** What whoever holds the card, or checks it, can do. */
export const REMEDIES: Texts = {
  TOO_LONG: READ_AGAIN,
  BAD_PREFIX: "scan the QR of the card",
  BAD_BASE45: READ_AGAIN,
  BAD_ZLIB: READ_AGAIN,
  TOO_LARGE: NOT_OURS,
  BAD_CBOR: NOT_OURS,
  TOO_DEEP: NOT_OURS,
  BAD_COSE: NOT_OURS,
  UNSUPPORTED_ALGORITHM: NOT_OURS,
  BAD_CWT: NOT_OURS,
  MISSING_CLAIM: NOT_OURS,
  BAD_IDENTITY: NOT_OURS,
  TOO_MANY_KEYS: "ask the issuer for cards that carry a key id",
  UNKNOWN_ISSUER: "if the issuer is to be trusted, fetch its trust list",
  KEY_NOT_YET_VALID: "check the clock",
  KEY_EXPIRED: "the holder asks for a new card",
  ALGORITHM_MISMATCH: "treat the card as forged",
  TIER_NOT_ALLOWED_FOR_KEY: "treat the card as forged",
  BAD_ISSUER_SIGNATURE: "treat the card as forged",
  REVOKED: "do not accept the card",
  SUSPENDED: "do not accept the card until its holder has had it reinstated",
  STATUS_NOT_COVERED: "fetch the newest snapshot",
  STATUS_STALE: "fetch the newest snapshot",
  STATUS_UNKNOWN: "load the issuer's status (--status); until then do not decide by this card",
  CLOCK_WRONG: "set the clock of this machine right; until then do not decide by this card",
  NOT_YET_VALID: "check the clock",
  EXPIRED: "the holder asks for a new card",
  TIER_TOO_LOW: "the holder has the card confirmed at a service point",
  PURPOSE_NOT_ACCEPTED: "ask for another document",
  REGION_NOT_ACCEPTED: "ask for another document",
  UNDER_AGE: "ask for a guardian",
  PRESENTATION_REQUIRED: "ask the holder to show the changing QR",
};
