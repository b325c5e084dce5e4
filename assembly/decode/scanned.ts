/**
 * What a scanner adds around the text of a QR, told apart from the text by its bytes. None of it can be the card's own.
 * A base45 text does not end in a space: its last character stands for at most 65,535 / 2,025 = 32, or 255 / 45 = 5, and
 * a space for 36. It does not begin with one: of the 32 headers that a zlib stream can have (RFC 1950 section 2.2) none
 * is 36 modulo 45, nor are the first two bytes of a tagged COSE_Sign1 (d284, d83d). Everything else that is taken off
 * has characters which base45 has not.
 */

const SPACE: u32 = 0x20;
/** "QR-Code:" as eight bytes, which zbarimg prints in front. */
const QR_CODE: u64 = 0x3a65646f432d5251;

/** Bytes that were added in front: controls and spaces, a byte order mark, an AIM identifier, in any order. */
export function addedBefore(text: usize, length: u32): u32 {
  let start: u32 = 0;
  while (start < length) {
    const added = addedAt(text + start, length - start);
    if (added == 0) break;
    start += added;
  }
  return start;
}

/** Bytes of the text without the controls and spaces behind it. */
export function lengthScanned(text: usize, length: u32): u32 {
  while (length > 0 && <u32>load<u8>(text + length - 1) <= SPACE) length--;
  return length;
}

function addedAt(at: usize, left: u32): u32 {
  const first = <u32>load<u8>(at);
  if (first <= SPACE) return 1;
  // The symbology identifier (ISO/IEC 15424): a flag, a letter for the symbology and a modifier; `]Q1` is a QR.
  if (first == 0x5d) return left >= 3 && isLetter(load<u8>(at, 1)) && isLetterOrDigit(load<u8>(at, 2)) ? 3 : 0;
  // Which character set follows (AIM ECI), where that protocol is switched on: a backslash and six digits.
  if (first == 0x5c) return isEci(at, left) ? 7 : 0;
  if (first == 0xef) return left >= 3 && load<u16>(at, 1) == 0xbfbb ? 3 : 0; // U+FEFF in UTF-8
  if (first == 0x51) return left >= 8 && load<u64>(at) == QR_CODE ? 8 : 0;
  return 0;
}

function isEci(at: usize, left: u32): bool {
  if (left < 7) return false;
  for (let i: usize = 1; i < 7; i++) {
    if (<u32>load<u8>(at + i) - 0x30 > 9) return false;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function isLetter(char: u32): bool {
  return (char | 0x20) - 0x61 < 26;
}

// @ts-ignore: decorator
@inline
function isLetterOrDigit(char: u32): bool {
  return isLetter(char) || char - 0x30 < 10;
}
