import { decode as decodeAnyCbor } from "cborg";
import { ALGORITHMS, algorithmOfCose } from "../algorithm.js";
import { Status } from "../../abi/batch.js";
import { equalBytes } from "../bytes.js";
import { type CborMap, encodeCbor, isMap } from "../cbor.js";
import { CoseError, decodeSign1, encodeSign1, HEADER_ALG, HEADER_KID, HEADER_TYP, type Sign1 } from "../cose.js";
import { MAX_STATUS_LIST_LENGTH } from "../../abi/limits.js";
import { type Signed, signsAt, type StatusSigner, type StatusTrust } from "./envelope.js";
import { StatusError } from "./error.js";
import { deflate, inflate, ZlibError, type ZlibFault } from "../zlib.js";
import type { TrustedKey } from "../trust/trust-list.js";

/**
 * The IETF Token Status List as a CWT (draft-ietf-oauth-status-list): an array of small numbers, one for each
 * credential that names the list's address and its own index in claim 65535. Others issue it, and so can we; our own
 * snapshots (snapshot.ts) are smaller and tell nobody which credential is asked for.
 */
export interface TokenStatusList {
  /** Its address: what a credential's `uri` must equal. */
  uri: string;
  /** Seconds since 1970-01-01T00:00:00Z, and for how many of them it may be kept. */
  issuedAt: number;
  expires?: number;
  timeToLive?: number;
  bits: StatusBits;
  /** The statuses, packed from the lowest bits of each byte up (section 4.1). */
  statuses: Uint8Array;
}

export type StatusBits = 1 | 2 | 4 | 8;

/** It decides nothing about credentials of others than the issuer whose key signed it. */
export type OpenedStatusList = TokenStatusList & Signed;

/** `typ` header (section 5.2). */
export const STATUS_LIST_TYPE = "application/statuslist+cwt";

// CWT claims (RFC 8392 §4; section 5.2) and keys of the list (section 4.3).
const SUB = 2;
const EXP = 4;
const IAT = 6;
const STATUS_LIST = 65533;
/** Where a credential says its place in a list. */
const CREDENTIAL_STATUS = 65535;
const TTL = 65534;
const BITS = "bits";
const LST = "lst";

/** Until when, in seconds since 1970, its `good` may be relied on; for ever where it does not say. */
export function freshUntil({ issuedAt, expires, timeToLive, signer }: OpenedStatusList): bigint {
  // Time to live says when to fetch it again, expiry when it ends: what is not fetched anew is stale at the earlier.
  const kept = timeToLive === undefined ? Infinity : issuedAt + timeToLive;
  const end = Math.min(expires ?? Infinity, kept, signer.notAfter ?? Infinity);
  return end === Infinity ? 2n ** 63n - 1n : BigInt(end);
}

/** What a status in a list means (section 7.1); undefined where it is the application's own, or beyond the end. */
export function listedStatus(list: TokenStatusList, index: number): Status | undefined {
  const perByte = 8 / list.bits;
  const byte = list.statuses[Math.floor(index / perByte)];
  if (byte === undefined) return undefined;
  const value = (byte >>> ((index % perByte) * list.bits)) & ((1 << list.bits) - 1);
  return [Status.GOOD, Status.REVOKED, Status.SUSPENDED][value];
}

/** Pack statuses, the number of each being its index: GOOD, REVOKED, and with two bits or more SUSPENDED. */
export function packStatuses(statuses: readonly Status[], bits: StatusBits): Uint8Array {
  const perByte = 8 / bits;
  const packed = new Uint8Array(Math.ceil(statuses.length / perByte));
  for (const [index, status] of statuses.entries()) {
    const value = [Status.GOOD, Status.REVOKED, Status.SUSPENDED].indexOf(status);
    if (value < 0 || value >= 1 << bits) throw new RangeError(`${Status[status]} does not fit into ${bits} bits`);
    const at = Math.floor(index / perByte);
    packed[at] = (packed[at] ?? 0) | (value << ((index % perByte) * bits));
  }
  return packed;
}

export async function encodeStatusList(list: TokenStatusList, signer: StatusSigner): Promise<Uint8Array> {
  const headers = new Map<number, unknown>([
    [HEADER_ALG, ALGORITHMS[signer.algorithm].cose[0]],
    [HEADER_KID, signer.kid],
    [HEADER_TYP, STATUS_LIST_TYPE],
  ]);
  const payload = new Map<number, unknown>([
    [SUB, list.uri],
    [IAT, list.issuedAt],
    [
      STATUS_LIST,
      new Map<string, unknown>([
        [BITS, list.bits],
        [LST, await deflate(list.statuses)],
      ]),
    ],
  ]);
  if (list.expires !== undefined) payload.set(EXP, list.expires);
  if (list.timeToLive !== undefined) payload.set(TTL, list.timeToLive);
  return encodeSign1({ protected: headers, payload: encodeCbor(payload) }, signer.sign);
}

/** Rejects with nothing but StatusError (and what `trust.verify` throws). Time is not judged here. */
export async function openStatusList(bytes: Uint8Array, trust: StatusTrust): Promise<OpenedStatusList> {
  const sign1 = attempt(() => decodeSign1(bytes));
  const type = sign1.headers.get(HEADER_TYP);
  if (type !== STATUS_LIST_TYPE) throw otherType(type);
  const signer = signerOf(sign1, trust);
  const payload = claimsOf(sign1.payload);
  const { bits, compressed } = contentOf(payload);
  const uri = payload.get(SUB);
  if (typeof uri !== "string") throw bad("it does not say its address (sub, claim 2)");
  const issuedAt = date(payload, IAT, "issue time (iat, claim 6)");
  const expires = date(payload, EXP, "expiry (exp, claim 4)");
  const timeToLive = seconds(payload, TTL, "time to live (ttl, claim 65534)");
  if (issuedAt === undefined) throw bad("it does not say when it was issued (iat, claim 6)");
  if (expires !== undefined && issuedAt > expires) throw bad("its issue time (iat) is after its expiry (exp)");
  if (timeToLive === 0) throw bad("its time to live (ttl, claim 65534) is 0");
  if (!signsAt(signer, issuedAt)) {
    throw new StatusError("UNKNOWN_KEY", "the key that signed it was not valid when it says that it was issued (iat)");
  }
  return {
    uri,
    issuedAt,
    ...(expires !== undefined && { expires }),
    ...(timeToLive !== undefined && { timeToLive }),
    bits,
    statuses: await inflateList(compressed),
    signer,
  };
}

/** Of a COSE_Sign1 whose type (16) is neither of ours nor that of a Token Status List. */
export function otherType(type: unknown): StatusError {
  const said = typeof type === "string" ? `its type is ${JSON.stringify(type.slice(0, 80))}` : "it does not say its type (16)"; // prettier-ignore
  return new StatusError("UNKNOWN_FORMAT", `${said}, and a Token Status List has ${STATUS_LIST_TYPE}`);
}

/** The list within the claims, not inflated yet. */
function contentOf(payload: CborMap): { bits: StatusBits; compressed: Uint8Array } {
  const content = payload.get(STATUS_LIST);
  if (content === undefined) {
    // Those who make lists take the claim by which a credential points into one, or the name that JSON has.
    const elsewhere = [CREDENTIAL_STATUS, "status_list", "65533"].find((claim) => payload.has(claim));
    const where = elsewhere === undefined ? "" : `, but has one in ${JSON.stringify(elsewhere)}`;
    throw bad(`it has no status list in claim ${STATUS_LIST}${where}`);
  }
  if (!isMap(content)) throw bad(`its status list (claim ${STATUS_LIST}) is not a map`);
  const bits = content.get(BITS);
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) {
    const said = typeof bits === "number" ? `${bits} bits` : "no number of bits";
    throw bad(`its statuses have ${said} (bits), and 1, 2, 4 and 8 are possible`);
  }
  const compressed = content.get(LST);
  if (compressed === undefined) throw bad("its status list has no lst");
  if (!(compressed instanceof Uint8Array)) {
    throw bad(
      `its lst is ${typeof compressed === "string" ? "a text, as in a JWT," : "not bytes"} and is a byte string in a CWT`,
    );
  }
  return { bits, compressed };
}

/** The key that made the signature. Others put the key id in either header (RFC 9052 §3.1). */
function signerOf(sign1: Sign1, trust: StatusTrust): TrustedKey {
  const algorithm = algorithmOfCose(sign1.headers.get(HEADER_ALG));
  const kid = sign1.headers.get(HEADER_KID) ?? sign1.unprotected.get(HEADER_KID);
  const keys = trust.keys.filter(
    (key) =>
      key.algorithm === algorithm &&
      (kid === undefined ||
        key.kids.length === 0 ||
        key.kids.some((known) => kid instanceof Uint8Array && equalBytes(known, kid))),
  );
  if (keys.length === 0) throw new StatusError("UNKNOWN_KEY", "the trust list has no key that may have signed it");
  const { toBeSigned, signature } = sign1;
  const signer = keys.find((key) => trust.verify(key.algorithm, key.publicKey, toBeSigned, signature));
  if (signer === undefined) {
    throw new StatusError("BAD_SIGNATURE", "its signature does not hold: it was damaged or altered");
  }
  return signer;
}

/** Other people's claims: any order of keys, integers of any length. */
function claimsOf(payload: Uint8Array): CborMap {
  const claims = attempt(
    () => decodeAnyCbor(payload, { useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: false }) as unknown,
  );
  if (!isMap(claims)) throw bad("its claims are not a map");
  return claims;
}

/** NumericDate (RFC 8392 section 2): seconds, here rounded down, as an integer or a float. */
function date(payload: CborMap, label: number, what: string): number | undefined {
  const value = seconds(payload, label, what);
  // The year 5138; in milliseconds a day in 1973.
  if (value === undefined || value < 1e11) return value;
  throw bad(`its ${what}, ${value}, is in milliseconds or less, and counts seconds`);
}

function seconds(payload: CborMap, label: number, what: string): number | undefined {
  const value = payload.get(label);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isFinite(value)) throw bad(`its ${what} is not a number of seconds`);
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw bad(`its ${what}, ${value}, is out of range`);
  return Math.floor(value);
}

const ZLIB_FAULTS: Readonly<Record<ZlibFault, string>> = {
  gzip: "its list (lst) is compressed with gzip, not zlib",
  raw: "its list (lst) is deflate without the frame of zlib (RFC 1950)",
  "not-zlib": "its list (lst) is not compressed with zlib",
  damaged: "its list (lst) is damaged zlib, or something follows it",
  followed: "something follows the zlib stream in its list (lst)",
  "too-large": `its list inflates to more than ${MAX_STATUS_LIST_LENGTH} bytes`,
};

async function inflateList(compressed: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflate(compressed, MAX_STATUS_LIST_LENGTH);
  } catch (error) {
    if (!(error instanceof ZlibError)) throw error;
    throw new StatusError(error.fault === "too-large" ? "TOO_LARGE" : "BAD_BODY", ZLIB_FAULTS[error.fault]);
  }
}

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof CoseError || (error instanceof Error && !(error instanceof StatusError)))
      throw bad(error.message);
    throw error;
  }
}

function bad(why: string): StatusError {
  return new StatusError("BAD_HEADER", `not a status list: ${why}`);
}
