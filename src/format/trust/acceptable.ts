import { Algorithm } from "../../abi/batch.js";
import { toHex } from "../bytes.js";
import { isOnCurve } from "./point.js";

/** Edwards25519 (RFC 8032 §5.1): p = 2^255 - 19, -x^2 + y^2 = 1 + d x^2 y^2. */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;
/** y of the points whose order divides 8, but for those of P - y. */
const LOW_ORDER = [0n, 1n, 2707385501144840649318225287225658788936804267575313519463743609750303402022n];

/**
 * May this public key be trusted? As the engine asks when it loads a list (contract §2), so that one bad key among those
 * of a file can be passed over.
 */
export function isAcceptablePoint(algorithm: Algorithm, publicKey: Uint8Array): boolean {
  return algorithm === Algorithm.ED25519 ? isAcceptableEdwards(publicKey) : isOnCurve(algorithm, publicKey);
}

function isAcceptableEdwards(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const encoded = BigInt(`0x${toHex(publicKey.slice().reverse())}`);
  const y = encoded & (2n ** 255n - 1n);
  if (y >= P || LOW_ORDER.includes(y) || LOW_ORDER.includes(P - y)) return false;
  // x^2 = (y^2 - 1) / (d y^2 + 1) is a square: Euler's criterion, with the quotient as a product (v is not 0).
  const square = (y * y) % P;
  const [u, v] = [(square - 1n + P) % P, (D * square + 1n) % P];
  return power(u * v, (P - 1n) / 2n) === 1n;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n, square = (square * square) % P) {
    if (rest & 1n) result = (result * square) % P;
  }
  return result;
}
