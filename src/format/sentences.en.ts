import type { CodeName } from "./verdict.js";

/** What a code says of a card, and what whoever stands before it can do: each one clause, for people. */
export interface Sentence {
  sentence: string;
  remedy: string;
}

const SCAN_AGAIN =
  "scan it again, slowly and straight; if that does not help, the picture is damaged: ask to see the card again";
const ISSUER_MENDS = "do not accept it; the holder asks the issuer for another card, because no reader takes this one";
const FORGED = "do not accept it: treat it as forged, and keep to the rule of your house for forged documents";
const OTHER_DOCUMENT = "ask for another document";
const ASK_AGAIN = "ask again in a moment";
const NOT_BY_THIS_CARD = "until then decide nothing by this card, neither yes nor no";
const OPERATOR = "tell whoever runs the reader";

/** Every code has one (contract §5). */
export const SENTENCES_EN: Readonly<Record<CodeName, Sentence>> = {
  UNVERIFIED: { sentence: "the card was read and not judged", remedy: "name the keys to trust, and judge it" },
  VALID: { sentence: "the card is good", remedy: "accept it" },

  TOO_LONG: { sentence: "the text is longer than a QR can hold", remedy: "scan one card at a time" },
  BAD_PREFIX: { sentence: "this is a QR of another scheme", remedy: "scan the QR of the card" },
  BAD_BASE45: { sentence: "the text is damaged, or it is not a card", remedy: SCAN_AGAIN },
  BAD_ZLIB: { sentence: "the text is damaged, or it is not a card", remedy: SCAN_AGAIN },
  TOO_LARGE: { sentence: "the card holds more than a card may", remedy: ISSUER_MENDS },

  BAD_CBOR: { sentence: "the card is not well-formed", remedy: ISSUER_MENDS },
  TOO_DEEP: { sentence: "the card is nested deeper than a card may be", remedy: ISSUER_MENDS },
  BAD_COSE: { sentence: "the card's signature is not of the form that cards have", remedy: ISSUER_MENDS },
  BAD_CWT: { sentence: "the card's dates or other claims are not what they should be", remedy: ISSUER_MENDS },
  MISSING_CLAIM: { sentence: "the card says nothing about a person", remedy: ISSUER_MENDS },
  UNSUPPORTED_ALGORITHM: { sentence: "the card is signed in a way that is not used for cards", remedy: ISSUER_MENDS },
  BAD_IDENTITY: {
    sentence: "the card's ID number is wrong, or does not agree with the rest of it",
    remedy: ISSUER_MENDS,
  },
  TOO_MANY_KEYS: {
    sentence: "the card does not say which key signed it, and too many may have",
    remedy: "do not accept it; the issuer puts a key id into its cards",
  },

  UNKNOWN_ISSUER: {
    sentence: "the card's issuer is not among those that are trusted here",
    remedy: `do not accept it; if the issuer is to be trusted, ${OPERATOR}, who fetches its trust list`,
  },
  KEY_NOT_YET_VALID: {
    sentence: "the key that signed the card does not count yet",
    remedy: "check the clock of the reader; if it is right, do not accept the card",
  },
  KEY_EXPIRED: {
    sentence: "the key that signed the card no longer counts",
    remedy: "check the clock of the reader; if it is right, the holder fetches a new card",
  },
  ALGORITHM_MISMATCH: { sentence: "the card is signed otherwise than its issuer signs", remedy: FORGED },
  TIER_NOT_ALLOWED_FOR_KEY: { sentence: "the key that signed the card may not sign cards of its tier", remedy: FORGED },

  BAD_ISSUER_SIGNATURE: { sentence: "the issuer did not sign what the card says", remedy: FORGED },
  BAD_HOLDER_SIGNATURE: { sentence: "the holder's phone did not sign what is shown", remedy: FORGED },
  BAD_DISCLOSURE: { sentence: "what the card shows is not what its issuer signed", remedy: FORGED },

  REVOKED: { sentence: "the card was revoked", remedy: "do not accept it; the holder asks at a service point" },
  SUSPENDED: {
    sentence: "the card is suspended",
    remedy: "do not accept it until its holder has had it reinstated at a service point",
  },
  STATUS_NOT_COVERED: {
    sentence: "the status that is loaded says nothing about this card",
    remedy: `${OPERATOR}, who fetches the newest status of the issuer; ${NOT_BY_THIS_CARD}`,
  },
  STATUS_STALE: {
    sentence: "the status that is loaded is too old to call a card good",
    remedy: `${OPERATOR}, who fetches the newest status of the issuer; ${NOT_BY_THIS_CARD}`,
  },
  STATUS_UNKNOWN: {
    sentence: "nothing that is loaded tells whether the card was revoked",
    remedy: `${OPERATOR}, who loads the issuer's status (--status); ${NOT_BY_THIS_CARD}`,
  },
  CLOCK_WRONG: {
    sentence: "the clock of the reader is wrong: it is before a time that was signed",
    remedy: `set it right; ${NOT_BY_THIS_CARD}`,
  },

  NOT_YET_VALID: {
    sentence: "the card is not valid yet",
    remedy: "check the clock of the reader; if it is right, do not accept the card before its day",
  },
  EXPIRED: {
    sentence: "the card has expired",
    remedy: "check the clock of the reader; if it is right, the holder fetches a new card",
  },
  TIER_TOO_LOW: {
    sentence: "the card was not confirmed in person, and this purpose asks for that",
    remedy: "the holder has it confirmed at a service point; today ask for another document",
  },
  PURPOSE_NOT_ACCEPTED: { sentence: "cards are not accepted for this purpose", remedy: OTHER_DOCUMENT },
  REGION_NOT_ACCEPTED: { sentence: "cards are not accepted for this purpose in this region", remedy: OTHER_DOCUMENT },
  UNDER_AGE: {
    sentence: "the card does not show the age that this purpose asks for",
    remedy: "do not accept it alone: ask for a guardian, or for another document",
  },
  WRONG_AUDIENCE: {
    sentence: "the code was made for somebody else",
    remedy: "ask the holder to choose this place and show a new code",
  },
  PRESENTATION_STALE: { sentence: "the code is too old", remedy: "ask the holder to show a new one; check the clock" },
  PRESENTATION_REQUIRED: {
    sentence: "this is the lasting code, and the changing one is asked for",
    remedy: "ask the holder to show the changing code on the phone",
  },
  REPLAYED: { sentence: "the code was shown before", remedy: "ask the holder to show a new one" },

  IDENTITY_MISMATCH: {
    sentence: "the card is genuine, and of another person than was expected",
    remedy: "do not accept it for that person; compare the name and number on file",
  },
  CLAIM_NOT_DISCLOSED: {
    sentence: "the card does not show what is needed",
    remedy: "ask the holder to show it with what is asked for",
  },
  NAME_REVIEW: {
    sentence: "the names agree in part",
    remedy: "compare the name on file with the card, and decide yourself",
  },

  BUSY: { sentence: "the reader has too much to do", remedy: ASK_AGAIN },
  BAD_REQUEST: { sentence: "the question was not put as it should be", remedy: OPERATOR },
  INTERNAL: { sentence: "the reader failed", remedy: `${ASK_AGAIN}; if it fails again, ${OPERATOR}` },
};
