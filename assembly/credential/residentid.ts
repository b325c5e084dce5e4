import { areDigits, isDate, parseDigits } from "./date";

const LENGTH: u64 = 18;

/**
 * Is this a resident ID number (GB 11643-1999)? Region (6 digits), birth date (8), sequence (3) and check character,
 * 'X' standing for 10. Regions are not looked up: a number keeps the code of a region since withdrawn.
 */
export function isResidentId(text: usize, length: u64): bool {
  return length == LENGTH && areDigits(text, 17) && isDate(birthDateOf(text)) && hasCheckCharacter(text);
}

/** Birth date as YYYYMMDD. */
export function birthDateOf(id: usize): u32 {
  return parseDigits(id + 6, 8);
}

/** 1 male, 2 female, as in claim 169 key 9. */
export function genderOf(id: usize): u32 {
  return (load<u8>(id + 16) & 1) != 0 ? 1 : 2;
}

/**
 * ISO 7064 MOD 11-2: the 18 characters, each weighted by a power of two, sum to 1 modulo 11. Horner's rule gives the
 * weights 7 9 10 5 ... 4 2 1 of the standard, which are those powers modulo 11.
 */
function hasCheckCharacter(text: usize): bool {
  let sum: u32 = 0;
  for (let i: usize = 0; i < 17; i++) sum = (sum + (<u32>load<u8>(text + i) - 0x30)) << 1;
  const last = <u32>load<u8>(text + 17);
  if (last == 0x58) return (sum + 10) % 11 == 1;
  return areDigits(text + 17, 1) && (sum + last - 0x30) % 11 == 1;
}
