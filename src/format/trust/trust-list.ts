import { ALGORITHMS, algorithmOfCose } from "../algorithm.js";
import type { Algorithm } from "../../abi/batch.js";
import { Tier } from "../../abi/batch.js";
import { toHex } from "../bytes.js";
import { CborError, decodeCbor, encodeCbor, isMap, type CborMap } from "../cbor.js";
import { CoseError, decodeSign1, encodeSign1, HEADER_ALG, HEADER_KCCS, HEADER_TYP, type Sign } from "../cose.js";
import { fromCoseKey, thumbprintInput, toCoseKey, type PublicKey } from "../cose-key.js";
import { MAX_KID_LENGTH, MAX_TRUSTED_KEYS } from "../../abi/limits.js";

/**
 * The trust list: whose signatures count. A CWT (RFC 8392) in a COSE_Sign1 signed by the authority's root key.
 *
 * The root's public key travels in the protected header, as a CWT Claims Set with a confirmation key (header `kccs`,
 * RFC 9528 §10.9). So any verifier can tell a damaged or edited list from a whole one, with nothing but the file. That
 * alone does not say who made it: whoever fetches lists over a network pins the root by its COSE Key Thumbprint
 * (RFC 9679), which outlives every list. Whoever names a file by hand trusts that file.
 */

/** A key whose signatures count. */
export interface TrustedKey {
  /**
   * Key identifiers under which credentials may name it. None: the file that brought the key gave it no identifier,
   * and it is tried whatever identifier the credential carries.
   */
  kids: Uint8Array[];
  algorithm: Algorithm;
  /** 32 bytes for Ed25519, 64 (x||y, big-endian) for P-256 and SM2. Whether the point is good is for the engine. */
  publicKey: Uint8Array;
  /** Name of the authority that holds the key. */
  issuer?: string;
  /** First and last second, since 1970-01-01T00:00:00Z, at which its signatures count. Always when absent. */
  notBefore?: number;
  notAfter?: number;
  /** Tiers it may sign; all when absent. */
  tiers?: Tier[];
  /** What it signs: credentials, or status snapshots. */
  use: KeyUse;
  /**
   * Its issuer publishes the status of what the key signs: where nothing loaded tells it, the card is not accepted.
   * Lists made before this was said promise; JWKS and PEM, which cannot say it, do not (contract §5).
   */
  promisesStatus: boolean;
  /** When the list that names it expires: what reads the list puts it here. Never where it is not of a signed list. */
  trustUntil?: number;
  /** The root of the list that names it (`rootId`), once it is trusted; absent for JWKS and PEM. */
  root?: string;
}

/** Tells root keys apart, wherever a text is wanted. */
export function rootId(root: PublicKey): string {
  return toHex(thumbprintInput(root));
}

/**
 * Tells issuers apart. Two authorities may bear one name, and what the keys of one say counts for nothing with the other:
 * a name is that of its root's issuer.
 */
export function issuerId({ root = "", issuer = "" }: Pick<TrustedKey, "root" | "issuer">): string {
  return `${root} ${issuer}`;
}

export type KeyUse = "credential" | "status";

export interface TrustList {
  /** Who publishes the list; absent for JWKS and PEM, as is everything but the keys. */
  authority?: string;
  /** Grows with every list; 0 for JWKS and PEM. A verifier refuses a list older than the one it has. */
  epoch: number;
  /** Seconds since 1970-01-01T00:00:00Z. */
  issuedAt?: number;
  expires?: number;
  keys: TrustedKey[];
  /** Keys that were passed over, where the file is one of others that has some to use. */
  warnings?: readonly TrustWarning[];
  /** The key that signed the list; to pin it, compare SHA-256 of `thumbprintInput(root)`. */
  root?: PublicKey;
}

/** Why a key was passed over: one clause, and where there is one, what makes it a key that can be read. */
export interface TrustWarning {
  code: TrustErrorCode;
  message: string;
  remedy?: string;
  /** Which of several files, from 0. */
  file?: number;
}

export type TrustErrorCode =
  | "UNKNOWN_FORMAT"
  /** Known, and not one that is read: its remedy says how to convert it. */
  | "FOREIGN_FORMAT"
  | "TOO_LARGE"
  | "BAD_TRUST_LIST"
  | "BAD_SIGNATURE"
  | "BAD_JWKS"
  | "BAD_PEM"
  | "BAD_DER"
  | "PRIVATE_KEY"
  | "UNSUPPORTED_KEY"
  /** For encryption, or other operations than verifying. */
  | "NOT_FOR_SIGNING"
  | "NO_KEYS"
  /** Not newer than the list in force, or older than one that was in force before. */
  | "OLD_EPOCH"
  /** Its time or its epoch is too far ahead of the clock. */
  | "IN_FUTURE"
  /** One that has not expired is in force. */
  | "EXPIRED"
  /** Signed by a root key that is not pinned, or by none. */
  | "OTHER_ROOT"
  | "TOO_MANY_KEYS";

/** The only error that reading trust ends in. The message is one clause, fit for "cannot read FILE: ...". */
export class TrustError extends Error {
  override readonly name = "TrustError";
  /** Which of several files, from 0. */
  readonly file?: number;
  /** What helps against this fault, where its code does not say enough: one clause, with FILE for the file's name. */
  readonly remedy?: string;
  constructor(
    readonly code: TrustErrorCode,
    message: string,
    details: { file?: number; remedy?: string } = {},
  ) {
    super(message);
    if (details.file !== undefined) this.file = details.file;
    if (details.remedy !== undefined) this.remedy = details.remedy;
  }
}

/** Checks one signature; the engine's own or any other implementation. */
export type VerifySignature = (
  algorithm: Algorithm,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean;

/** Media type in the `typ` header (RFC 9596), so that no other signed thing passes for a trust list. */
export const TRUST_LIST_TYPE = "application/hufu-trust-list+cwt";

// CWT claims (RFC 8392 §4, RFC 8747), and our own in the private-use range below -65536.
const ISS = 1;
const EXP = 4;
const NBF = 5;
const IAT = 6;
const CNF = 8;
const CNF_COSE_KEY = 1;
const EPOCH = -65537;
const KEYS = -65538;
const TIERS = -65539;
const USE = -65540;
const STATUS = -65541;
/** The only value of STATUS: no status is published. Any other promises, so that none fails open. */
const STATUS_NONE = 0;
const USES: readonly KeyUse[] = ["credential", "status"];

/** What `encodeTrustList` needs: everything is said. */
export type NewTrustList = Required<Omit<TrustList, "warnings">>;

/** `sign` signs with the private half of `list.root`. Of each key's identifiers the first is written. */
export async function encodeTrustList(list: NewTrustList, sign: Sign): Promise<Uint8Array> {
  const payload = new Map<number, unknown>([
    [ISS, list.authority],
    [EXP, list.expires],
    [IAT, list.issuedAt],
    [EPOCH, list.epoch],
    [KEYS, list.keys.map(encodeKey)],
  ]);
  const headers = new Map<number, unknown>([
    [HEADER_ALG, ALGORITHMS[list.root.algorithm].cose[0]],
    [HEADER_KCCS, new Map([[CNF, new Map([[CNF_COSE_KEY, toCoseKey(list.root)]])]])],
    [HEADER_TYP, TRUST_LIST_TYPE],
  ]);
  return encodeSign1({ protected: headers, payload: encodeCbor(payload) }, sign);
}

/** Throws nothing but TrustError (and what `verify` throws). Time is not judged here. */
export function decodeTrustList(bytes: Uint8Array, verify: VerifySignature): TrustList {
  const { sign1, payload } = open(bytes);
  if (sign1.headers.get(HEADER_TYP) !== TRUST_LIST_TYPE) throw bad(`its type is not ${TRUST_LIST_TYPE}`);
  const root = confirmationKey(sign1.headers.get(HEADER_KCCS));
  if (root === undefined) throw bad("its header carries no root key of a known algorithm");
  if (algorithmOfCose(sign1.headers.get(HEADER_ALG)) !== root.algorithm) {
    throw bad("its header names another algorithm than its root key's");
  }
  if (!verify(root.algorithm, root.publicKey, sign1.toBeSigned, sign1.signature)) {
    throw new TrustError("BAD_SIGNATURE", "the trust list's signature does not hold: it was damaged or altered");
  }
  const keys = payload.get(KEYS);
  if (!Array.isArray(keys)) throw bad("it has no keys");
  if (keys.length > MAX_TRUSTED_KEYS) {
    throw new TrustError("TOO_MANY_KEYS", `it has ${keys.length} keys, and at most ${MAX_TRUSTED_KEYS} are read`);
  }
  const expires = whole(payload.get(EXP), "expiry");
  return {
    authority: text(payload.get(ISS), "authority"),
    epoch: whole(payload.get(EPOCH), "epoch"),
    issuedAt: whole(payload.get(IAT), "issue time"),
    expires,
    keys: keys.map((entry) => ({ ...decodeKey(entry), trustUntil: expires })),
    root: { algorithm: root.algorithm, publicKey: root.publicKey },
  };
}

function encodeKey(key: TrustedKey): CborMap {
  const entry = new Map<number, unknown>([
    [CNF, new Map([[CNF_COSE_KEY, toCoseKey(key, key.kids[0])]])],
    [USE, USES.indexOf(key.use)],
  ]);
  if (key.issuer !== undefined) entry.set(ISS, key.issuer);
  if (key.notBefore !== undefined) entry.set(NBF, key.notBefore);
  if (key.notAfter !== undefined) entry.set(EXP, key.notAfter);
  if (key.tiers !== undefined) entry.set(TIERS, key.tiers);
  if (!key.promisesStatus) entry.set(STATUS, STATUS_NONE);
  return entry;
}

function decodeKey(entry: unknown): TrustedKey {
  if (!isMap(entry)) throw bad("a key is not a map");
  const confirmed = confirmationKey(entry);
  if (confirmed === undefined) throw bad("a key is not a public key of a known algorithm");
  const { kid, algorithm, publicKey } = confirmed;
  if (kid === undefined || kid.length === 0 || kid.length > MAX_KID_LENGTH) {
    throw bad(`a key's identifier is not of 1 to ${MAX_KID_LENGTH} bytes`);
  }
  const use = USES.find((_, number) => number === entry.get(USE));
  if (use === undefined) throw bad("a key's use is unknown");
  const promisesStatus = entry.get(STATUS) !== STATUS_NONE;
  const key: TrustedKey = { kids: [kid], algorithm, publicKey, use, promisesStatus };
  if (entry.has(ISS)) key.issuer = text(entry.get(ISS), "key's issuer");
  if (entry.has(NBF)) key.notBefore = whole(entry.get(NBF), "key's start");
  if (entry.has(EXP)) key.notAfter = whole(entry.get(EXP), "key's end");
  if (entry.has(TIERS)) key.tiers = tiers(entry.get(TIERS));
  return key;
}

function open(bytes: Uint8Array) {
  try {
    const sign1 = decodeSign1(bytes);
    const payload = decodeCbor(sign1.payload);
    if (!isMap(payload)) throw bad("its payload is not a map");
    return { sign1, payload };
  } catch (error) {
    if (error instanceof CoseError || error instanceof CborError) throw bad(error.message);
    throw error;
  }
}

function confirmationKey(claims: unknown) {
  const confirmation = isMap(claims) ? claims.get(CNF) : undefined;
  return isMap(confirmation) ? fromCoseKey(confirmation.get(CNF_COSE_KEY)) : undefined;
}

function text(value: unknown, what: string): string {
  if (typeof value !== "string") throw bad(`its ${what} is not a text`);
  return value;
}

function whole(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad(`its ${what} is not a number`);
  return value;
}

function tiers(value: unknown): Tier[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((tier) => tier === Tier.LITE || tier === Tier.FULL)) {
    throw bad("a key's tiers are unknown");
  }
  return value as Tier[];
}

function bad(why: string): TrustError {
  return new TrustError("BAD_TRUST_LIST", `not a trust list of ours: ${why}`);
}
