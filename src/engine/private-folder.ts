import { rmSync } from "node:fs";
import { access, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Folders that exist now: what is left of them when the process exits goes with it. */
const folders = new Set<string>();
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * A temporary folder that only this user may enter, made when first used. It is removed at the latest when the process
 * exits; one that is killed leaves it behind, in the system's folder for temporary files.
 */
export class PrivateFolder {
  #made: Promise<string> | undefined;

  /** Where a file of this name would lie in it. Rejects where the folder cannot be made. */
  async path(name: string): Promise<string> {
    // Some systems remove what lay there for long.
    this.#made = (this.#made ?? makeFolder()).then(async (folder) => ((await isThere(folder)) ? folder : makeFolder()));
    // It may be possible later.
    this.#made.catch(() => (this.#made = undefined));
    return join(await this.#made, name);
  }

  /** With all that is in it. It is made anew where it is needed again. */
  async remove(): Promise<void> {
    const made = this.#made;
    this.#made = undefined;
    try {
      const folder = await made;
      if (folder === undefined) return;
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      folders.delete(folder);
    } catch {
      // What is left is removed when the process exits.
    }
  }
}

function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}

async function makeFolder(): Promise<string> {
  // mkdtemp gives it mode 0700.
  const folder = await mkdtemp(join(tmpdir(), "hufu-status-"));
  folders.add(folder);
  return folder;
}
