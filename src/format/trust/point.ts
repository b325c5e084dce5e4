import { Algorithm } from "../../abi/batch.js";
import { fromHex, toHex } from "../bytes.js";

/** Points of y^2 = x^3 - 3x + b over a prime field, p = 3 mod 4: P-256 (SP 800-186 §3.2.1.3), SM2 (GM/T 0003.5 §2). */
const CURVES = {
  [Algorithm.P256]: {
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  [Algorithm.SM2]: {
    p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
    b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  },
} as const;

/** x||y (64 bytes) of a point in SEC 1 §2.3.3 form, compressed or not; undefined where there is no such point. */
export function fromSec1(algorithm: keyof typeof CURVES, point: Uint8Array): Uint8Array | undefined {
  if (point.length === 65 && point[0] === 4) return point.slice(1);
  if (point.length !== 33 || (point[0] !== 2 && point[0] !== 3)) return undefined;
  const { p, b } = CURVES[algorithm];
  const x = BigInt(`0x${toHex(point.subarray(1))}`);
  if (x >= p) return undefined;
  const square = (x * x * x - 3n * x + b) % p;
  const root = power(square < 0n ? square + p : square, (p + 1n) / 4n, p);
  if ((root * root - square) % p !== 0n) return undefined;
  const odd = point[0] === 3 ? 1n : 0n;
  const y = (root & 1n) === odd ? root : p - root;
  return fromHex(x.toString(16).padStart(64, "0") + y.toString(16).padStart(64, "0"));
}

/** Is x||y (64 bytes) on the curve, both coordinates reduced? */
export function isOnCurve(algorithm: keyof typeof CURVES, point: Uint8Array): boolean {
  if (point.length !== 64) return false;
  const { p, b } = CURVES[algorithm];
  const [x, y] = [point.subarray(0, 32), point.subarray(32)].map((bytes) => BigInt(`0x${toHex(bytes)}`));
  if (x === undefined || y === undefined || x >= p || y >= p) return false;
  return (y * y - (x * x * x - 3n * x + b)) % p === 0n;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % modulus) {
    if (rest & 1n) result = (result * square) % modulus;
  }
  return result;
}
