import { makeResidentId, parseResidentId } from "../format/resident-id.js";
import { nameOfCharacter } from "./characters.js";

/** Resident identity numbers as people and spreadsheets write them. Faults are clauses after "id". */

/** The number as GB 11643 writes it, of one with full-width digits, spaces, invisible characters or marks of text. */
export function plainIdNumber(text: string): string {
  return (
    text
      .replaceAll(/[\p{Cf}\s]/gu, "")
      .replaceAll(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0))
      // What makes a spreadsheet keep text: ="..." or an apostrophe before it.
      .replace(/^=?"(.*)"$/, "$1")
      .replace(/^['`\u2018\u2019\u00b4]+/, "")
      .replace(/x$/, "X")
  );
}

/** What is wrong with a number, if anything is. */
export function faultOfIdNumber(number: string): string | undefined {
  return spreadsheetDamage(number) ?? strangeCharacter(number) ?? oldNumber(number) ?? faultOf(number);
}

const AS_TEXT = "format the column as text and enter the number again";

/** What spreadsheets, which keep 15 digits of a number, make of 18. */
function spreadsheetDamage(number: string): string | undefined {
  if (/^\d([.,]\d+)?E\+?\d+$/i.test(number)) {
    return `was turned into ${number} by a spreadsheet, which loses its last digits: ${AS_TEXT}`;
  }
  const digits = number.replace(/[.,]0{1,2}$/, "").replaceAll(/[,.']/g, "");
  if (/^\d{15}000$/.test(digits) && "fault" in parseResidentId(digits)) {
    return `was rounded to 15 digits by a spreadsheet, so that it ends in 000: ${AS_TEXT}`;
  }
  if (digits !== number && /^\d{18}$/.test(digits)) return `was formatted as an amount by a spreadsheet: ${AS_TEXT}`;
  return undefined;
}

function strangeCharacter(number: string): string | undefined {
  const characters = Array.from(number);
  const index = characters.findIndex((character, i) => !(i === 17 ? /[\dX]/ : /\d/).test(character));
  const character = characters[index];
  if (character === undefined || characters.length !== 18) return undefined;
  const remedy = index === 17 ? "type a digit or the letter X" : "type a digit";
  return `has ${nameOfCharacter(character)} at place ${index + 1}: ${remedy}`;
}

/** Numbers of before 1999 have 15 digits: no century and no check character. */
function oldNumber(number: string): string | undefined {
  if (!/^\d{15}$/.test(number)) return undefined;
  const now = makeResidentId(number.slice(0, 6), `19${number.slice(6, 12)}`, Number(number.slice(12)));
  const old = "is an old number of 15 digits";
  return "fault" in parseResidentId(now)
    ? `${old}: give the one of 18 that replaced it`
    : `${old}: give the one of 18 that replaced it, which ought to be ${now}`;
}

function faultOf(number: string): string | undefined {
  const id = parseResidentId(number);
  if (!("fault" in id)) return undefined;
  return {
    length: number === "" ? "is empty" : `has ${Array.from(number).length} characters, and not 18`,
    characters: "is not 17 digits and then a digit or X",
    "birth-date": "has no date in digits 7 to 14",
    "check-character": "has a wrong check character: a digit was mistyped",
  }[id.fault];
}

/**
 * A foreigner's number (permanent residence card of 2023) is a 9, two digits of the place of application, three of the
 * country (ISO 3166-1 numeric), and then as a citizen's: what stands first is not a GB/T 2260 region.
 */
export function isForeigners(number: string): boolean {
  return number.startsWith("9");
}

/** ISO 3166-1 alpha-2 code of the country in a foreigner's number, where this machine knows it. */
export function countryIn(number: string): string | undefined {
  const region = new Intl.Locale(`und-${number.slice(3, 6)}`).region;
  return region !== undefined && /^[A-Z]{2}$/.test(region) && region !== "ZZ" ? region : undefined;
}
