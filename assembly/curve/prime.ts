/**
 * The parameters of the two curves y^2 = x^3 - 3 x + b of 256 bits: P-256 (SP 800-186, section 3.2.1.3) and the curve
 * of SM2 (GB/T 32918.5, annex A). Numbers are four little-endian words.
 */

/** The curves, as types, so that the code is written once and compiled for each. Only by their sizes can they be told apart. */
export type P256 = u16;
export type SM2 = u32;

/** Is C the curve P-256? Known when compiled. */
// @ts-ignore: decorator
@inline
export function isP256<C>(): bool {
  return sizeof<C>() == sizeof<P256>();
}

// prettier-ignore
const PRIMES = memory.data<u64>([
  0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001,
  0xffffffffffffffff, 0xffffffff00000000, 0xffffffffffffffff, 0xfffffffeffffffff,
], 16);
// prettier-ignore
const ORDERS = memory.data<u64>([
  0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000,
  0x53bbf40939d54123, 0x7203df6b21c6052b, 0xffffffffffffffff, 0xfffffffeffffffff,
], 16);
// prettier-ignore
const COEFFICIENTS = memory.data<u64>([
  0x3bce3c3e27d2604b, 0x651d06b0cc53b0f6, 0xb3ebbd55769886bc, 0x5ac635d8aa3a93e7,
  0xddbcbd414d940e93, 0xf39789f515ab8f92, 0x4d5a9e4bcf6509a7, 0x28e9fa9e9d9f5e34,
], 16);
// prettier-ignore
const BASES = memory.data<u64>([
  0xf4a13945d898c296, 0x77037d812deb33a0, 0xf8bce6e563a440f2, 0x6b17d1f2e12c4247,
  0xcbb6406837bf51f5, 0x2bce33576b315ece, 0x8ee7eb4a7c0f9e16, 0x4fe342e2fe1a7f9b,
  0x715a4589334c74c7, 0x8fe30bbff2660be1, 0x5f9904466a39c994, 0x32c4ae2c1f198119,
  0x02df32e52139f0a0, 0xd0a9877cc62a4740, 0x59bdcee36b692153, 0xbc3736a2f4f6779c,
], 16);

/** Address of the prime p of the field. */
// @ts-ignore: decorator
@inline
export function prime<C>(): usize {
  return isP256<C>() ? PRIMES : PRIMES + 32;
}

/** Address of the order n of the base point, a prime. */
// @ts-ignore: decorator
@inline
export function order<C>(): usize {
  return isP256<C>() ? ORDERS : ORDERS + 32;
}

/** Address of b. */
// @ts-ignore: decorator
@inline
export function coefficient<C>(): usize {
  return isP256<C>() ? COEFFICIENTS : COEFFICIENTS + 32;
}

/** Address of the base point: x, then y. */
// @ts-ignore: decorator
@inline
export function base<C>(): usize {
  return isP256<C>() ? BASES : BASES + 64;
}
