/**
 * A name as it is compared (contract §8, `expect`): two that differ only by how they were typed become one. What differs
 * more is not made one here: a name that is a little another's must be seen by a person.
 */

/** Default_Ignorable_Code_Point (Unicode 5.2 D52) but variation selectors, which tell one form of an ideograph. */
const IGNORABLE = /(?![\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}])\p{Default_Ignorable_Code_Point}/gu;
const MIDDLE_DOTS = /[\u00b7\u0387\u2022\u2027\u2219\u22c5\u2e31\u30fb\uff0e\uff65]+/gu;
const HYPHENS = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/gu;
const APOSTROPHES = /[\u2018\u2019\u201b\u02b9\u02bc\u02bb\u2032\uff07]/gu;
const SPACES = /[\p{White_Space}\p{Z}]+/gu;
const SPACE_AT_DOT = / *· */gu;
const SPACE_IN_IDEOGRAPHS = /(?<=\p{Script=Han}[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]?) (?=\p{Script=Han})/gu;

export function foldName(name: string): string {
  return spaced(name).replaceAll(SPACE_IN_IDEOGRAPHS, "");
}

/** The same with the spaces between ideographs, which may stand for a middle dot. */
export function spaced(name: string): string {
  const written = name
    .normalize("NFC")
    .replaceAll(IGNORABLE, "")
    .replaceAll(MIDDLE_DOTS, "·")
    .replaceAll(HYPHENS, "-")
    .replaceAll(APOSTROPHES, "'")
    .replaceAll(/[\uff01-\uff5e]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xfee0));
  const lower = Array.from(written, foldCase).join("").normalize("NFC");
  return lower.replaceAll(SPACES, " ").trim().replaceAll(SPACE_AT_DOT, "·");
}

/**
 * Full case folding (Unicode 3.13, CaseFolding.txt C and F), without what belongs to compatibility: a ligature is not the
 * letters that it shows.
 */
function foldCase(character: string): string {
  if (/[\u0131\ufb00-\ufb17]/u.test(character)) return character;
  return character === "\u1e9e" ? "ss" : character.toUpperCase().toLowerCase();
}
