/** Is this well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF)? */
export function isUtf8(start: usize, length: usize): bool {
  if (isAscii(start, length)) return true;
  const end = start + length;
  let at = start;
  while (at < end) {
    const lead = <u32>load<u8>(at);
    if (lead < 0x80) {
      at += 1;
    } else if (lead < 0xe0) {
      // 0x80-0xbf continue a character, 0xc0 and 0xc1 would be overlong.
      if (lead < 0xc2 || end - at < 2 || !isContinuation(at + 1)) return false;
      at += 2;
    } else if (lead < 0xf0) {
      if (end - at < 3 || !isContinuation(at + 1) || !isContinuation(at + 2)) return false;
      const top = ((lead & 0x0f) << 6) | (load<u8>(at + 1) & 0x3f);
      // Below U+0800 overlong; U+D800 to U+DFFF surrogates.
      if (top < 0x800 >> 6 || (top >= 0xd800 >> 6 && top <= 0xdfff >> 6)) return false;
      at += 3;
    } else {
      if (end - at < 4 || !isContinuation(at + 1) || !isContinuation(at + 2) || !isContinuation(at + 3)) return false;
      const top = ((lead & 0x0f) << 6) | (load<u8>(at + 1) & 0x3f);
      if (top < 0x10000 >> 12 || top > 0x10ffff >> 12) return false;
      at += 4;
    }
  }
  return true;
}

/** Whole words, the last of which overlaps the one before. */
function isAscii(start: usize, length: usize): bool {
  if (length >= 8) {
    let bits = load<u64>(start + length - 8);
    for (let i: usize = 0; i + 8 < length; i += 8) bits |= load<u64>(start + i);
    return (bits & 0x8080808080808080) == 0;
  }
  if (length >= 4) return ((load<u32>(start) | load<u32>(start + length - 4)) & 0x80808080) == 0;
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(start + i) >= 0x80) return false;
  }
  return true;
}

function isContinuation(at: usize): bool {
  return (load<u8>(at) & 0xc0) == 0x80;
}
