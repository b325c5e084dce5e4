import {
  arrayItem,
  bytesItem,
  contentOf,
  elementsOf,
  ItemError,
  mapItem,
  tagItem,
  textItem,
  untagged,
} from "./items.js";

/** COSE_Sign1 (RFC 9052 §4.2) of parts that are encoded already. */
export interface Sign1Parts {
  /** The protected header: the map, not yet the byte string. */
  protectedBytes: Uint8Array;
  /** The unprotected header, a map; empty where it is absent. */
  unprotected?: Uint8Array;
  payload: Uint8Array;
}

export type Sign = (toBeSigned: Uint8Array) => Uint8Array | Promise<Uint8Array>;

const TAG_SIGN1 = 18;

/** Sig_structure of RFC 9052 §4.4 with an empty external_aad. */
export function sigStructure(protectedBytes: Uint8Array, payload: Uint8Array): Uint8Array {
  return arrayItem([
    textItem("Signature1"),
    bytesItem(protectedBytes),
    bytesItem(new Uint8Array()),
    bytesItem(payload),
  ]);
}

/** Tagged 18. */
export async function writeSign1(parts: Sign1Parts, sign: Sign): Promise<Uint8Array> {
  const { protectedBytes, unprotected, payload } = parts;
  const signature = await sign(sigStructure(protectedBytes, payload));
  return sign1Of({ ...parts, unprotected: unprotected ?? mapItem([]) }, signature);
}

export function sign1Of(
  { protectedBytes, unprotected, payload }: Required<Sign1Parts>,
  signature: Uint8Array,
): Uint8Array {
  const array = arrayItem([bytesItem(protectedBytes), unprotected, bytesItem(payload), bytesItem(signature)]);
  return tagItem(TAG_SIGN1, array);
}

/** The parts of one that is tagged 18. Throws nothing but ItemError. */
export function readSign1(bytes: Uint8Array): Required<Sign1Parts> & { signature: Uint8Array } {
  const [header, unprotected, payload, signature] = elementsOf(untagged(TAG_SIGN1, bytes));
  if (header === undefined || unprotected === undefined || payload === undefined || signature === undefined) {
    throw new ItemError("not a COSE_Sign1");
  }
  return {
    protectedBytes: contentOf(header),
    unprotected,
    payload: contentOf(payload),
    signature: contentOf(signature),
  };
}
