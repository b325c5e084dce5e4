/**
 * The result codes (contract §5): the one table that WASM, TypeScript, the wire and the documentation share.
 * This file compiles both as TypeScript and as AssemblyScript. Numbers are never reused, 0 is never valid, and the
 * first stage that refuses decides. 10-49: not genuine. 50-79: genuine, but not acceptable here.
 */
export enum Code {
  UNVERIFIED = 0,
  VALID = 1,

  TOO_LONG = 10,
  BAD_PREFIX = 11,
  BAD_BASE45 = 12,
  BAD_ZLIB = 13,
  TOO_LARGE = 14,

  BAD_CBOR = 20,
  TOO_DEEP = 21,
  BAD_COSE = 22,
  BAD_CWT = 23,
  MISSING_CLAIM = 24,
  UNSUPPORTED_ALGORITHM = 25,
  BAD_IDENTITY = 26,
  /** Without a key identifier more trusted keys fit than are tried for one credential. */
  TOO_MANY_KEYS = 27,

  UNKNOWN_ISSUER = 30,
  KEY_NOT_YET_VALID = 31,
  KEY_EXPIRED = 32,
  ALGORITHM_MISMATCH = 33,
  TIER_NOT_ALLOWED_FOR_KEY = 34,

  BAD_ISSUER_SIGNATURE = 40,
  BAD_HOLDER_SIGNATURE = 41,
  BAD_DISCLOSURE = 42,

  REVOKED = 50,
  SUSPENDED = 51,
  STATUS_NOT_COVERED = 52,
  STATUS_STALE = 53,
  /** Status is promised, and nothing loaded can tell it. */
  STATUS_UNKNOWN = 54,
  /** The verifier's clock is before a signed time in force. */
  CLOCK_WRONG = 55,

  NOT_YET_VALID = 60,
  EXPIRED = 61,
  TIER_TOO_LOW = 62,
  PURPOSE_NOT_ACCEPTED = 63,
  REGION_NOT_ACCEPTED = 64,
  UNDER_AGE = 65,
  WRONG_AUDIENCE = 66,
  PRESENTATION_STALE = 67,
  PRESENTATION_REQUIRED = 68,
  REPLAYED = 69,

  IDENTITY_MISMATCH = 70,
  CLAIM_NOT_DISCLOSED = 71,
  NAME_REVIEW = 72,

  BUSY = 80,
  BAD_REQUEST = 81,
  INTERNAL = 82,
}
