/** Is this a day of the Gregorian calendar, from year 1? */
export function isDate(yyyymmdd: u32): bool {
  const year = yyyymmdd / 10000;
  const month = (yyyymmdd / 100) % 100;
  const day = yyyymmdd % 100;
  if (year == 0 || year > 9999 || month == 0 || month > 12 || day == 0) return false;
  return day <= daysInMonth(year, month);
}

function daysInMonth(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** "YYYYMMDD" or "YYYY-MM-DD" as the number YYYYMMDD; 0 when it is neither or not a day of the calendar. */
export function parseDate(text: usize, length: u64): u32 {
  const hyphens = length == 10;
  if (length != 8 && !hyphens) return 0;
  if (hyphens && (load<u8>(text + 4) != 0x2d || load<u8>(text + 7) != 0x2d)) return 0;
  const month: usize = hyphens ? 5 : 4;
  const day: usize = hyphens ? 8 : 6;
  const date = parseDigits(text, 4) * 10000 + parseDigits(text + month, 2) * 100 + parseDigits(text + day, 2);
  return areDigits(text, 4) && areDigits(text + month, 2) && areDigits(text + day, 2) && isDate(date) ? date : 0;
}

export function areDigits(text: usize, count: usize): bool {
  for (let i: usize = 0; i < count; i++) {
    if (<u32>load<u8>(text + i) - 0x30 > 9) return false;
  }
  return true;
}

/** The number that `count` decimal digits write. */
export function parseDigits(text: usize, count: usize): u32 {
  let number: u32 = 0;
  for (let i: usize = 0; i < count; i++) number = number * 10 + (<u32>load<u8>(text + i) - 0x30);
  return number;
}
