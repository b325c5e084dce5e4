import { Tier } from "../../src/abi/batch";
import { Code } from "../result";
import { checkItem, finishItem, integerOf } from "../cbor/cbor";
import { Credential } from "./credential";
import { BYTES, Cursor, CURSOR_SIZE, MAP, NEGATIVE, TEXT, UNSIGNED } from "../cbor/cursor";
import { isDate, parseDate } from "./date";
import { birthDateOf, genderOf, isResidentId } from "./residentid";

// Keys of claim 169 (MOSIP Claim 169, version 1.2.0); 75 lies in the range left to closed ecosystems.
const ID_NUMBER: i64 = 1;
const FULL_NAME: i64 = 4;
const DATE_OF_BIRTH: i64 = 8;
const GENDER: i64 = 9;
const NATIONALITY: i64 = 13;
const TIER: i64 = 75;

const claim = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Read claim 169, which the CWT reader has located: a map, or a byte string that wraps the map, in either dialect.
 * Keys are integers or text; unknown ones, and values of forms that this engine does not use, are passed over. A card of nationality CN that has
 * an ID number must have a valid one (GB 11643), and its date of birth and gender must be those of the number.
 * Returns VALID, BAD_IDENTITY, or BAD_CBOR or TOO_DEEP for what a byte string wraps.
 */
export function readIdentity(out: Credential): Code {
  claim.open(out.identity, out.identity + out.identityLength);
  claim.readHead();
  if (claim.major == BYTES) {
    const wellFormed = checkItem(claim.position, <i32>claim.argument);
    if (wellFormed != Code.VALID) return wellFormed;
    out.identity = claim.position;
    out.identityLength = <i32>claim.argument;
    claim.readHead();
  }
  if (claim.major != MAP) return Code.BAD_IDENTITY;

  let id: usize = 0;
  let idLength: u64 = 0;
  let isChinese = false;
  let hasDateOfBirth = false;
  let gender: i64 = 0;
  for (let entries = claim.argument; entries > 0; entries--) {
    claim.readHead();
    // Any other kind of key could be shown as if it were one of these: 4.0 as 4, h'aa' as the text of its base64.
    if (claim.major > NEGATIVE && claim.major != TEXT) return Code.BAD_IDENTITY;
    const key = integerOf(claim);
    finishItem(claim);
    claim.readHead();
    if (key == ID_NUMBER) {
      if (claim.major != TEXT) return Code.BAD_IDENTITY;
      id = claim.position;
      idLength = claim.argument;
    } else if (key == FULL_NAME) {
      if (claim.major != TEXT) return Code.BAD_IDENTITY;
    } else if (key == DATE_OF_BIRTH) {
      hasDateOfBirth = true;
      out.dateOfBirth = readDate();
    } else if (key == GENDER) {
      gender = integerOf(claim);
    } else if (key == NATIONALITY) {
      isChinese = isChina();
    } else if (key == TIER) {
      const tier = integerOf(claim);
      if (tier != Tier.LITE && tier != Tier.FULL) return Code.BAD_IDENTITY;
      out.tier = <i32>tier;
    }
    finishItem(claim);
  }

  if (isChinese && id != 0) {
    if (!isResidentId(id, idLength)) return Code.BAD_IDENTITY;
    if (hasDateOfBirth && out.dateOfBirth != birthDateOf(id)) return Code.BAD_IDENTITY;
    if ((gender == 1 || gender == 2) && gender != genderOf(id)) return Code.BAD_IDENTITY;
  }
  return Code.VALID;
}

/** The date whose head was read last: "YYYYMMDD", "YYYY-MM-DD" or the integer YYYYMMDD; 0 when it is none of them. */
function readDate(): u32 {
  if (claim.major == TEXT) return parseDate(claim.position, claim.argument);
  const isDay = claim.major == UNSIGNED && claim.argument <= 99991231 && isDate(<u32>claim.argument);
  return isDay ? <u32>claim.argument : 0;
}

/** Is the item whose head was read last "CN" or "CHN" (ISO 3166-1)? */
function isChina(): bool {
  if (claim.major != TEXT) return false;
  const text = claim.position;
  if (claim.argument == 2) return load<u16>(text) == 0x4e43;
  return claim.argument == 3 && load<u16>(text) == 0x4843 && load<u8>(text + 2) == 0x4e;
}
