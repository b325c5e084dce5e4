import { wipeArena } from "../../arena";
import { checkItem } from "../../cbor/cbor";
import { Form, readSign1 } from "../../cose/cose";
import { clearCredential, Credential, CREDENTIAL_SIZE } from "../../credential/credential";
import { readClaims } from "../../credential/cwt";
import { readCredential } from "../../credential/recognise";
import { isDate } from "../../credential/date";
import { isResidentId } from "../../credential/residentid";
import { isUtf8 } from "../../cbor/utf8";
import { Code } from "../../result";

export function credentialSize(): usize {
  return CREDENTIAL_SIZE;
}

export function checkCbor(src: usize, length: i32): Code {
  return checkItem(src, length);
}

export function checkUtf8(src: usize, length: i32): bool {
  return isUtf8(src, length);
}

export function checkDate(yyyymmdd: u32): bool {
  return isDate(yyyymmdd);
}

export function checkResidentId(src: usize, length: i32): bool {
  return isResidentId(src, length);
}

export function parseSign1(src: usize, length: i32, out: usize): Code {
  wipeArena();
  clearCredential(changetype<Credential>(out));
  return readSign1(src, length, changetype<Credential>(out), Form.CWT);
}

export function parseClaims(src: usize, length: i32, out: usize): Code {
  clearCredential(changetype<Credential>(out));
  return readClaims(src, length, changetype<Credential>(out));
}

export function parseCard(src: usize, length: i32, out: usize): Code {
  wipeArena();
  return readCredential(src, length, changetype<Credential>(out));
}

/** For benchmarks: the same card `count` times. */
export function parseCards(src: usize, length: i32, out: usize, count: i32): Code {
  let code = Code.UNVERIFIED;
  for (let i = 0; i < count; i++) {
    wipeArena();
    code = readCredential(src, length, changetype<Credential>(out));
  }
  return code;
}
