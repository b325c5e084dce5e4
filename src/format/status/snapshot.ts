import { concat, equalBytes } from "../bytes.js";
import { BODY_EPOCH, BODY_EXPIRES, BODY_KEY, BODY_UNIVERSE } from "../../abi/status-body.js";
import { checkLayout } from "./layout.js";
import { byteString, openEnvelope, sealEnvelope, whole } from "./envelope.js";
import type { Signed, StatusClaims, StatusSigner, StatusTrust } from "./envelope.js";
import { StatusError } from "./error.js";
import { MAX_STATUS_FILE_LENGTH } from "../../abi/limits.js";

/**
 * A status snapshot file:
 *
 *     "HUFUSTS1" · u32 length of the envelope · u32 0 · envelope · zeros up to a multiple of 64 · body
 *
 * The envelope is a CWT in a COSE_Sign1 that holds the body's SHA-256. The body lies as src/abi/status-body.ts
 * says, and an engine maps it as it is.
 */

export interface SnapshotHeader extends StatusClaims {
  /** 16 random bytes: with the issuer's name they make the key of the credential hash. */
  salt: Uint8Array;
  /** How many credentials of each status the universe holds. */
  good: number;
  revoked: number;
  suspended: number;
}

export interface Snapshot<Body = Uint8Array> {
  header: SnapshotHeader;
  body: Body;
}

/** A body that was checked and lies in a file of the verifier's own: a nation's is held in memory only where it is used. */
export interface StoredBody {
  path: string;
  length: number;
}

/** Where a body in force is. */
export type SnapshotBody = Uint8Array | StoredBody;

export type OpenedSnapshot = Snapshot<SnapshotBody> & Signed;

/** Media type in the `typ` header (RFC 9596). */
export const SNAPSHOT_TYPE = "application/hufu-status-snapshot+cwt";

const MAGIC = new TextEncoder().encode("HUFUSTS1");
const PREFIX_SIZE = 16;
const ALIGNMENT = 64;
export const SALT_SIZE = 16;

// Claims of our own, in the private-use range below -65536.
const SALT = -65541;
const COUNTS = -65542;
const BODY_LENGTH = -65543;
const BODY_SHA256 = -65544;

/** What precedes the body in the file. `bodyHash` is the SHA-256 of the body. */
export async function encodeSnapshotHead(
  header: SnapshotHeader,
  bodyLength: number,
  bodyHash: Uint8Array,
  signer: StatusSigner,
): Promise<Uint8Array> {
  const envelope = await sealEnvelope(
    SNAPSHOT_TYPE,
    header,
    [
      [SALT, header.salt],
      [COUNTS, [header.good, header.revoked, header.suspended]],
      [BODY_LENGTH, bodyLength],
      [BODY_SHA256, bodyHash],
    ],
    signer,
  );
  const head = new Uint8Array(bodyOffset(envelope.length));
  head.set(MAGIC);
  new DataView(head.buffer).setUint32(MAGIC.length, envelope.length, true);
  head.set(envelope, PREFIX_SIZE);
  return head;
}

function bodyOffset(envelopeLength: number): number {
  return Math.ceil((PREFIX_SIZE + envelopeLength) / ALIGNMENT) * ALIGNMENT;
}

/** Does a file begin as snapshots do? */
export function isSnapshot(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, MAGIC.length), MAGIC);
}

/** The signed part of a file that begins so; it is not checked, and the body need not be there. */
export function snapshotEnvelope(start: Uint8Array): Uint8Array {
  if (!isSnapshot(start) || start.length < PREFIX_SIZE) {
    throw new StatusError("UNKNOWN_FORMAT", "it is not a status snapshot of ours");
  }
  const length = new DataView(start.buffer, start.byteOffset, PREFIX_SIZE).getUint32(MAGIC.length, true);
  return start.subarray(PREFIX_SIZE, PREFIX_SIZE + length);
}

/**
 * Check a snapshot file whole and return what it holds; `body` is a view of `bytes`. With `epochInForce` a file that is
 * not newer is refused before its body is hashed. Rejects with nothing but StatusError (and what `trust.verify` throws).
 * Time is not judged here.
 */
export async function openSnapshot(
  bytes: Uint8Array,
  trust: StatusTrust,
  epochInForce = 0,
): Promise<Snapshot & Signed> {
  if (bytes.length > MAX_STATUS_FILE_LENGTH) {
    throw new StatusError("TOO_LARGE", `it has ${bytes.length} bytes, and at most ${MAX_STATUS_FILE_LENGTH} are read`);
  }
  if (!isSnapshot(bytes)) {
    throw new StatusError("UNKNOWN_FORMAT", "it is not a status snapshot of ours");
  }
  if (bytes.length < PREFIX_SIZE) throw new StatusError("WRONG_LENGTH", "it is cut off");
  const prefix = new DataView(bytes.buffer, bytes.byteOffset, PREFIX_SIZE);
  const envelopeLength = prefix.getUint32(MAGIC.length, true);
  const offset = bodyOffset(envelopeLength);
  if (bytes.length < offset) throw new StatusError("WRONG_LENGTH", "it is cut off");
  if (
    prefix.getUint32(MAGIC.length + 4, true) !== 0 ||
    bytes.subarray(PREFIX_SIZE + envelopeLength, offset).some(Boolean)
  ) {
    throw new StatusError("BAD_HEADER", "what should be zero is not");
  }

  const envelope = bytes.subarray(PREFIX_SIZE, PREFIX_SIZE + envelopeLength);
  const { claims: opened, payload } = openEnvelope(envelope, SNAPSHOT_TYPE, trust);
  const { signer, ...claims } = opened;
  const [good, revoked, suspended] = counts(payload.get(COUNTS));
  const header = { ...claims, salt: byteString(payload, SALT, "salt"), good, revoked, suspended };
  if (header.epoch <= epochInForce) {
    throw new StatusError("OLD_EPOCH", `its epoch is ${header.epoch}, and ${epochInForce} is in force`);
  }
  const body = bytes.subarray(offset);
  if (body.length !== whole(payload, BODY_LENGTH, "length")) {
    throw new StatusError("WRONG_LENGTH", "its body is not as long as was signed");
  }
  const hash = trust.sha256?.(body) ?? (await sha256(body));
  if (!equalBytes(hash, byteString(payload, BODY_SHA256, "digest"))) {
    throw new StatusError("BAD_BODY", "its body is not the one that was signed: it was damaged or altered");
  }
  checkLayout(body);
  await checkAgreement(header, body);
  return { header, body, signer };
}

/** The engine goes by the body's header, everyone else by the claims: they must say the same. */
async function checkAgreement(header: SnapshotHeader, body: Uint8Array): Promise<void> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const key = await hashKey(header.issuer, header.salt);
  if (
    view.getUint32(BODY_EPOCH, true) !== header.epoch ||
    view.getBigInt64(BODY_UNIVERSE, true) !== BigInt(header.universe) ||
    view.getBigInt64(BODY_EXPIRES, true) !== BigInt(header.expires) ||
    !equalBytes(body.subarray(BODY_KEY, BODY_KEY + key.length), key)
  ) {
    throw new StatusError("BAD_LAYOUT", "its body and its claims disagree");
  }
}

function counts(value: unknown): [number, number, number] {
  if (!Array.isArray(value) || value.length !== 3 || !value.every(Number.isSafeInteger)) {
    throw new StatusError("BAD_HEADER", "its counts are not three numbers");
  }
  return value as [number, number, number];
}

/** Key of the credential hash, 16 bytes: the same ids hash differently for each issuer and each snapshot. */
export async function hashKey(issuer: string, salt: Uint8Array): Promise<Uint8Array> {
  return (await sha256(concat(salt, new TextEncoder().encode(issuer)))).subarray(0, 16);
}

/** By Web Crypto, which does not take shared memory: what lies there is copied. */
async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  const own = bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", own));
}
