const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** RFC 9285 section 4, in its plainest form, so that tests do not rest on the engine's own decoder. */
export function encodeBase45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length;
    let rest = pair ? bytes[i]! * 256 + bytes[i + 1]! : bytes[i]!;
    for (let digit = 0; digit < (pair ? 3 : 2); digit++) {
      text += ALPHABET[rest % 45]!;
      rest = Math.floor(rest / 45);
    }
  }
  return text;
}

/** Throws where the text is not base45. */
export function decodeBase45(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const group = Array.from(text.slice(i, i + 3), (character) => ALPHABET.indexOf(character));
    const value = group.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (group.length === 1 || group.includes(-1) || value >= 256 ** (group.length - 1)) throw new Error("not base45");
    if (group.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

export const BASE45_ALPHABET = ALPHABET;
