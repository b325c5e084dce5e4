import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { equalBytes } from "./bytes.js";

/**
 * CBOR as the authority writes it: core deterministic encoding (RFC 8949 §4.2.1), integer map keys. Reading is just as
 * strict, so that one content has one file. Foreign credentials are read by the engine, not here.
 */
export type CborMap = ReadonlyMap<number | string, unknown>;

/** The bytes are not CBOR, or not in deterministic encoding. */
export class CborError extends Error {
  override readonly name = "CborError";
}

export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/** Maps come back as Map, integers beyond 2^53 as bigint. Throws nothing but CborError. */
export function decodeCbor(bytes: Uint8Array): unknown {
  let value: unknown;
  let canonical: Uint8Array;
  try {
    value = decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: false, strict: true });
    canonical = encodeCbor(value);
  } catch (error) {
    // Deep nesting ends in a RangeError of the stack, which is caught here like any other fault of the bytes.
    throw new CborError(error instanceof Error ? error.message : "not CBOR");
  }
  if (!equalBytes(canonical, bytes)) throw new CborError("not in deterministic encoding (RFC 8949 §4.2.1)");
  return value;
}

export function isMap(value: unknown): value is CborMap {
  return value instanceof Map;
}
