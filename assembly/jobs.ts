import { Algorithm, RESULT_KEY } from "../src/abi/batch";
import { credentialAt, resultAt, setCode } from "./batch";
import { algorithmOf } from "./cose/algorithm";
import { Sign1 } from "./cose/sign1";
import { HolderProof } from "./credential/credential";
import { reserve } from "./memory";
import { Code } from "./result";
import { Job, JOB_SIZE, KnownJob, OnceJob } from "./signature/job";
import { verifyKnown, verifyOnce } from "./signature/verify";

/**
 * The signatures of the items in work, gathered to be checked together: those of issuers by keys that are known, those
 * of holders by keys that are seen once. A queue that is full is checked at once.
 */

const ALGORITHMS: i32 = 3;
const MAX_JOBS: i32 = 1024;
export const SIGNATURE_LENGTH: i32 = 64;

/** Jobs by one algorithm, and the item that each is of. */
@unmanaged
class Queue {
  count: i32;
  jobs: usize;
  items: usize;
}

const QUEUE_SIZE: usize = offsetof<Queue>();
const KNOWN: usize = createQueues();
const ONCE: usize = createQueues();

function createQueues(): usize {
  const queues = reserve(<usize>ALGORITHMS * QUEUE_SIZE);
  for (let algorithm = 1; algorithm <= ALGORITHMS; algorithm++) {
    const queue = queueOf(queues, algorithm);
    queue.jobs = reserve(<usize>MAX_JOBS * JOB_SIZE);
    queue.items = reserve(<usize>MAX_JOBS * sizeof<u32>());
  }
  return queues;
}

// @ts-ignore: decorator
@inline
function queueOf(queues: usize, algorithm: i32): Queue {
  return changetype<Queue>(queues + <usize>(algorithm - 1) * QUEUE_SIZE);
}

/** Ask whether the trusted key in `slot` signed this message of `item`. If it did, the item's code becomes VALID. */
export function queueKnown(algorithm: Algorithm, slot: i32, message: Sign1, item: i32): void {
  const queue = queueOf(KNOWN, algorithm);
  if (queue.count == MAX_JOBS) flushKnown(algorithm);
  changetype<KnownJob>(add(queue, message, item)).slot = slot;
}

/** Ask whether the holder signed, where the credential of `item` asks for that. If he did, it is HELD. */
export function queueHolder(item: i32): void {
  const credential = credentialAt(item);
  if (credential.holder != HolderProof.ASKED) return;
  const message = changetype<Sign1>(credential.holderMessage);
  if (message.signatureLength != SIGNATURE_LENGTH) return;
  const algorithm = algorithmOf(message.algorithm);
  const queue = queueOf(ONCE, algorithm);
  if (queue.count == MAX_JOBS) flushOnce(algorithm);
  changetype<OnceJob>(add(queue, message, item)).publicKey = credential.holderKey;
}

/** Check all that is queued. */
export function flushAllJobs(): void {
  for (let algorithm = 1; algorithm <= ALGORITHMS; algorithm++) {
    flushKnown(algorithm);
    flushOnce(algorithm);
  }
}

/** Enter a signature of 64 bytes; returns the job, whose key is the caller's to set. */
function add(queue: Queue, message: Sign1, item: i32): usize {
  const index = <usize>queue.count;
  queue.count++;
  store<u32>(queue.items + (index << 2), <u32>item);
  const job = changetype<Job>(queue.jobs + index * JOB_SIZE);
  job.signature = message.signature;
  job.message = message.toBeSigned;
  job.length = message.toBeSignedLength;
  job.valid = 0;
  return changetype<usize>(job);
}

function flushKnown(algorithm: Algorithm): void {
  const queue = queueOf(KNOWN, algorithm);
  const count = queue.count;
  if (count == 0) return;
  queue.count = 0;
  verifyKnown(algorithm, queue.jobs, count);
  for (let i: usize = 0; i < <usize>count; i++) {
    const job = changetype<KnownJob>(queue.jobs + i * JOB_SIZE);
    if (job.valid != 1) continue;
    const item = load<i32>(queue.items + (i << 2));
    setCode(item, Code.VALID);
    store<u16>(resultAt(item), <u16>job.slot, RESULT_KEY);
  }
}

function flushOnce(algorithm: Algorithm): void {
  const queue = queueOf(ONCE, algorithm);
  const count = queue.count;
  if (count == 0) return;
  queue.count = 0;
  verifyOnce(algorithm, queue.jobs, count);
  for (let i: usize = 0; i < <usize>count; i++) {
    if (changetype<Job>(queue.jobs + i * JOB_SIZE).valid != 1) continue;
    credentialAt(load<i32>(queue.items + (i << 2))).holder = HolderProof.HELD;
  }
}
