/** Base45 (RFC 9285): two bytes become three characters of the QR alphanumeric set. Decoding is the engine's. */
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

export function encodeBase45(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const low = bytes[i + 1];
    const value = low === undefined ? (bytes[i] ?? 0) : (bytes[i] ?? 0) * 256 + low;
    text += ALPHABET.charAt(value % 45) + ALPHABET.charAt(Math.floor(value / 45) % 45);
    if (low !== undefined) text += ALPHABET.charAt(Math.floor(value / 2025));
  }
  return text;
}
