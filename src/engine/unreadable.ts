import { Code } from "../abi/code.js";
import { MAX_SCANNED_LENGTH, MAX_TEXT_LENGTH } from "../abi/limits.js";
import { takeOffScanned } from "../format/scanned.js";

/** A character that base45 has not (RFC 9285 section 4.2). */
const FOREIGN = /[^0-9A-Z $%*+\-./:]/;
/** By byte, whether it is one that base45 has. */
const BASE45 = Uint8Array.from({ length: 256 }, (_, byte) => Number(!FOREIGN.test(String.fromCharCode(byte))));
/** As hasForeignPrefix in assembly/reading.ts knows a QR of another scheme. */
const PREFIX = /^[A-Za-z0-9]{1,8}:/;

const utf8 = new TextEncoder();
const latin1 = new TextDecoder("latin1");
/** A byte order mark in UTF-8, a character for each byte. */
const MARK = latin1.decode(Uint8Array.of(0xef, 0xbb, 0xbf));

/**
 * Why a text cannot be a card, where its length or its characters tell: the code that the engine would give it, without a
 * place in a batch. Undefined where the engine has to read it.
 */
export function codeOfUnreadable(qr: string | Uint8Array): Code | undefined {
  if (qr.length > MAX_SCANNED_LENGTH) return Code.TOO_LONG;
  if (qr.length === 0) return Code.BAD_ZLIB;
  const isForeign = typeof qr === "string" ? FOREIGN.test(qr) : qr.some((byte) => BASE45[byte] === 0);
  if (!isForeign) return undefined;
  // A character for each byte: none that is not ASCII is of base45, whatever it stands for.
  return codeOfForeign(latin1.decode(typeof qr === "string" ? utf8.encode(qr) : qr));
}

/** The same of a text that is not base45 as it stands; scanners add such characters around one that is. */
function codeOfForeign(bytes: string): Code | undefined {
  if (bytes.length > MAX_SCANNED_LENGTH) return Code.TOO_LONG;
  const { text } = takeOffScanned(bytes.replaceAll(MARK, "\ufeff"));
  if (!FOREIGN.test(text)) return undefined;
  if (text.replaceAll("\ufeff", MARK).length > MAX_TEXT_LENGTH) return Code.TOO_LONG;
  return PREFIX.test(text) ? Code.BAD_PREFIX : Code.BAD_BASE45;
}
