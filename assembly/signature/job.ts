/**
 * One signature to check: the unit the signature stage works on, in arrays. Several jobs may share a message.
 * Messages and signatures are read-only.
 */
@unmanaged
export class Job {
  /** 64 bytes: R || S, or r || s. */
  signature: usize;
  message: usize;
  /** Bytes of the message. */
  length: i32;
  /** Written by the verifier: 1 valid, 0 not. */
  valid: i32;
}

/** By a key that is loaded: an issuer's. */
@unmanaged
export class KnownJob extends Job {
  slot: i32;
}

/** By a key that is seen once: a holder's. */
@unmanaged
export class OnceJob extends Job {
  /** Its raw bytes: 32, or 64 for x || y. */
  publicKey: usize;
}

/** Of either kind. */
export const JOB_SIZE: usize = offsetof<KnownJob>();
assert(offsetof<OnceJob>() == JOB_SIZE);
