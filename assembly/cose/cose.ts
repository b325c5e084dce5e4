import { MAX_KID_LENGTH } from "../../src/abi/limits";
import { allocate } from "../arena";
import { Code } from "../result";
import { checkItem, finishItem, integerOf, Keys } from "../cbor/cbor";
import { algorithmOf } from "./algorithm";
import { Sign1 } from "./sign1";
import { ARRAY, BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, TAG, TEXT } from "../cbor/cursor";
import { addKey } from "../cbor/keys";

const TAG_COSE_SIGN1: u64 = 18; // RFC 9052 section 4.2
const TAG_CWT: u64 = 61; // RFC 8392 section 6

// Header parameters (RFC 9052 section 3.1; typ is RFC 9596, CWT Claims RFC 9597, the others draft-ietf-spice-sd-cwt).
const ALG: i64 = 1;
const CRIT: i64 = 2;
const KID: i64 = 4;
export const KCWT: i64 = 13;
export const CWT_CLAIMS: i64 = 15;
export const TYP: i64 = 16;
export const SD_CLAIMS: i64 = 17;
export const SD_ALG: i64 = 170;
export const SD_AEAD_CLAIMS: i64 = 171;

/** What a message is read as: which keys it may have, and which labels are understood. */
export enum Form {
  CWT,
  /** What a holder signs round an SD-CWT. */
  KEY_BINDING_TOKEN,
  SD_CWT,
}

const message = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const header = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/** Labels of both headers so far, on the key stack. */
let labelCount: u32 = 0;

/**
 * Read a COSE_Sign1 message (RFC 9052 section 4.2) with its payload inside, tagged 18, 61(18(..)) or not at all, and
 * write its Sig_structure, less than `length` + 64 bytes, to the arena. The bytes must be one CBOR item.
 * The algorithm is taken from the protected header alone; a kid may stand in both headers, and the protected one counts;
 * any other label in both is refused. Returns VALID, BAD_CBOR, TOO_DEEP, BAD_COSE or UNSUPPORTED_ALGORITHM.
 */
export function readSign1(src: usize, length: i32, out: Sign1, form: Form): Code {
  const wellFormed = checkItem(src, length, form == Form.CWT ? Keys.ANY : Keys.PLAIN);
  if (wellFormed != Code.VALID) return wellFormed;

  message.open(src, src + length);
  message.readHead();
  const tagged = message.major == TAG;
  if (tagged && message.argument == TAG_CWT) message.readHead();
  if (tagged) {
    if (message.major != TAG || message.argument != TAG_COSE_SIGN1) return Code.BAD_COSE;
    message.readHead();
  }
  if (message.major != ARRAY || message.argument != 4) return Code.BAD_COSE;

  if (!readBytes()) return Code.BAD_COSE;
  const protectedEnd = message.position;
  const protectedStart = protectedEnd - <usize>message.argument;

  const unprotectedStart = message.position;
  message.readHead();
  if (message.major != MAP) return Code.BAD_COSE;
  finishItem(message);
  const unprotectedEnd = message.position;

  if (!readBytes()) return Code.BAD_COSE; // nil: the payload is detached
  out.payloadLength = <i32>message.argument;
  out.payload = message.position - <usize>message.argument;
  if (!readBytes()) return Code.BAD_COSE;
  out.signatureLength = <i32>message.argument;
  out.signature = message.position - <usize>message.argument;

  out.header = protectedStart;
  out.headerLength = <i32>(protectedEnd - protectedStart);
  out.unprotected = unprotectedStart;
  out.unprotectedLength = <i32>(unprotectedEnd - unprotectedStart);
  writeSigStructure(protectedStart, protectedEnd, out);
  labelCount = 0;
  const code = readProtected(protectedStart, protectedEnd, out, form);
  if (code != Code.VALID) return code;
  if (!readUnprotected(unprotectedStart, unprotectedEnd, out)) return Code.BAD_COSE;
  return algorithmOf(out.algorithm) != 0 ? Code.VALID : Code.UNSUPPORTED_ALGORITHM;
}

/** Read a byte string: it ends at the cursor, and `argument` is its length. */
function readBytes(): bool {
  return message.readHead() && message.major == BYTES && message.skip(message.argument);
}

function readProtected(start: usize, end: usize, out: Sign1, form: Form): Code {
  if (start == end) return Code.BAD_COSE; // an empty header names no algorithm
  const wellFormed = checkItem(start, <i32>(end - start), keysOfHeader(form));
  if (wellFormed != Code.VALID) return wellFormed;
  header.open(start, end);
  header.readHead();
  if (header.major != MAP) return Code.BAD_COSE;

  let known: u32 = 0; // bit n: label n is here, for the labels this verifier understands
  let critical: usize = 0;
  for (let entries = header.argument; entries > 0; entries--) {
    if (!readLabel()) return Code.BAD_COSE;
    const label = integerOf(header);
    finishItem(header);
    known |= bitOf(label, form);
    const value = header.position;
    header.readHead();
    if (label == ALG) {
      // By name (RFC 9052 section 3.1: int / tstr) none is known here.
      if (header.major > NEGATIVE && header.major != TEXT) return Code.BAD_COSE;
      const algorithm = integerOf(header);
      out.algorithm = algorithm == <i64>(<i32>algorithm) ? <i32>algorithm : 0; // 0 is reserved: unsupported
    } else if (label == KID) {
      if (!readKid(out)) return Code.BAD_COSE;
    } else if (label == CRIT) {
      critical = value;
    }
    finishItem(header);
  }
  if ((known & bitOf(ALG, form)) == 0) return Code.BAD_COSE;
  return critical == 0 || isCritUnderstood(critical, end, known, form) ? Code.VALID : Code.BAD_COSE;
}

function readUnprotected(start: usize, end: usize, out: Sign1): bool {
  header.open(start, end);
  header.readHead();
  for (let entries = header.argument; entries > 0; entries--) {
    if (!readLabel()) return false;
    const label = integerOf(header);
    finishItem(header);
    header.readHead();
    if (label == CRIT) return false;
    if (label == KID && !readKid(out)) return false;
    finishItem(header);
  }
  return true;
}

/** Read the head of a label, an integer or text, that was not seen before in either header. */
function readLabel(): bool {
  const start = header.position;
  header.readHead();
  if (header.major > NEGATIVE && header.major != TEXT) return false;
  return integerOf(header) == KID || addKey(0, labelCount++, start, header.limit);
}

/** The kid whose head was read last; the one read first stands. */
function readKid(out: Sign1): bool {
  if (header.major != BYTES || header.argument > <u64>MAX_KID_LENGTH) return false;
  if (out.kid == 0) {
    out.kid = header.position;
    out.kidLength = <i32>header.argument;
  }
  return true;
}

/** Claims may stand in an SD-CWT's header, redacted as in its payload. */
function keysOfHeader(form: Form): Keys {
  if (form == Form.CWT) return Keys.ANY;
  return form == Form.SD_CWT ? Keys.CLAIMS : Keys.PLAIN;
}

/** A bit for each label that this verifier understands in a message of this form; 0 for others. */
function bitOf(label: i64, form: Form): u32 {
  if (label == ALG || label == CRIT || label == KID || label == TYP) return 1 << (<u32>label);
  if (form == Form.KEY_BINDING_TOKEN && label == KCWT) return 1 << (<u32>KCWT);
  if (form != Form.SD_CWT) return 0;
  if (label == CWT_CLAIMS) return 1 << (<u32>CWT_CLAIMS);
  return label == SD_ALG ? 1 << 31 : 0;
}

/** Does crit name one label or more, each understood and in the protected header (RFC 9052 section 3.1)? */
function isCritUnderstood(start: usize, end: usize, known: u32, form: Form): bool {
  header.open(start, end);
  header.readHead();
  if (header.major != ARRAY || header.argument == 0) return false;
  for (let count = header.argument; count > 0; count--) {
    header.readHead();
    const label = integerOf(header);
    if ((known & bitOf(label, form)) == 0) return false;
  }
  return true;
}

/** ["Signature1", protected, external_aad = h'', payload] (RFC 9052 section 4.4), with the shortest heads. */
function writeSigStructure(start: usize, end: usize, out: Sign1): void {
  // A protected header that is the empty map is signed as the empty string.
  const length = end - start == 1 && load<u8>(start) == 0xa0 ? 0 : <i32>(end - start);
  out.toBeSignedLength = 13 + sizeOfBytes(length) + sizeOfBytes(out.payloadLength);
  out.toBeSigned = allocate(out.toBeSignedLength);
  store<u32>(out.toBeSigned, 0x69536a84); // array of 4, text of 10 "Si"
  store<u64>(out.toBeSigned + 4, 0x31657275_74616e67); // "gnature1"
  let at = writeBytes(out.toBeSigned + 12, start, length);
  store<u8>(at++, 0x40);
  writeBytes(at, out.payload, out.payloadLength);
}

/** Bytes of a byte string of `length` bytes with its head. */
function sizeOfBytes(length: i32): i32 {
  return length + (length < 24 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 5);
}

/** Write a byte string of less than 2^31 bytes; returns the address after it. */
function writeBytes(at: usize, content: usize, length: i32): usize {
  if (length < 24) {
    store<u8>(at++, 0x40 | length);
  } else if (length < 0x100) {
    store<u16>(at, 0x58 | (length << 8));
    at += 2;
  } else if (length < 0x10000) {
    store<u8>(at, 0x59);
    store<u16>(at + 1, bswap(<u16>length));
    at += 3;
  } else {
    store<u8>(at, 0x5a);
    store<u32>(at + 1, bswap(<u32>length));
    at += 5;
  }
  memory.copy(at, content, length);
  return at + length;
}
