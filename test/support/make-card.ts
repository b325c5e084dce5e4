import { deflateSync } from "node:zlib";
import { encode } from "cborg";
import { Algorithm } from "../../src/abi/batch.js";
import type { TrustedKey } from "../../src/format/trust/trust-list.js";
import { encodeBase45 } from "./base45.js";
import type { TestKey } from "./keys.js";

/** Cards made without any of the project's own encoders: cborg, node:zlib and the base45 of base45.ts. */

export const COSE_ALG: Record<Algorithm, number> = {
  [Algorithm.ED25519]: -8,
  [Algorithm.P256]: -7,
  [Algorithm.SM2]: -65537,
};

export type Claims = Map<number, unknown>;

export const NOW = 1_790_000_000;

/** A whole adult's identity; the number's check character is right. */
export function identity(changes: [number, unknown][] = []): Claims {
  return new Map<number, unknown>([
    [1, "11010519491231002X"],
    [2, "1.0"],
    [4, "张秀英"],
    [8, "19491231"],
    [9, 2],
    [13, "CN"],
    [23, "CN"],
    [75, 2],
    ...changes,
  ]);
}

export function payload(changes: [number, unknown][] = []): Claims {
  return new Map<number, unknown>([
    [1, "pilot.example"],
    [4, NOW + 1000],
    [5, NOW - 1000],
    [6, NOW - 1000],
    [7, Uint8Array.from({ length: 16 }, (_, i) => i)],
    [169, identity()],
    ...changes,
  ]);
}

export interface CardOptions {
  alg?: number;
  /** null: none. */
  kid?: Uint8Array | null;
  protected?: Claims;
  unprotected?: Claims;
  payload?: Claims | Uint8Array;
  signature?: Uint8Array;
  /** How the COSE_Sign1 array is wrapped: tag 18 by default. */
  wrap?: (array: Uint8Array) => Uint8Array;
}

/** Key id of a test key: the first 8 bytes of its public key. */
export function kidOf(key: TestKey): Uint8Array {
  return key.publicKey.slice(0, 8);
}

export function coseSign1(key: TestKey, options: CardOptions = {}): Uint8Array {
  const headers = options.protected ?? new Map<number, unknown>([[1, options.alg ?? COSE_ALG[key.algorithm]]]);
  const kid = options.kid === undefined ? kidOf(key) : options.kid;
  if (kid !== null && options.protected === undefined) headers.set(4, kid);
  const protectedBytes = encode(headers);
  const claims = options.payload ?? payload();
  const payloadBytes = claims instanceof Uint8Array ? claims : encode(claims);
  const toBeSigned = encode(["Signature1", protectedBytes, new Uint8Array(), payloadBytes]);
  const signature = options.signature ?? key.sign(toBeSigned);
  const array = encode([protectedBytes, options.unprotected ?? new Map(), payloadBytes, signature]);
  return (options.wrap ?? ((bytes) => Uint8Array.of(0xd2, ...bytes)))(array);
}

export function qrOf(cose: Uint8Array): string {
  return encodeBase45(deflateSync(cose, { level: 9 }));
}

export function makeCard(key: TestKey, options: CardOptions = {}): string {
  return qrOf(coseSign1(key, options));
}

/** Promises no status unless it is to. */
export function trusted(key: TestKey, changes: Partial<TrustedKey> = {}): TrustedKey {
  const { algorithm, publicKey } = key;
  return { kids: [kidOf(key)], algorithm, publicKey, use: "credential", promisesStatus: false, ...changes };
}

const JWK_CURVE: Record<Algorithm, Record<string, string>> = {
  [Algorithm.ED25519]: { kty: "OKP", crv: "Ed25519" },
  [Algorithm.P256]: { kty: "EC", crv: "P-256" },
  [Algorithm.SM2]: { kty: "EC", crv: "SM2" },
};

/** The keys as a JWKS, the simplest trust source to make by hand. */
export function jwksOf(keys: readonly TestKey[]): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
  return JSON.stringify({
    keys: keys.map((key) => ({
      ...JWK_CURVE[key.algorithm],
      x: text(key.publicKey.slice(0, 32)),
      ...(key.algorithm !== Algorithm.ED25519 && { y: text(key.publicKey.slice(32)) }),
      kid: text(kidOf(key)),
    })),
  });
}
