import { ALGORITHMS, algorithmOfCose, algorithmOfCoseCurve } from "./algorithm.js";
import { Algorithm } from "../abi/batch.js";
import { concat } from "./bytes.js";
import { encodeCbor, isMap, type CborMap } from "./cbor.js";

/** COSE_Key (RFC 9052 §7, RFC 9053 §7) of the public keys we know. */
const KTY = 1;
const KID = 2;
const ALG = 3;
const CRV = -1;
const X = -2;
const Y = -3;

export interface PublicKey {
  algorithm: Algorithm;
  /** 32 bytes for Ed25519, 64 (x||y, big-endian) for P-256 and SM2. Whether the point lies on its curve is not known. */
  publicKey: Uint8Array;
}

/** The map to be encoded inside a larger item; with a kid where one is given. */
export function toCoseKey(key: PublicKey, kid?: Uint8Array): CborMap {
  const map = new Map<number, unknown>([...requiredParameters(key), [ALG, ALGORITHMS[key.algorithm].cose[0]]]);
  if (kid !== undefined) map.set(KID, kid);
  return map;
}

/** Undefined unless it is a public key of one of our algorithms, bound to no other algorithm. */
export function fromCoseKey(value: unknown): (PublicKey & { kid?: Uint8Array }) | undefined {
  if (!isMap(value)) return undefined;
  const algorithm = algorithmOfCoseCurve(value.get(KTY), value.get(CRV));
  if (algorithm === undefined) return undefined;
  if (value.has(ALG) && algorithmOfCose(value.get(ALG)) !== algorithm) return undefined;
  const publicKey = point(algorithm, value.get(X), value.get(Y));
  if (publicKey === undefined) return undefined;
  const kid = value.get(KID);
  if (kid !== undefined && !(kid instanceof Uint8Array)) return undefined;
  return kid === undefined ? { algorithm, publicKey } : { algorithm, publicKey, kid };
}

/** What SHA-256 is taken over to give the COSE Key Thumbprint (RFC 9679 §3): the required parameters alone. */
export function thumbprintInput(key: PublicKey): Uint8Array {
  return encodeCbor(new Map(requiredParameters(key)));
}

function requiredParameters({ algorithm, publicKey }: PublicKey): [number, unknown][] {
  const { kty, crv } = ALGORITHMS[algorithm];
  const parameters: [number, unknown][] = [
    [KTY, kty],
    [CRV, crv],
    [X, publicKey.slice(0, 32)],
  ];
  if (kty === 2) parameters.push([Y, publicKey.slice(32)]);
  return parameters;
}

function point(algorithm: Algorithm, x: unknown, y: unknown): Uint8Array | undefined {
  if (!(x instanceof Uint8Array) || x.length !== 32) return undefined;
  if (algorithm === Algorithm.ED25519) return y === undefined ? x : undefined;
  return y instanceof Uint8Array && y.length === 32 ? concat(x, y) : undefined;
}
