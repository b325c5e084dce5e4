/** Numbers of 256 bits as four little-endian words of 64. */

/** Is a < b? */
export function isBelow(a: usize, b: usize): bool {
  for (let i: isize = 24; i >= 0; i -= 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    if (x != y) return x < y;
  }
  return false;
}

export function isZeroWords(a: usize): bool {
  return (load<u64>(a) | load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24)) == 0;
}

export function areEqualWords(a: usize, b: usize): bool {
  const low = (load<u64>(a) ^ load<u64>(b)) | (load<u64>(a, 8) ^ load<u64>(b, 8));
  return (low | (load<u64>(a, 16) ^ load<u64>(b, 16)) | (load<u64>(a, 24) ^ load<u64>(b, 24))) == 0;
}

/** r = a + b; returns the carry out, 0 or 1. */
export function addWords(r: usize, a: usize, b: usize): u64 {
  let carry: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const sum = x + load<u64>(b + i);
    const total = sum + carry;
    carry = u64(sum < x) | u64(total < sum);
    store<u64>(r + i, total);
  }
  return carry;
}

/** r = a - b; returns the borrow, 0 or 1. */
export function subtractWords(r: usize, a: usize, b: usize): u64 {
  let borrow: u64 = 0;
  for (let i: usize = 0; i < 32; i += 8) {
    const x = load<u64>(a + i);
    const y = load<u64>(b + i);
    const difference = x - y;
    store<u64>(r + i, difference - borrow);
    borrow = u64(x < y) | u64(difference < borrow);
  }
  return borrow;
}

/** r = the 32 bytes, big-endian. */
export function readBigEndian(r: usize, bytes: usize): void {
  const w0 = load<u64>(bytes, 24);
  const w1 = load<u64>(bytes, 16);
  const w2 = load<u64>(bytes, 8);
  const w3 = load<u64>(bytes);
  store<u64>(r, bswap(w0));
  store<u64>(r, bswap(w1), 8);
  store<u64>(r, bswap(w2), 16);
  store<u64>(r, bswap(w3), 24);
}
