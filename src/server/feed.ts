import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PrivateFolder } from "../engine/private-folder.js";
import type { StatusSource } from "../engine/state.js";
import { concat } from "../format/bytes.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { MAX_STATUS_FILE_LENGTH } from "../format/limits.js";
import { StatusError } from "../format/status-error.js";

/** Where a verifier's trust list and status come from: a folder, or the same files over HTTP. */
export interface FeedSource {
  /** The file's bytes; undefined where it is not there or has not changed since it was last returned. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** The same for a file that may be large: where it lies, at least until `release`. It never is in memory here. */
  locate(name: string): Promise<{ path: string } | undefined>;
  /** Nothing that was located is needed any more. */
  release(): Promise<void>;
}

/** What follows the feed; see Verifier. Each throws or rejects where it refuses, and then nothing changes. */
export interface FeedTarget {
  updateTrust(file: Uint8Array): void;
  updateStatus(...files: StatusSource[]): Promise<void>;
}

export type FeedEvent =
  | { kind: "in-force"; files: readonly string[] }
  | { kind: "refused"; files: readonly string[]; error: unknown }
  | { kind: "unreachable"; error: unknown };

/** A feed given as an http(s) URL or as a folder. */
export function openFeed(place: string): FeedSource {
  return /^https?:\/\//.test(place) ? new HttpSource(place) : new FolderSource(place);
}

export class FolderSource implements FeedSource {
  readonly #seen = new Map<string, string>();

  constructor(readonly folder: string) {}

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#open(name, (file) => file.readFile());
  }

  locate(name: string): Promise<{ path: string } | undefined> {
    return this.#open(name, (_, path) => ({ path }));
  }

  async release(): Promise<void> {
    // The files are not ours.
  }

  /** What `take` makes of a file that is new. */
  async #open<T>(name: string, take: (file: FileHandle, path: string) => T | Promise<T>): Promise<T | undefined> {
    const path = join(this.folder, name);
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const { mtimeNs, size, ino } = await file.stat({ bigint: true });
      const mark = `${mtimeNs} ${size} ${ino}`;
      if (this.#seen.get(name) === mark) return undefined;
      checkLength(Number(size), path);
      const taken = await take(file, path);
      this.#seen.set(name, mark);
      return taken;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  }
}

function checkLength(bytes: number, place: string): void {
  if (bytes > MAX_STATUS_FILE_LENGTH) throw new Error(`${place} has ${bytes} bytes or more`);
}

/** How long one file may take over HTTP. */
const TIMEOUT_MS = 30_000;

export class HttpSource implements FeedSource {
  readonly #tags = new Map<string, string>();
  /** SHA-256 of what was last returned, of servers that give no tags. */
  readonly #hashes = new Map<string, string>();
  readonly #base: URL;
  readonly #folder = new PrivateFolder();

  constructor(url: string) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#fetch(name, async (pieces) => {
      const read: Uint8Array[] = [];
      for await (const piece of pieces) read.push(piece);
      return concat(...read);
    });
  }

  locate(name: string): Promise<{ path: string } | undefined> {
    return this.#fetch(name, async (pieces) => {
      const path = await this.#folder.path(name);
      await writeFile(path, pieces, { mode: 0o600 });
      return { path };
    });
  }

  release(): Promise<void> {
    return this.#folder.remove();
  }

  /** What `take` makes of a file that is new. */
  async #fetch<T>(name: string, take: (pieces: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T | undefined> {
    // Not AbortSignal.timeout: its timer would let the process end while the answer is waited for.
    const abort = new AbortController();
    const timer = setTimeout(() => {
      abort.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
    }, TIMEOUT_MS);
    const tag = this.#tags.get(name);
    // Filters and ids do not shrink; and what travels as it is has the length that was announced.
    const headers = { "Accept-Encoding": "identity", ...(tag !== undefined && { "If-None-Match": tag }) };
    try {
      const response = await fetch(new URL(name, this.#base), { headers, signal: abort.signal });
      if (response.status === 304 || response.status === 404) return undefined;
      if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
      const next = response.headers.get("etag");
      // Only what arrived whole need not be sent again.
      if (next !== null) {
        const taken = await take(piecesOf(response));
        this.#tags.set(name, next);
        return taken;
      }
      const sha256 = createHash("sha256");
      const taken = await take(hashed(piecesOf(response), sha256));
      const hash = sha256.digest("hex");
      if (this.#hashes.get(name) === hash) return undefined;
      this.#hashes.set(name, hash);
      return taken;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The body piece by piece, as long as it is not too long. */
async function* piecesOf({ body, headers, url }: Response): AsyncGenerator<Uint8Array> {
  checkLength(Number(headers.get("content-length") ?? 0), url);
  let length = 0;
  for await (const piece of body ?? []) {
    checkLength((length += piece.length), url);
    yield piece;
  }
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

/** What a verifier starts with: what the feed has now. It is there until the source is told to release it. */
export interface FirstFiles {
  trust: Uint8Array[];
  status: StatusSource[];
}

/** Throws where the feed has no trust list. */
export async function readFirst(source: FeedSource): Promise<FirstFiles> {
  const trust = await source.read(TRUST_FILE);
  if (trust === undefined) throw new Error(`the feed has no ${TRUST_FILE}`);
  const [snapshot, delta] = [await source.locate(STATUS_FILE), await source.read(DELTA_FILE)];
  return { trust: [trust], status: [snapshot, delta].filter((file) => file !== undefined) };
}

type NamedFile = [name: string, content: StatusSource];

/** Half of it is what a revocation waits on average before a verifier sees it. */
const INTERVAL_MS = 500;

/**
 * Follows a feed. Files are checked whole by the target before they come into force, and what it refuses changes
 * nothing.
 */
export class Feed {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  /** A snapshot not judged yet, because the delta could not be read or there was no room: a source gives it once. */
  #snapshot: StatusSource | undefined;
  /** The newest delta: kept for a snapshot it is about that has yet to come. */
  #delta: Uint8Array | undefined;

  constructor(
    readonly source: FeedSource,
    readonly target: FeedTarget,
    readonly onEvent: (event: FeedEvent) => void,
    readonly intervalMs = INTERVAL_MS,
  ) {}

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.poll().finally(() => {
        if (!this.#stopped) this.start();
      });
    }, this.intervalMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.source.release();
  }

  /** Look once for what is new and put it in force. Never rejects. */
  async poll(): Promise<void> {
    try {
      const trust = await this.source.read(TRUST_FILE);
      if (trust) {
        await this.#apply([TRUST_FILE], () => {
          this.target.updateTrust(trust);
        });
      }
      this.#snapshot = (await this.source.locate(STATUS_FILE)) ?? this.#snapshot;
      const delta = await this.source.read(DELTA_FILE);
      if (delta) this.#delta = delta;
      const deltas: NamedFile[] = this.#delta ? [[DELTA_FILE, this.#delta]] : [];
      // A delta that lies beside a new snapshot and is about the one before is left aside by the target.
      if (this.#snapshot) await this.#applySnapshot([STATUS_FILE, this.#snapshot], ...deltas);
      else if (delta) await this.#applyStatus([DELTA_FILE, delta]);
    } catch (error) {
      this.onEvent({ kind: "unreachable", error });
    }
  }

  async #applySnapshot(...files: NamedFile[]): Promise<void> {
    const refused = await this.#applyStatus(...files);
    // Nothing is wrong with it: there may be room for it next time.
    if (refused instanceof StatusError && refused.code === "NOT_STORED") return;
    this.#snapshot = undefined;
    await this.source.release();
  }

  #applyStatus(...files: NamedFile[]): Promise<unknown> {
    const [names, contents] = [files.map(([name]) => name), files.map(([, content]) => content)];
    return this.#apply(names, () => this.target.updateStatus(...contents));
  }

  /** Resolves with why it was refused, or undefined. */
  async #apply(files: readonly string[], update: () => void | Promise<void>): Promise<unknown> {
    try {
      await update();
      this.onEvent({ kind: "in-force", files });
      return undefined;
    } catch (error) {
      this.onEvent({ kind: "refused", files, error });
      return error;
    }
  }
}
