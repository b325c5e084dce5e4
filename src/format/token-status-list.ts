import { decode as decodeAnyCbor } from "cborg";
import { ALGORITHMS, algorithmOfCose } from "./algorithm.js";
import { Status } from "./batch.js";
import { concat, equalBytes } from "./bytes.js";
import { type CborMap, encodeCbor, isMap } from "./cbor.js";
import { CoseError, decodeSign1, encodeSign1, HEADER_ALG, HEADER_KID, HEADER_TYP, type Sign1 } from "./cose.js";
import { MAX_STATUS_LIST_LENGTH } from "./limits.js";
import type { StatusSigner, StatusTrust } from "./status-envelope.js";
import { StatusError } from "./status-error.js";

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

export interface OpenedStatusList extends TokenStatusList {
  /** Whose key signed it: it decides nothing about other issuers' credentials. Absent where the trust has no names. */
  issuer?: string;
}

/** `typ` header (section 5.2). */
export const STATUS_LIST_TYPE = "application/statuslist+cwt";

// CWT claims (RFC 8392 §4; section 5.2) and keys of the list (section 4.3).
const SUB = 2;
const EXP = 4;
const IAT = 6;
const STATUS_LIST = 65533;
const TTL = 65534;
const BITS = "bits";
const LST = "lst";

/** Until when, in seconds since 1970, its `good` may be relied on; for ever where it does not say. */
export function freshUntil({ issuedAt, expires, timeToLive }: TokenStatusList): bigint {
  // Time to live says when to fetch it again, expiry when it ends: what is not fetched anew is stale at the earlier.
  const end = Math.min(expires ?? Infinity, timeToLive === undefined ? Infinity : issuedAt + timeToLive);
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
        [LST, await throughStream(list.statuses, new CompressionStream("deflate"), Infinity)],
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
  if (sign1.headers.get(HEADER_TYP) !== STATUS_LIST_TYPE) {
    throw new StatusError("UNKNOWN_FORMAT", `its type is not ${STATUS_LIST_TYPE}`);
  }
  const issuer = checkSigner(sign1, trust);
  const payload = claimsOf(sign1.payload);
  const content = payload.get(STATUS_LIST);
  if (!isMap(content)) throw bad("it has no status list");
  const bits = content.get(BITS);
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) throw bad("its statuses have an impossible size");
  const compressed = content.get(LST);
  if (!(compressed instanceof Uint8Array)) throw bad("its list is not a byte string");
  const uri = payload.get(SUB);
  if (typeof uri !== "string") throw bad("it does not say its address");
  const issuedAt = seconds(payload, IAT, "issue time");
  const expires = seconds(payload, EXP, "expiry");
  const timeToLive = seconds(payload, TTL, "time to live");
  if (issuedAt === undefined) throw bad("it does not say when it was issued");
  return {
    uri,
    issuedAt,
    ...(expires !== undefined && { expires }),
    ...(timeToLive !== undefined && { timeToLive }),
    bits,
    statuses: await inflate(compressed),
    ...(issuer !== undefined && { issuer }),
  };
}

/** Name of the authority whose key made the signature. Others put the key id in either header (RFC 9052 §3.1). */
function checkSigner(sign1: Sign1, trust: StatusTrust): string | undefined {
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
  return signer.issuer;
}

/** Other people's claims: any order of keys, integers of any length. */
function claimsOf(payload: Uint8Array): CborMap {
  const claims = attempt(
    () => decodeAnyCbor(payload, { useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: false }) as unknown,
  );
  if (!isMap(claims)) throw bad("its claims are not a map");
  return claims;
}

function seconds(payload: CborMap, label: number, what: string): number | undefined {
  const value = payload.get(label);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw bad(`its ${what} is not a number`);
  return value;
}

async function inflate(compressed: Uint8Array): Promise<Uint8Array> {
  try {
    return await throughStream(compressed, new DecompressionStream("deflate"), MAX_STATUS_LIST_LENGTH);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError("BAD_BODY", "its list is not zlib");
  }
}

async function throughStream(
  bytes: Uint8Array,
  stream: { writable: WritableStream<BufferSource>; readable: ReadableStream<Uint8Array> },
  limit: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  const written = writer.write(bytes as Uint8Array<ArrayBuffer>).then(() => writer.close());
  // What goes wrong is told by the reader; here it must only not go unheard.
  written.catch(() => undefined);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream.readable) {
    length += piece.length;
    if (length > limit) throw new StatusError("TOO_LARGE", `it inflates to more than ${limit} bytes`);
    pieces.push(piece);
  }
  return concat(...pieces);
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
