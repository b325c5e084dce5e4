import type { Code } from "../abi/code.js";
import type { NameMatch } from "./names/compare.js";

export type Outcome = "accepted" | "refused" | "undetermined";
export type CodeName = keyof typeof Code;
export type TierName = "lite" | "full";
/** What decided the status: the issuer's snapshot, a delta on top of it, or a Token Status List. */
export type StatusSourceName = "snapshot" | "delta" | "list";
export type StatusName = "good" | "revoked" | "suspended" | "not-covered" | "stale" | "unchecked";
/** A static card, a credential that its holder's phone shows, or one that should have been shown so. */
export type FormatName = "claim169" | "presentation" | "sd-cwt";
/** The algorithm as the credential's protected header named its family: one name per key type. */
export type AlgorithmName = "EdDSA" | "ES256" | "SM2";

/** Nobody was asked; or whoever goes by the claims of one server, one station, the nation. */
export type ReplayScope = "unchecked" | "gate" | "station" | "nation";

/** A claim's value as JSON can carry it; byte strings are base64url. */
export type ClaimValue = string | number | boolean | null | ClaimValue[] | { [key: string]: ClaimValue };

/** What is said of one QR text (contract §6). Fields that could not be read are absent. */
export interface Verdict {
  outcome: Outcome;
  code: CodeName;
  /** Of BUSY: when to ask again, in milliseconds; absent where that would not help for a while. */
  retryAfterMs?: number;
  format?: FormatName;
  alg?: AlgorithmName;
  /** Key id in lower-case hex. */
  kid?: string;
  issuer?: string;
  tier?: TierName;
  status?: StatusName;
  statusSource?: StatusSourceName;
  /** Epoch of the issuer's status snapshot, where the verdict rests on one. */
  epoch?: number;
  /** Seconds since 1970-01-01T00:00:00Z, both: the card's claims 5 and 4. */
  notBefore?: number;
  expires?: number;
  /** Of a presentation: how far was asked whether it had been shown before. */
  replay?: ReplayScope;
  /** How a card that is otherwise good compares with what was expected, where that was asked. */
  matches?: Matches;
  /** Claim 169 by key, only when asked for and only of accepted cards. */
  claims?: Record<string, ClaimValue>;
}

/** Of an expected number and name, each where it was asked. */
export interface Matches {
  id?: boolean;
  /** `review`: variants of one name, as far as can be told; for a person to decide. */
  name?: NameMatch;
}

/** Whose card it must be: what the relying party holds of its customer. */
export interface Expected {
  /** Of the identity card: claim 169, key 1. */
  id?: string;
  /** Claim 169, key 4. */
  name?: string;
}

/** What a relying party asks of a card. */
export interface VerifyRequest {
  purpose?: string;
  /** GB/T 2260 code, 6 digits. */
  region?: string;
  /** Who asks, by the name that a presentation is made for. */
  audience?: string;
  /** What the gate shows to the phone, and a presentation must have signed. */
  nonce?: string;
  /** The gate's own number of the scan: asked again by it, the same text gets the same verdict, and never REPLAYED. */
  scan?: string;
  /** Moment of the check; now when absent. */
  at?: Date;
  /** When a presentation was captured, of a book of them: its freshness is judged by then, all else by the clock. */
  captured?: Date;
  /** Return the claims of accepted cards. */
  claims?: boolean;
  /** Compare name and number; tells nothing of them but whether they are the card's. */
  expect?: Expected;
}
