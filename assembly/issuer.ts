import { Algorithm, NO_KEY, RESULT_KEY } from "../src/abi/batch";
import { MAX_KEYS_TRIED } from "../src/abi/limits";
import { codeOf, contextAt, credentialAt, isClockWrong, resultAt, setCode, trustMoment } from "./batch";
import { Code } from "./result";
import { queueKnown, SIGNATURE_LENGTH } from "./jobs";
import { algorithmOf } from "./cose/algorithm";
import { findKeys, keyAlgorithm, keyIsNameless, keyMaySign, keyNotAfter, keyNotBefore, nextKey } from "./trust";

/** Which trusted keys may have signed an item; their signatures are queued, and checked together. */

/** The keys of one item whose signature can still tell. */
const candidates: usize = memory.data(MAX_KEYS_TRIED * 2, 2);

/** Find the keys that may have signed an item and queue a signature check for each; or set the code. */
export function collectJobs(item: i32): void {
  const context = contextAt(item);
  const credential = credentialAt(item);
  const algorithm = algorithmOf(credential.algorithm);
  const moment = trustMoment(context);
  const clockWrong = isClockWrong(context);
  const named = credential.kidLength != 0;
  let refusal: Code = Code.UNKNOWN_ISSUER;
  let count = 0;
  findKeys(credential.kid, credential.kidLength);
  for (let key = nextKey(); key >= 0; key = nextKey()) {
    // Where card or key has no kid the candidates are the keys that fit the algorithm (contract section 2).
    if ((!named || keyIsNameless(key)) && keyAlgorithm(key) != algorithm) continue;
    let code = refusalOf(key, algorithm, credential.tier, moment);
    // By a wrong clock no key is refused: a forged card is found out all the same.
    if (clockWrong && isOfTime(code)) code = refusalWithoutTime(key, credential.tier);
    if (code == Code.BAD_ISSUER_SIGNATURE) {
      if (count < MAX_KEYS_TRIED) store<u16>(candidates + ((<usize>count) << 1), <u16>key);
      count++;
    }
    if (progressOf(code) > progressOf(refusal)) {
      refusal = code;
      if (named) store<u16>(resultAt(item), <u16>key, RESULT_KEY);
    }
  }
  if (credential.signatureLength != SIGNATURE_LENGTH) return setCode(item, refusal);
  if (count > MAX_KEYS_TRIED) {
    // None is tried: which ones would be is not to decide whether a card is accepted.
    store<u16>(resultAt(item), NO_KEY, RESULT_KEY);
    return setCode(item, clockWrong ? Code.CLOCK_WRONG : Code.TOO_MANY_KEYS);
  }
  for (let i = 0; i < count; i++) queueKnown(algorithm, load<u16>(candidates + ((<usize>i) << 1)), credential, item);
  // A full queue may have been flushed meanwhile, and the item found valid.
  if (codeOf(item) == Code.UNVERIFIED) setCode(item, refusal);
}

/** Why `key` cannot have signed; BAD_ISSUER_SIGNATURE where only the signature can still tell. */
function refusalOf(key: i32, algorithm: Algorithm, tier: i32, moment: i64): Code {
  if (keyAlgorithm(key) != algorithm) return Code.ALGORITHM_MISMATCH;
  if (moment < keyNotBefore(key)) return Code.KEY_NOT_YET_VALID;
  if (moment > keyNotAfter(key)) return Code.KEY_EXPIRED;
  return refusalWithoutTime(key, tier);
}

function refusalWithoutTime(key: i32, tier: i32): Code {
  return keyMaySign(key, tier) ? Code.BAD_ISSUER_SIGNATURE : Code.TIER_NOT_ALLOWED_FOR_KEY;
}

function isOfTime(refusal: Code): bool {
  return refusal == Code.KEY_NOT_YET_VALID || refusal == Code.KEY_EXPIRED;
}

/** Where several keys are candidates, the refusal of the one that came furthest is reported. */
function progressOf(refusal: Code): i32 {
  if (refusal == Code.BAD_ISSUER_SIGNATURE) return 4;
  if (refusal == Code.TIER_NOT_ALLOWED_FOR_KEY) return 3;
  if (isOfTime(refusal)) return 2;
  if (refusal == Code.ALGORITHM_MISMATCH) return 1;
  return 0;
}
