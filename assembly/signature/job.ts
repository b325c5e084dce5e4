/**
 * One signature to check: the unit the signature stage works on, in arrays. Several jobs may share a message.
 * Messages and signatures are read-only.
 */
@unmanaged
export class Job {
  /** Slot of the key (known issuer keys), or address of the raw public key (keys seen once). */
  key: usize;
  /** 64 bytes: R || S, or r || s. */
  signature: usize;
  message: usize;
  /** Bytes of the message. */
  length: i32;
  /** Written by the verifier: 1 valid, 0 not. */
  valid: i32;
}

export const JOB_SIZE: usize = offsetof<Job>();
