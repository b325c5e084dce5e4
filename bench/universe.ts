import { Status } from "../src/abi/batch.js";
import { RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../src/abi/status-body.js";

/** A universe of credentials made up from a counter, so that one of any size needs no place to be kept. */
export interface GeneratedUniverse {
  /** Credentials; below 2^32. */
  count: number;
  /** One in so many is revoked, one in so many of the others suspended; 0 for none. */
  revokedOneIn: number;
  suspendedOneIn: number;
  /** Months over which their expiries are spread. */
  months: number;
}

/** The first month of expiry: 2027, as a period of src/abi/status-body.ts. */
const FIRST_PERIOD = 684;
const CHUNK = 65536;

/** The credentials as records, in chunks that are the receiver's to keep. */
export function generate(universe: GeneratedUniverse): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      for (let from = 0; from < universe.count; from += CHUNK) {
        yield await Promise.resolve(recordsOf(universe, from, Math.min(CHUNK, universe.count - from)));
      }
    },
  };
}

export function recordsOf(universe: GeneratedUniverse, from: number, count: number): Uint8Array {
  const { revokedOneIn, suspendedOneIn, months } = universe;
  const words = new Int32Array(count * WORDS);
  for (let i = 0, at = 0; i < count; i++, at += WORDS) {
    const n = (from + i) | 0;
    // A bijection of the counter in each word: no two ids are alike.
    const first = mix(n);
    words[at] = first;
    words[at + 1] = mix(n + 0x3c6ef372);
    words[at + 2] = mix(n ^ 0x1b873593);
    words[at + 3] = mix(first + 0x5bd1e995);
    words[at + RECORD_PERIOD / 4] = FIRST_PERIOD + ((from + i) % months);
    words[at + RECORD_STATUS / 4] = statusOf(mix(n ^ 0x5bd1e995) >>> 1, revokedOneIn, suspendedOneIn);
  }
  return new Uint8Array(words.buffer);
}

const WORDS = RECORD_SIZE / 4;

function statusOf(draw: number, revokedOneIn: number, suspendedOneIn: number): Status {
  if (revokedOneIn > 0 && draw % revokedOneIn === 0) return Status.REVOKED;
  // What the first draw left over is still even.
  if (suspendedOneIn > 0 && (draw >>> 8) % suspendedOneIn === 0) return Status.SUSPENDED;
  return Status.GOOD;
}

/** The 32-bit finaliser of MurmurHash3, a bijection. */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
