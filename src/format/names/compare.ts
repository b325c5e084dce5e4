import { foldName, spaced } from "./fold.js";
import { areVariants } from "./variant.js";

/** `review`: of the same person by all that can be told, and for a person to decide. */
export type NameMatch = "match" | "differs" | "review";

/** Compare the name on a card with the one that a relying party holds (contract §8). Nothing on either side never matches. */
export function compareNames(card: string, expected: string): NameMatch {
  const [one, other] = [foldName(card), foldName(expected)];
  if (one === "" || other === "") return "differs";
  if (one === other) return "match";
  // A space between ideographs is dropped by folding, and may stand for a dot.
  return isNear(one, other) || isNear(spaced(card), spaced(expected)) ? "review" : "differs";
}

function isNear(one: string, other: string): boolean {
  const [a, b] = [loosened(one), loosened(other)];
  if (areNear(a, b)) return true;
  const [plainA, plainB] = [withoutMarks(a), withoutMarks(b)];
  return (plainA === a || plainB === b) && areNear(plainA, plainB);
}

/** Character by character the same, variants, or a full stop or a space for the dot. */
function areNear(one: string, other: string): boolean {
  const [a, b] = [Array.from(one), Array.from(other)];
  return a.length === b.length && a.every((character, i) => isNearly(character, b[i] ?? ""));
}

function isNearly(a: string, b: string): boolean {
  if (a === b) return true;
  if (a === "·" || b === "·") return [a, b].includes(".") || [a, b].includes(" ");
  return areVariants(a, b);
}

const SELECTORS = /[\u180b-\u180d\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;
/** Kangxi radicals and their supplement, as far as they are an ideograph's compatibility form. */
const RADICALS = /[\u2e80-\u2fdf]/gu;
/** A tone of Vietnamese on the first of oa, oe, uy, where it once stood. */
const OLD_TONE = /(o)([\u0300\u0301\u0303\u0309\u0323])([ae])|(u)([\u0300\u0301\u0303\u0309\u0323])(y)/g;

function loosened(name: string): string {
  return name
    .replaceAll(SELECTORS, "")
    .replaceAll(RADICALS, (radical) => radical.normalize("NFKC"))
    .normalize("NFD")
    .replaceAll(OLD_TONE, "$1$3$2$4$6$5")
    .normalize("NFD");
}

/** Without combining marks, and strokes as far as they are marks to the eye. */
function withoutMarks(decomposed: string): string {
  return decomposed.replaceAll(/\p{M}/gu, "").replaceAll(/[đħłøŧ]/gu, (letter) => STROKES[letter] ?? letter);
}

const STROKES: Readonly<Record<string, string>> = { đ: "d", ħ: "h", ł: "l", ø: "o", ŧ: "t" };
