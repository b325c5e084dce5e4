import { ALGORITHMS, algorithmOfCose } from "../algorithm.js";
import type { Algorithm } from "../../abi/batch.js";
import { equalBytes } from "../bytes.js";
import { CborError, decodeCbor, encodeCbor, isMap, type CborMap } from "../cbor.js";
import {
  CoseError,
  decodeSign1,
  encodeSign1,
  HEADER_ALG,
  HEADER_KID,
  HEADER_TYP,
  type Sign,
  type Sign1,
} from "../cose.js";
import { StatusError } from "./error.js";
import { refuseForm } from "./form.js";
import type { TrustedKey, VerifySignature } from "../trust/trust-list.js";

/** The signed part that status snapshots and deltas have in common: a CWT (RFC 8392) in a COSE_Sign1. */

// CWT claims, and our own in the private-use range below -65536.
const ISS = 1;
const EXP = 4;
const IAT = 6;
const EPOCH = -65537;

export interface StatusClaims {
  /** Name of the authority whose credentials this is about, as the trust list has it. */
  issuer: string;
  /** Grows with every snapshot and every delta of an issuer, from 1. */
  epoch: number;
  /** Time of the universe: seconds since 1970-01-01T00:00:00Z up to which every issued credential is answered for. */
  universe: number;
  /** Until when, in the same seconds, `good` may be said. */
  expires: number;
}

/** Whose key signed a file that was opened: what it says counts for as long as that key is trusted. */
export interface Signed {
  signer: TrustedKey;
}

/** The `typ` of a file that is a COSE_Sign1, to tell its kind. Throws StatusError for anything else, and says what. */
export function typeOfFile(bytes: Uint8Array): unknown {
  try {
    return decodeSign1(bytes).headers.get(HEADER_TYP);
  } catch (error) {
    if (error instanceof CoseError) throw refuseForm(bytes, error.message);
    throw error;
  }
}

/** The key that signs status files. */
export interface StatusSigner {
  algorithm: Algorithm;
  kid: Uint8Array;
  sign: Sign;
}

/** Whose signatures count: the trust list's keys, and the code that checks one signature. */
export interface StatusTrust {
  keys: readonly TrustedKey[];
  verify: VerifySignature;
  /** SHA-256 of a snapshot's body; by Web Crypto when absent. */
  sha256?: (bytes: Uint8Array) => Uint8Array;
}

export async function sealEnvelope(
  type: string,
  claims: StatusClaims,
  more: Iterable<[number, unknown]>,
  signer: StatusSigner,
): Promise<Uint8Array> {
  const headers = new Map<number, unknown>([
    [HEADER_ALG, ALGORITHMS[signer.algorithm].cose[0]],
    [HEADER_KID, signer.kid],
    [HEADER_TYP, type],
  ]);
  const payload = new Map<number, unknown>([
    [ISS, claims.issuer],
    [EXP, claims.expires],
    [IAT, claims.universe],
    [EPOCH, claims.epoch],
    ...more,
  ]);
  return encodeSign1({ protected: headers, payload: encodeCbor(payload) }, signer.sign);
}

/** Throws nothing but StatusError (and what `trust.verify` throws). */
export function openEnvelope(
  bytes: Uint8Array,
  type: string,
  trust: StatusTrust,
): { claims: StatusClaims & Signed; payload: CborMap } {
  const sign1 = decode(bytes, decodeSign1);
  if (sign1.headers.get(HEADER_TYP) !== type) throw new StatusError("UNKNOWN_FORMAT", `its type is not ${type}`);
  const payload = decode(sign1.payload, decodeCbor);
  if (!isMap(payload)) throw new StatusError("BAD_HEADER", "its claims are not a map");
  const issuer = payload.get(ISS);
  if (typeof issuer !== "string") throw new StatusError("BAD_HEADER", "it names no issuer");
  const claims = {
    issuer,
    epoch: whole(payload, EPOCH, "epoch"),
    universe: whole(payload, IAT, "time"),
    expires: whole(payload, EXP, "expiry"),
  };
  if (claims.epoch < 1 || claims.epoch > 0xffffffff) throw new StatusError("BAD_HEADER", "its epoch is out of range");
  return { claims: { ...claims, signer: signerOf(sign1, claims, trust) }, payload };
}

function signerOf(sign1: Sign1, claims: StatusClaims, trust: StatusTrust): TrustedKey {
  const algorithm = algorithmOfCose(sign1.headers.get(HEADER_ALG));
  const kid = sign1.headers.get(HEADER_KID);
  const keys = trust.keys.filter(
    (key) =>
      key.use === "status" &&
      key.issuer === claims.issuer &&
      key.algorithm === algorithm &&
      (key.kids.length === 0 || key.kids.some((known) => kid instanceof Uint8Array && equalBytes(known, kid))) &&
      signsAt(key, claims.universe),
  );
  if (keys.length === 0) {
    throw new StatusError("UNKNOWN_KEY", `the trust list has no key that may sign status for ${claims.issuer}`);
  }
  const { toBeSigned, signature } = sign1;
  const signer = keys.find((key) => trust.verify(key.algorithm, key.publicKey, toBeSigned, signature));
  if (signer === undefined) {
    throw new StatusError("BAD_SIGNATURE", "its signature does not hold: it was damaged or altered");
  }
  return signer;
}

/** May `key` sign at this second? */
export function signsAt({ notBefore = -Infinity, notAfter = Infinity }: TrustedKey, seconds: number): boolean {
  return notBefore <= seconds && seconds <= notAfter;
}

function decode<T>(bytes: Uint8Array, decoder: (bytes: Uint8Array) => T): T {
  try {
    return decoder(bytes);
  } catch (error) {
    if (error instanceof CborError || error instanceof CoseError) throw new StatusError("BAD_HEADER", error.message);
    throw error;
  }
}

/** A whole number at least 0 of the payload. */
export function whole(payload: CborMap, label: number, what: string): number {
  const value = payload.get(label);
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new StatusError("BAD_HEADER", `its ${what} is not a whole number`);
  }
  return value;
}

/** A byte string of the payload. */
export function byteString(payload: CborMap, label: number, what: string): Uint8Array {
  const value = payload.get(label);
  if (!(value instanceof Uint8Array)) throw new StatusError("BAD_HEADER", `its ${what} is not a byte string`);
  return value;
}
