/**
 * The trusted issuer keys as the engine reads them: KEY records, then NAME records. Little-endian. Compiles both as
 * TypeScript and as AssemblyScript.
 */

/** u8, an Algorithm. */
export const KEY_ALGORITHM = 0;
/** u8, bit t set: may sign credentials of Tier t; bit 0: credentials that state no tier. */
export const KEY_TIERS = 1;
/** u16, index of the issuer the key belongs to; keys of one issuer share it. */
export const KEY_ISSUER = 2;
/** u8, 1 where no NAME record names the key: it is tried whatever kid a credential carries. */
export const KEY_NAMELESS = 4;
/** u8, 1 where the status of what the key signs is promised (contract section 5). */
export const KEY_PROMISES_STATUS = 5;
/** i64 each, seconds since 1970; valid while notBefore <= at <= notAfter. */
export const KEY_NOT_BEFORE = 8;
export const KEY_NOT_AFTER = 16;
/** i64, seconds since 1970: the list that names the key expires then. */
export const KEY_TRUST_UNTIL = 24;
/** 64 bytes: x || y, or an Ed25519 key in the first 32. */
export const KEY_PUBLIC = 32;
export const KEY_SIZE = 96;

/** u16, index of the key this kid names. Several keys may share a kid, and a key may have several. */
export const NAME_KEY = 0;
/** u16, bytes. */
export const NAME_LENGTH = 2;
/** MAX_KID_LENGTH bytes. */
export const NAME_KID = 4;
export const NAME_SIZE = 68;
/** A JWK kid is matched in two forms (contract §6). */
export const MAX_NAMES_PER_KEY = 2;
