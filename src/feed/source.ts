import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { MAX_DELTA_FILE_LENGTH, MAX_STATUS_FILE_LENGTH, MAX_TRUST_FILE_LENGTH } from "../abi/limits.js";

/** Where a verifier's trust list and status come from: a folder, or the same files over HTTP. */
export interface FeedSource {
  /** Where that is, for people to read: without anything that is secret. */
  readonly place: string;
  /** The bytes of a file. Rejects where they cannot be read now. */
  read(name: string): Promise<Look<Uint8Array>>;
  /** The same for a file that may be large: where it lies, at least until `release`. It never is in memory here. */
  locate(name: string): Promise<Look<{ path: string }>>;
  /** Give it once more, though it has not changed. */
  forget(name: string): void;
  /** Nothing that was located is needed any more. */
  release(): Promise<void>;
  /** Whatever is being waited for rejects at once, and what is asked for afterwards too. */
  abort(): void;
}

/** What a look at one file of a feed finds. */
export type Look<T> =
  /** New, or another than it was. */
  | { found: T }
  /** What was last found. */
  | "unchanged"
  | "absent"
  /** What lies there cannot be a file of a feed, and what it seems to be: servers say "not found" with a page. */
  | { foreign: string };

/** Bytes of each file that are read at most. */
export function mostOf(name: string): number {
  switch (name) {
    case TRUST_FILE:
      return MAX_TRUST_FILE_LENGTH;
    case DELTA_FILE:
      return MAX_DELTA_FILE_LENGTH;
    case STATUS_FILE:
    default:
      return MAX_STATUS_FILE_LENGTH;
  }
}

/** Bytes from which a file can be told from a web page. */
export const BEGINNING = 256;

/** What a file seems to be that begins like this, if it cannot be one of a feed: none of ours begins with a mark-up. */
export function foreignOf(beginning: Uint8Array): string | undefined {
  if (beginning.length === 0) return "nothing";
  return /^\ufeff?\s*</.test(new TextDecoder().decode(beginning.subarray(0, BEGINNING))) ? "a web page" : undefined;
}

/** What is said of a file that a feed does not have. */
export const ABSENT = "it is not there";
