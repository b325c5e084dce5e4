import { Format } from "../../src/abi/batch";
import { Sign1 } from "../cose/sign1";

/** What stands in for the holder of a credential. */
export enum HolderProof {
  /** Nothing: whoever has the QR shows it. */
  NONE,
  /** A signature that is still to be checked, or does not hold. */
  ASKED,
  /** A signature that holds. */
  HELD,
}

/**
 * A credential as the parser leaves it for the stages after: its issuer's message, and the claims in there. Addresses
 * into the inflated bytes, nothing copied. An address is 0 and a length 0 where the field is absent.
 */
@unmanaged
export class Credential extends Sign1 {
  /** Claim 1. */
  issuer: usize;
  issuerLength: i32;
  /** Claim 4, seconds since 1970; i64.MAX_VALUE where absent. */
  expires: i64;
  /** Claim 5; i64.MIN_VALUE where absent. */
  notBefore: i64;
  /** Claim 6; i64.MIN_VALUE where absent. */
  issuedAt: i64;
  /** Claim 7. */
  cti: usize;
  ctiLength: i32;
  /** Claim 8, the holder's COSE_Key (RFC 8747 section 3.2), as encoded. */
  confirmationKey: usize;
  confirmationKeyLength: i32;
  /** Claim 65535, index into a Token Status List; -1 where absent. */
  statusIndex: i64;
  statusUri: usize;
  statusUriLength: i32;
  /** Claim 169: the map itself, unwrapped where it came as a byte string. */
  identity: usize;
  identityLength: i32;
  /** Claim 169 key 75, a Tier of src/abi/batch.ts; 0 where absent. */
  tier: i32;
  /** Claim 169 key 8 as YYYYMMDD; 0 where absent or not a date. */
  dateOfBirth: u32;
  /** Claim 65535 names something that tells the status, whatever its kind. */
  namesStatus: bool;
  /** What kind of QR it is: a Format of src/abi/batch.ts. */
  format: Format;
  /** Is a signature of the holder's asked for, and does it hold? */
  holder: HolderProof;
  /** Where it is: what the holder signed, a Sign1 in the arena, and the raw public key that cnf says is his. */
  holderMessage: usize;
  holderKey: usize;
}

export const CREDENTIAL_SIZE: usize = (offsetof<Credential>() + 7) & ~7;

/** Forget the card before: every field absent. */
export function clearCredential(credential: Credential): void {
  const start = changetype<usize>(credential);
  for (let offset: usize = 0; offset < CREDENTIAL_SIZE; offset += 8) store<u64>(start + offset, 0);
  credential.expires = i64.MAX_VALUE;
  credential.notBefore = i64.MIN_VALUE;
  credential.issuedAt = i64.MIN_VALUE;
  credential.statusIndex = -1;
}
