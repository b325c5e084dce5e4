import { constants } from "node:fs";
import { copyFile, rm, stat, writeFile } from "node:fs/promises";
import { MAX_STATUS_FILE_LENGTH } from "../abi/limits.js";
import { PrivateFolder } from "./private-folder.js";
import type { StatusSource } from "./status-files.js";

/** A snapshot and a delta of two authorities. */
const MOST = 4;

interface Kept {
  path: string;
  bytes: number;
}

/**
 * Status files that no trusted key has signed, yet: the trust list that names the key may be on its way. They wait here,
 * each in a copy, for the next change of trust. There are few of them, and the oldest give way.
 */
export class Aside {
  readonly #folder: PrivateFolder;
  #kept: readonly Kept[] = [];
  #count = 0;

  /** `within`: where the copies lie; among the system's temporary files by default. */
  constructor(within?: string) {
    this.#folder = new PrivateFolder(within);
  }

  /** Resolves with whether it is kept. */
  async keep(source: StatusSource): Promise<boolean> {
    try {
      const path = await this.#folder.path(`${++this.#count}.aside`);
      if (source instanceof Uint8Array) await writeFile(path, source, { mode: 0o600 });
      // Not copied at all where the file system can share what is the same.
      else await copyFile(source.path, path, constants.COPYFILE_FICLONE);
      const { size } = await stat(path);
      await this.#makeRoom(size);
      this.#kept = [...this.#kept, { path, bytes: size }];
      return true;
    } catch {
      // The authority publishes again.
      return false;
    }
  }

  /** All of them, oldest first. They are no longer kept here, and go with `remove` or the next time. */
  take(): readonly { path: string }[] {
    const taken = this.#kept;
    this.#kept = [];
    return taken.map(({ path }) => ({ path }));
  }

  async remove(sources: readonly { path: string }[]): Promise<void> {
    await Promise.allSettled(sources.map(({ path }) => rm(path, { force: true })));
  }

  async close(): Promise<void> {
    await this.#folder.remove();
  }

  async #makeRoom(bytes: number): Promise<void> {
    let total = this.#kept.reduce((sum, kept) => sum + kept.bytes, bytes);
    while (this.#kept.length > 0 && (this.#kept.length >= MOST || total > MAX_STATUS_FILE_LENGTH)) {
      const [oldest, ...others] = this.#kept;
      this.#kept = others;
      total -= oldest?.bytes ?? 0;
      await this.remove(oldest === undefined ? [] : [oldest]);
    }
  }
}
