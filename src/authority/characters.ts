/**
 * Which characters a register of people holds, and how one that it does not hold is named, so that whoever typed or
 * pasted it finds it: most of them cannot be seen.
 */

/**
 * Controls, formats, private use, unassigned, surrogates, line and paragraph separators (General_Category Cc, Cf, Co,
 * Cn, Cs, Zl, Zp), emoji, what renders as nothing, and U+FFFD, which stands for a character that was lost. Free
 * variation selectors are Mongolian spelling.
 */
const UNHELD =
  /(?![\u180b-\u180d\u180f])(?:\ufffd|\u20e3|[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Extended_Pictographic}\p{Emoji_Presentation}\p{Emoji_Modifier}\p{Default_Ignorable_Code_Point}])/u;

/** The first character that no register holds and what to do about it, one clause after a field's name. */
export function unheldCharacter(text: string): string | undefined {
  // U+FFFD itself, written as UTF-8 and read as GBK.
  if (text.includes("锟斤拷")) return 'has "锟斤拷", where software has lost characters: type it again';
  const [character] = UNHELD.exec(text) ?? [];
  if (character === undefined) return undefined;
  return `has ${nameOfCharacter(character)}, which no register holds: ${remedyFor(character)}`;
}

/** What is met in the field; the others are told by their kind. */
const NAMES: Readonly<Record<string, string>> = {
  "0": "NULL",
  "9": "TAB",
  a: "LINE FEED",
  d: "CARRIAGE RETURN",
  ad: "SOFT HYPHEN",
  d7: "MULTIPLICATION SIGN",
  "34f": "COMBINING GRAPHEME JOINER",
  "3a7": "GREEK CAPITAL LETTER CHI",
  "3c7": "GREEK SMALL LETTER CHI",
  "425": "CYRILLIC CAPITAL LETTER HA",
  "445": "CYRILLIC SMALL LETTER HA",
  "61c": "ARABIC LETTER MARK",
  "115f": "HANGUL CHOSEONG FILLER",
  "1160": "HANGUL JUNGSEONG FILLER",
  "180e": "MONGOLIAN VOWEL SEPARATOR",
  "200b": "ZERO WIDTH SPACE",
  "200c": "ZERO WIDTH NON-JOINER",
  "200d": "ZERO WIDTH JOINER",
  "200e": "LEFT-TO-RIGHT MARK",
  "200f": "RIGHT-TO-LEFT MARK",
  "2028": "LINE SEPARATOR",
  "2029": "PARAGRAPH SEPARATOR",
  "202a": "LEFT-TO-RIGHT EMBEDDING",
  "202b": "RIGHT-TO-LEFT EMBEDDING",
  "202c": "POP DIRECTIONAL FORMATTING",
  "202d": "LEFT-TO-RIGHT OVERRIDE",
  "202e": "RIGHT-TO-LEFT OVERRIDE",
  "2060": "WORD JOINER",
  "2062": "INVISIBLE TIMES",
  "2063": "INVISIBLE SEPARATOR",
  "2066": "LEFT-TO-RIGHT ISOLATE",
  "2067": "RIGHT-TO-LEFT ISOLATE",
  "2068": "FIRST STRONG ISOLATE",
  "2069": "POP DIRECTIONAL ISOLATE",
  "20e3": "COMBINING ENCLOSING KEYCAP",
  "2160": "ROMAN NUMERAL ONE",
  "2169": "ROMAN NUMERAL TEN",
  "2179": "SMALL ROMAN NUMERAL TEN",
  "2715": "MULTIPLICATION X",
  "2716": "HEAVY MULTIPLICATION X",
  "2a2f": "VECTOR OR CROSS PRODUCT",
  "3164": "HANGUL FILLER",
  feff: "ZERO WIDTH NO-BREAK SPACE",
  ffa0: "HALFWIDTH HANGUL FILLER",
  fff9: "INTERLINEAR ANNOTATION ANCHOR",
  fffa: "INTERLINEAR ANNOTATION SEPARATOR",
  fffb: "INTERLINEAR ANNOTATION TERMINATOR",
  fffd: "REPLACEMENT CHARACTER",
  e0001: "LANGUAGE TAG",
  e007f: "CANCEL TAG",
};

/** Kinds in the order in which they are asked; none is printed, for the terminal would act on it or show nothing. */
const KINDS: readonly (readonly [RegExp, string])[] = [
  [/\p{Cs}/u, "half of a character (a lone surrogate)"],
  [/\p{Co}/u, "a private-use character"],
  [/\p{Variation_Selector}/u, "a variation selector"],
  [/[\u{e0000}-\u{e007f}]/u, "a tag character"],
  [/[\p{Extended_Pictographic}\p{Emoji_Presentation}\p{Emoji_Modifier}]/u, "an emoji"],
  [/\p{Cn}/u, "an unassigned code point"],
  [/\p{Cc}/u, "a control character"],
  [/[\p{Cf}\p{Default_Ignorable_Code_Point}]/u, "an invisible format character"],
];

/** Code point and name, such as "U+200B ZERO WIDTH SPACE"; a visible character of no name here is shown. */
export function nameOfCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  const name = NAMES[code] ?? KINDS.find(([kind]) => kind.test(character))?.[1] ?? `"${character}"`;
  return `U+${code.toUpperCase().padStart(4, "0")} ${name}`;
}

function remedyFor(character: string): string {
  if (/\p{Co}/u.test(character)) {
    const meant = characterMeant(character);
    const code = meant?.codePointAt(0)?.toString(16).toUpperCase() ?? "";
    return meant === undefined
      ? "type the character that the household register shows"
      : `older systems wrote ${meant} (U+${code}) so, which is to be typed if it is meant`;
  }
  if (character === "\ufffd" || /\p{Cs}/u.test(character)) return "software has lost a character: type it again";
  if (/\p{Variation_Selector}/u.test(character)) return "type the character before it without it";
  if (/\p{Extended_Pictographic}|\p{Emoji_Presentation}|\p{Emoji_Modifier}/u.test(character)) return "leave it out";
  return "delete what stands there and type it again";
}

/**
 * GBK kept 80 characters in the private use area (U+E815 to U+E864, at FE50 to FEA0) that Unicode did not have yet,
 * 䶮 of the name Liu Yan among them; GB 18030 now gives the same bytes their own code points.
 */
function characterMeant(character: string): string | undefined {
  const place = (character.codePointAt(0) ?? 0) - 0xe815;
  if (place < 0 || place >= 80) return undefined;
  // 7F is not a second byte.
  const second = 0x50 + place + (place >= 0x2f ? 1 : 0);
  const meant = new TextDecoder("gb18030").decode(Uint8Array.of(0xfe, second));
  return meant === character ? undefined : meant;
}

/** Middle dots of all keyboards (U+00B7 and what looks like it), and the full stops that stand in for it between Han. */
const DOTS = "\u00b7\u0387\u2022\u2024\u2027\u2219\u22c5\u25cf\u2e31\ua78f";
const KANA_DOTS = "\u30fb\uff65";
const FULL_STOPS = ".\u3002\ufe52\uff0e\uff61";
const BETWEEN_HAN = new RegExp(
  `(?<=\\p{Script=Han})\\s*(?:[${DOTS}${KANA_DOTS}${FULL_STOPS}]\\s*)+(?=\\p{Script=Han})`,
  "gu",
);
const BETWEEN_LETTERS = new RegExp(`(?<=[\\p{L}\\p{M}])\\s*(?:[${DOTS}]\\s*)+(?=\\p{L})`, "gu");
/** In Katakana the dot is a letter of the script. */
const OUTSIDE_KATAKANA = new RegExp(
  `(?<=[\\p{L}\\p{M}])(?<!\\p{Script=Katakana})[${KANA_DOTS}]+(?=\\p{L})(?!\\p{Script=Katakana})`,
  "gu",
);

/** A name in the one form that registers hold: NFC, single plain spaces, and U+00B7 between the parts of a name. */
export function registeredName(text: string): string {
  return plainSpaces(text)
    .replace(BETWEEN_HAN, "\u00b7")
    .replace(BETWEEN_LETTERS, "\u00b7")
    .replace(OUTSIDE_KATAKANA, "\u00b7");
}

/** NFC, and plain spaces for those of any width (Zs). */
export function plainSpaces(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\p{Zs}+/gu, " ")
    .trim();
}
