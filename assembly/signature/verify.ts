import { Algorithm } from "../../src/abi/batch";
import * as ecdsa from "./ecdsa";
import * as ed25519 from "./ed25519";
import * as sm2 from "./sm2";

/** The one place that knows which module serves which algorithm. */

/** Check a public key and prepare it under `slot`; false if it must never be trusted. */
export function loadKnownKey(algorithm: Algorithm, slot: i32, publicKey: usize): bool {
  if (algorithm == Algorithm.ED25519) return ed25519.loadKnownKey(slot, publicKey);
  if (algorithm == Algorithm.P256) return ecdsa.loadKnownKey(slot, publicKey);
  if (algorithm == Algorithm.SM2) return sm2.loadKnownKey(slot, publicKey);
  return false;
}

/** Decide `count` jobs by known keys. */
export function verifyKnown(algorithm: Algorithm, jobs: usize, count: i32): void {
  if (algorithm == Algorithm.ED25519) ed25519.verifyKnown(jobs, count);
  else if (algorithm == Algorithm.P256) ecdsa.verifyKnown(jobs, count);
  else if (algorithm == Algorithm.SM2) sm2.verifyKnown(jobs, count);
}

/** Decide `count` jobs by keys that are seen once; a key that is not acceptable makes a job invalid. */
export function verifyOnce(algorithm: Algorithm, jobs: usize, count: i32): void {
  if (algorithm == Algorithm.ED25519) ed25519.verifyOnce(jobs, count);
  else if (algorithm == Algorithm.P256) ecdsa.verifyOnce(jobs, count);
  else if (algorithm == Algorithm.SM2) sm2.verifyOnce(jobs, count);
}
