import { Format } from "../../src/abi/batch";
import { allocate } from "../arena";
import { checkItem, endOf, finishItem, Keys, NO_INTEGER, readKey, valueUnder } from "../cbor/cbor";
import { ARRAY, BYTES, Cursor, CURSOR_SIZE, MAP, TAG, TEXT, UNSIGNED } from "../cbor/cursor";
import { CWT_CLAIMS, Form, KCWT, readSign1, SD_AEAD_CLAIMS, SD_ALG, SD_CLAIMS, TYP } from "../cose/cose";
import { Sign1 } from "../cose/sign1";
import { Code } from "../result";
import { readHolderKey } from "./cosekey";
import { Credential, HolderProof } from "./credential";
import { numericDate, readClaimsMap } from "./cwt";
import { readDisclosedClaims, readNoDisclosures } from "./redacted";

/**
 * What a holder's phone shows: a key binding token (KBT) around an SD-CWT (draft-ietf-spice-sd-cwt-07, sections 7 to 9).
 * Everything that needs neither a key nor the moment is checked here.
 */

/** The token: what the holder has signed. A date is absent by the values that Credential has for it. */
@unmanaged
export class Presentation extends Sign1 {
  /** Claim 3. */
  audience: usize;
  audienceLength: i32;
  /** Claim 3 of the credential; 0 where it has none. */
  cardAudience: usize;
  cardAudienceLength: i32;
  /** Claims 4, 5 and 6. */
  expires: i64;
  notBefore: i64;
  issuedAt: i64;
  /** Claim 7. */
  cti: usize;
  ctiLength: i32;
  /** Claim 39, cnonce. */
  nonce: usize;
  nonceLength: i32;
}

/** What a message says that it is (RFC 9596). */
export enum Type {
  NONE,
  /** A key binding token. */
  KB_CWT,
  SD_CWT,
}

const AUDIENCE: i64 = 3;
const KB_CWT: u64 = 294;
const SD_CWT: u64 = 293;
const KB_CWT_NAME: usize = memory.data<u8>([
  0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x6b, 0x62, 0x2b, 0x63, 0x77, 0x74,
]); // "application/kb+cwt"
const SD_CWT_NAME: usize = memory.data<u8>([
  0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61, 0x74, 0x69, 0x6f, 0x6e, 0x2f, 0x73, 0x64, 0x2d, 0x63, 0x77, 0x74,
]); // "application/sd-cwt"
const SD_CWT_SUFFIX: usize = memory.data<u8>([0x2b, 0x73, 0x64, 0x2d, 0x63, 0x77, 0x74]); // "+sd-cwt"
const SHA_256: i64 = -16;

/** Floats count whole seconds no further (section 6.2). */
const LARGEST_FLOAT: f64 = 9007199254740992.0;

const head = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const claims = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
let hasKcwt: bool = false;

/**
 * The type by which these bytes, which nobody has checked, are to be read: that of a KBT where their protected header says
 * so or has a kcwt, that of an SD-CWT where it says so; else NONE.
 */
export function typeOf(src: usize, length: i32): Type {
  head.open(src, src + <usize>length);
  let tags = 0;
  do {
    if (!head.readHead()) return Type.NONE;
  } while (head.major == TAG && tags++ < 3);
  if (head.major != ARRAY || !head.readHead() || head.major != BYTES) return Type.NONE;
  if (head.argument > <u64>(head.limit - head.position)) return Type.NONE;
  const start = head.position;
  const type = typeInHeader(start, start + <usize>head.argument);
  return hasKcwt ? Type.KB_CWT : type;
}

/** See recognise.ts. BAD_DISCLOSURE comes before what only signatures and the moment tell. */
export function readPresentation(src: usize, length: i32, out: Credential): Code {
  out.format = Format.PRESENTATION;
  const token = newPresentation();
  let code = readSign1(src, length, token, Form.KEY_BINDING_TOKEN);
  if (code != Code.VALID) return code;
  const header = token.header + <usize>token.headerLength;
  const kcwt = valueUnder(token.header, header, KCWT);
  if (kcwt == 0 || typeInHeader(token.header, header) != Type.KB_CWT) return Code.BAD_COSE;
  if (valueUnder(token.header, header, CWT_CLAIMS) != 0) return Code.BAD_COSE;
  code = readTokenClaims(token);
  if (code != Code.VALID) return code;
  code = readSdCwt(kcwt, <i32>(endOf(kcwt, header) - kcwt), out);
  if (code != Code.VALID) return code;
  if (!readCardAudience(out, token)) return Code.BAD_CWT;
  code = readHolderKey(out, token.algorithm);
  if (code != Code.VALID) return code;
  if (!doDatesAgree(token, out)) return Code.BAD_CWT;
  out.holder = HolderProof.ASKED;
  out.holderMessage = changetype<usize>(token);
  return readDisclosed(out);
}

/** An SD-CWT with nobody's signature that he shows it: its own claims are read, and none of what it discloses. */
export function readBareSdCwt(src: usize, length: i32, out: Credential): Code {
  const code = readSdCwt(src, length, out);
  out.format = Format.SD_CWT;
  if (code != Code.VALID) return code;
  return readNoDisclosures(out);
}

function newPresentation(): Presentation {
  const record = allocate(offsetof<Presentation>());
  memory.fill(record, 0, offsetof<Presentation>());
  const token = changetype<Presentation>(record);
  token.expires = i64.MAX_VALUE;
  token.notBefore = i64.MIN_VALUE;
  token.issuedAt = i64.MIN_VALUE;
  return token;
}

/** What the map of a header says under typ; whether it has a kcwt is in `hasKcwt`. It may be anything. */
function typeInHeader(start: usize, limit: usize): Type {
  hasKcwt = false;
  let type = Type.NONE;
  head.open(start, limit);
  if (!head.readHead() || head.major != MAP) return type;
  for (let entries = head.argument; entries > 0; entries--) {
    const label = readKey(head);
    if (!head.readHead()) return type;
    if (label == KCWT) hasKcwt = true;
    else if (label == TYP) type = typeRead();
    finishItem(head);
  }
  return type;
}

/** A typ whose head was read last (RFC 9596): a CoAP Content-Format, or a media type. */
function typeRead(): Type {
  if (head.major == UNSIGNED)
    return head.argument == KB_CWT ? Type.KB_CWT : head.argument == SD_CWT ? Type.SD_CWT : Type.NONE;
  if (head.major != TEXT || head.argument > <u64>(head.limit - head.position)) return Type.NONE;
  const length = <usize>head.argument;
  const text = head.position;
  if (length == 18 && memory.compare(text, KB_CWT_NAME, 18) == 0) return Type.KB_CWT;
  if (length == 18 && memory.compare(text, SD_CWT_NAME, 18) == 0) return Type.SD_CWT;
  // section 5: a type of one's own that ends so
  return length >= 7 && memory.compare(text + length - 7, SD_CWT_SUFFIX, 7) == 0 ? Type.SD_CWT : Type.NONE;
}

/** Claims of the token (section 8.1): who it is for and when it was made. Others are the holder's own business. */
function readTokenClaims(token: Presentation): Code {
  const wellFormed = checkItem(token.payload, token.payloadLength, Keys.PLAIN);
  if (wellFormed != Code.VALID) return wellFormed;
  claims.open(token.payload, token.payload + <usize>token.payloadLength);
  claims.readHead();
  if (claims.major != MAP) return Code.BAD_CWT;
  for (let entries = claims.argument; entries > 0; entries--) {
    const claim = readKey(claims);
    claims.readHead();
    if (!readTokenClaim(claim, token)) return Code.BAD_CWT;
    finishItem(claims);
  }
  if (token.audience == 0) return Code.MISSING_CLAIM;
  if (token.issuedAt != i64.MIN_VALUE) return Code.VALID;
  if (token.expires != i64.MAX_VALUE || token.notBefore != i64.MIN_VALUE) return Code.BAD_CWT;
  return token.cti != 0 ? Code.VALID : Code.MISSING_CLAIM;
}

function readTokenClaim(claim: i64, token: Presentation): bool {
  if (claim == 1 || claim == 2) return false; // iss and sub: the issuer's to say
  if (claim == AUDIENCE) {
    if (claims.major != TEXT) return false;
    token.audience = claims.position;
    token.audienceLength = <i32>claims.argument;
  } else if (claim == 4 || claim == 5 || claim == 6) {
    const date = numericDate(claims, LARGEST_FLOAT);
    if (date == NO_INTEGER) return false;
    if (claim == 4) token.expires = date;
    else if (claim == 5) token.notBefore = date;
    else token.issuedAt = date;
  } else if (claim == 7) {
    if (claims.major != BYTES) return false;
    token.cti = claims.position;
    token.ctiLength = <i32>claims.argument;
  } else if (claim == 39) {
    if (claims.major != BYTES) return false;
    token.nonce = claims.position;
    token.nonceLength = <i32>claims.argument;
  }
  return true;
}

/** The issuer's message, and the claims that stand in it open, in its header 15 (RFC 9597) and in its payload. */
function readSdCwt(src: usize, length: i32, out: Credential): Code {
  let code = readSign1(src, length, out, Form.SD_CWT);
  if (code != Code.VALID) return code;
  const headerEnd = out.header + <usize>out.headerLength;
  if (typeInHeader(out.header, headerEnd) != Type.SD_CWT) return Code.BAD_CWT;
  if (!hasRedactedClaimsOnly(out.header, headerEnd)) return Code.BAD_CBOR;
  const sdAlg = valueUnder(out.header, headerEnd, SD_ALG);
  if (sdAlg != 0) {
    head.open(sdAlg, headerEnd);
    if (readKey(head) != SHA_256) return Code.UNSUPPORTED_ALGORITHM;
  }
  code = checkItem(out.payload, out.payloadLength, Keys.CLAIMS);
  if (code != Code.VALID) return code;
  const claimsHeader = valueUnder(out.header, headerEnd, CWT_CLAIMS);
  if (claimsHeader != 0) {
    code = readClaimsMap(claimsHeader, <i32>(endOf(claimsHeader, headerEnd) - claimsHeader), out, LARGEST_FLOAT);
    if (code != Code.VALID) return code;
  }
  return readClaimsMap(out.payload, out.payloadLength, out, LARGEST_FLOAT);
}

/** In the issuer's protected header only the claims of label 15 may be redacted. */
function hasRedactedClaimsOnly(start: usize, limit: usize): bool {
  head.open(start, limit);
  head.readHead();
  for (let entries = head.argument; entries > 0; entries--) {
    const label = readKey(head);
    const value = head.position;
    head.readHead();
    finishItem(head);
    if (label == CWT_CLAIMS) continue;
    if (checkItem(value, <i32>(head.position - value), Keys.PLAIN) == Code.BAD_CBOR) return false;
  }
  return true;
}

/** Claim 3 of the credential, in its payload or in header 15; false where it is not a text. */
function readCardAudience(out: Credential, token: Presentation): bool {
  const payloadEnd = out.payload + <usize>out.payloadLength;
  const headerEnd = out.header + <usize>out.headerLength;
  let at = valueUnder(out.payload, payloadEnd, AUDIENCE);
  let limit = payloadEnd;
  if (at == 0) {
    const map = valueUnder(out.header, headerEnd, CWT_CLAIMS);
    at = map != 0 ? valueUnder(map, headerEnd, AUDIENCE) : 0;
    limit = headerEnd;
  }
  if (at == 0) return true;
  head.open(at, limit);
  head.readHead();
  if (head.major != TEXT) return false;
  token.cardAudience = head.position;
  token.cardAudienceLength = <i32>head.argument;
  return true;
}

/** Dates that contradict each other, within a token or between the two (sections 9.3 and 9.6), whatever the moment. */
function doDatesAgree(token: Presentation, card: Credential): bool {
  if (!areInOrder(token.notBefore, token.issuedAt, token.expires)) return false;
  if (!areInOrder(card.notBefore, card.issuedAt, card.expires)) return false;
  if (token.expires != i64.MAX_VALUE && token.expires > card.expires) return false;
  if (token.notBefore != i64.MIN_VALUE && (token.notBefore < card.notBefore || token.notBefore >= card.expires))
    return false;
  const isDated = token.issuedAt != i64.MIN_VALUE;
  return !isDated || (token.issuedAt >= max(card.issuedAt, card.notBefore) && token.issuedAt < card.expires);
}

function areInOrder(notBefore: i64, issuedAt: i64, expires: i64): bool {
  if (issuedAt != i64.MIN_VALUE && (notBefore > issuedAt || issuedAt >= expires)) return false;
  return notBefore < expires;
}

function readDisclosed(out: Credential): Code {
  const start = out.unprotected;
  const limit = start + <usize>out.unprotectedLength;
  const sealed = valueUnder(start, limit, SD_AEAD_CLAIMS);
  if (sealed != 0 && !isFilledArray(sealed, limit)) return Code.BAD_DISCLOSURE;
  return readDisclosedClaims(out, valueUnder(start, limit, SD_CLAIMS), limit);
}

function isFilledArray(at: usize, limit: usize): bool {
  head.open(at, limit);
  head.readHead();
  return head.major == ARRAY && head.argument > 0;
}
