/**
 * A batch as it lies in a slab of shared memory and, copied, in the engine's input arena: header, contexts, items,
 * results, texts. Little-endian. Compiles both as TypeScript and as AssemblyScript, so each offset is written once.
 */

export const MAX_BATCH_ITEMS = 512;
/** Bytes for QR texts in one batch: 64 of the longest, or 512 of 550 characters. */
export const TEXT_CAPACITY = 281600;

// Header: u32 each but the time.
export const HEADER_ITEM_COUNT = 0;
export const HEADER_TEXT_LENGTH = 4;
/** i64, seconds since 1970-01-01T00:00:00Z by the host's clock when the batch was closed. */
export const HEADER_NOW = 8;
/** Generation of the trust list and snapshots: the host writes the oldest that may judge, the worker which did. */
export const HEADER_GENERATION = 16;
/** Written by the worker when it begins: milliseconds since 1970 modulo 2^32, never 0; 0 while the batch waits. */
export const HEADER_STARTED = 20;
/** Requests that the items are of. */
export const HEADER_CONTEXT_COUNT = 24;
export const HEADER_SIZE = 64;

// Context: what one request asks, after policy. Once for each request; its items name it by index.
/** i64, seconds since 1970-01-01T00:00:00Z at which the card must be valid. */
export const CONTEXT_AT = 0;
/** u32, the same moment as a local calendar date YYYYMMDD, for ages. */
export const CONTEXT_DATE = 8;
/** u8, minimum tier: 0 any, else a Tier. */
export const CONTEXT_MIN_TIER = 12;
/** u8, minimum age in years, 0 for none. */
export const CONTEXT_MIN_AGE = 13;
/** u8, CONTEXT_FLAG_* */
export const CONTEXT_FLAGS = 14;
/** u8, CONTEXT_EXPECT_*: what a genuine card must say to be the one that is expected. */
export const CONTEXT_EXPECT = 15;
/**
 * u32, where in the texts the context's own lie, one after the other: the audience, the purpose as an audience, the
 * nonce, the expected number and name. u16 each, their lengths; 0 where none is asked.
 */
export const CONTEXT_TEXT_OFFSET = 16;
export const CONTEXT_AUDIENCE_LENGTH = 20;
export const CONTEXT_PURPOSE_LENGTH = 22;
export const CONTEXT_NONCE_LENGTH = 24;
/** u16 each, seconds: how long ago a presentation may have been made, and how far ahead the phone's clock may be. */
export const CONTEXT_FRESHNESS = 26;
export const CONTEXT_SKEW = 28;
export const CONTEXT_ID_LENGTH = 30;
export const CONTEXT_EXPECTED_NAME_LENGTH = 32;
/** i64, seconds since 1970-01-01T00:00:00Z by which a presentation must have been fresh; see CONTEXT_FLAG_CAPTURED. */
export const CONTEXT_CAPTURED = 40;
export const CONTEXT_SIZE = 64;

/** The number of claim 169, key 1, and the full name, key 4. */
export const CONTEXT_EXPECT_ID = 1;
export const CONTEXT_EXPECT_NAME = 2;
/** Tell beside a comparison what the credential is known by, so that nobody asks about it until he has guessed. */
export const CONTEXT_EXPECT_KNOWN_BY = 4;

/** The purpose is not accepted yet, here or anywhere. */
export const CONTEXT_FLAG_PURPOSE_REFUSED = 1;
/** The purpose is accepted, but not in this region. */
export const CONTEXT_FLAG_REGION_REFUSED = 2;
/** Proof of possession is required: a static QR is not enough. */
export const CONTEXT_FLAG_PRESENTATION_REQUIRED = 4;
/** Return key id and iss beside the result (the detail). */
export const CONTEXT_FLAG_DETAIL = 8;
/** And the claims of an accepted card. */
export const CONTEXT_FLAG_CLAIMS = 16;
/** The moment at which the card must be valid stands for the clock in all else too: keys, trust and status. */
export const CONTEXT_FLAG_AT_REPLACES_CLOCK = 32;
/** Return what an accepted presentation is known by, so that it is accepted once. */
export const CONTEXT_FLAG_REPLAY = 64;
/** A presentation was captured at another time than now, and must have been fresh then. */
export const CONTEXT_FLAG_CAPTURED = 128;

// Item: where its text lies, and what is asked of it.
/** u32, offset from the start of the texts. */
export const ITEM_TEXT_OFFSET = 0;
/** u32, bytes. A text longer than MAX_SCANNED_LENGTH is not copied; its length alone decides. */
export const ITEM_TEXT_LENGTH = 4;
/** u16, index of the context. */
export const ITEM_CONTEXT = 8;
export const ITEM_SIZE = 12;

// Result: 32 bytes an item.
/** u8, a Code. */
export const RESULT_CODE = 0;
/** u8, a Format, 0 where unread. */
export const RESULT_FORMAT = 1;
/** u8, an Algorithm, 0 where unread. */
export const RESULT_ALGORITHM = 2;
/** u8, low nibble a Tier (0 absent), high nibble a Status (0 absent). */
export const RESULT_TIER_AND_STATUS = 3;
/** u16, index of the issuer key in the trust list that was loaded, NO_KEY where none. */
export const RESULT_KEY = 4;
/** u8, a StatusSource, 0 where nothing was asked or nothing answered. */
export const RESULT_STATUS_SOURCE = 6;
/** u8, how a card that is otherwise good compares: low two bits a Match of the number, next two of the name; 0 unasked. */
export const RESULT_MATCHES = 7;
/** i64 each, seconds since 1970, NO_DATE where absent: the card's claims 4 and 5. */
export const RESULT_EXPIRES = 8;
export const RESULT_NOT_BEFORE = 16;
/** u32, epoch of the issuer's status snapshot that the verdict rests on, 0 for none. */
export const RESULT_EPOCH = 24;
/** u32, bytes of detail for this item in the detail that travels beside the batch, in item order. */
export const RESULT_DETAIL_LENGTH = 28;
export const RESULT_SIZE = 32;

export const NO_KEY = 0xffff;
/** -2^63. */
export const NO_DATE = -9223372036854775808;

export const CONTEXTS_OFFSET = HEADER_SIZE;
export const ITEMS_OFFSET = CONTEXTS_OFFSET + MAX_BATCH_ITEMS * CONTEXT_SIZE;
export const RESULTS_OFFSET = ITEMS_OFFSET + MAX_BATCH_ITEMS * ITEM_SIZE;
export const TEXTS_OFFSET = RESULTS_OFFSET + MAX_BATCH_ITEMS * RESULT_SIZE;
export const BATCH_SIZE = TEXTS_OFFSET + TEXT_CAPACITY;

/** What kind of QR it was. */
export enum Format {
  /** A static card. */
  CLAIM169 = 1,
  /** A credential that its holder's phone shows: an SD-CWT in a key binding token. */
  PRESENTATION = 2,
  /** An SD-CWT by itself, which proves nothing of who shows it. */
  SD_CWT = 3,
}

/** Assurance level of a credential (claim 169, key 75). */
export enum Tier {
  LITE = 1,
  FULL = 2,
}

export enum Status {
  GOOD = 1,
  REVOKED = 2,
  SUSPENDED = 3,
  NOT_COVERED = 4,
  STALE = 5,
  UNCHECKED = 6,
}

/** How what is on a card compares with what was expected. */
export enum Match {
  SAME = 1,
  DIFFERS = 2,
  /** Of a name: variants of one, as far as can be told. */
  REVIEW = 3,
}

/** What a status was read from. */
export enum StatusSource {
  /** The issuer's snapshot, or the deltas on top of it. */
  SNAPSHOT = 1,
  DELTA = 2,
  /** A Token Status List that the credential points into. */
  LIST = 3,
}

/** Signature algorithms by the kind of key they need; the COSE numbers that name each are in algorithm.ts. */
export enum Algorithm {
  ED25519 = 1,
  P256 = 2,
  SM2 = 3,
}
