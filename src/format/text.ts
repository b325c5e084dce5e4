/**
 * Bytes of a text file to text, for every file that people or programs hand us: by its byte order mark, else strictly
 * as UTF-8, else, where the caller allows it, as GB 18030, in which spreadsheets in China save. What is not text is
 * told by what it is, so that whoever made the file knows what to do.
 */

export type TextErrorCode = "UTF16" | "UTF32" | "GB18030" | "WORKBOOK" | "BINARY" | "DAMAGED" | "UNKNOWN_ENCODING";

/** What a file is that is not text, and what helps, each one clause after its name: "<file> <message>; <remedy>." */
export class TextError extends Error {
  override readonly name = "TextError";
  constructor(
    readonly code: TextErrorCode,
    message: string,
    readonly remedy: string,
  ) {
    super(message);
  }
}

export type Encoding = "UTF-8" | "UTF-16" | "GB 18030";

export interface DecodedText {
  /** Without its byte order mark. */
  text: string;
  encoding: Encoding;
}

const AS_UTF8 = "save it as UTF-8";

/** Text of the bytes, which are UTF-8, or UTF-16 with its mark. Throws nothing but TextError. */
export function decodeText(bytes: Uint8Array): string {
  const decoded = decodeUnicode(bytes);
  if (decoded !== undefined) return decoded.text;
  if (decodeGb18030(bytes) !== undefined) throw new TextError("GB18030", "is GBK or GB 18030, not UTF-8", AS_UTF8);
  throw new TextError("UNKNOWN_ENCODING", "is neither UTF-8 nor GB 18030", AS_UTF8);
}

/** As `decodeText`, and GB 18030 is read too. */
export function decodeChineseText(bytes: Uint8Array): DecodedText {
  // UTF-8 first: GB 18030 takes most UTF-8 for other characters, and UTF-8 takes hardly any GB 18030.
  const decoded = decodeUnicode(bytes);
  if (decoded !== undefined) return decoded;
  const text = decodeGb18030(bytes);
  if (text !== undefined) return { text, encoding: "GB 18030" };
  throw new TextError("UNKNOWN_ENCODING", "is neither UTF-8 nor GB 18030", AS_UTF8);
}

/** Byte order marks (Unicode 16.0 §23.8); that of UTF-32LE begins as that of UTF-16LE does, so it comes first. */
const MARKS = [
  { bytes: [0xff, 0xfe, 0, 0], label: undefined },
  { bytes: [0, 0, 0xfe, 0xff], label: undefined },
  { bytes: [0xef, 0xbb, 0xbf], label: "utf-8" },
  { bytes: [0xff, 0xfe], label: "utf-16le" },
  { bytes: [0xfe, 0xff], label: "utf-16be" },
] as const;

/** Text of UTF-8 and of what has a mark; undefined for bytes of another encoding. */
function decodeUnicode(bytes: Uint8Array): DecodedText | undefined {
  const mark = MARKS.find((candidate) => startsWith(bytes, candidate.bytes));
  if (mark?.bytes.length === 4) throw new TextError("UTF32", "is UTF-32", AS_UTF8);
  if (mark?.label !== undefined) {
    const [text, encoding] = [decode(mark.label, bytes), mark.label === "utf-8" ? "UTF-8" : "UTF-16"] as const;
    if (text !== undefined) return { text, encoding };
    throw new TextError("DAMAGED", `begins as ${encoding} and goes on otherwise`, "export it again");
  }
  refuseOtherFiles(bytes);
  const text = decode("utf-8", bytes);
  if (text !== undefined) return { text, encoding: "UTF-8" };
  if (isMostlyUtf8(bytes)) throw new TextError("DAMAGED", "is UTF-8 with damaged characters", "export it again");
  return undefined;
}

/**
 * Whether malformed UTF-8 is UTF-8 all the same, cut or mixed with another encoding: as GB 18030 it would say something
 * else. Chinese in GB 18030 has a well-formed UTF-8 character of three bytes by chance only.
 */
function isMostlyUtf8(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return count(/[\u0800-\uffef]/g) * 4 > count(/\ufffd/g);
}

/** What the first bytes of files say that are handed over in place of a text. */
const FILES: readonly { starts: readonly number[]; code: TextErrorCode; what: string; remedy: string }[] = [
  {
    starts: [0x50, 0x4b, 0x03, 0x04],
    code: "WORKBOOK",
    what: "is a workbook (xlsx, et or ods) or another ZIP file",
    remedy: "open it and save it as CSV (UTF-8)",
  },
  {
    starts: [0xd0, 0xcf, 0x11, 0xe0],
    code: "WORKBOOK",
    what: "is a workbook of an older Excel (xls)",
    remedy: "open it and save it as CSV (UTF-8)",
  },
  { starts: [0x25, 0x50, 0x44, 0x46], code: "BINARY", what: "is a PDF", remedy: "give the text itself" },
  { starts: [0x1f, 0x8b], code: "BINARY", what: "is compressed (gzip)", remedy: "unpack it with gunzip" },
  { starts: [0x89, 0x50, 0x4e, 0x47], code: "BINARY", what: "is a picture", remedy: "give the text itself" },
  { starts: [0xff, 0xd8, 0xff], code: "BINARY", what: "is a picture", remedy: "give the text itself" },
];

/** Throws TextError where the beginning of a file says that it is not text, or text of two or four bytes a character. */
export function refuseOtherFiles(bytes: Uint8Array): void {
  const mark = MARKS.find((candidate) => startsWith(bytes, candidate.bytes));
  if (mark !== undefined && mark.label !== "utf-8") {
    throw new TextError(
      mark.bytes.length === 4 ? "UTF32" : "UTF16",
      `is ${mark.bytes.length === 4 ? "UTF-32" : "UTF-16"}`,
      AS_UTF8,
    );
  }
  const file = FILES.find(({ starts }) => startsWith(bytes, starts));
  if (file !== undefined) throw new TextError(file.code, file.what, file.remedy);
  const zeros = countZeros(bytes);
  // In UTF-16 every second byte of what is ASCII, of line ends at least, is zero; no text has zeros otherwise.
  const units = bytes.length / 2;
  const isUtf16 = Number.isInteger(units) && (zeros.even === 0) !== (zeros.odd === 0);
  if (isUtf16 && (zeros.even + zeros.odd) * 8 > units) {
    throw new TextError("UTF16", "is UTF-16 without a byte order mark", AS_UTF8);
  }
  if ((zeros.even + zeros.odd) * 64 > bytes.length) throw new TextError("BINARY", "is not a text", "give a text file");
}

function countZeros(bytes: Uint8Array): { even: number; odd: number } {
  let [even, odd] = [0, 0];
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) {
    if (at % 2 === 0) even++;
    else odd++;
  }
  return { even, odd };
}

/**
 * Text of GB 18030, undefined for what is not. Big5 and the encodings of Europe are mostly well-formed GB 18030 that
 * says something else, so most of its characters must be of GB 2312 (both bytes from A1), as those of Chinese are.
 */
function decodeGb18030(bytes: Uint8Array): string | undefined {
  const text = decode("gb18030", bytes);
  if (text === undefined || /[^\P{Cc}\t\r\n]/u.test(text)) return undefined;
  let [common, others] = [0, 0];
  for (let at = 0; at < bytes.length; at++) {
    if ((bytes[at] ?? 0) < 0x80) continue;
    const second = bytes[++at] ?? 0;
    if (second >= 0xa1) common++;
    else others++;
    // Four bytes: the third is high and the fourth a digit.
    if (second < 0x40) at += 2;
  }
  return common > others ? text : undefined;
}

/** Undefined where the bytes are malformed, and where the machine does not know the encoding (Node with small ICU). */
function decode(label: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte);
}
