import { Code } from "../result";
import { checkItem, finishItem, integerOf, NO_INTEGER, readKey } from "../cbor/cbor";
import { Credential } from "./credential";
import { BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, SIMPLE, TEXT, UNSIGNED } from "../cbor/cursor";
import { floatValue } from "../cbor/float";

const STATUS_LIST: usize = memory.data<u8>([0x73, 0x74, 0x61, 0x74, 0x75, 0x73, 0x5f, 0x6c, 0x69, 0x73, 0x74]); // "status_list"
const IDX: usize = memory.data<u8>([0x69, 0x64, 0x78]); // "idx"
const URI: usize = memory.data<u8>([0x75, 0x72, 0x69]); // "uri"

/** 9999-12-31T23:59:59Z, the end of RFC 3339. Milliseconds taken for seconds lie beyond. */
const LAST_MOMENT: i64 = 253402300799;

/** 2^63 - 1024, the largest float whose seconds fit into 64 bits. */
const LARGEST_FLOAT: f64 = 9223372036854774784.0;

const claims = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Read a CWT claims set (RFC 8392 section 3). Claims that are not known are passed over; claim 169 is only located.
 * Returns VALID, BAD_CBOR, TOO_DEEP, BAD_CWT or MISSING_CLAIM.
 */
export function readClaims(src: usize, length: i32, out: Credential): Code {
  const wellFormed = checkItem(src, length);
  if (wellFormed != Code.VALID) return wellFormed;
  const code = readClaimsMap(src, length, out, LARGEST_FLOAT);
  return code == Code.VALID && out.identity == 0 ? Code.MISSING_CLAIM : code;
}

/** The same of an item that checkItem has passed, where claim 169 need not be; dates that are floats lie within ±`most`. */
export function readClaimsMap(src: usize, length: i32, out: Credential, most: f64): Code {
  claims.open(src, src + length);
  claims.readHead();
  if (claims.major != MAP) return Code.BAD_CWT;
  for (let entries = claims.argument; entries > 0; entries--) {
    const claim = readKey(claims);
    if (!readClaim(claim, out, most)) return Code.BAD_CWT;
  }
  return Code.VALID;
}

/** Read a claim's value; false when it is not of the claim's type. */
function readClaim(claim: i64, out: Credential, most: f64): bool {
  const start = claims.position;
  claims.readHead();
  if (claim == 1) {
    if (claims.major != TEXT) return false;
    out.issuer = claims.position;
    out.issuerLength = <i32>claims.argument;
  } else if (claim == 2) {
    if (claims.major != TEXT) return false;
  } else if (claim == 4 || claim == 5 || claim == 6) {
    const date = numericDate(claims, most);
    if (date == NO_INTEGER) return false;
    if (claim == 4) out.expires = date;
    else if (claim == 5) out.notBefore = date;
    else out.issuedAt = date;
  } else if (claim == 7) {
    if (claims.major != BYTES) return false;
    out.cti = claims.position;
    out.ctiLength = <i32>claims.argument;
  } else if (claim == 8) {
    return readConfirmation(out);
  } else if (claim == 169) {
    finishItem(claims);
    out.identity = start;
    out.identityLength = <i32>(claims.position - start);
    return true;
  } else if (claim == 65535) {
    return readStatus(out);
  }
  finishItem(claims);
  return true;
}

/**
 * NumericDate (RFC 8392 section 2) whose head was read last: seconds since 1970, here rounded down, as an integer or a
 * float within ±`most` but untagged; NO_INTEGER when it is neither, not finite or not within 64 bits, whose ends stand for
 * dates that are absent.
 */
export function numericDate(head: Cursor, most: f64): i64 {
  if (head.major <= NEGATIVE) {
    const integer = integerOf(head);
    return integer == i64.MAX_VALUE ? NO_INTEGER : integer;
  }
  if (head.major != SIMPLE || head.info < 25) return NO_INTEGER;
  const seconds = Math.floor(floatValue(head.info, head.argument));
  return seconds >= -most && seconds <= most ? <i64>seconds : NO_INTEGER; // false for NaN too
}

/**
 * Is a card in force by dates that cannot be meant: issued after it expires, or in force until, or issued in, a year of
 * five digits? One that is not in force says that instead, whatever its other dates.
 */
export function hasImpossibleDates(credential: Credential, at: i64): bool {
  const expires = credential.expires;
  if (at < credential.notBefore || at >= expires) return false;
  return credential.issuedAt > min(expires, LAST_MOMENT) || (expires > LAST_MOMENT && expires != i64.MAX_VALUE);
}

/** Claim 8, cnf (RFC 8747 section 3.1): a map; key 1, where it is there, is a COSE_Key, a map. */
function readConfirmation(out: Credential): bool {
  if (claims.major != MAP) return false;
  for (let entries = claims.argument; entries > 0; entries--) {
    const method = readKey(claims);
    const start = claims.position;
    claims.readHead();
    const isMap = claims.major == MAP;
    finishItem(claims);
    if (method == 1) {
      if (!isMap) return false;
      out.confirmationKey = start;
      out.confirmationKeyLength = <i32>(claims.position - start);
    }
  }
  return true;
}

/** Claim 65535, status (Token Status List): a map; "status_list", where it is there, is a map with "idx" and "uri". */
function readStatus(out: Credential): bool {
  if (claims.major != MAP) return false;
  // A way to tell the status that this engine does not know is one that it cannot ask, not one that is not there.
  out.namesStatus = claims.argument > 0;
  for (let entries = claims.argument; entries > 0; entries--) {
    claims.readHead();
    const isStatusList = isText(STATUS_LIST, 11);
    finishItem(claims);
    claims.readHead();
    if (!isStatusList) finishItem(claims);
    else if (!readStatusList(out)) return false;
  }
  return true;
}

function readStatusList(out: Credential): bool {
  if (claims.major != MAP) return false;
  for (let entries = claims.argument; entries > 0; entries--) {
    claims.readHead();
    const isIndex = isText(IDX, 3);
    const isUri = isText(URI, 3);
    finishItem(claims);
    claims.readHead();
    if (isIndex) {
      if (claims.major != UNSIGNED || integerOf(claims) == NO_INTEGER) return false;
      out.statusIndex = integerOf(claims);
    } else if (isUri) {
      if (claims.major != TEXT) return false;
      out.statusUri = claims.position;
      out.statusUriLength = <i32>claims.argument;
    }
    finishItem(claims);
  }
  return out.statusIndex >= 0 && out.statusUri != 0;
}

/** Is the item whose head was read last this text? */
function isText(name: usize, length: usize): bool {
  return claims.major == TEXT && claims.argument == <u64>length && memory.compare(claims.position, name, length) == 0;
}
