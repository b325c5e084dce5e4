import { Algorithm } from "../abi/batch.js";
import type { AlgorithmName } from "./verdict.js";

/**
 * What each Algorithm is called by COSE (IANA "COSE Algorithms", "COSE Elliptic Curves") and by JOSE. SM2 has no IANA
 * number, so numbers of the private-use range (below -65536) stand for the algorithm and the curve.
 */
export interface AlgorithmFacts {
  name: AlgorithmName;
  /** COSE algorithm numbers read as this algorithm; the first is the one written. */
  cose: readonly [number, ...number[]];
  /** COSE key type (RFC 9053 §7): 1 OKP, 2 EC2. */
  kty: 1 | 2;
  /** COSE curve. */
  crv: number;
  /** JWK key type, curve and algorithm names (RFC 7518, RFC 8037, RFC 9864). */
  jwk: { kty: "OKP" | "EC"; crv: string; alg: readonly string[] };
  /** Bytes of a public key: 32 for Ed25519, 64 (x||y, big-endian) for the curves of points. */
  publicKeyLength: 32 | 64;
}

export const ALGORITHMS: Readonly<Record<Algorithm, AlgorithmFacts>> = {
  [Algorithm.ED25519]: {
    name: "EdDSA",
    cose: [-8, -19],
    kty: 1,
    crv: 6,
    jwk: { kty: "OKP", crv: "Ed25519", alg: ["EdDSA", "Ed25519"] },
    publicKeyLength: 32,
  },
  [Algorithm.P256]: {
    name: "ES256",
    cose: [-7, -9],
    kty: 2,
    crv: 1,
    jwk: { kty: "EC", crv: "P-256", alg: ["ES256", "ESP256"] },
    publicKeyLength: 64,
  },
  [Algorithm.SM2]: {
    name: "SM2",
    cose: [-65537],
    kty: 2,
    crv: -65537,
    jwk: { kty: "EC", crv: "SM2", alg: ["SM2", "SM2SM3"] },
    publicKeyLength: 64,
  },
};

const ALL = [Algorithm.ED25519, Algorithm.P256, Algorithm.SM2] as const;

/** The algorithm that a COSE `alg` header names, if we know it. */
export function algorithmOfCose(alg: unknown): Algorithm | undefined {
  return ALL.find((algorithm) => ALGORITHMS[algorithm].cose.some((number) => number === alg));
}

/** The algorithm whose keys have this COSE key type and curve. */
export function algorithmOfCoseCurve(kty: unknown, crv: unknown): Algorithm | undefined {
  return ALL.find((algorithm) => ALGORITHMS[algorithm].kty === kty && ALGORITHMS[algorithm].crv === crv);
}

/** The algorithm whose keys have this JWK key type and curve. */
export function algorithmOfJwkCurve(kty: unknown, crv: unknown): Algorithm | undefined {
  return ALL.find((algorithm) => ALGORITHMS[algorithm].jwk.kty === kty && ALGORITHMS[algorithm].jwk.crv === crv);
}
