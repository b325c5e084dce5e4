/**
 * Resident identity number, GB 11643-1999: region (6 digits, GB/T 2260), birth date (8), sequence (3, odd for men),
 * check character by ISO 7064 MOD 11-2. Region codes that were withdrawn stay valid, so any six digits are a region.
 */
export interface ResidentId {
  region: string;
  /** YYYYMMDD, a real date. */
  birthDate: string;
  sequence: string;
  sex: "male" | "female";
}

/** Why a text is not a resident identity number, in the order of the checks. */
export type ResidentIdFault = "length" | "characters" | "birth-date" | "check-character";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = "10X98765432";

/** The check character `X` must be upper case, as GB 11643 writes it. */
export function parseResidentId(text: string): ResidentId | { fault: ResidentIdFault } {
  if (text.length !== 18) return { fault: "length" };
  if (!/^\d{17}[\dX]$/.test(text)) return { fault: "characters" };
  const birthDate = text.slice(6, 14);
  if (!isCalendarDate(birthDate)) return { fault: "birth-date" };
  if (checkCharacter(text.slice(0, 17)) !== text[17]) return { fault: "check-character" };
  const sequence = text.slice(14, 17);
  return { region: text.slice(0, 6), birthDate, sequence, sex: Number(sequence) % 2 === 1 ? "male" : "female" };
}

/** `region` 6 digits, `birthDate` YYYYMMDD, `sequence` 0 to 999. */
export function makeResidentId(region: string, birthDate: string, sequence: number): string {
  const digits = region + birthDate + String(sequence).padStart(3, "0");
  return digits + checkCharacter(digits);
}

/** Of 17 digits. */
export function checkCharacter(digits: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(digits[i]), 0);
  return CHECK_CHARACTERS.charAt(sum % 11);
}

/** Whether YYYYMMDD is a date of the Gregorian calendar. */
export function isCalendarDate(date: string): boolean {
  const iso = date.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");
  const time = Date.parse(iso);
  return iso.length === 10 && !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
}
