/**
 * 64-bit hash of a 16-byte credential id under a snapshot's key.
 *
 * Nobody gains by colliding: ids are chosen at random by the issuer, the key is drawn after they exist, an id outside
 * the universe never gets here with a valid signature, and the builder proves every answer before it signs. So this
 * needs to be fast and even, not one-way: two rounds of the splitmix64 finaliser (Stafford's variant 13), each a
 * bijection, chained over the two halves.
 */
export function hashId(cti: usize, k0: u64, k1: u64): u64 {
  return mix((mix(load<u64>(cti) ^ k0) + load<u64>(cti, 8)) ^ k1);
}

// @ts-ignore: decorator
@inline
function mix(x: u64): u64 {
  x = (x ^ (x >>> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >>> 27)) * 0x94d049bb133111eb;
  return x ^ (x >>> 31);
}
