import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { concat } from "../format/bytes.js";

/** Files that must not be larger than what is wanted of them: the rest is never read, whatever the file says it has. */

const PIECE = 65_536;

/** The file has more bytes than are read. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
  constructor(bytes: number, most: number) {
    super(`it has ${bytes > most ? bytes : `more than ${most}`} bytes, and at most ${most} are read`);
  }
}

/** The whole of a file of at most `most` bytes. Rejects with FileTooLarge, or as node:fs does. */
export async function readBounded(path: string, most: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    return await readOpen(file, most);
  } finally {
    await file.close();
  }
}

/** The same of a file that is open, from where it stands. */
export async function readOpen(file: FileHandle, most: number): Promise<Uint8Array> {
  const { size } = await file.stat();
  if (size > most) throw new FileTooLarge(size, most);
  const pieces: Uint8Array[] = [];
  // A pipe has no size beforehand, and a file may grow while it is read.
  for (let length = 0; length <= most;) {
    const piece = new Uint8Array(PIECE);
    const { bytesRead } = await file.read(piece, 0, PIECE, null);
    if (bytesRead === 0) return concat(...pieces);
    pieces.push(piece.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw new FileTooLarge(0, most);
}

/** The same of a stream: standard input, a body. The rest is left unread. */
export async function collectBounded(stream: AsyncIterable<Uint8Array>, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > most) throw new FileTooLarge(0, most);
    pieces.push(piece);
  }
  return concat(...pieces);
}

/** The same for what is needed before anything else can start. */
export function readBoundedSync(path: string, most: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    if (size > most) throw new FileTooLarge(size, most);
    const pieces: Uint8Array[] = [];
    for (let length = 0; length <= most;) {
      const piece = new Uint8Array(PIECE);
      const read = readSync(file, piece);
      if (read === 0) return concat(...pieces);
      pieces.push(piece.subarray(0, read));
      length += read;
    }
    throw new FileTooLarge(0, most);
  } finally {
    closeSync(file);
  }
}
