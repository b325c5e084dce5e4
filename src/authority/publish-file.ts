import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What a publisher that was killed left beside its files is removed when it is this old (milliseconds). */
const ABANDONED = 3_600_000;

/**
 * Files that are published together. Each is written beside its place and forced to disk, and only when all of them are
 * there do they take their places, one right after the other in the order in which they were added. So a reader, or a
 * machine that starts again after a power cut, sees each file old or new and never half; and whatever fails while they
 * are made leaves all of them as they were.
 */
export class Staging {
  readonly #files: { draft: string; path: string }[] = [];

  async add(path: string, parts: readonly Uint8Array[]): Promise<void> {
    await removeAbandoned(path);
    const draft = `${path}.${randomBytes(6).toString("hex")}.tmp`;
    this.#files.push({ draft, path });
    const file = await open(draft, "wx", 0o644);
    try {
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async switch(): Promise<void> {
    const folders = new Set<string>();
    for (const { draft, path } of this.#files) {
      await rename(draft, path);
      folders.add(dirname(path));
    }
    this.#files.length = 0;
    for (const path of folders) {
      const folder = await open(path);
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    }
  }

  /** Removes what has not taken its place. */
  async abandon(): Promise<void> {
    for (const { draft } of this.#files.splice(0)) await rm(draft, { force: true });
  }
}

/** One file alone. */
export async function publishFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const staging = new Staging();
  try {
    await staging.add(path, parts);
    await staging.switch();
  } finally {
    await staging.abandon();
  }
}

async function removeAbandoned(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const other of await readdir(folder)) {
    if (!other.startsWith(`${name}.`) || !/^[0-9a-f]{12}\.tmp$/.test(other.slice(name.length + 1))) continue;
    const draft = join(folder, other);
    const written = await stat(draft).then(
      ({ mtimeMs }) => mtimeMs,
      () => Infinity, // somebody else was quicker
    );
    if (Date.now() - written > ABANDONED) await rm(draft, { force: true });
  }
}
