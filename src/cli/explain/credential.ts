import { ALGORITHMS } from "../../format/algorithm.js";
import { type Fault, integerOf, isFault, type Item, Major, namedValueOf, readItem, valueOf } from "./cbor.js";
import { faultInTypes } from "./dates.js";

/**
 * The inner layers: COSE_Sign1 (RFC 9052 section 4.2), CWT (RFC 8392) and claim 169, in the order in which the engine
 * reads them. Each returns the first fault, or what the next one reads.
 */

export interface Sign1 {
  headers: Item;
  payload: Item;
  signatureLength: number;
}

const KID = 4;
const CRIT = 2;

export function readSign1(bytes: Uint8Array, message: Item): Sign1 | Fault {
  let item = message;
  if (item.major === Major.TAG && item.argument === 61n) item = item.items[0] ?? item;
  if (item.major === Major.TAG) {
    if (item.argument !== 18n) return fault(item, "the tag is 18, or 61 around 18, or there is none");
    item = item.items[0] ?? item;
  }
  const [protectedHeader, unprotected, payload, signature] = item.items;
  if (
    item.major !== Major.ARRAY ||
    !protectedHeader ||
    !unprotected ||
    !payload ||
    !signature ||
    item.items.length > 4
  ) {
    return fault(item, "COSE_Sign1 is an array of four (RFC 9052 section 4.2)");
  }
  for (const part of [protectedHeader, payload, signature]) {
    if (part.major !== Major.BYTES) return fault(part, "protected header, payload and signature are byte strings");
  }
  if (unprotected.major !== Major.MAP) return fault(unprotected, "the unprotected header is a map");
  const headers = readItem(bytes, protectedHeader.content, protectedHeader.end);
  if (isFault(headers)) return headers;
  if (headers.major !== Major.MAP) return fault(headers, "the protected header wraps a map");
  const wrong = faultInHeaders(headers, unprotected);
  if (wrong) return wrong;
  const claims = readItem(bytes, payload.content, payload.end);
  return isFault(claims) ? claims : { headers, payload: claims, signatureLength: signature.end - signature.content };
}

function faultInHeaders(headers: Item, unprotected: Item): Fault | undefined {
  const algorithm = valueOf(headers, 1);
  if (algorithm === undefined) return fault(headers, "the protected header names the algorithm (1)");
  const number = integerOf(algorithm);
  if (number === undefined && algorithm.major !== Major.TEXT) return fault(algorithm, "the algorithm is a number");
  const labels = new Set(keysOf(headers).map((key) => integerOf(key)));
  for (const label of keysOf(unprotected)) {
    const which = integerOf(label);
    if (which === BigInt(CRIT)) return fault(label, "crit (2) stands in the protected header");
    if (which !== undefined && which !== BigInt(KID) && labels.has(which)) {
      return fault(label, "no label stands in both headers");
    }
  }
  const critical = valueOf(headers, CRIT);
  const unknown = critical?.items.find((label) => ![1n, 2n, 4n, 16n].includes(integerOf(label) ?? 0n));
  if (unknown) return fault(unknown, "crit (2) names a label that this verifier does not know");
  for (const header of [headers, unprotected]) {
    const kid = valueOf(header, KID);
    if (kid && kid.major !== Major.BYTES) return fault(kid, "a key id (4) is a byte string");
  }
  const numbers = Object.values(ALGORITHMS).flatMap(({ cose }) => cose);
  if (number === undefined) return fault(algorithm, "the algorithm is named by its number");
  if (!numbers.includes(Number(number))) return fault(algorithm, "the algorithms are -8, -19, -7, -9 and -65537");
  return undefined;
}

/** Types that claims have (RFC 8392 section 3.1, RFC 8747, Token Status List); those of dates are in dates.ts. */
const CLAIM_TYPES: readonly (readonly [claim: number, majors: readonly number[], what: string])[] = [
  [1, [Major.TEXT], "iss (1) is text"],
  [2, [Major.TEXT], "sub (2) is text"],
  [7, [Major.BYTES], "cti (7) is a byte string"],
  [8, [Major.MAP], "cnf (8) is a map"],
  [65_535, [Major.MAP], "status (65535) is a map"],
];

/** Claim 169, unwrapped. */
export function readClaims169(bytes: Uint8Array, claims: Item): Item | Fault {
  if (claims.major !== Major.MAP) return fault(claims, "the payload wraps a map of claims (RFC 8392 section 3)");
  for (const [claim, majors, rule] of CLAIM_TYPES) {
    const value = valueOf(claims, claim);
    if (value && !majors.includes(value.major)) return fault(value, rule);
  }
  const wrong = faultInTypes(bytes, claims) ?? faultInStatus(bytes, claims);
  if (wrong) return wrong;
  const identity = valueOf(claims, 169);
  if (identity === undefined) return fault(claims, "a card has claim 169");
  const map = identity.major === Major.BYTES ? readItem(bytes, identity.content, identity.end) : identity;
  if (isFault(map)) return map;
  if (map.major !== Major.MAP) return fault(map, "claim 169 is a map, or a byte string that wraps one");
  const odd = keysOf(map).find(({ major }) => major > Major.NEGATIVE && major !== Major.TEXT);
  if (odd) return fault(odd, "keys of claim 169 are integers or text");
  for (const [key, what] of [
    [1, "the ID number (1) is text"],
    [4, "the full name (4) is text"],
  ] as const) {
    // prettier-ignore
    const value = valueOf(map, key);
    if (value && value.major !== Major.TEXT) return fault(value, what);
  }
  const tier = valueOf(map, 75);
  if (tier && ![1n, 2n].includes(integerOf(tier) ?? 0n)) return fault(tier, "the tier (75) is 1 or 2");
  return map;
}

/** Where a card's status is listed. */
export interface ListPlace {
  uri: string;
  index: bigint;
}

/** Claim 65535, status_list: what assembly/credential/cwt.ts asks of it. */
function faultInStatus(bytes: Uint8Array, claims: Item): Fault | undefined {
  const list = statusList(bytes, claims);
  if (list === undefined) return undefined;
  const { whole, idx, uri } = list;
  if (whole.major !== Major.MAP) return fault(whole, "status_list is a map");
  if (idx === undefined || uri === undefined) return fault(whole, "status_list has idx and uri");
  if (idx.major !== Major.UNSIGNED || idx.argument >= 2n ** 63n) return fault(idx, "idx is an unsigned integer");
  return uri.major === Major.TEXT ? undefined : fault(uri, "uri is text");
}

export function listPlaceOf(bytes: Uint8Array, claims: Item): ListPlace | undefined {
  const { idx, uri } = statusList(bytes, claims) ?? {};
  if (idx?.major !== Major.UNSIGNED || uri?.major !== Major.TEXT) return undefined;
  return { uri: new TextDecoder().decode(bytes.subarray(uri.content, uri.end)), index: idx.argument };
}

function statusList(
  bytes: Uint8Array,
  claims: Item,
): { whole: Item; idx: Item | undefined; uri: Item | undefined } | undefined {
  const status = valueOf(claims, 65_535);
  const whole = status && namedValueOf(bytes, status, "status_list");
  return whole && { whole, idx: namedValueOf(bytes, whole, "idx"), uri: namedValueOf(bytes, whole, "uri") };
}

/** Where the ID number lies: what remains to be wrong in a map that reads well (GB 11643). */
export function idNumberOf(map: Item): Item {
  return valueOf(map, 1) ?? map;
}

function keysOf(map: Item): Item[] {
  return map.items.filter((_, index) => index % 2 === 0);
}

function fault({ start }: Item, rule: string): Fault {
  return { byte: start, rule };
}
