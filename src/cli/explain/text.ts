import { constants, inflateSync } from "node:zlib";
import { type Base45Fault, decodeBase45 } from "../../format/base45.js";
import { MAX_INFLATED_LENGTH, MAX_TEXT_LENGTH } from "../../abi/limits.js";
import { takeOffScanned } from "../../format/scanned.js";
import type { Fault } from "./cbor.js";

/** The two outer layers of a QR text, read slowly and with the place of every fault. */

/** Base45 (RFC 9285) of a text as it was scanned. Bytes of a fault are characters of that. */
export function readBase45(scanned: string): Uint8Array | Fault {
  const { text, before } = takeOffScanned(scanned);
  const found = readTrimmed(text);
  return found instanceof Uint8Array ? found : { ...found, byte: before + found.byte };
}

function readTrimmed(text: string): Uint8Array | Fault {
  if (text.length > MAX_TEXT_LENGTH) {
    return { byte: MAX_TEXT_LENGTH, rule: `a QR text has at most ${MAX_TEXT_LENGTH} characters (ISO/IEC 18004, 40-L)` };
  }
  const bytes = decodeBase45(text);
  return bytes instanceof Uint8Array ? bytes : { byte: bytes.at, rule: BASE45_RULES[bytes.rule] };
}

const BASE45_RULES: Readonly<Record<Base45Fault["rule"], string>> = {
  alphabet: "the alphabet has 45 characters (RFC 9285 section 4.2)",
  length: "the last group has two or three characters (RFC 9285 section 4)",
  value: "a group stands for at most two bytes, and for one at the end (RFC 9285 section 4)",
};

/** zlib (RFC 1950): one stream and nothing after it. */
export function readZlib(bytes: Uint8Array): Uint8Array | Fault {
  try {
    const { buffer, engine } = inflateSync(bytes, { info: true, maxOutputLength: MAX_INFLATED_LENGTH }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (engine.bytesWritten === bytes.length) return buffer;
    return { byte: engine.bytesWritten, rule: "nothing may follow the zlib stream" };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_BUFFER_TOO_LARGE") {
      return { byte: bytes.length, rule: `it inflates to at most ${MAX_INFLATED_LENGTH} bytes` };
    }
    return { byte: firstRefused(bytes), rule: `zlib (RFC 1950, 1951): ${message}` };
  }
}

/** The byte at which node:zlib gives up, which is the end for a stream that is cut off. Found by halving. */
function firstRefused(bytes: Uint8Array): number {
  let [good, bad] = [0, bytes.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= bytes.length && inflatesSoFar(bytes.subarray(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function inflatesSoFar(bytes: Uint8Array): boolean {
  try {
    inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    return true;
  } catch {
    return false;
  }
}
