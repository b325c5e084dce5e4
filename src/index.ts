export { Verifier, type VerifierOptions, type VerifierStats } from "./engine/verifier.js";
export type { StatusSource } from "./engine/state.js";
export { readPolicy, PolicyError, type PolicyTable } from "./policy/policy.js";
export { Code } from "./format/code.js";
export { StatusError } from "./format/status-error.js";
export { TrustError } from "./format/trust-list.js";
export type { CodeName, Outcome, StatusName, TierName, Verdict, VerifyRequest } from "./format/verdict.js";
