import { encodeBase45 } from "./base45.js";
import { toHex } from "./bytes.js";
import {
  arrayItem,
  bytesItem,
  contentOf,
  elementsOf,
  entriesOf,
  integerItem,
  integerOf,
  ItemError,
  mapItem,
  textItem,
} from "./items.js";
import {
  CLAIM_AUD,
  CLAIM_CNF,
  CLAIM_CNONCE,
  CLAIM_CTI,
  CLAIM_IAT,
  CLAIM_IDENTITY,
  CNF_COSE_KEY,
  HEADER_ALG,
  HEADER_KCWT,
  HEADER_SD_CLAIMS,
  HEADER_TYP,
  TYP_KB_CWT,
  TYP_SD_CWT,
} from "./labels.js";
import { readSign1, sign1Of, writeSign1, type Sign } from "./sign1.js";

/**
 * A presentation (contract §3): a key binding token around an SD-CWT (draft-ietf-spice-sd-cwt-07), as the phone makes
 * it. Read are credentials as our authorities issue them, whose redacted claims are entries of claim 169.
 */

/** simple(59), under which a map holds the hashes of its redacted entries (section 5.1). */
export const REDACTED_KEYS: Uint8Array = Uint8Array.of(0xf8, 59);

/** Hashes in each presentable credential, decoys among them, so that their number tells nothing. */
export const HASHES = 8;

/** An entry of claim 169 that its holder may show or keep to himself. */
export interface Disclosure {
  key: number;
  /** The value, encoded. */
  value: Uint8Array;
  /** The byte string as the credential's header 17 has it, with its CBOR head: what is hashed. */
  item: Uint8Array;
}

/** [salt, value, key]: the order of section 5.1, not that of SD-JWT. */
export function disclosureOf(salt: Uint8Array, key: number, value: Uint8Array): Disclosure {
  return { key, value, item: bytesItem(arrayItem([bytesItem(salt), value, integerItem(key)])) };
}

/** What a credential says to its holder, its bytes as they were signed. */
export interface SdCwt {
  protectedBytes: Uint8Array;
  payload: Uint8Array;
  signature: Uint8Array;
  disclosures: readonly Disclosure[];
  /** Seconds since 1970. */
  issuedAt: number;
  /** COSE_Key of the holder, as in the credential. */
  holderKey: Uint8Array;
  /** Entries of claim 169 that anyone is shown, encoded. */
  open: ReadonlyMap<number, Uint8Array>;
  /** Hashes of the others, in hex. */
  hashes: readonly string[];
}

/** Undefined where it is a COSE_Sign1 that is no SD-CWT, such as a static card; ItemError where it is none at all. */
export function readSdCwt(bytes: Uint8Array): SdCwt | undefined {
  const { protectedBytes, unprotected, payload, signature } = readSign1(bytes);
  if (!isSameItem(integersOf(protectedBytes).get(HEADER_TYP), integerItem(TYP_SD_CWT))) return undefined;
  const claims = integersOf(payload);
  const listed = integersOf(unprotected).get(HEADER_SD_CLAIMS);
  const identity = wanted(claims.get(CLAIM_IDENTITY));
  return {
    protectedBytes,
    payload,
    signature,
    disclosures: listed === undefined ? [] : elementsOf(listed).map(readDisclosure),
    issuedAt: integerOf(wanted(claims.get(CLAIM_IAT))),
    holderKey: wanted(integersOf(wanted(claims.get(CLAIM_CNF))).get(CNF_COSE_KEY)),
    open: integersOf(identity),
    hashes: hashesIn(identity),
  };
}

function readDisclosure(item: Uint8Array): Disclosure {
  const [salt, value, key] = elementsOf(contentOf(item));
  if (salt === undefined || value === undefined || key === undefined) throw new ItemError("not a claim's disclosure");
  return { key: integerOf(key), value, item };
}

/** The entries of a map whose keys are integers. */
export function integersOf(map: Uint8Array): Map<number, Uint8Array> {
  const INTEGER = 0x3f; // the first byte of an integer is not beyond
  const entries = entriesOf(map).filter(([key]) => (key[0] ?? 0) <= INTEGER);
  return new Map(entries.map(([key, value]) => [integerOf(key), value]));
}

function hashesIn(map: Uint8Array): string[] {
  const [, list] = entriesOf(map).find(([key]) => isSameItem(key, REDACTED_KEYS)) ?? [];
  return list === undefined ? [] : elementsOf(list).map((hash) => toHex(contentOf(hash)));
}

function isSameItem(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && toHex(a) === toHex(b);
}

export function wanted(item: Uint8Array | undefined): Uint8Array {
  if (item === undefined) throw new ItemError("a claim is missing");
  return item;
}

/** What the holder signs. */
export interface Token {
  /** By COSE number, as the holder's key in the credential. */
  algorithm: number;
  audience: string;
  /** Seconds since 1970. */
  issuedAt: number;
  /** cti: 16 random bytes. */
  id: Uint8Array;
  /** What the gate has shown. */
  nonce?: string;
}

/** The text of the QR: base45 without zlib, which would only make it longer. */
export async function writePresentation(
  card: SdCwt,
  shown: readonly Disclosure[],
  { algorithm, audience, issuedAt, id, nonce }: Token,
  sign: Sign,
): Promise<string> {
  const unprotected = disclosuresHeader(shown);
  const protectedBytes = integerMap([
    [HEADER_ALG, integerItem(algorithm)],
    [HEADER_KCWT, sign1Of({ ...card, unprotected }, card.signature)],
    [HEADER_TYP, integerItem(TYP_KB_CWT)],
  ]);
  const payload = integerMap([
    [CLAIM_AUD, textItem(audience)],
    [CLAIM_IAT, integerItem(issuedAt)],
    [CLAIM_CTI, bytesItem(id)],
    ...(nonce === undefined ? [] : [[CLAIM_CNONCE, bytesItem(new TextEncoder().encode(nonce))] as const]),
  ]);
  return encodeBase45(await writeSign1({ protectedBytes, payload }, sign));
}

/** The unprotected header of an SD-CWT. */
export function disclosuresHeader(disclosures: readonly Disclosure[]): Uint8Array {
  const list = arrayItem(disclosures.map(({ item }) => item));
  // An empty list is forbidden (section 9.2).
  return integerMap(disclosures.length === 0 ? [] : [[HEADER_SD_CLAIMS, list]]);
}

export function integerMap(entries: readonly (readonly [key: number, value: Uint8Array])[]): Uint8Array {
  return mapItem(entries.map(([key, value]) => [integerItem(key), value]));
}

/** Claim 169 with hashes in place of its redacted entries. */
export function redactedMap(
  open: readonly (readonly [number, Uint8Array])[],
  hashes: readonly Uint8Array[],
): Uint8Array {
  const entries = open.map(([key, value]) => [integerItem(key), value] as const);
  return mapItem([...entries, [REDACTED_KEYS, arrayItem(hashes.map(bytesItem))]]);
}
