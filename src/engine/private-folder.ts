import { readFileSync, rmSync } from "node:fs";
import { access, mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** Folders that exist now: what is left of them when the process exits goes with it. */
const folders = new Set<string>();
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/**
 * A folder that only this user may enter, made when first used. It is removed at the latest when the process exits; one
 * that is killed leaves it behind: among the system's temporary files, or in `within` until `removeLeftBehind`.
 */
export class PrivateFolder {
  #made: Promise<string> | undefined;

  /** `within`: the folder to make it in; the system's folder for temporary files by default. */
  constructor(readonly within?: string) {}

  /** Where a file of this name would lie in it. Rejects where the folder cannot be made. */
  async path(name: string): Promise<string> {
    // Some systems remove what lay there for long.
    this.#made = (this.#made ?? this.#make()).then(async (folder) => ((await isThere(folder)) ? folder : this.#make()));
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

  async #make(): Promise<string> {
    if (this.within !== undefined) await mkdir(this.within, { recursive: true, mode: 0o700 });
    // mkdtemp gives it mode 0700.
    const folder = await mkdtemp(this.within === undefined ? join(tmpdir(), "hufu-status-") : nameWithin(this.within));
    folders.add(folder);
    return folder;
  }
}

function isThere(folder: string): Promise<boolean> {
  return access(folder).then(
    () => true,
    () => false,
  );
}

/** How long a folder of another machine that shares the place is left alone: its processes cannot be asked for. */
const OTHERS_MS = 7 * 86_400_000;
/** Process, when it began, machine, and what mkdtemp appends. */
const NAME = /^(\d+)-(\d+)-(.*)-.{6}$/s;

function nameWithin(place: string): string {
  return join(place, `${process.pid}-${startOf(process.pid) ?? 0}-${hostname()}-`);
}

/** Remove the folders in `place` whose processes have died. What cannot be removed stays. */
export async function removeLeftBehind(place: string): Promise<void> {
  for (const name of await readdir(place)) {
    const path = join(place, name);
    if (!folders.has(path) && (await isLeftBehind(name, path))) {
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function isLeftBehind(name: string, path: string): Promise<boolean> {
  const [, pid, start, machine] = NAME.exec(name) ?? [];
  if (pid === undefined) return false;
  if (machine !== hostname()) {
    const changed = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity); // prettier-ignore
    return Date.now() - changed > OTHERS_MS;
  }
  return startOf(Number(pid)) !== Number(start);
}

/** When a process began, in a unit of the system's own, so that another one with its number is told apart. */
function startOf(pid: number): number | undefined {
  if (process.platform !== "linux") return isAlive(pid) ? 0 : undefined;
  try {
    // proc_pid_stat(5), field 22; the name in field 2 may hold anything, a parenthesis too.
    const [, after = ""] = /.*\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    return Number(after.split(" ")[19]);
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
