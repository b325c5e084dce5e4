/**
 * What the keys of a scanner become on a computer that is set to another keyboard. A scanner in keyboard mode sends the
 * key codes of a keyboard of the United States; the layout in force turns them into characters. Each row has what comes
 * out for the characters of base45, in the order of its alphabet (RFC 9285 section 4.2).
 */
const KEYS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
// prettier-ignore
const LAYOUTS: Readonly<Record<string, string>> = {
  German:           "0123456789ABCDEFGHIJKLMNOPQRSTUVWXZY $%(`ß.-Ö",
  Swiss:            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXZY ç%(`'.-é",
  Hungarian:        "ö123456789ABCDEFGHIJKLMNOPQRSTUVWXZY !%(Óü.-É",
  Czech:            "é+ěščřžýáíABCDEFGHIJKLMNOPQRSTUVWXZY 458ˇ=.-\"",
  Slovenian:        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXZY $%(*'.-Č",
  French:           "à&é\"'(-è_çQBCDEFGHIJKL?NOPARSTUVZXYW 458+):!M",
  Belgian:          "à&é\"'(§è!çQBCDEFGHIJKL?NOPARSTUVZXYW 458_):=M",
  Spanish:          "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(¿'.-Ñ",
  "Latin American": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(¡'.-Ñ",
  Portuguese:       "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(»'.-Ç",
  Brazilian:        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-.;Ç",
  Italian:          "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(^'.-ç",
  Swedish:          "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ¤%(`+.-Ö",
  Norwegian:        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ¤%(`+.-Ø",
  Danish:           "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ ¤%(`+.-Æ",
  Turkish:          "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ +%(_*ç.Ş",
  Russian:          "0123456789ФИСВУАПРШОЛДЬТЩЗЙКЫЕГМЦЧНЯ ;%*+-ю.Ж",
  Ukrainian:        "0123456789ФИСВУАПРШОЛДЬТЩЗЙКІЕГМЦЧНЯ ;%*+-ю.Ж",
  Dvorak:           "0123456789AXJE>UIDCHTNMBRL\"POYGK<QF: $%*}[vzS",
  Japanese:         "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(~-./+",
};

/** Accents that wait for the letter after them, by the combining mark that they become on it. */
const DEAD_KEYS: Readonly<Record<string, string>> = {
  "\u0300": "`",
  "\u0301": "´",
  "\u0302": "^",
  "\u0303": "~",
  "\u0308": "¨",
  "\u030c": "ˇ",
};

/** What may have been typed, for each layout in force. */
export function textsAsTyped(text: string): Set<string> {
  const typed = new Set<string>();
  for (const row of Object.values(LAYOUTS)) {
    const keys = new Map(Array.from(row, (character, index) => [character, KEYS.charAt(index)]));
    const isMade = (character: string): boolean => keyOf(character, keys) !== character || keys.has(character);
    if (Array.from(text).every(isMade)) typed.add(Array.from(text, (character) => keyOf(character, keys)).join(""));
    // Some drivers move letters and what base45 has not, and leave the other signs.
    const move = (character: string): string =>
      /[A-Z]/.test(character) || !KEYS.includes(character) ? keyOf(character, keys) : character;
    typed.add(Array.from(text, move).join(""));
  }
  return typed;
}

function keyOf(character: string, keys: ReadonlyMap<string, string>): string {
  const key = keys.get(character) ?? keys.get(character.toUpperCase());
  if (key !== undefined) return key;
  const [letter = "", mark = ""] = character.normalize("NFD");
  const dead = keys.get(DEAD_KEYS[mark] ?? "");
  return dead === undefined ? character : dead + keyOf(letter, keys);
}

/** Has it letters and signs that a keyboard makes, and that neither base45 nor a writer of English has? */
export function isTypedElsewhere(text: string): boolean {
  return /[\u00a1-\u024f\u02c7\u02c6\u02dc\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0e00-\u0e7f\u1e00-\u1eff]/.test(
    text,
  );
}
