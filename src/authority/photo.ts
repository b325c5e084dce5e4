import { fromBase64 } from "../format/bytes.js";

/** A photo as people hand it in: base64, with line breaks or as a data URI; its format is what its bytes say. */

/** Bytes of a photo that still fits into one QR beside the rest. */
const MAX_PHOTO = 1600;

export type PhotoFormat = "jpeg" | "jpeg2000" | "avif" | "webp";

interface Kind {
  /** Bytes, as Latin-1, at their offset. */
  magic: readonly (readonly [number, string])[];
  format?: PhotoFormat;
  name: string;
}

/** Formats that claim 169 has, and those that people have instead. */
const KINDS: readonly Kind[] = [
  { magic: [[0, "\xff\xd8\xff"]], format: "jpeg", name: "JPEG" },
  { magic: [[0, "\0\0\0\x0cjP  \r\n\x87\n"]], format: "jpeg2000", name: "JPEG 2000" },
  { magic: [[0, "\xff\x4f\xff\x51"]], format: "jpeg2000", name: "JPEG 2000" },
  { magic: [[4, "ftypavif"]], format: "avif", name: "AVIF" },
  {
    magic: [
      [0, "RIFF"],
      [8, "WEBP"],
    ],
    format: "webp",
    name: "WebP",
  },
  { magic: [[0, "\x89PNG"]], name: "PNG" },
  { magic: [[0, "GIF8"]], name: "GIF" },
  { magic: [[0, "BM"]], name: "BMP" },
  { magic: [[0, "II*\0"]], name: "TIFF" },
  { magic: [[0, "MM\0*"]], name: "TIFF" },
  { magic: [[4, "ftyphei"]], name: "HEIC" },
  { magic: [[4, "ftyphev"]], name: "HEIC" },
  { magic: [[4, "ftypmif1"]], name: "HEIF" },
  { magic: [[4, "ftypavis"]], name: "moving AVIF" },
  { magic: [[0, "\0\0\0\x0cJXL "]], name: "JPEG XL" },
  { magic: [[0, "%PDF"]], name: "PDF" },
  { magic: [[0, "<svg"]], name: "SVG" },
];

const TAKEN = "save it as JPEG, JPEG 2000, AVIF or WebP";

/** Base64 of the photo (RFC 4648 §4) and its format, or what is wrong as a clause after "photo". */
export function readPhoto(text: string): { photo: string; photoFormat: PhotoFormat } | { fault: string } {
  const photo = text.replace(/^\s*data:[^,]*;base64,/i, "").replaceAll(/\s/g, "");
  if (photo === "") return { fault: "is empty: leave the field out where there is none" };
  const bytes = fromBase64(photo);
  if (bytes === undefined) return { fault: "is not base64: encode the bytes of the picture, not its name or address" };
  const kind = KINDS.find(({ magic }) => magic.every(([offset, said]) => at(bytes, offset, said.length) === said));
  if (kind === undefined) return { fault: `is not a picture of a known format: ${TAKEN}` };
  if (kind.format === undefined) return { fault: `is ${kind.name}, which cards do not take: ${TAKEN}` };
  if (bytes.length > MAX_PHOTO) {
    const fault = `is too large: it has ${bytes.length} bytes and a card has room for ${MAX_PHOTO}; make it smaller`;
    return { fault };
  }
  return { photo, photoFormat: kind.format };
}

function at(bytes: Uint8Array, offset: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + length));
}
