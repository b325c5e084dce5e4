/** Base45 (RFC 9285): two bytes become three characters of the QR alphanumeric set. */
export const BASE45_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function encodeBase45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const low = bytes[i + 1];
    const value = low === undefined ? (bytes[i] ?? 0) : (bytes[i] ?? 0) * 256 + low;
    text += BASE45_ALPHABET.charAt(value % 45) + BASE45_ALPHABET.charAt(Math.floor(value / 45) % 45);
    if (low !== undefined) text += BASE45_ALPHABET.charAt(Math.floor(value / 2025));
  }
  return text;
}

/** Why a text is not base45, and at which of its characters. */
export interface Base45Fault {
  at: number;
  rule: "alphabet" | "length" | "value";
}

/** Value of each ASCII character, -1 where base45 has it not. */
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => BASE45_ALPHABET.indexOf(String.fromCharCode(code)));

/** To say what is wrong with a text: cards are decoded by the engine. */
export function decodeBase45(text: string): Uint8Array | Base45Fault {
  const bytes = new Uint8Array(Math.ceil((text.length * 2) / 3));
  let length = 0;
  for (let at = 0; at < text.length; at += 3) {
    const count = Math.min(3, text.length - at);
    let value = 0;
    for (let i = count - 1; i >= 0; i--) value = value * 45 + digitAt(text, at + i);
    const foreign = [0, 1, 2].find((i) => i < count && digitAt(text, at + i) < 0);
    if (foreign !== undefined) return { at: at + foreign, rule: "alphabet" };
    if (count === 1) return { at, rule: "length" };
    if (value >= (count === 3 ? 65_536 : 256)) return { at, rule: "value" };
    if (count === 3) bytes[length++] = value >> 8;
    bytes[length++] = value & 255;
  }
  return bytes.subarray(0, length);
}

function digitAt(text: string, index: number): number {
  return DIGITS[text.charCodeAt(index)] ?? -1;
}
