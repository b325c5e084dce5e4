const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** Base45 (RFC 9285) in its plainest form, so that the parser's tests do not rest on the engine's own decoder. */
export function decodeBase45(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i += 3) {
    const group = Array.from(text.slice(i, i + 3), (character) => ALPHABET.indexOf(character));
    if (group.includes(-1)) throw new Error("not base45");
    const value = group.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (group.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}
