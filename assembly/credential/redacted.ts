import { finishItem, readKey, valueUnder } from "../cbor/cbor";
import { Cursor, CURSOR_SIZE, MAP, SIMPLE } from "../cbor/cursor";
import { fingerprint } from "../cbor/keys";
import { CWT_CLAIMS } from "../cose/cose";
import { Code } from "../result";
import { Credential } from "./credential";
import { disclosedLength, writeDisclosed } from "./disclosed";
import {
  areAllPlaced,
  Disclosure,
  disclosureAt,
  disclosureCount,
  forgetDisclosures,
  hidesEntries,
  placeDisclosures,
  readDisclosures,
} from "./disclosures";
import { readIdentity } from "./identity";

/**
 * The claims of an SD-CWT with what its holder discloses, under our profile: a holder may keep to himself whatever the
 * issuer made redactable, so status and tier must not be, nor what the draft never redacts (section 7).
 */

const CLAIM_169: i64 = 169;
const STATUS: i64 = 65535;
const TIER: i64 = 75;

const entry = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));
const other = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/** The two maps of claims: the payload, and header 15 where it is there. */
let payload: usize = 0;
let payloadEnd: usize = 0;
let header: usize = 0;
let headerEnd: usize = 0;

/**
 * Put the disclosures listed at `list` (0: none) into the claims of `out`, and read claim 169 as it is then. Returns
 * VALID, BAD_CBOR, TOO_DEEP, MISSING_CLAIM, BAD_IDENTITY or BAD_DISCLOSURE.
 */
export function readDisclosedClaims(out: Credential, list: usize, limit: usize): Code {
  forgetDisclosures();
  if (list != 0) {
    const code = readDisclosures(list, limit);
    if (code != Code.VALID) return code;
  }
  openMaps(out);
  let code = placeDisclosures(payload, payloadEnd);
  if (code == Code.VALID && header != 0) code = placeDisclosures(header, headerEnd);
  if (code != Code.VALID) return code;
  if (!areAllPlaced() || !areRedactable()) return Code.BAD_DISCLOSURE;
  if (header != 0 && !doMapsAgree()) return Code.BAD_DISCLOSURE;
  if (mayHide(STATUS)) return Code.BAD_DISCLOSURE;
  return readIdentityDisclosed(out);
}

/** Read claim 169 where it is open, without what is redacted in it, of a credential that is not accepted anyhow. */
export function readNoDisclosures(out: Credential): Code {
  forgetDisclosures();
  openMaps(out);
  const code = placeDisclosures(payload, payloadEnd);
  if (code != Code.VALID || out.identity == 0) return code;
  writeIdentity(out);
  return readIdentity(out);
}

function openMaps(out: Credential): void {
  payload = out.payload;
  payloadEnd = payload + <usize>out.payloadLength;
  headerEnd = out.header + <usize>out.headerLength;
  header = valueUnder(out.header, headerEnd, CWT_CLAIMS);
}

function isTop(map: usize): bool {
  return map == payload || map == header;
}

/** Is no disclosure of a claim that must not be redacted? 75 in claim 169 is looked at with that. */
function areRedactable(): bool {
  for (let i = 0; i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.parts == 3 && isTop(disclosure.place) && isNeverRedacted(keyOf(disclosure))) return false;
  }
  return true;
}

/** iss, aud, exp, nbf, iat, cti, cnf and cnonce (section 7), and the status. */
function isNeverRedacted(claim: i64): bool {
  return claim == 1 || (claim >= 3 && claim <= 8) || claim == 39 || claim == STATUS;
}

function keyOf(disclosure: Disclosure): i64 {
  entry.open(disclosure.key, disclosure.end);
  return readKey(entry);
}

/** No claim of this number is open, and hashes are left beside where it would stand: one may be its. */
function mayHide(claim: i64): bool {
  if (valueUnder(payload, payloadEnd, claim) != 0) return false;
  if (header != 0 && valueUnder(header, headerEnd, claim) != 0) return false;
  return hidesEntries(payload, payloadEnd) || (header != 0 && hidesEntries(header, headerEnd));
}

/** A claim in both maps, open or disclosed, has one value (section 6.3). */
function doMapsAgree(): bool {
  entry.open(header, headerEnd);
  entry.readHead();
  for (let entries = entry.argument; entries > 0; entries--) {
    const key = entry.position;
    entry.readHead();
    const isHashes = entry.major == SIMPLE;
    finishItem(entry);
    const value = entry.position;
    entry.readHead();
    finishItem(entry);
    if (!isHashes && !agrees(fingerprint(key, value), fingerprint(value, entry.position), payload, payloadEnd))
      return false;
  }
  for (let i = 0; i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.parts != 3 || !isTop(disclosure.place)) continue;
    const print = fingerprint(disclosure.value, disclosure.key);
    const isOfPayload = disclosure.place == payload;
    if (!agrees(disclosure.print, print, isOfPayload ? header : payload, isOfPayload ? headerEnd : payloadEnd))
      return false;
  }
  return true;
}

/** Has the map no entry of this key, or the same value under it? */
function agrees(key: u64, value: u64, map: usize, limit: usize): bool {
  for (let i = 0; i < disclosureCount(); i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.parts != 3 || disclosure.place != map || disclosure.print != key) continue;
    if (fingerprint(disclosure.value, disclosure.key) != value) return false;
  }
  other.open(map, limit);
  other.readHead();
  for (let entries = other.argument; entries > 0; entries--) {
    const start = other.position;
    other.readHead();
    const isHashes = other.major == SIMPLE;
    finishItem(other);
    const found = !isHashes && fingerprint(start, other.position) == key;
    const at = other.position;
    other.readHead();
    finishItem(other);
    if (found) return fingerprint(at, other.position) == value;
  }
  return true;
}

/** Claim 169, open or disclosed as a whole; its tier, which a holder must not be able to hide, is open in it. */
function readIdentityDisclosed(out: Credential): Code {
  for (let i = 0; i < disclosureCount() && out.identity == 0; i++) {
    const disclosure = disclosureAt(i);
    if (disclosure.parts != 3 || !isTop(disclosure.place) || keyOf(disclosure) != CLAIM_169) continue;
    out.identity = disclosure.value;
    out.identityLength = <i32>(disclosure.key - disclosure.value);
  }
  if (out.identity == 0) return Code.MISSING_CLAIM;
  const map = out.identity;
  const limit = map + <usize>out.identityLength;
  entry.open(map, limit);
  entry.readHead();
  if (entry.major == MAP) {
    for (let i = 0; i < disclosureCount(); i++) {
      const disclosure = disclosureAt(i);
      if (disclosure.parts == 3 && disclosure.place == map && keyOf(disclosure) == TIER) return Code.BAD_DISCLOSURE;
    }
    if (valueUnder(map, limit, TIER) == 0 && hidesEntries(map, limit)) return Code.BAD_DISCLOSURE;
  }
  writeIdentity(out);
  return readIdentity(out);
}

function writeIdentity(out: Credential): void {
  const limit = out.identity + <usize>out.identityLength;
  entry.open(out.identity, limit);
  entry.readHead();
  if (entry.major != MAP) return;
  out.identity = writeDisclosed(out.identity, limit);
  out.identityLength = disclosedLength();
}
