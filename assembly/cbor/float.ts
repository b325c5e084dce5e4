/** The number in a CBOR float's argument (RFC 8949 section 3.3): half, single or double by its width. */
export function floatValue(info: u32, argument: u64): f64 {
  if (info == 25) return fromHalf(<u32>argument);
  if (info == 26) return <f64>reinterpret<f32>(<u32>argument);
  return reinterpret<f64>(argument);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
function fromHalf(bits: u32): f64 {
  const sign: f64 = (bits & 0x8000) != 0 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = <f64>(bits & 0x3ff) / 1024;
  if (exponent == 0) return (sign * fraction) / 16384; // 2^-14
  if (exponent == 31) return fraction == 0 ? sign * Infinity : NaN;
  // 2^(exponent - 15), built from its bits.
  return sign * (1 + fraction) * reinterpret<f64>((<u64>(exponent + (1023 - 15))) << 52);
}
