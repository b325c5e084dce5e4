/** One message to hash among several: what sha512Many and sha256Many take, in an array. */
@unmanaged
export class HashJob {
  prefix: usize;
  /** 0..128 bytes. */
  prefixLength: i32;
  message: usize;
  length: i32;
  /** Where the digest goes: 64 or 32 bytes. */
  digest: usize;
}

export const HASH_JOB_SIZE: usize = offsetof<HashJob>();
