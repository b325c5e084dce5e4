/**
 * Every limit on untrusted input (contract §4), in one place. Compiles both as TypeScript and as AssemblyScript.
 */

/** Characters of a QR text: the capacity of a version 40-L symbol in alphanumeric mode (ISO/IEC 18004). */
export const MAX_TEXT_LENGTH = 4296;
/** Bytes of a text as it arrives, with what a scanner added around it. */
export const MAX_SCANNED_LENGTH = 4400;
/** Bytes after inflation. */
export const MAX_INFLATED_LENGTH = 65536;
/** Nested CBOR arrays, maps and tags, the outermost counted as one. */
export const MAX_CBOR_DEPTH = 16;
/** Entries of one CBOR map. */
export const MAX_MAP_ENTRIES = 256;
/** Disclosures of one presentation. */
export const MAX_DISCLOSURES = 64;
/** Bytes of a text that is the key of a map in a presentation (draft-ietf-spice-sd-cwt section 6.3). */
export const MAX_TEXT_KEY_LENGTH = 255;
/** Bytes of a key identifier (COSE header 4); ours have 8. */
export const MAX_KID_LENGTH = 64;
/**
 * Trusted keys that are tried for one credential: those that its key identifier, or the want of one, leaves, after
 * algorithm, validity and tier. Of more none is tried.
 */
export const MAX_KEYS_TRIED = 8;
/** Issuer keys trusted at once. */
export const MAX_TRUSTED_KEYS = 1024;
/** Bytes of a trust list, JWK set or PEM file: room for as many certificates of 2 KiB as there may be keys. */
export const MAX_TRUST_FILE_LENGTH = 4194304;
/** Bytes of a policy, a file of tokens or a configuration: room for ten thousand relying parties. */
export const MAX_SETTINGS_FILE_LENGTH = 4194304;
/** Bytes of a status snapshot or delta file: a thousand million revocations, or a quarter of an engine's memory. */
export const MAX_STATUS_FILE_LENGTH = 1073741824;
/** Bytes of a delta that a feed is followed to: eight million changes, after which a snapshot is due. */
export const MAX_DELTA_FILE_LENGTH = 134217728;
/** Token Status Lists in force at once. */
export const MAX_STATUS_LISTS = 256;
/** Bytes of a Token Status List once inflated: 134 million credentials of two bits. */
export const MAX_STATUS_LIST_LENGTH = 33554432;
/** Bytes of a file of people: a million without photos. */
export const MAX_PEOPLE_FILE_LENGTH = 134217728;
/** Seconds that this machine's clock may be behind a time that was signed, and go on deciding. */
export const CLOCK_SKEW_SECONDS = 30;
