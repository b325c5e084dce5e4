import { crc32, deflateSync } from "node:zlib";
import encodeQR from "qr";

/** QR symbols (ISO/IEC 18004) of QR texts, drawn for a terminal, as SVG and as PNG. */

/** Characters that level M holds in the largest symbol, in alphanumeric mode. */
const MEDIUM_CAPACITY = 3391;
/** Light modules around the symbol, as the standard demands. */
const QUIET_ZONE = 4;
/** Pixels of a module's side in a PNG. */
const SCALE = 6;

function options(text: string) {
  const ecc = text.length <= MEDIUM_CAPACITY ? ("medium" as const) : ("low" as const);
  return { ecc, encoding: "alphanumeric" as const, border: QUIET_ZONE };
}

/** Half blocks, dark on light whatever the terminal's colours. */
export function qrTerminal(text: string): string {
  const rows = encodeQR(text, "raw", options(text));
  const lines: string[] = [];
  for (let y = 0; y < rows.length; y += 2) {
    const cells = (rows[y] ?? []).map((upper, x) => {
      const lower = rows[y + 1]?.[x] ?? false;
      return upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    });
    lines.push(`\u001b[30;47m${cells.join("")}\u001b[0m`);
  }
  return lines.join("\n");
}

export function qrSvg(text: string): string {
  return encodeQR(text, "svg", options(text));
}

/** One bit a pixel, grey (W3C PNG §11). */
export function qrPng(text: string): Uint8Array {
  const rows = encodeQR(text, "raw", options(text));
  const side = rows.length * SCALE;
  const stride = 1 + Math.ceil(side / 8); // a filter byte, then the pixels
  const pixels = Buffer.alloc(stride * side);
  for (let y = 0; y < side; y++) {
    const row = rows[Math.floor(y / SCALE)] ?? [];
    for (let x = 0; x < side; x++) {
      if (row[Math.floor(x / SCALE)]) continue;
      const at = y * stride + 1 + (x >> 3);
      pixels[at] = (pixels[at] ?? 0) | (0x80 >> (x & 7));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1; // bit depth; the rest is 0: grey, deflate, no interlace
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([signature, ...chunks]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
