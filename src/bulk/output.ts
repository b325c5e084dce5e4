import { readFileSync } from "node:fs";
import { type FileHandle, open, realpath, rm, stat } from "node:fs/promises";
import { reasonOf } from "../engine/reason.js";
import { type Checkpoint, checkpointPath, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import { BulkError } from "./error.js";
import type { Form } from "./form.js";

export interface Place {
  path: string;
  /** Where rows are written: the output itself, or what it is made of once all are there. */
  rows: string;
}

/** The output of a job, and its checkpoint beside it. */
export class Output {
  private constructor(
    readonly place: Place,
    readonly file: FileHandle,
    readonly checkpoint: Checkpoint,
  ) {}

  /** Begin, or go on where the same job ended. Rejects with BulkError, and then nothing has changed. */
  static async open(place: Place, job: string, input: string): Promise<Output> {
    const { path } = place;
    const there = await sizeOf(path);
    if (there !== undefined && (await realpath(path)) === (await realpath(input))) {
      throw new BulkError("OUTPUT_IS_INPUT", `${path} is the input`, "name another output");
    }
    const read = await readCheckpoint(path);
    // Whoever took a whole output away may have it made again.
    const found = read?.whole === true && there === undefined ? undefined : read;
    const written = found?.whole === true ? path : place.rows;
    if (read?.whole === true && place.rows !== path) await rm(place.rows, { force: true });
    const size = await sizeOf(written);
    for (const taken of found === undefined ? new Set([path, written]) : []) {
      if ((await sizeOf(taken)) === undefined) continue;
      throw new BulkError("OUTPUT_EXISTS", `${taken} is there already`, "name another, or remove it");
    }
    if (found !== undefined) demandSame(path, written, found, job, size ?? 0);
    const fresh = { version: 1, job, length: 0, whole: false, rows: 0, outcomes: {}, codes: {}, matches: {} } as const;
    const checkpoint: Checkpoint = { ...(found ?? structuredClone(fresh)), pid: process.pid };
    return attempt(written, async () => {
      // Before the output: one without the other would be somebody else's.
      await writeCheckpoint(path, checkpoint);
      const file = await open(written, size === undefined ? "wx" : "r+", 0o600);
      await file.truncate(checkpoint.length);
      return new Output(place, file, checkpoint);
    });
  }

  async append(bytes: Buffer): Promise<void> {
    await attempt(this.place.rows, async () => {
      for (let written = 0; written < bytes.length;) {
        const at = this.checkpoint.length + written;
        written += (await this.file.write(bytes, written, bytes.length - written, at)).bytesWritten;
      }
    });
    this.checkpoint.length += bytes.length;
  }

  /** What was appended is on the disk when it resolves, and counts from then on. */
  async keep(): Promise<void> {
    await attempt(this.place.rows, async () => {
      await this.file.datasync();
      await writeCheckpoint(this.place.path, this.checkpoint);
    });
  }

  /** Every row is there; `join` makes the output of them, where they are written beside it. */
  async finish(join: Form["join"]): Promise<void> {
    const { path, rows } = this.place;
    if (join !== undefined) {
      await attempt(path, () => join(rows, path));
      this.checkpoint.length = (await sizeOf(path)) ?? 0;
    }
    this.checkpoint.whole = true;
    await this.keep();
    if (join !== undefined) await rm(rows, { force: true });
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

function demandSame(
  path: string,
  written: string,
  { job, pid, length, whole }: Checkpoint,
  wanted: string,
  size: number,
): void {
  if (job !== wanted) {
    const remedy = `give what it was begun with, or another output, or remove it and ${checkpointPath(path)}`;
    throw new BulkError("OTHER_JOB", `${path} was begun from another input, or with other options`, remedy);
  }
  if (!whole && pid !== process.pid && isAtWork(pid)) {
    throw new BulkError("OUTPUT_IN_USE", `process ${pid} is writing ${path}`, "let it end, or name another output");
  }
  if (size < length || (whole && size !== length)) {
    const remedy = `remove it and ${checkpointPath(path)}, and begin again`;
    throw new BulkError("OUTPUT_CHANGED", `${written} has ${size} bytes, and ${length} were written`, remedy);
  }
}

/** Is this process there, and one of ours? Numbers of processes are used again. */
function isAtWork(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").includes("bulk");
  } catch {
    return true;
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new BulkError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${reasonOf(error)}`, "name another output");
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BulkError) throw error;
    const remedy = "see to it, and give the same command again: it goes on where it ended";
    throw new BulkError("OUTPUT_UNWRITABLE", `cannot write ${path}: ${reasonOf(error)}`, remedy);
  }
}
