import { CborError, decodeCbor, encodeCbor, isMap, type CborMap } from "./cbor.js";
import { sigStructure, writeSign1, type Sign } from "./sign1.js";

export { HEADER_ALG, HEADER_KCCS, HEADER_KID, HEADER_TYP } from "./labels.js";
export { type Sign } from "./sign1.js";

/** COSE_Sign1 (RFC 9052 §4.2) as the authority writes it: tag 18, deterministic encoding, signed content embedded. */

/** CBOR tag 18 in its shortest form. */
const TAG_SIGN1 = 0xd2;

export interface Sign1Content {
  protected: CborMap;
  unprotected?: CborMap;
  payload: Uint8Array;
}

export interface Sign1 {
  protectedBytes: Uint8Array;
  /** The protected header, the only one that is signed. */
  headers: CborMap;
  unprotected: CborMap;
  payload: Uint8Array;
  signature: Uint8Array;
  /** Sig_structure, the bytes the signature is over. */
  toBeSigned: Uint8Array;
}

/** The bytes are not a COSE_Sign1 of the form above. */
export class CoseError extends Error {
  override readonly name = "CoseError";
}

export function encodeSign1(content: Sign1Content, sign: Sign): Promise<Uint8Array> {
  const { unprotected = new Map(), payload } = content;
  const protectedBytes = encodeCbor(content.protected);
  return writeSign1({ protectedBytes, unprotected: encodeCbor(unprotected), payload }, sign);
}

/** Throws nothing but CoseError. The signature is not checked here. */
export function decodeSign1(bytes: Uint8Array): Sign1 {
  if (bytes[0] !== TAG_SIGN1) throw new CoseError("does not begin with CBOR tag 18 (COSE_Sign1)");
  const parts = decodePart(bytes.subarray(1), "COSE_Sign1");
  if (!Array.isArray(parts) || parts.length !== 4) throw new CoseError("COSE_Sign1 is not an array of four");
  const [protectedBytes, unprotected, payload, signature] = parts as unknown[];
  if (!(protectedBytes instanceof Uint8Array)) throw new CoseError("the protected header is not a byte string");
  if (!isMap(unprotected)) throw new CoseError("the unprotected header is not a map");
  if (!(payload instanceof Uint8Array)) throw new CoseError("the payload is not a byte string");
  if (!(signature instanceof Uint8Array)) throw new CoseError("the signature is not a byte string");
  const headers = decodePart(protectedBytes, "protected header");
  if (!isMap(headers)) throw new CoseError("the protected header is not a map");
  for (const label of headers.keys()) {
    if (unprotected.has(label)) throw new CoseError(`header ${String(label)} is both protected and unprotected`);
  }
  if (headers.has(2)) throw new CoseError("crit names headers that are not understood here");
  return {
    protectedBytes,
    headers,
    unprotected,
    payload,
    signature,
    toBeSigned: sigStructure(protectedBytes, payload),
  };
}

function decodePart(bytes: Uint8Array, what: string): unknown {
  try {
    return decodeCbor(bytes);
  } catch (error) {
    if (error instanceof CborError) throw new CoseError(`${what}: ${error.message}`);
    throw error;
  }
}
