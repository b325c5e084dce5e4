import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { Decoder, Encoder } from "cbor-x";
import { decodeBase45 } from "./peer.js";

/**
 * What a careful user would build for presentations: base45 by table, cbor-x, node:crypto, and the hashes of disclosures
 * looked up in JavaScript. It checks less than the engine does: no duplicate keys, no depth, no place of a disclosure, no
 * contradiction of dates, no identity, no status.
 */
const cbor = new Decoder({ mapsAsObjects: false, useRecords: false });
const encoder = new Encoder({ useRecords: false, tagUint8Array: false });

type CborMap = Map<number, unknown>;
type Sign1 = [header: Uint8Array, unprotected: CborMap, payload: Uint8Array, signature: Uint8Array];

/** SubjectPublicKeyInfo up to the key itself (RFC 8410, RFC 5480): the quickest way to a key seen once. */
const SPKI_ED25519 = Buffer.from("302a300506032b6570032100", "hex");
const SPKI_P256 = Buffer.from("3059301306072a8648ce3d020106082a8648ce3d03010703420004", "hex");

export class PresentationPeer {
  readonly #issuer: KeyObject;

  constructor(
    issuerKey: Uint8Array,
    readonly audience: string,
  ) {
    this.#issuer = spki(SPKI_ED25519, issuerKey);
  }

  /** The claims of 169; undefined where it refuses. */
  verify(text: string): CborMap | undefined {
    const [header, , payload, signature] = sign1Of(cbor.decode(decodeBase45(text)));
    const [cardHeader, unprotected, cardPayload, cardSignature] = sign1Of((cbor.decode(header) as CborMap).get(13));
    if (!verify(null, toBeSigned(cardHeader, cardPayload), this.#issuer, cardSignature)) return undefined;
    const claims = decodeClaims(cardPayload);
    if (!isSignedBy(claims, toBeSigned(header, payload), signature)) return undefined;
    const token = cbor.decode(payload) as CborMap;
    const now = Date.now() / 1000;
    const [made, from, until] = [Number(token.get(6)), Number(claims.get(5)), Number(claims.get(4))];
    if (token.get(3) !== this.audience || made < now - 60 || made > now + 30 || now < from || now >= until)
      return undefined;
    const identity = claims.get(169);
    return identity instanceof Map ? disclose(identity as CborMap, unprotected) : undefined;
  }
}

function sign1Of(tagged: unknown): Sign1 {
  return (tagged as { value: Sign1 }).value;
}

function toBeSigned(header: Uint8Array, payload: Uint8Array): Uint8Array {
  return encoder.encode(["Signature1", header, new Uint8Array(), payload]);
}

/** cbor-x knows no simple(59), the key of the eight hashes: its first byte is changed, which makes it the integer 59. */
function decodeClaims(payload: Uint8Array): CborMap {
  const copy = Buffer.from(payload);
  const at = copy.indexOf("f83b88", 0, "hex");
  if (at >= 0) copy[at] = 0x18;
  return cbor.decode(copy) as CborMap;
}

function isSignedBy(claims: CborMap, message: Uint8Array, signature: Uint8Array): boolean {
  const key = (claims.get(8) as Map<number, CborMap>).get(1);
  const [x, y] = [key?.get(-2) as Uint8Array, key?.get(-3) as Uint8Array | undefined];
  if (y === undefined) return verify(null, message, spki(SPKI_ED25519, x), signature);
  return verify("sha256", message, { key: spki(SPKI_P256, x, y), dsaEncoding: "ieee-p1363" }, signature);
}

function spki(...parts: Uint8Array[]): KeyObject {
  return createPublicKey({ key: Buffer.concat(parts), format: "der", type: "spki" });
}

function disclose(identity: CborMap, unprotected: CborMap): CborMap | undefined {
  const hashes = new Set((identity.get(59) as Uint8Array[]).map((hash) => Buffer.from(hash).toString("latin1")));
  identity.delete(59);
  for (const disclosure of (unprotected.get(17) as Uint8Array[] | undefined) ?? []) {
    const hash = createHash("sha256").update(head(disclosure.length)).update(disclosure).digest().toString("latin1");
    const [, value, key] = cbor.decode(disclosure) as [Uint8Array, unknown, number];
    if (!hashes.delete(hash) || identity.has(key)) return undefined;
    identity.set(key, value);
  }
  return identity;
}

function head(length: number): Uint8Array {
  return length < 24 ? Uint8Array.of(0x40 + length) : length < 256 ? Uint8Array.of(0x58, length) : Uint8Array.of(0x59, length >> 8, length); // prettier-ignore
}
