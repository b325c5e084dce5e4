import { createHash } from "node:crypto";
import { Problem } from "../http/problem.js";

/** An answer is kept so long (milliseconds), as what a session is owed is. */
const KEPT_MS = 60_000;
/** Answers that are kept, and their characters in all; with more the oldest are forgotten. */
const MOST_ANSWERS = 10_000;
const MOST_LENGTH = 32 * 1024 * 1024;

interface Kept {
  readonly body: string;
  readonly answer: Promise<string>;
  /** Of the answer, once it is there. */
  length: number;
  readonly until: number;
}

/**
 * Answers to requests that name themselves (draft-ietf-httpapi-idempotency-key-header): one that comes again, because its
 * answer was lost, gets the first. What is forgotten is asked anew, which a presentation's claim then knows all the same.
 */
export class Idempotency {
  /** By party and key, the oldest first. */
  readonly #kept = new Map<string, Kept>();
  readonly #elapsed: () => number;
  #length = 0;

  /** `elapsed`: milliseconds of a clock that nobody sets. */
  constructor(elapsed = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** The answer to `body` under this key: the first one, or that of `work`. Throws Problem for another body. */
  async once(party: string, key: string, body: Uint8Array, work: () => Promise<string>): Promise<string> {
    this.#forgetOld();
    const name = `${party} ${key}`;
    const digest = createHash("sha256").update(body).digest("base64");
    const before = this.#kept.get(name);
    if (before !== undefined && before.body !== digest) {
      throw new Problem("BAD_REQUEST", "this Idempotency-Key is that of another request", {}, {}, "409 Conflict");
    }
    if (before !== undefined) return before.answer;
    const kept = { body: digest, answer: work(), length: 0, until: this.#elapsed() + KEPT_MS };
    this.#kept.set(name, kept);
    try {
      const answer = await kept.answer;
      if (this.#kept.get(name) === kept) this.#length += kept.length = answer.length;
      this.#forgetOld();
      return answer;
    } catch (error) {
      // A refusal answers nothing: the next may find room.
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
      throw error;
    }
  }

  #forgetOld(): void {
    const now = this.#elapsed();
    for (const [name, { until, length }] of this.#kept) {
      if (until > now && this.#kept.size <= MOST_ANSWERS && this.#length <= MOST_LENGTH) return;
      this.#kept.delete(name);
      this.#length -= length;
    }
  }
}

/**
 * The key that an Idempotency-Key header says: a string of structured fields (RFC 8941 section 3.3.3), or as many write it,
 * without quotes. Undefined where there is none. Throws Problem.
 */
export function keyOf(header: string): string | undefined {
  if (header === "") return undefined;
  const quoted = /^"((?:[^"\\]|\\["\\])*)"$/.exec(header)?.[1]?.replaceAll(/\\(["\\])/g, "$1");
  const key = quoted ?? header;
  if (/^[\x20-\x7e]{1,255}$/.test(key) && (quoted !== undefined || !key.includes('"'))) return key;
  throw new Problem("BAD_REQUEST", "an Idempotency-Key is 1 to 255 characters of ASCII, with or without quotes");
}
