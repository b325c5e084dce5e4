import { Algorithm } from "../src/abi/batch";
import { reserve } from "./memory";
import { OnceJob } from "./signature/job";
import { verifyOnce } from "./signature/verify";

/** Signatures of the control plane: trust lists and snapshots are checked by the same code as credentials. */

let buffer: usize = 0;
let capacity: usize = 0;
const JOB: usize = memory.data(offsetof<OnceJob>());

/** Address of at least `bytes` bytes for the host's own use, valid until the next call. */
export function controlBuffer(bytes: usize): usize {
  if (bytes > capacity) {
    // Regions are never freed: growing by doubling bounds what is left behind to the size in use.
    capacity = max(bytes, capacity * 2);
    buffer = reserve(capacity);
  }
  return buffer;
}

/** Does `signature` (64 bytes) by `publicKey` (raw) hold over the message? */
export function checkSignature(
  algorithm: Algorithm,
  publicKey: usize,
  signature: usize,
  message: usize,
  length: i32,
): bool {
  const job = changetype<OnceJob>(JOB);
  job.publicKey = publicKey;
  job.signature = signature;
  job.message = message;
  job.length = length;
  job.valid = 0;
  verifyOnce(algorithm, JOB, 1);
  return job.valid == 1;
}
