import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { reasonOf } from "../engine/reason.js";
import { BulkError } from "./error.js";

/**
 * How far a job has come, beside its output: after whatever end the same command goes on from there, and of a job that is
 * whole it tells the result again. It is written once what it speaks of is on the disk.
 */

const counts = z.record(z.string(), z.number().int().nonnegative());

const schema = z.strictObject({
  version: z.literal(1),
  /** What the job is known by: another input, other columns or another question are another job. */
  job: z.string(),
  /** Of the process that writes. */
  pid: z.number().int(),
  /** Where in the input the next row begins, see Row; absent before the first. */
  next: z.number().int().nonnegative().optional(),
  /** Bytes of the output that belong to the rows before. */
  length: z.number().int().nonnegative(),
  /** All rows are done. */
  whole: z.boolean(),
  rows: z.number().int().nonnegative(),
  outcomes: counts,
  codes: counts,
  matches: counts,
});

export type Checkpoint = z.infer<typeof schema>;

export function checkpointPath(out: string): string {
  return `${out}.checkpoint`;
}

/** Undefined where there is none. Rejects with BulkError. */
export async function readCheckpoint(out: string): Promise<Checkpoint | undefined> {
  const path = checkpointPath(out);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new BulkError("BAD_CHECKPOINT", `cannot read ${path}: ${reasonOf(error)}`, REMEDY);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new BulkError("BAD_CHECKPOINT", `${path} is not a checkpoint of ours`, REMEDY);
  }
}

const REMEDY = "remove it and the output, and begin again";

/** In the place of the one before, and on the disk when it resolves. Rejects as node:fs does. */
export async function writeCheckpoint(out: string, checkpoint: Checkpoint): Promise<void> {
  const path = checkpointPath(out);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(JSON.stringify(checkpoint));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(out);
}

/** What was put into the folder of `path` is there after a crash. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
