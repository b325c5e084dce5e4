import { sm3 } from "../hash/sm3";
import * as ecdsa from "../signature/ecdsa";
import * as sm2 from "../signature/sm2";

export { sm3 };

export function ecdsaIsAcceptableKey(publicKey: usize): bool {
  return ecdsa.isAcceptableKey(publicKey);
}
export function ecdsaLoadKnownKey(slot: i32, publicKey: usize): bool {
  return ecdsa.loadKnownKey(slot, publicKey);
}
export function ecdsaVerifyKnown(jobs: usize, count: i32): void {
  ecdsa.verifyKnown(jobs, count);
}
export function ecdsaVerifyOnce(jobs: usize, count: i32): void {
  ecdsa.verifyOnce(jobs, count);
}
export function ecdsaVerifyDigestsKnown(jobs: usize, count: i32): void {
  ecdsa.verifyDigestsKnown(jobs, count);
}
export function ecdsaVerifyDigestsOnce(jobs: usize, count: i32): void {
  ecdsa.verifyDigestsOnce(jobs, count);
}
export function sm2IsAcceptableKey(publicKey: usize): bool {
  return sm2.isAcceptableKey(publicKey);
}
export function sm2LoadKnownKey(slot: i32, publicKey: usize): bool {
  return sm2.loadKnownKey(slot, publicKey);
}
export function sm2VerifyKnown(jobs: usize, count: i32): void {
  sm2.verifyKnown(jobs, count);
}
export function sm2VerifyOnce(jobs: usize, count: i32): void {
  sm2.verifyOnce(jobs, count);
}
export function sm2VerifyDigestsKnown(jobs: usize, count: i32): void {
  sm2.verifyDigestsKnown(jobs, count);
}
export function sm2VerifyDigestsOnce(jobs: usize, count: i32): void {
  sm2.verifyDigestsOnce(jobs, count);
}
