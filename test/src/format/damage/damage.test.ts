import { describe, expect, it } from "vitest";
import { diagnose } from "../../../../src/engine/damage.js";
import { Engine } from "../../../../src/engine/engine.js";
import { Algorithm } from "../../../../src/abi/batch.js";
import { type Damage, findDamage } from "../../../../src/format/damage/damage.js";
import { sentenceOf } from "../../../../src/format/damage/sentences.js";
import { BASE45_ALPHABET, encodeBase45 } from "../../../support/base45.js";
import { caseNames, casesNote, casesPresent, readCase } from "../../../support/cases.js";
import { generateKey } from "../../../support/keys.js";
import { coseSign1, identity, makeCard, payload } from "../../../support/make-card.js";
import { gzipSync } from "node:zlib";

/** Cards of several lengths and algorithms: no two have the same signs in the same places. */
const cards = [Algorithm.ED25519, Algorithm.P256, Algorithm.SM2].flatMap((algorithm) =>
  ["张秀英", "Ana María", "x".repeat(150)].map((name) => cardWithAllSigns(algorithm, name)),
);

/**
 * Under a key with which the first part of the text holds every sign of base45: that one of them is missing shows that
 * it was replaced, and of some thousand cards one is without it by chance.
 */
function cardWithAllSigns(algorithm: Algorithm, name: string): string {
  for (;;) {
    const card = makeCard(generateKey(algorithm), { payload: payload([[169, identity([[4, name]])]]) });
    if (new Set(card.slice(0, -4)).size === BASE45_ALPHABET.length) return card;
  }
}

/** Through the keys of a keyboard of the United States, on a computer set to another. */
function typed(layout: string, text: string): string {
  const characters = Array.from(layout);
  return Array.from(text, (character) => characters[BASE45_ALPHABET.indexOf(character)]!).join("");
}

// What the operating systems give for the keys of base45's characters, in the order of its alphabet.
const GERMAN = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXZY $%(`ß.-Ö";
const FRENCH = "à&é\"'(-è_çQBCDEFGHIJKL?NOPARSTUVZXYW 458+):!M";
const SPANISH = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%(¿'.-Ñ";
const RUSSIAN = "0123456789ФИСВУАПРШОЛДЬТЩЗЙКЫЕГМЦЧНЯ ;%*+-ю.Ж";
const DVORAK = '0123456789AXJE>UIDCHTNMBRL"POYGK<QF: $%*}[vzS';
const fullWidth = (text: string): string =>
  text.replaceAll(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)).replaceAll(" ", "\u3000"); // prettier-ignore
const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}\r\n`, "utf16le");
const big = (text: string): Uint8Array => Buffer.from(utf16(text)).swap16();

const DAMAGES: readonly (readonly [what: string, damage: Damage, (text: string) => string | Uint8Array])[] = [
  ["lower case", "lower-case", (text) => text.toLowerCase()],
  ["an address", "percent-encoded", encodeURIComponent],
  ["an address, twice", "percent-encoded", (text) => encodeURIComponent(encodeURIComponent(text))],
  ["a form", "percent-encoded", (text) => new URLSearchParams({ a: text }).toString().slice(2)],
  ["a German keyboard", "keyboard-layout", (text) => typed(GERMAN, text)],
  ["a French keyboard", "keyboard-layout", (text) => typed(FRENCH, text)],
  ["a Spanish keyboard", "keyboard-layout", (text) => typed(SPANISH, text)],
  ["a Russian keyboard", "keyboard-layout", (text) => typed(RUSSIAN, text)],
  ["a Dvorak keyboard", "keyboard-layout", (text) => typed(DVORAK, text)],
  ["a keyboard without a table", "keyboard-layout", (text) => text.replaceAll(":", "ğ").replaceAll("A", "Ψ")],
  ["a German keyboard, and dead keys", "keyboard-layout", (text) => typed(GERMAN, text).replaceAll(/`([AEIOU])/g, "$1\u0300").normalize()], // prettier-ignore
  ["full width", "full-width", fullWidth],
  ["full width, Chinese punctuation", "full-width", (text) => fullWidth(text).replaceAll("．", "。")],
  ["quotes", "quoted", (text) => `"${text}"`],
  ["typographic quotes", "quoted", (text) => `“${text}”,`],
  ["backquotes", "quoted", (text) => `\`${text}\``],
  ["UTF-16", "utf-16", utf16],
  ["UTF-16, big-endian", "utf-16", big],
  ["UTF-16 without a mark", "utf-16", (text) => utf16(text).subarray(2)],
  ["UTF-16 as text", "utf-16", (text) => new TextDecoder().decode(utf16(text))],
  ["a cut at a third", "cut", (text) => text.slice(0, text.length / 3)],
  ["a cut at the end", "cut", (text) => text.slice(0, -4)],
  ["a cut by one", "cut", (text) => text.slice(0, -1)],
  ["two scans", "two-scans", (text) => text + text],
  ["two scans and a space", "two-scans", (text) => `${text} ${text}`],
  ["two scans and a line", "two-scans", (text) => `${text}\r\n${text}`],
  ["two scans with identifiers", "two-scans", (text) => `]Q1${text}]Q1${text}`],
  ["three scans", "two-scans", (text) => text + text + text],
  ["scans of two cards", "two-scans", (text) => text + cards[4]!],
  ["a scan and half of one", "two-scans", (text) => text + text.slice(0, 90)],
  ["lines of 76", "broken-lines", (text) => text.replaceAll(/.{76}/g, "$&\r\n")],
  ["JSON", "escaped", (text) => `${text.slice(0, 50)}\\/${text.slice(50)}`.replace("\\/", "\\u002b").replaceAll("+", "\\u002B").replace("\\u002b", "")], // prettier-ignore
  ["soft hyphens", "invisible", (text) => `${text.slice(0, 50)}\u00ad${text.slice(50)}`],
  ["a code of the scanner", "surrounded", (text) => `P01${text}`],
  ["a word behind", "surrounded", (text) => `${text}END`],
  ["plus for spaces", "space-to-plus", (text) => text.replaceAll(" ", "+")],
  ["spaces for plus", "plus-to-space", (text) => text.replaceAll("+", " ")],
];

describe("diagnose", () => {
  it.each(DAMAGES)("%s: %s", (_, damage, spoil) => {
    for (const card of cards) {
      const spoilt = spoil(card);
      if (spoilt === card) continue;
      expect(diagnose(spoilt), String(spoilt)).toEqual({ damage });
      if (typeof spoilt === "string") expect(diagnose(new TextEncoder().encode(spoilt))).toEqual({ damage });
    }
  });

  it("never makes a card of a text that was damaged", async () => {
    const engine = await Engine.create({ trust: [] });
    for (const [what, , spoil] of DAMAGES) {
      const spoilt = cards.map(spoil).filter((text, index) => text !== cards[index]);
      for (const { code } of engine.verifyBatch(spoilt)) expect(code, what).toMatch(/^(BAD_|TOO_LONG)/);
    }
  });

  it("finds nothing wrong with a card, whatever a scanner adds, and cannot tell what is no card at all", () => {
    for (const card of cards) expect(diagnose(`\ufeff]Q1${card}\r\n`)).toBeUndefined();
    for (const text of ["", "hello, world", "ABC", "\0", "1234567890".repeat(400)])
      expect(diagnose(text)).toBeUndefined();
  });

  it("names forms that issuers should not have chosen", () => {
    const cose = coseSign1(generateKey(Algorithm.ED25519));
    expect(diagnose(encodeBase45(cose))).toEqual({ damage: "uncompressed" });
    expect(diagnose(encodeBase45(gzipSync(cose)))).toEqual({ damage: "gzip" });
  });

  it.each([
    ["HC1:6BFOXN", "HC1"],
    ["shc:/5676290952432060346029243740", "SHC"],
    ["NL2:EV%4XNSNR/20F4W8T", "NL2"],
    ["mdoc:owBjMS4wAYIB", "mdoc"],
    ["https://example.org/c/1", "URL"],
    ["WIFI:T:WPA;S:guest;P:secret;;", "WIFI"],
    ["BEGIN:VCARD\nFN:Z", "VCARD"],
    ["otpauth://totp/x?secret=AAAA", "OTPAUTH"],
    ["00020101021226", "EMV"],
    ["XY9:1", "XY9"],
  ])("says of what scheme %s is", (text, scheme) => {
    const found = diagnose(text)!;
    expect(found).toMatchObject({ damage: "other-scheme" });
    expect(sentenceOf(found).cause).toContain(`another scheme: ${scheme}`);
  });

  it("inflates no more than some hundreds of candidates, whatever the text", () => {
    const begin = cards[0]!.slice(0, 3);
    for (const rest of [" A", "+A", " +", "A", begin, "\r\n", "%2B", '"', "Ö:"]) {
      let tried = 0;
      const text = begin + rest.repeat(300_000);
      const found = findDamage(text, () => (tried++, "bad"));
      expect(found?.damage, rest).not.toBe("two-scans");
      expect(tried, rest).toBeLessThan(1_500);
    }
  });
});

const EXPECTED: Readonly<Record<string, Damage>> = {
  cut: "cut",
  "fullwidth-ime": "full-width",
  "german-layout": "keyboard-layout",
  lower: "lower-case",
  "percent-encoded": "percent-encoded",
  "plus-to-space": "plus-to-space",
  quoted: "quoted",
  twice: "two-scans",
  utf16: "utf-16",
  ...{ hc1: "other-scheme", mdoc: "other-scheme", nl2: "other-scheme", shc: "other-scheme", url: "other-scheme" },
};
/** Two lines of cards; the others are read. */
const NOT_DAMAGED = ["aim-Q1", "bom", "cards", "crlf", "gs", "spaces", "tab-suffix", "zbarimg-prefix"];

describe.skipIf(!casesPresent)("cases of damage" + casesNote, () => {
  it("are all told apart", () => {
    const names = caseNames("scanner").filter((name) => name.endsWith(".txt")).map((name) => name.slice(0, -4)); // prettier-ignore
    expect(names).toEqual([...Object.keys(EXPECTED), ...NOT_DAMAGED].sort());
    for (const [name, damage] of Object.entries(EXPECTED)) {
      expect(diagnose(readCase(`scanner/${name}.txt`)), name).toMatchObject({ damage });
    }
  });
});
