import { BASE45_ALPHABET, decodeBase45 } from "../base45.js";
import { MAX_TEXT_LENGTH } from "../../abi/limits.js";
import { isTypedElsewhere, textsAsTyped } from "./keyboards.js";
import { takeOffScanned } from "../scanned.js";
import { knownScheme, prefixOf } from "./schemes.js";

/**
 * What has happened to a text that cannot be read as a card. Each kind of damage is undone; where what comes out is a
 * card, the kind is found. That serves to name the cause and nothing else: what was undone is never verified, or
 * software that damages texts would stay in use, and damage differently tomorrow.
 */
export type Damage =
  | "utf-16"
  | "full-width"
  | "lower-case"
  | "percent-encoded"
  | "plus-to-space"
  | "space-to-plus"
  | "keyboard-layout"
  | "quoted"
  | "broken-lines"
  | "escaped"
  | "invisible"
  | "spaces-lost"
  | "surrounded"
  | "two-scans"
  | "cut"
  | "followed"
  | "gzip"
  | "uncompressed"
  | "other-scheme";

export interface Diagnosis {
  damage: Damage;
  /** Of another scheme, its name. */
  scheme?: string;
}

/** What bytes are that should be one zlib stream: whole, the beginning of one, one and more behind it, or neither. */
export type ReadZlib = (bytes: Uint8Array) => "whole" | "cut" | "followed" | "bad";

/** Beyond this no text is looked at: three times the longest, for what percent-encoding makes of it, and some more. */
const MAX_LOOKED_AT = 20_000;

/** What has happened to `given`; undefined where it is a card, or where that cannot be told. */
export function findDamage(given: string | Uint8Array, readZlib: ReadZlib): Diagnosis | undefined {
  const whole = typeof given === "string" ? given : decode(given);
  const { text } = takeOffScanned(whole.slice(0, MAX_LOOKED_AT));
  const isCard = (candidate: string): boolean => stateOf(takeOffScanned(candidate).text, readZlib) === "whole";
  if (text === "" || isCard(text)) return undefined;
  for (const [damage, undo] of UNDO) {
    for (const candidate of undo(text)) if (isCard(candidate)) return { damage };
  }
  if (isTwoScans(text, isCard)) return { damage: "two-scans" };
  const known = knownScheme(text);
  if (known !== undefined) return { damage: "other-scheme", scheme: known };
  for (const candidate of withoutEnds(text)) if (isCard(candidate)) return { damage: "surrounded" };
  const written = writtenOtherwise(text);
  if (written !== undefined) return { damage: written };
  const prefix = prefixOf(text);
  if (prefix !== undefined) return { damage: "other-scheme", scheme: prefix };
  // No undoing reads: it was damaged twice, or cut as well. What is plain to see is still worth saying.
  const seen = LOOKS.find(([, looks]) => looks(text, readZlib));
  return seen && { damage: seen[0] };
}

/** Bytes to text as far as they are one: UTF-16 keeps its zeros, by which it is known. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(0, 3 * MAX_LOOKED_AT));
}

function stateOf(text: string, readZlib: ReadZlib): ReturnType<ReadZlib> {
  if (text.length > MAX_TEXT_LENGTH || !beginsAsCard(text)) return "bad";
  const bytes = decodeBase45(text);
  return bytes instanceof Uint8Array ? readZlib(bytes) : "bad";
}

/** RFC 1950 section 2.2: deflate with a window of at most 32 KiB, no preset dictionary, a multiple of 31. */
function isZlibHeader([method = 0, flags = 0]: Uint8Array): boolean {
  return (method & 15) === 8 && method >> 4 <= 7 && (flags & 0x20) === 0 && (method * 256 + flags) % 31 === 0;
}

/** Texts that may have been there before each kind of damage. */
const UNDO: readonly (readonly [Damage, (text: string) => Iterable<string>])[] = [
  ["utf-16", (text) => [text.replaceAll(/[\0\ufffd\ufeff]/g, "")]],
  ["full-width", (text) => [narrow(text)]],
  ["lower-case", (text) => [text.toUpperCase()]],
  ["percent-encoded", withoutPercent],
  [
    "quoted",
    (text) => [text.replaceAll(/^[\s"'`«»“”„‘’‚‹›「」『』＂＇,;=[({]+|[\s"'`«»“”„‘’‚‹›「」『』＂＇,;\])}]+$/g, "")],
  ],
  [
    "broken-lines",
    // A space beside a line end is the card's own, or what the next line was indented by.
    (text) =>
      [/[\r\n\t\f\v\x85\u2028\u2029]+/g, /[\r\n]+\s+/g, /\s*[\r\n]+\s*/g].map((end) => text.replaceAll(end, "")),
  ],
  ["escaped", (text) => [unescaped(text)]],
  [
    "invisible",
    (text) => [text.replaceAll(/\p{Cf}/gu, ""), text.replaceAll(/[\u00a0\u2000-\u200a\u202f\u3000]/g, " ")],
  ],
  ["keyboard-layout", textsAsTyped],
  ["space-to-plus", (text) => (text.includes(" ") ? [] : chosenAgain(text, "+", " "))],
  ["plus-to-space", (text) => (text.includes("+") ? [] : chosenAgain(text, " ", "+"))],
  ["spaces-lost", withOneSpaceMore],
];

/** What shows a kind of damage by itself. */
const LOOKS: readonly (readonly [Damage, (text: string, readZlib: ReadZlib) => boolean])[] = [
  ["utf-16", (text) => text.split("\0").length * 3 > text.length],
  ["full-width", (text) => (text.match(/[\uff01-\uff5e]/g)?.length ?? 0) * 4 > text.length],
  [
    "percent-encoded",
    (text) => isBase45(text) && text.split(/%(?:2[05ABF]|3A|24)/i).length > Math.max(4, text.length / 40),
  ],
  ["lower-case", (text) => /^[0-9a-z $%*+\-./:]{40,}$/.test(text) && beginsAsCard(text.toUpperCase())],
  ["keyboard-layout", (text) => text.length >= 40 && isTypedElsewhere(text)],
  // Before "cut": some texts with replaced signs inflate to their end and ask for more.
  ["space-to-plus", (text) => lacks(text, " ") && text.split("+").length > text.length / 30],
  ["plus-to-space", (text) => lacks(text, "+") && text.split(" ").length > text.length / 30],
  // Before what makes groups of more than 65,535: those of a cut text all have a value.
  ["cut", isCut],
  ["spaces-lost", (text) => lacks(text, " ")],
  ["followed", (text, readZlib) => stateOf(text, readZlib) === "followed"],
];

/** A card that is whole, in a form that readers do not take: its issuer's fault. */
function writtenOtherwise(text: string): Damage | undefined {
  const bytes = decodeBase45(text);
  if (!(bytes instanceof Uint8Array) || bytes.length < 100) return undefined;
  const [first, second = 0] = bytes;
  // RFC 1952 section 2.3.1; a COSE_Sign1, tagged 18 or 61, or an array of four that begins with a byte string.
  if (first === 0x1f && second === 0x8b) return "gzip";
  const isSign1 = (first === 0xd2 && second === 0x84) || (first === 0xd8 && second === 0x3d) || (first === 0x84 && second >> 5 === 2); // prettier-ignore
  return isSign1 ? "uncompressed" : undefined;
}

/** Full-width forms and ideographic punctuation, as an input method writes them, to ASCII. */
function narrow(text: string): string {
  return text
    .normalize("NFKC")
    .replaceAll("。", ".")
    .replaceAll("、", "/")
    .replaceAll(/[￥¥]/g, "$")
    .replaceAll(/[—–]+/g, "-");
}

/** As an address or a form, once or twice. */
function* withoutPercent(text: string): Generator<string> {
  for (let times = 0, before = text; times < 2; times++) {
    const after = before.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    if (after === before) return;
    yield after;
    yield before
      .replaceAll("+", " ")
      .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    before = after;
  }
}

/** As JSON, HTML or Markdown write signs. */
function unescaped(text: string): string {
  return text
    .replaceAll(/&#x([0-9a-f]{2});/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll(/&#([0-9]{2});/g, (_, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/&(?:nbsp|ensp|emsp);/g, " ")
    .replaceAll("&plus;", "+")
    .replaceAll("&colon;", ":")
    .replaceAll(/\\u00([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replaceAll("\\", "");
}

/** Which of the `now` were a `then` cannot be seen: all of them, else every choice, as far as there are few. */
function* chosenAgain(text: string, now: string, then: string): Generator<string> {
  const parts = text.split(now);
  const count = parts.length - 1;
  if (count === 0 || !isBase45(text) || !beginsAsCard(text)) return;
  yield parts.join(then);
  if (count > MAX_CHOICES) return;
  for (let choice = 1; choice < (1 << count) - 1; choice++) {
    yield parts.map((part, i) => (i === count ? part : part + (choice & (1 << i) ? then : now))).join("");
  }
}

const MAX_CHOICES = 10;

/** Two spaces that a page or a form has made one. */
function* withOneSpaceMore(text: string): Generator<string> {
  let tried = 0;
  for (let at = text.indexOf(" "); at >= 0 && tried++ < MAX_PLACES; at = text.indexOf(" ", at + 1)) {
    yield `${text.slice(0, at)} ${text.slice(at)}`;
  }
}

/** In one text. */
const MAX_PLACES = 100;

/** A code in front that a scanner was told to send (`P01`, `Q`), something a form put around it. */
function* withoutEnds(text: string): Generator<string> {
  for (let start = 0; start <= MAX_SURROUND; start++) {
    if (!beginsAsCard(text.slice(start))) continue;
    for (let cut = start === 0 ? 1 : 0; cut <= MAX_SURROUND; cut++) yield text.slice(start, text.length - cut);
  }
}

const MAX_SURROUND = 12;

/** A card, and then another or the same, with or without something between them. */
function isTwoScans(text: string, isCard: (text: string) => boolean): boolean {
  let tried = 0;
  for (let at = 3; at <= MAX_TEXT_LENGTH && tried < MAX_PLACES; at++) {
    if (!beginsAsCard(text.slice(at, at + 3))) continue;
    tried++;
    // What stands between two is of one kind, as far as it is anything.
    const first = text.slice(0, at).replace(/(?:[^0-9A-Z]{1,3}|\][A-Za-z][0-9A-Za-z])$/, "");
    if (isCard(text.slice(0, at)) || isCard(first)) return true;
  }
  return false;
}

/** Does its beginning, as far as it is whole groups, inflate to the end and ask for more? */
function isCut(text: string, readZlib: ReadZlib): boolean {
  return stateOf(text.slice(0, text.length - (text.length % 3)), readZlib) === "cut";
}

/** In a long text of 45 characters one of them is hardly ever missing by chance. */
function lacks(text: string, character: string): boolean {
  return text.length >= 250 && !text.includes(character) && isBase45(text) && beginsAsCard(text);
}

function isBase45(text: string): boolean {
  for (const character of text) if (!BASE45_ALPHABET.includes(character)) return false;
  return true;
}

function beginsAsCard(text: string): boolean {
  const bytes = decodeBase45(text.slice(0, 3));
  return bytes instanceof Uint8Array && bytes.length === 2 && isZlibHeader(bytes);
}
