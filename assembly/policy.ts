import {
  CONTEXT_AT,
  CONTEXT_AUDIENCE_LENGTH,
  CONTEXT_DATE,
  CONTEXT_EXPECT,
  CONTEXT_FLAG_PRESENTATION_REQUIRED,
  CONTEXT_FLAG_PURPOSE_REFUSED,
  CONTEXT_FLAG_REGION_REFUSED,
  CONTEXT_FLAGS,
  CONTEXT_CAPTURED,
  CONTEXT_FLAG_CAPTURED,
  CONTEXT_FRESHNESS,
  CONTEXT_MIN_AGE,
  CONTEXT_MIN_TIER,
  CONTEXT_NONCE_LENGTH,
  CONTEXT_PURPOSE_LENGTH,
  CONTEXT_SKEW,
  Format,
  RESULT_EPOCH,
  RESULT_KEY,
  RESULT_STATUS_SOURCE,
  RESULT_TIER_AND_STATUS,
  Status,
  StatusSource,
} from "../src/abi/batch";
import { valueUnder } from "./cbor/cbor";
import { Credential, HolderProof } from "./credential/credential";
import { contextAt, contextTexts, credentialAt, isClockWrong, resultAt, setCode, trustMoment } from "./batch";
import { Presentation } from "./credential/presentation";
import { codeOfExpected } from "./expected";
import { Code } from "./result";
import { goesWithoutStatus, statusEpoch, statusOfCredential, statusSource } from "./status/status";
import { keyIssuer, keyPromisesStatus, keyTrustUntil } from "./trust";

/** Claim 169, key 8. */
const DATE_OF_BIRTH: i64 = 8;

/** Status and policy of a genuine credential. */
export function judge(item: i32): void {
  const result = resultAt(item);
  const context = contextAt(item);
  const credential = credentialAt(item);
  if (credential.holder == HolderProof.ASKED) return setCode(item, Code.BAD_HOLDER_SIGNATURE);
  // It could be cut out of a presentation that somebody scanned: whatever else is the case, this is not how it is shown.
  if (credential.format == Format.SD_CWT) return setCode(item, Code.PRESENTATION_REQUIRED);
  const key = <i32>load<u16>(result, RESULT_KEY);
  const issuer = keyIssuer(key);
  const moment = trustMoment(context);
  let status = statusOfCredential(issuer, credential, moment);
  const source = statusSource();
  const promised = keyPromisesStatus(key) || credential.namesStatus;
  let code = codeOfStatus(status, promised);
  if ((code == Code.VALID || code == Code.STATUS_STALE) && isClockWrong(context)) code = Code.CLOCK_WRONG;
  if (code == Code.VALID) code = codeOfPolicy(credential, context);
  // Who vouches for the key has not said for how much longer: what was good when it last did is not known to be so now.
  if (code == Code.VALID && moment >= keyTrustUntil(key)) {
    code = Code.STATUS_STALE;
    status = Status.STALE;
  }
  if (code == Code.VALID && load<u8>(context, CONTEXT_EXPECT) != 0) code = codeOfExpected(item, credential, context);
  store<u8>(result, <u8>(credential.tier | (status << 4)), RESULT_TIER_AND_STATUS);
  store<u8>(result, <u8>source, RESULT_STATUS_SOURCE);
  if (source != StatusSource.LIST) store<u32>(result, statusEpoch(issuer), RESULT_EPOCH);
  setCode(item, code);
}

function codeOfStatus(status: Status, promised: bool): Code {
  if (status == Status.REVOKED) return Code.REVOKED;
  if (status == Status.SUSPENDED) return Code.SUSPENDED;
  if (status == Status.NOT_COVERED) return Code.STATUS_NOT_COVERED;
  if (status == Status.STALE) return Code.STATUS_STALE;
  if (status == Status.UNCHECKED && promised && !goesWithoutStatus()) return Code.STATUS_UNKNOWN;
  return Code.VALID;
}

function codeOfPolicy(credential: Credential, context: usize): Code {
  const at = load<i64>(context, CONTEXT_AT);
  // RFC 7519 section 4.1.4, which RFC 8392 takes over: on or after exp the token must not be accepted.
  if (at < credential.notBefore) return Code.NOT_YET_VALID;
  if (at >= credential.expires) return Code.EXPIRED;
  const flags = load<u8>(context, CONTEXT_FLAGS);
  if (credential.tier < <i32>load<u8>(context, CONTEXT_MIN_TIER)) return Code.TIER_TOO_LOW;
  if (flags & CONTEXT_FLAG_PURPOSE_REFUSED) return Code.PURPOSE_NOT_ACCEPTED;
  if (flags & CONTEXT_FLAG_REGION_REFUSED) return Code.REGION_NOT_ACCEPTED;
  const minAge = load<u8>(context, CONTEXT_MIN_AGE);
  // Dates as YYYYMMDD: the difference of two, divided by 10,000, is the age in full years. No date, no proof of age.
  if (minAge > 0) {
    const today = load<u32>(context, CONTEXT_DATE);
    const born = credential.dateOfBirth;
    if (isHidden(credential, DATE_OF_BIRTH)) return Code.CLAIM_NOT_DISCLOSED;
    if (born == 0 || born > today || (today - born) / 10000 < <u32>minAge) return Code.UNDER_AGE;
  }
  if (credential.format == Format.PRESENTATION) return codeOfPresentation(credential, context);
  return flags & CONTEXT_FLAG_PRESENTATION_REQUIRED ? Code.PRESENTATION_REQUIRED : Code.VALID;
}

/** Does a presentation not show this claim of 169? What a static card has not, it cannot show. */
function isHidden(credential: Credential, claim: i64): bool {
  if (credential.format != Format.PRESENTATION) return false;
  return valueUnder(credential.identity, credential.identity + <usize>credential.identityLength, claim) == 0;
}

/** For whom and when a presentation was made, and the number that was to be signed with it (contract section 3). */
function codeOfPresentation(credential: Credential, context: usize): Code {
  const token = changetype<Presentation>(credential.holderMessage);
  if (!isAudience(context, token.audience, token.audienceLength)) return Code.WRONG_AUDIENCE;
  const cardAudience = token.cardAudience;
  if (cardAudience != 0 && !isAudience(context, cardAudience, token.cardAudienceLength)) return Code.WRONG_AUDIENCE;
  const moment =
    load<u8>(context, CONTEXT_FLAGS) & CONTEXT_FLAG_CAPTURED
      ? load<i64>(context, CONTEXT_CAPTURED)
      : trustMoment(context);
  const issuedAt = token.issuedAt;
  if (issuedAt < moment - <i64>load<u16>(context, CONTEXT_FRESHNESS)) return Code.PRESENTATION_STALE;
  if (issuedAt > moment + <i64>load<u16>(context, CONTEXT_SKEW)) return Code.PRESENTATION_STALE;
  if (moment >= token.expires) return Code.PRESENTATION_STALE;
  const audiences =
    <usize>load<u16>(context, CONTEXT_AUDIENCE_LENGTH) + <usize>load<u16>(context, CONTEXT_PURPOSE_LENGTH);
  const nonce = contextTexts(context) + audiences;
  const nonceLength = <i32>load<u16>(context, CONTEXT_NONCE_LENGTH);
  if (nonceLength > 0 && !areEqual(nonce, nonceLength, token.nonce, token.nonceLength)) return Code.PRESENTATION_STALE;
  return Code.VALID;
}

/** Is this the audience that was asked for, or the purpose as one? Where neither was, nothing is. */
function isAudience(context: usize, text: usize, length: i32): bool {
  const own = contextTexts(context);
  const ownLength = <i32>load<u16>(context, CONTEXT_AUDIENCE_LENGTH);
  const purposeLength = <i32>load<u16>(context, CONTEXT_PURPOSE_LENGTH);
  if (ownLength > 0 && areEqual(own, ownLength, text, length)) return true;
  return purposeLength > 0 && areEqual(own + <usize>ownLength, purposeLength, text, length);
}

function areEqual(a: usize, aLength: i32, b: usize, bLength: i32): bool {
  return aLength == bLength && memory.compare(a, b, aLength) == 0;
}
