import { closeSync, createReadStream, createWriteStream, fstatSync, openSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { MAX_STATUS_FILE_LENGTH } from "../abi/limits.js";
import type { StoredBody } from "../format/status/snapshot.js";
import type { TrustedKey } from "../format/trust/trust-list.js";
import { readBounded } from "./bounded-file.js";
import type { Instance } from "./instance.js";
import type { EngineModule } from "./module.js";
import { PrivateFolder } from "./private-folder.js";
import type { EngineState } from "./state.js";
import { openFile, openStatus, type StatusFiles, type StatusSource } from "./status-files.js";
import { openStatusInThread } from "./status-thread.js";
import { notStored, unreadable } from "./stored-body.js";

/** Bytes of status files that are checked sooner than a thread starts: a delta of two thousand changes. */
const CHECKED_HERE = 32_768;

/**
 * Checks status files, large ones in a thread, and keeps the bodies of those that come into force: in files, from which
 * each worker reads them into its own memory. Nothing else holds one for longer than its check.
 */
export class StatusStore {
  readonly #folder: PrivateFolder;
  #stored = 0;
  /**
   * Files of the bodies in force, and of those before, which a worker may still be reading. Each is held open: if
   * something else removes it, it can be written again.
   */
  #inForce: readonly string[] = [];
  #before: readonly string[] = [];
  readonly #open = new Map<string, number>();

  /** `within`: where the bodies lie; among the system's temporary files by default. */
  constructor(
    readonly module: EngineModule,
    readonly checker: Instance,
    within?: string,
  ) {
    this.#folder = new PrivateFolder(within);
  }

  /** Rejects with what is no refusal: the thread died. What it resolves with is to be settled. */
  async open(sources: readonly StatusSource[], keys: readonly TrustedKey[]): Promise<StatusFiles> {
    if ((await lengthOf(sources)) > CHECKED_HERE) return this.#openInThread(sources, keys);
    return openStatus(sources, async (source) =>
      openFile(await contentOf(source), { keys, verify: this.checker.checkSignature }),
    );
  }

  /** `files` have led to `state`, or were refused: bodies that are no longer needed are removed. */
  settle(files: StatusFiles, state: EngineState): void {
    const opened = files.opened.flatMap((one) => ("snapshot" in one ? pathOf(one.snapshot) : []));
    const known = [...this.#before, ...this.#inForce, ...opened];
    const inForce = state.statuses.flatMap(({ snapshot }) => pathOf(snapshot));
    if (inForce.some((path) => !this.#inForce.includes(path))) {
      this.#before = this.#inForce;
      this.#inForce = inForce;
      for (const path of inForce) this.#hold(path);
    }
    const needed = new Set([...this.#inForce, ...this.#before]);
    const unneeded = known.filter((path) => !needed.has(path));
    for (const path of unneeded) this.#letGo(path);
    void removeFiles(unneeded);
  }

  /**
   * Bodies that are not there any more, or not whole, by the path that they had: each is written again, or undefined
   * where that cannot be. Whoever keeps what this tells is to settle it.
   */
  async restore(state: EngineState): Promise<Map<string, StoredBody | undefined>> {
    const restored = new Map<string, StoredBody | undefined>();
    for (const { snapshot } of state.statuses) {
      const { body } = snapshot;
      if (body instanceof Uint8Array) continue;
      const length = await stat(body.path).then(({ size }) => size, () => -1); // prettier-ignore
      if (length !== body.length) restored.set(body.path, await this.#writeAgain(body).catch(() => undefined));
    }
    return restored;
  }

  async close(): Promise<void> {
    for (const path of [...this.#open.keys()]) this.#letGo(path);
    await this.#folder.remove();
  }

  async #writeAgain({ path, length }: StoredBody): Promise<StoredBody | undefined> {
    const file = this.#open.get(path);
    if (file === undefined || fstatSync(file).size !== length) return undefined;
    const next = await this.#folder.path(`${++this.#stored}.body`);
    await pipeline(
      createReadStream("", { fd: file, autoClose: false, start: 0 }),
      createWriteStream(next, { flags: "wx", mode: 0o600 }),
    );
    return { path: next, length };
  }

  #hold(path: string): void {
    if (this.#open.has(path)) return;
    try {
      this.#open.set(path, openSync(path, "r"));
    } catch {
      // Gone already: whoever needs it says so.
    }
  }

  #letGo(path: string): void {
    const file = this.#open.get(path);
    this.#open.delete(path);
    if (file !== undefined) closeSync(file);
  }

  async #openInThread(sources: readonly StatusSource[], keys: readonly TrustedKey[]): Promise<StatusFiles> {
    const paths = await Promise.all(sources.map(() => this.#folder.path(`${++this.#stored}.body`))).catch(
      (error: unknown) => notStored(error),
    );
    if (!Array.isArray(paths)) return openStatus(sources, () => Promise.reject(paths));
    const files = sources.map((source, index) => ({ source, bodyPath: paths[index] ?? "" }));
    return openStatusInThread({ files, keys, module: this.module }).catch(async (error: unknown) => {
      await removeFiles(paths);
      throw error;
    });
  }
}

async function lengthOf(sources: readonly StatusSource[]): Promise<number> {
  const lengths = await Promise.all(
    // What is not there has no length; reading it says so.
    sources.map(async (one) => (one instanceof Uint8Array ? one.length : stat(one.path).then(({ size }) => size, () => 0))), // prettier-ignore
  );
  return lengths.reduce((sum, length) => sum + length, 0);
}

async function contentOf(source: StatusSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  return readBounded(source.path, MAX_STATUS_FILE_LENGTH).catch((error: unknown) => {
    throw unreadable(error);
  });
}

function pathOf({ body }: { body: Uint8Array | StoredBody }): string[] {
  return body instanceof Uint8Array ? [] : [body.path];
}

async function removeFiles(paths: readonly string[]): Promise<void> {
  // What cannot be removed now goes with the folder.
  await Promise.allSettled(paths.map((path) => rm(path, { force: true })));
}
