/**
 * Scalars modulo L = 2^252 + c, the order of the base point (RFC 8032, section 5.1), in 28-bit limbs: 252 = 9 * 28.
 */

const LIMB_BITS: i64 = 28;
const MASK: i64 = (1 << 28) - 1;
/** c = L - 2^252. */
const C = memory.data<i64>([0xcf5d3ed, 0x12631a5, 0x79cd658, 0xf9dea2f, 0x14de]);
const C_BYTES: usize = 40;
const L = memory.data<u64>([0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0, 0x1000000000000000]);

/** 512 bits have 19 limbs. */
const WORK = memory.data(8 * 24, 16);
const LIMBS = 19;

/** Is the 32-byte little-endian number below L? */
export function isScalarCanonicalVarTime(bytes: usize): bool {
  for (let at = 24; at >= 0; at -= 8) {
    const word = load<u64>(bytes + at);
    const bound = load<u64>(L + at);
    if (word != bound) return word < bound;
  }
  return false;
}

/** scalar (32 bytes) = the 64-byte little-endian number mod L. */
export function reduceScalar(scalar: usize, bytes: usize): void {
  for (let i = 0; i < LIMBS; i++) {
    // 28 bits and their shift fit in four bytes, two limbs in seven.
    const at = (i * 28) >> 3;
    const limb = at <= 60 ? <i64>load<u32>(bytes + at) : <i64>load<u8>(bytes + 63);
    store<i64>(WORK + ((<usize>i) << 3), (limb >> ((i & 1) << 2)) & MASK);
  }
  // hi 2^252 + lo = lo - hi c (mod L): from 512 to 392, 266 and then hardly more than 252 bits.
  fold(9, 5, 14);
  fold(5, 0, 9);
  fold(0, 0, 9);
  // Now -2^140 < x < 2^252; the sign is in limb 9.
  if (load<i64>(WORK, 72) < 0) {
    for (let i: usize = 0; i < C_BYTES; i += 8) store<i64>(WORK + i, load<i64>(WORK + i) + load<i64>(C + i));
    store<i64>(WORK, load<i64>(WORK, 72) + 1, 72);
    settle(9);
  }
  let up: u64 = 0;
  let bits = 0;
  for (let i = 0; i < 10; i++) {
    up |= load<u64>(WORK + ((<usize>i) << 3)) << bits;
    bits += 28;
    if (bits >= 32) {
      store<u32>(scalar, <u32>up);
      scalar += 4;
      up >>= 32;
      bits -= 32;
    }
  }
}

/**
 * Replace limbs 9 + `first` down to 9 + `last` by their multiples of -c further down; then carry up to limb `top`.
 * Five products of 28 by 29 bits at most meet in a limb.
 */
function fold(first: i32, last: i32, top: i32): void {
  for (let i = first; i >= last; i--) {
    const at = WORK + ((<usize>i) << 3);
    const high = load<i64>(at, 72);
    store<i64>(at, 0, 72);
    for (let j: usize = 0; j < C_BYTES; j += 8) store<i64>(at + j, load<i64>(at + j) - high * load<i64>(C + j));
  }
  settle(top);
}

/** Carry through limbs 0 .. `top` - 1; limb `top` takes the sign. */
function settle(top: i32): void {
  let up: i64 = 0;
  for (let i = 0; i < top; i++) {
    const at = WORK + ((<usize>i) << 3);
    up += load<i64>(at);
    store<i64>(at, up & MASK);
    up >>= LIMB_BITS;
  }
  const at = WORK + ((<usize>top) << 3);
  store<i64>(at, load<i64>(at) + up);
}

/** How many signed digits of `width` bits a scalar below L has. */
export function digitCount(width: i32): i32 {
  return (253 + width - 1) / width;
}

/**
 * Write the scalar as sum digit[i] 2^(width i) with -2^(width-1) <= digit < 2^(width-1) except the last, which is what
 * remains and at most 2^(width-1), for the scalar is below 2^252 + 2^125. i16 digits, `step` bytes apart.
 */
export function recodeScalar(digits: usize, step: usize, scalar: usize, width: i32): void {
  const count = digitCount(width);
  const mask = (1 << width) - 1;
  // A copy with zeros above, so that four bytes can be read wherever a digit starts.
  memory.copy(PADDED, scalar, 32);
  let up = 0;
  for (let i = 0; i < count; i++) {
    const bit = i * width;
    let digit = <i32>((load<u32>(PADDED + (bit >> 3)) >>> (bit & 7)) & mask) + up;
    up = 0;
    if (i < count - 1 && digit >= 1 << (width - 1)) {
      digit -= 1 << width;
      up = 1;
    }
    store<i16>(digits, <i16>digit);
    digits += step;
  }
}

const PADDED = memory.data(40, 16);
