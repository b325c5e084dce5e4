import type { Tier } from "../abi/batch.js";

/** Why the authority would not do something: a code, and what happened. Whoever shows it to people writes the sentence. */
export type AuthorityFault =
  | { code: "ALREADY_INITIALISED" | "NOT_INITIALISED"; data: string }
  | StoreFault
  /** Somebody else is at the same work, and did not end it in time. */
  | { code: "STORE_BUSY"; seconds: number; holder?: StoreHolder }
  | { code: "KEY_UNAVAILABLE"; is: "readable-by-others" | "another"; file: string }
  | { code: "KEY_UNAVAILABLE"; is: "unreadable"; file: string; why: string }
  | { code: "KEY_UNAVAILABLE"; is: "unknown"; use: string }
  | { code: "BAD_ADDRESS"; address: string }
  | { code: "INVALID_PERSON"; is: Ineligible; name: string }
  /** What is kept of a person cannot be signed. */
  | { code: "INVALID_PERSON"; is: "kept"; idNumber: string; faults: readonly string[] }
  | { code: "ALREADY_ENROLLED"; idNumber: string; state: "good" | "suspended" }
  | { code: "NOT_FOUND"; reference: string }
  /** `action` needs a card in one of the states `from`. */
  | { code: "WRONG_STATE"; is: "not-in"; action: CardAction; from: readonly string[]; state: string; reason?: string }
  | { code: "WRONG_STATE"; is: "not-lite"; tier: Tier; state: string }
  | { code: "WRONG_STATE"; is: "being-issued" | "no-snapshot" }
  /** The card was changed while the one that was to replace it was made. */
  | { code: "WRONG_STATE"; is: "changed-meanwhile"; state: string }
  | { code: "ISSUING_FAILED"; is: "not-released"; why: string }
  /** A status snapshot already answers for the time of issue. */
  | { code: "ISSUING_FAILED"; is: "answered-for" }
  /** What would be published is not newer than what is. */
  | { code: "WOULD_GO_BACK"; file: string; epoch: number; next: number }
  | { code: "CANNOT_PUBLISH"; path: string; why: string };

/** Why a person cannot be given a card, whatever cards there are. */
const INELIGIBLE = [
  "under-age",
  /** A card that is presented needs a key to present it with. */
  "no-holder-key",
  /** More than there are hashes in a presentable card. */
  "too-many-claims",
  /** The proof is not by the holder's key, for this authority and this number, or too old. */
  "bad-proof",
] as const;
export type Ineligible = (typeof INELIGIBLE)[number];

export function isIneligible(why: string): why is Ineligible {
  return INELIGIBLE.some((one) => one === why);
}

export type StoreFault = { code: "STORE_UNAVAILABLE" } & (
  | { is: "closed-folder"; folder: string; why: string }
  | { is: "unreachable"; why: string; log?: string }
  | { is: "not-the-owner"; account: string; why: string }
  /** Of the embedded server. */
  | { is: "no-sockets" | "no-account" | "does-not-run" }
  | { is: "not-ready"; folder: string; log: string }
  | { is: "not-started"; folder: string; log: string; why: string }
  | { is: "not-made"; folder: string; why: string }
  | { is: "not-installed"; package: string }
);

/** A session of PostgreSQL. */
export interface StoreHolder {
  session: number;
  application: string;
  seconds: number;
}

export type AuthorityErrorCode = AuthorityFault["code"];

export type CardAction = "revoke" | "suspend" | "reinstate";

/** Its message is the code: what happened may name people, and is not for logs. */
export class AuthorityError extends Error {
  override readonly name = "AuthorityError";
  constructor(readonly fault: AuthorityFault) {
    super(fault.code);
  }

  get code(): AuthorityErrorCode {
    return this.fault.code;
  }
}
