export { Verifier, type VerifierOptions, type VerifierStats } from "./engine/verifier.js";
export type { Refusal, VerifierEvent } from "./engine/control-plane.js";
export type { Fault, FaultCode, Health, StatusHealth } from "./engine/health.js";
export { StateError } from "./engine/state-folder.js";
export type { StatusSource } from "./engine/status-files.js";
export { readPolicy, PolicyError, type PolicyTable } from "./policy/policy.js";
export { diagnose } from "./engine/damage.js";
export type { Damage, Diagnosis } from "./format/damage/damage.js";
export { type DamageSentence, sentenceOf } from "./format/damage/sentences.js";
export { SENTENCES_EN, type Sentence } from "./format/sentences.en.js";
export { Code } from "./abi/code.js";
export { OptionsError } from "./format/options.js";
export { RequestError } from "./format/wire/request.js";
export { StatusError } from "./format/status/error.js";
export { TrustError, type TrustWarning } from "./format/trust/trust-list.js";
export type {
  CodeName,
  Expected,
  Matches,
  Outcome,
  StatusName,
  TierName,
  Verdict,
  VerifyRequest,
} from "./format/verdict.js";
