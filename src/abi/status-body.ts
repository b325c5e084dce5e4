/**
 * The body of a status snapshot: what an engine maps as it is. Little-endian; compiles both as TypeScript and as
 * AssemblyScript.
 *
 *     header · period directory · filter directory · rest directory · filters · rest · padding
 *
 * Credentials are divided by the month in which they expire, and each month's by hash into shards of a few thousand
 * flagged (revoked or suspended) credentials; consecutive months with few have a shard in common. A shard answers two
 * questions, each with two ribbons (assembly/status/ribbon.ts): is this credential flagged, and if so, is it only
 * suspended? For each question the first ribbon is a filter: it says yes to every member, and to one in 2^columns of the
 * others. The second holds one bit for everything the first says yes to, and so makes the answer exact. Nearly every
 * look-up ends at the first filter: so these lie together, and the rest apart.
 */

/** 16 bytes, key of the credential hash: from the snapshot's salt and its issuer. */
export const BODY_KEY = 0;
/** i64, the time of the universe: every credential issued up to this second is answered for. */
export const BODY_UNIVERSE = 16;
/** i64, from this second on `good` is no longer said. */
export const BODY_EXPIRES = 24;
/** u32 */
export const BODY_EPOCH = 32;
/** u32, first period of the directory, and how many there are. */
export const BODY_FIRST_PERIOD = 36;
export const BODY_PERIODS = 40;
/** u32, shards, each with an entry in both directories. */
export const BODY_SHARDS = 44;
export const BODY_HEADER_SIZE = 64;

/** u32, first shard, and how many there are: none where no credential of the universe expires in the period. */
export const PERIOD_FIRST_SHARD = 0;
export const PERIOD_SHARDS = 4;
/** u8, columns of the two filters: an even number. */
export const PERIOD_FLAGGED_COLUMNS = 8;
export const PERIOD_SUSPENDED_COLUMNS = 9;
export const PERIOD_SIZE = 16;

/** A shard's first filter. u32, where its words lie: in words of 8 bytes from the start of the body. */
export const FILTER_WORDS = 0;
/** u16, blocks of 64 rows. */
export const FILTER_BLOCKS = 4;
/** u8, its seed; where it has no blocks, the answer itself. */
export const FILTER_SEED = 6;
export const FILTER_SIZE = 8;

/** A shard's other ribbons, in the order below. u32, where the words of the first lie; those of the others follow. */
export const REST_WORDS = 0;
/** u16 for each ribbon, and u8, as above. */
export const REST_BLOCKS = 4;
export const REST_SEEDS = 10;
export const REST_SIZE = 16;

/** Exact for whatever passes the first filter. An exact ribbon has one column. */
export const FLAGGED_EXACT = 0;
export const SUSPENDED_FILTER = 1;
export const SUSPENDED_EXACT = 2;
export const REST_RIBBONS = 3;

/** A filter with more columns than this is never worth it: one in 65,536 passes. */
export const MAX_COLUMNS = 16;
/** Zero bytes at the end: a look-up reads a block and the next, and reads only zeros of the last one's next. */
export const BODY_PADDING = MAX_COLUMNS * 8;

/** Seconds in a month: a twelfth of the mean Gregorian year. */
export const PERIOD_SECONDS = 2629746;
/** The last period (in the year 2311) holds every credential that expires later or never. */
export const MAX_PERIOD = 4095;

/** One credential of the universe, as the builder reads it and the engine can be asked in bulk: */
/** 16 bytes */
export const RECORD_CTI = 0;
/** u32, `expires` divided by PERIOD_SECONDS. */
export const RECORD_PERIOD = 16;
/** u32, Status.GOOD, REVOKED or SUSPENDED. */
export const RECORD_STATUS = 20;
export const RECORD_SIZE = 24;

/** Bytes of a credential id. One of another length is outside every universe. */
export const CTI_SIZE = 16;
