import type { Damage, Diagnosis } from "./damage.js";

/** What has happened to a text, and what helps, each one clause. */
export interface DamageSentence {
  cause: string;
  remedy: string;
}

const ISSUER = "the issuer makes it again, compressed with zlib (RFC 1950)";
const SCANNER = "in the scanner's settings";

const SENTENCES: Readonly<Record<Damage, DamageSentence>> = {
  "utf-16": { cause: "the text is UTF-16", remedy: "save or send it as UTF-8" },
  "full-width": {
    cause: "an input method has changed the text to full-width letters",
    remedy: "switch the input method off where the scanner types, or choose an English keyboard",
  },
  "lower-case": {
    cause: "letters are lower case",
    remedy: `switch Caps Lock off, and conversion to lower case off ${SCANNER}`,
  },
  "percent-encoded": {
    cause: "the text is percent-encoded, as in a web address",
    remedy: "decode it once, where it is taken out of the address or form",
  },
  "plus-to-space": {
    cause: "plus signs have become spaces, as a form or web address makes of them",
    remedy: "percent-encode the text where it is put into the address or form",
  },
  "space-to-plus": {
    cause: "spaces have become plus signs, as a form or web address writes them",
    remedy: "decode it as a form, where it is taken out of the address or form",
  },
  "keyboard-layout": {
    cause: "a keyboard layout has changed the text",
    remedy: `set computer and scanner to the same keyboard layout, that of the United States, or let the scanner send by serial port`,
  },
  quoted: { cause: "the text is quoted", remedy: "take away the quotation marks and what else stands around it" },
  "broken-lines": { cause: "the text is broken into lines", remedy: "give it as one line" },
  escaped: { cause: "signs are escaped, as JSON or HTML writes them", remedy: "give the text as the scanner sent it" },
  invisible: {
    cause: "there are invisible characters within the text",
    remedy: "give the text as the scanner sent it, not copied from a page or document",
  },
  "spaces-lost": {
    cause: "spaces were lost within the text",
    remedy: "give it as the scanner sent it: each of its spaces counts",
  },
  surrounded: {
    cause: "something stands before or behind the text of the card",
    remedy: `switch prefix, suffix and code identifier off ${SCANNER}`,
  },
  "two-scans": {
    cause: "there are two scans in one",
    remedy: "scan one card at a time, and let the scanner end each with Enter",
  },
  cut: {
    cause: "the text is cut: it ends before the card does",
    remedy: "scan it again; a field, column or message that holds fewer characters than the card has cuts it each time",
  },
  followed: { cause: "something follows the card in the same text", remedy: "scan one card at a time" },
  gzip: { cause: "the card is compressed with gzip, and cards are with zlib", remedy: ISSUER },
  uncompressed: { cause: "the card is not compressed, and cards are with zlib", remedy: ISSUER },
  "other-scheme": { cause: "this is a QR of another scheme", remedy: "scan the QR of the card" },
};

export function sentenceOf({ damage, scheme }: Diagnosis): DamageSentence {
  const { cause, remedy } = SENTENCES[damage];
  return { cause: scheme === undefined ? cause : `${cause}: ${scheme}`, remedy };
}
