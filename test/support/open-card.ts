import { inflateSync } from "node:zlib";
import { decode } from "cborg";
import { decodeBase45 } from "./base45.js";

type CborMap = Map<number, unknown>;

/** A card opened by the book, with node:zlib and cborg: no code of ours. Throws for anything but a good card. */
export interface OpenedCard {
  headers: CborMap;
  kid: Uint8Array;
  claims: CborMap;
  identity: CborMap;
  /** Sig_structure, RFC 9052 §4.4. */
  toBeSigned: Uint8Array;
  signature: Uint8Array;
}

export function openCard(qrText: string): OpenedCard {
  const cose = new Uint8Array(inflateSync(decodeBase45(qrText)));
  if (cose[0] !== 0xd2) throw new Error("not tag 18");
  const parts = decode(cose.subarray(1), { useMaps: true }) as unknown[];
  if (parts.length !== 4) throw new Error("not a COSE_Sign1");
  const [protectedBytes, unprotected, payload, signature] = parts as [Uint8Array, CborMap, Uint8Array, Uint8Array];
  if (unprotected.size !== 0) throw new Error("not the COSE_Sign1 we write");
  const headers = decode(protectedBytes, { useMaps: true }) as CborMap;
  const claims = decode(payload, { useMaps: true }) as CborMap;
  const toBeSigned = Uint8Array.of(
    ...[0x84, 0x6a, ...Buffer.from("Signature1")],
    ...byteString(protectedBytes),
    0x40,
    ...byteString(payload),
  );
  return {
    headers,
    kid: headers.get(4) as Uint8Array,
    claims,
    identity: claims.get(169) as CborMap,
    toBeSigned,
    signature,
  };
}

function byteString(bytes: Uint8Array): number[] {
  const { length } = bytes;
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 255];
  return [...head, ...bytes];
}
