import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { removeLeftBehind } from "./private-folder.js";

/**
 * What must outlive a restart (contract §5) lies in a state folder: of each record only marks, numbers that never
 * become smaller.
 *
 * A change writes a new file, with the larger of everything that was read and of what is new, and removes only then the
 * files that it read. Whoever reads takes the largest of all files there are. So processes may share a folder without a
 * lock: none removes what it has not written again, and whatever dies at whatever moment, no mark goes back.
 */

/** Names of what was seen, and the largest number seen of each. */
export type Marks = ReadonlyMap<string, number>;

export type StateErrorCode =
  /** The folder cannot be made, or nothing can be written in it. */
  | "NOT_WRITABLE"
  /** A file in it is not one that was written there. */
  | "DAMAGED";

/** Why a state folder cannot be used, and what helps, each one clause. */
export class StateError extends Error {
  override readonly name = "StateError";
  constructor(
    readonly code: StateErrorCode,
    message: string,
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The state folder that a setting asks for: "none" is none; without a setting it is where the system keeps state. */
export function stateFolderOf(setting: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (setting === "none") return undefined;
  if (setting !== undefined && setting !== "") return setting;
  // systemd.exec(5), StateDirectory=: several are joined, and the first is the service's own.
  const [service] = (env["STATE_DIRECTORY"] ?? "").split(delimiter);
  if (service !== undefined && service !== "") return service;
  // XDG Base Directory Specification: an empty one counts as not set.
  const home = env["XDG_STATE_HOME"];
  return join(home !== undefined && home !== "" ? home : join(homedir(), ".local", "state"), "hufu");
}

/** Of the files; those of a later one are not read by this version. */
const VERSION = 1;
const UNIQUE_LENGTH = 16;
const SUFFIX = ".json";
const UNFINISHED = ".unfinished";
/** No process takes so long over one file: what is older was left behind. */
const LEFT_BEHIND_MS = 3_600_000;
/** Listings that may differ before a reader gives up. */
const MAX_TURNS = 100;

/** Where in a state folder processes keep files of their own while they run. */
export function processesIn(folder: string): string {
  return join(folder, "processes");
}

/** Where a server keeps which presentations it has accepted. */
export function claimsIn(folder: string): string {
  return join(folder, "claims");
}

export class StateFolder {
  private constructor(
    /** Where the records lie. */
    readonly records: string,
    /** Where processes keep files of their own while they run. */
    readonly processes: string,
  ) {}

  /** Make it where it is not there, and try whether it can be written. Rejects with StateError. */
  static async open(folder: string): Promise<StateFolder> {
    const opened = new StateFolder(join(folder, "verifier"), processesIn(folder));
    await writing(folder, async () => {
      await mkdir(opened.records, { recursive: true, mode: 0o700 });
      await mkdir(opened.processes, { recursive: true, mode: 0o700 });
      const trial = join(opened.records, `${unique()}${UNFINISHED}`);
      await writeDurably(trial, "");
      await unlink(trial);
      await opened.#removeUnfinished();
      await removeLeftBehind(opened.processes);
    });
    return opened;
  }

  /** What is kept under `name`. Rejects with StateError where a file of it is damaged or cannot be read. */
  async read(name: string): Promise<Marks> {
    return (await this.#readAll(name)).marks;
  }

  /**
   * Keep the larger of these marks and of those that are kept, without those that `trim` leaves out. Resolves with what
   * is kept then: it is on the disk.
   */
  async raise(name: string, marks: Marks, trim = (all: Marks): Marks => all): Promise<Marks> {
    const kept = await this.#readAll(name);
    const raised = trim(largerOf(kept.marks, marks));
    if (kept.files.length === 1 && isSame(raised, kept.marks)) return raised;
    return writing(this.records, async () => {
      await mkdir(this.records, { recursive: true, mode: 0o700 });
      const path = join(this.records, `${name}.${unique()}`);
      await writeDurably(path + UNFINISHED, textOf(raised));
      await rename(path + UNFINISHED, path + SUFFIX);
      await syncFolder(this.records);
      await Promise.all(kept.files.map((file) => rm(file, { force: true })));
      return raised;
    });
  }

  async #readAll(name: string): Promise<{ files: string[]; marks: Marks }> {
    const list = async (): Promise<string[]> =>
      (await this.#list())
        .filter((file) => file.slice(0, -(UNIQUE_LENGTH + SUFFIX.length)) === `${name}.` && file.endsWith(SUFFIX))
        .sort();
    let files = await list();
    for (let turn = 0; turn < MAX_TURNS; turn++) {
      const paths = files.map((file) => join(this.records, file));
      const marks = (await Promise.all(paths.map(readMarks))).reduce<Marks>(largerOf, new Map());
      // What vanished meanwhile was written again before, in a file that may not have been there to be listed.
      const after = await list();
      if (after.join() === files.join()) return { files: paths, marks };
      files = after;
    }
    throw unreadable(this.records, new Error("its files change faster than they can be read"));
  }

  #list(): Promise<string[]> {
    return readdir(this.records).catch((error: unknown) => {
      // Removed while this process runs: what it knows is written again.
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
      throw unreadable(this.records, error);
    });
  }

  /** By processes that died while they wrote. */
  async #removeUnfinished(): Promise<void> {
    const unfinished = (await this.#list()).filter((file) => file.endsWith(UNFINISHED));
    for (const path of unfinished.map((file) => join(this.records, file))) {
      const written = await stat(path).then(({ mtimeMs }) => mtimeMs, () => Infinity); // prettier-ignore
      if (Date.now() - written > LEFT_BEHIND_MS) await rm(path, { force: true });
    }
  }
}

/** Every mark, at the larger of its numbers. */
export function largerOf(a: Marks, b: Marks): Marks {
  const larger = new Map(a);
  for (const [name, number] of b) larger.set(name, Math.max(number, larger.get(name) ?? 0));
  return larger;
}

function isSame(a: Marks, b: Marks): boolean {
  return a.size === b.size && [...a].every(([name, number]) => b.get(name) === number);
}

function unique(): string {
  return randomBytes(UNIQUE_LENGTH / 2).toString("hex");
}

function textOf(marks: Marks): string {
  return `${JSON.stringify({ hufuState: VERSION, marks: Object.fromEntries(marks) }, undefined, 2)}\n`;
}

/** None where the file is not there any more. */
async function readMarks(path: string): Promise<Marks> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw unreadable(path, error);
  }
  try {
    const { hufuState, marks } = JSON.parse(text) as { hufuState: unknown; marks: unknown };
    if (hufuState !== VERSION) throw new Error(`it is not of version ${VERSION}`);
    if (typeof marks !== "object" || marks === null || Array.isArray(marks)) throw new Error("it has no marks");
    const entries = Object.entries(marks as Record<string, unknown>);
    return new Map(
      entries.map(([name, number]) => {
        if (typeof number !== "number" || !Number.isSafeInteger(number) || number < 0) {
          throw new Error(`its mark ${JSON.stringify(name)} is not a whole number`);
        }
        return [name, number];
      }),
    );
  } catch (error) {
    throw new StateError(
      "DAMAGED",
      `the state file ${path} is damaged: ${messageOf(error)}`,
      "restore it from a copy; or remove it, and know that older trust and status than was in force is then accepted once",
      { cause: error },
    );
  }
}

/** On the disk when this resolves. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that a file renamed there has its name after a power failure too. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and needs none of this.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writing<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(
      "NOT_WRITABLE",
      `the state folder ${folder} cannot be written: ${messageOf(error)}`,
      "name one that can be with --state or HUFU_STATE; --state none forgets everything at each restart",
      { cause: error },
    );
  }
}

function unreadable(path: string, error: unknown): StateError {
  return new StateError(
    "DAMAGED",
    `the state in ${path} cannot be read: ${messageOf(error)}`,
    "let this user read it, or name another folder with --state or HUFU_STATE",
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
