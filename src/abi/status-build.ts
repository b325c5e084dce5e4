/**
 * What the snapshot builder's threads exchange with its WebAssembly module. Compiles both as TypeScript and as
 * AssemblyScript.
 */

/** Records handled at once: 1.5 MiB. */
export const CHUNK_RECORDS = 65536;

/** What a pass over a chunk finds: u64 hash of the credential id, u32 period, u32 Status. */
export const EMITTED_HASH = 0;
export const EMITTED_PERIOD = 8;
export const EMITTED_STATUS = 12;
export const EMITTED_SIZE = 16;

/** Flagged credentials to a shard, on average: the larger, the harder its equations are to solve in little space. */
export const SHARD_FLAGGED = 4096;
/** Most hashes of one shard. */
export const SHARD_HASHES = 131072;
