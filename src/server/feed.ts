import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { MAX_STATUS_FILE_LENGTH } from "../format/limits.js";

/**
 * Where a verifier's trust list and status come from: a folder, or the same files over HTTP. Files come in shared memory,
 * so that threads pass them on without a copy, and fill it piece by piece: the thread that verdicts go through never
 * stops for the length of a nation's snapshot.
 */
export interface FeedSource {
  /** The file's bytes; undefined where it is not there or has not changed since it was last returned. */
  read(name: string): Promise<Uint8Array | undefined>;
}

function sharedMemory(bytes: number, path: string): Uint8Array {
  if (bytes > MAX_STATUS_FILE_LENGTH) throw new Error(`${path} has ${bytes} bytes`);
  return new Uint8Array(new SharedArrayBuffer(bytes));
}

/** What follows the feed; see Verifier. Each throws or rejects where it refuses, and then nothing changes. */
export interface FeedTarget {
  updateTrust(file: Uint8Array): void;
  updateStatus(...files: Uint8Array[]): Promise<void>;
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

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = join(this.folder, name);
    let file: FileHandle | undefined;
    try {
      file = await open(path);
      const { mtimeNs, size, ino } = await file.stat({ bigint: true });
      const mark = `${mtimeNs} ${size} ${ino}`;
      if (this.#seen.get(name) === mark) return undefined;
      const bytes = await readWhole(file, sharedMemory(Number(size), path));
      this.#seen.set(name, mark);
      return bytes;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    } finally {
      await file?.close();
    }
  }
}

/** Fill `bytes` from a file; shorter where the file is. */
async function readWhole(file: FileHandle, bytes: Uint8Array): Promise<Uint8Array> {
  for (let length = 0; length < bytes.length;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) return bytes.subarray(0, length);
    length += bytesRead;
  }
  return bytes;
}

/** How long one file may take over HTTP. */
const TIMEOUT_MS = 30_000;

export class HttpSource implements FeedSource {
  readonly #tags = new Map<string, string>();
  readonly #base: URL;

  constructor(url: string) {
    this.#base = new URL(url.endsWith("/") ? url : `${url}/`);
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    // Not AbortSignal.timeout: its timer would let the process end while the answer is waited for.
    const abort = new AbortController();
    const timer = setTimeout(() => {
      abort.abort(new Error(`no answer within ${TIMEOUT_MS / 1000} s`));
    }, TIMEOUT_MS);
    try {
      return await this.#fetch(name, abort.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(name: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const tag = this.#tags.get(name);
    // Filters and ids do not shrink; and what travels as it is has the length that was announced.
    const headers = { "Accept-Encoding": "identity", ...(tag !== undefined && { "If-None-Match": tag }) };
    const response = await fetch(new URL(name, this.#base), { headers, signal });
    if (response.status === 304 || response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`);
    const bytes = await readBody(response);
    const next = response.headers.get("etag");
    if (next !== null) this.#tags.set(name, next);
    return bytes;
  }
}

/** Usually the length is announced; where it is not, or is another, room is doubled. */
async function readBody({ body, headers, url }: Response): Promise<Uint8Array> {
  let bytes = sharedMemory(Number(headers.get("content-length") ?? 0), url);
  let length = 0;
  for await (const chunk of body ?? []) {
    if (length + chunk.length > bytes.length) {
      const longer = sharedMemory(Math.max(length + chunk.length, Math.min(2 * length, MAX_STATUS_FILE_LENGTH)), url);
      longer.set(bytes.subarray(0, length));
      bytes = longer;
    }
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

/** What a verifier starts with: what the feed has now. */
export interface FirstFiles {
  trust: Uint8Array[];
  status: Uint8Array[];
}

/** Throws where the feed has no trust list. */
export async function readFirst(source: FeedSource): Promise<FirstFiles> {
  const [trust, snapshot, delta] = [
    await source.read(TRUST_FILE),
    await source.read(STATUS_FILE),
    await source.read(DELTA_FILE),
  ];
  if (trust === undefined) throw new Error(`the feed has no ${TRUST_FILE}`);
  return { trust: [trust], status: [snapshot, delta].filter((file) => file !== undefined) };
}

type NamedFile = [name: string, bytes: Uint8Array];

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
  /** A snapshot not tried yet, because what lies beside it could not be read: a source gives each file once. */
  #snapshot: Uint8Array | undefined;
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
      this.#snapshot = (await this.source.read(STATUS_FILE)) ?? this.#snapshot;
      const delta = await this.source.read(DELTA_FILE);
      if (delta) this.#delta = delta;
      const deltas: NamedFile[] = this.#delta ? [[DELTA_FILE, this.#delta]] : [];
      // A delta that lies beside a new snapshot and is about the one before is left aside by the target.
      const snapshot = this.#snapshot;
      this.#snapshot = undefined;
      if (snapshot) await this.#applyStatus([STATUS_FILE, snapshot], ...deltas);
      else if (delta) await this.#applyStatus([DELTA_FILE, delta]);
    } catch (error) {
      this.onEvent({ kind: "unreachable", error });
    }
  }

  async #applyStatus(...files: NamedFile[]): Promise<void> {
    const [names, bytes] = [files.map(([name]) => name), files.map(([, content]) => content)];
    await this.#apply(names, () => this.target.updateStatus(...bytes));
  }

  async #apply(files: readonly string[], update: () => void | Promise<void>): Promise<void> {
    try {
      await update();
      this.onEvent({ kind: "in-force", files });
    } catch (error) {
      this.onEvent({ kind: "refused", files, error });
    }
  }
}
