import { closeSync, fstatSync, openSync, readSync, writeFileSync } from "node:fs";
import { MAX_STATUS_FILE_LENGTH } from "../abi/limits.js";
import type { StoredBody } from "../format/status/snapshot.js";
import { StatusError } from "../format/status/error.js";
import type { StatusSource } from "./status-files.js";

/** How status files come from disk, and how checked bodies of snapshots go there and come back. */

/** Of WebAssembly. */
const PAGE_SIZE = 65_536;

/** The whole of a status file, in memory of its own. Throws StatusError. */
export function readSource(source: StatusSource): Uint8Array {
  if (source instanceof Uint8Array) return source;
  try {
    return reading(source.path, (file) => {
      const { size } = fstatSync(file);
      if (size > MAX_STATUS_FILE_LENGTH) {
        throw new StatusError("TOO_LARGE", `it has ${size} bytes, and at most ${MAX_STATUS_FILE_LENGTH} are read`);
      }
      const bytes = pages(size);
      return bytes.subarray(0, fill(file, bytes));
    });
  } catch (error) {
    throw error instanceof StatusError ? error : unreadable(error);
  }
}

/** Memory that goes back to the system with the thread: malloc would keep what a nation's snapshot took for the next. */
function pages(bytes: number): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE_SIZE) });
  return new Uint8Array(memory.buffer, 0, bytes);
}

export function unreadable(error: unknown): StatusError {
  return new StatusError("UNREADABLE", `it cannot be read: ${messageOf(error)}`);
}

/** Where a checked copy cannot be kept, a snapshot is refused; what is in force stays in force. */
export function notStored(error: unknown): StatusError {
  return new StatusError("NOT_STORED", `its checked copy cannot be kept: ${messageOf(error)}`);
}

/** Keep a checked body in a new file at `path`, for this user's eyes only. Throws StatusError. */
export function storeBody(path: string, body: Uint8Array): StoredBody {
  try {
    writeFileSync(path, body, { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw notStored(error);
  }
  return { path, length: body.length };
}

/** The stored body is not there any more, or not whole: newer ones have come into force, or something removed it. */
export class BodyGone extends Error {
  override readonly name = "BodyGone";
}

/** Read a stored body to where it is wanted. Throws BodyGone. */
export function readBody({ path, length }: StoredBody, into: Uint8Array): void {
  try {
    const read = reading(path, (file) => fill(file, into));
    if (read !== length) throw new Error(`${path} has ${read} bytes, not ${length}`);
  } catch (error) {
    throw new BodyGone(messageOf(error), { cause: error });
  }
}

function reading<T>(path: string, work: (file: number) => T): T {
  const file = openSync(path, "r");
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

/** Read from the start until `bytes` are full or the file ends. Returns how many were read. */
function fill(file: number, bytes: Uint8Array): number {
  let length = 0;
  for (let read = -1; read !== 0 && length < bytes.length; length += read) {
    read = readSync(file, bytes, length, bytes.length - length, length);
  }
  return length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
