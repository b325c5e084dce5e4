/** Is this well-formed UTF-8 (RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF)? */
export function isUtf8(start: usize, length: usize): bool {
  const end = start + length;
  let at = start;
  while (at < end) {
    if (end - at >= 16 && i8x16.bitmask(v128.load(at)) == 0) {
      at += 16;
      continue;
    }
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

function isContinuation(at: usize): bool {
  return (load<u8>(at) & 0xc0) == 0x80;
}
