export type { Verdict, VerifyRequest, Outcome, CodeName, TierName, StatusName } from "./format/verdict.js";
export { Code } from "./format/code.js";
