import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Code } from "../abi/code.js";
import { bareVerdict } from "../engine/verdict.js";
import { SENTENCES_EN } from "../format/sentences.en.js";
import type { Verdict } from "../format/verdict.js";
import { BulkError } from "./error.js";
import type { Answer, Columns, Form, Row } from "./form.js";
import type { BulkEncoding, Source } from "./input.js";
import { Output } from "./output.js";

/** Verdicts on rows, in their order. Waits for room; a verdict that says BUSY or INTERNAL is asked for again. */
export type Judge = (rows: readonly Row[]) => Promise<readonly Verdict[]>;

export interface Job {
  input: Source;
  form: Form;
  out: string;
  /** See jobName. */
  name: string;
  judge: Judge;
  /** Looked at between groups: true ends the job where it stands, to be gone on with. */
  stopped?: () => boolean;
  onProgress?: (progress: JobProgress) => void;
}

export interface JobProgress {
  rows: number;
  /** How much of the input is done, and how much there is: bytes, or rows. */
  done: number;
  size: number;
  /** Where this run began. */
  began: number;
}

export interface Summary {
  rows: number;
  /** Rows that an earlier run had done. */
  resumed: number;
  /** Whether all rows are done; if not, the same command goes on. */
  whole: boolean;
  outcomes: Record<string, number>;
  codes: Record<string, number>;
  /** `id true`, `name review` and so on. */
  matches: Record<string, number>;
}

/** Groups that are verified while others are read and written. */
const IN_FLIGHT = 16;
const CHECKPOINT_MS = 1_000;
/** How often a verdict that says nothing of the card is asked for again. */
const ATTEMPTS = 3;
const BUSY_ATTEMPTS = 50;

/** What a job is known by when it is resumed: its input, its columns, and what it asks. */
export function jobName(
  { sha256, size, encoding }: Source & { encoding?: BulkEncoding },
  columns: Columns,
  asked: unknown,
): string {
  return createHash("sha256").update(JSON.stringify([sha256, size, encoding, columns, asked])).digest("hex"); // prettier-ignore
}

/**
 * Verify every row of the input and write it with what was found, in order, from where the same job ended before.
 * Rejects with BulkError; what was written until then is kept and gone on with.
 */
export async function runJob(job: Job): Promise<Summary> {
  const place = { path: job.out, rows: job.form.join === undefined ? job.out : `${job.out}.rows` };
  const output = await Output.open(place, job.name, job.input.path);
  try {
    const resumed = output.checkpoint.rows;
    if (!output.checkpoint.whole && (await new Run(job, output).all())) await finishWhole(job.form, output);
    const { rows, whole, outcomes, codes, matches } = output.checkpoint;
    return { rows, resumed, whole, outcomes, codes, matches };
  } finally {
    await output.close();
  }
}

class Run {
  readonly #began: number;
  #kept = performance.now();

  constructor(
    readonly job: Job,
    readonly output: Output,
  ) {
    this.#began = output.checkpoint.next ?? 0;
  }

  /** False where it was stopped before the end. */
  async all(): Promise<boolean> {
    const { job, output } = this;
    if (output.checkpoint.length === 0) await output.append(job.form.head);
    const waiting: { rows: Row[]; verdicts: Promise<readonly Verdict[]> }[] = [];
    const write = async (): Promise<void> => {
      const oldest = waiting.shift();
      if (oldest !== undefined) await this.#write(oldest.rows, await oldest.verdicts);
    };
    let stopped = false;
    for await (const rows of job.form.rows(output.checkpoint.next)) {
      const verdicts = judgeRows(job.judge, rows);
      // It is awaited in its turn; until then a failure of it is nobody's.
      verdicts.catch(() => undefined);
      waiting.push({ rows, verdicts });
      if (waiting.length >= IN_FLIGHT) await write();
      stopped = job.stopped?.() === true;
      if (stopped) break;
    }
    while (waiting.length > 0) await write();
    await output.keep();
    return !stopped;
  }

  async #write(rows: readonly Row[], verdicts: readonly Verdict[]): Promise<void> {
    const { job, output } = this;
    const { checkpoint } = output;
    const lines: Buffer[] = [];
    for (const [index, row] of rows.entries()) {
      const answer = answerOf(row, verdicts[index]);
      lines.push(...job.form.line(row, answer));
      const { outcome, code, matches } = answer.verdict;
      count(checkpoint.outcomes, outcome);
      count(checkpoint.codes, code);
      if (matches?.id !== undefined) count(checkpoint.matches, matches.id ? "id true" : "id false");
      if (matches?.name !== undefined) count(checkpoint.matches, `name ${matches.name}`);
    }
    await output.append(Buffer.concat(lines));
    checkpoint.rows += rows.length;
    checkpoint.next = rows.at(-1)?.next ?? checkpoint.next;
    if (performance.now() - this.#kept > CHECKPOINT_MS) {
      await output.keep();
      this.#kept = performance.now();
    }
    job.onProgress?.({ rows: checkpoint.rows, done: checkpoint.next ?? 0, size: job.form.size, began: this.#began }); // prettier-ignore
  }
}

async function judgeRows(judge: Judge, rows: readonly Row[]): Promise<readonly Verdict[]> {
  const readable = rows.filter(({ fault }) => fault === undefined);
  const found = new Map<Row, Verdict>();
  let asked = readable;
  for (let attempt = 1; asked.length > 0; attempt++) {
    const verdicts = await judge(asked);
    asked.forEach((row, index) => {
      const verdict = verdicts[index];
      if (verdict !== undefined) found.set(row, verdict);
    });
    asked = asked.filter((row) => helpsAgain(found.get(row), attempt));
    const waits = asked.map((row) => found.get(row)?.retryAfterMs ?? 0);
    if (waits.some((ms) => ms > 0)) await sleep(Math.max(...waits));
  }
  return rows.map((row) => found.get(row) ?? bareVerdict(row.fault === undefined ? Code.INTERNAL : Code.BAD_REQUEST));
}

/** A worker that died took the rest of its batch along; and BUSY says when there may be room, or that it is no use. */
function helpsAgain(verdict: Verdict | undefined, attempt: number): boolean {
  if (verdict?.code === "BUSY") return verdict.retryAfterMs !== undefined && attempt < BUSY_ATTEMPTS;
  return (verdict === undefined || verdict.code === "INTERNAL") && attempt < ATTEMPTS;
}

function answerOf(row: Row, verdict: Verdict = bareVerdict(Code.INTERNAL)): Answer {
  if (row.fault !== undefined) return { verdict, reason: `the row ${row.fault}` };
  return { verdict, reason: verdict.code === "VALID" ? "" : SENTENCES_EN[verdict.code].sentence };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Before anyone is told that a job is done its output is read once more. */
async function finishWhole(form: Form, output: Output): Promise<void> {
  const { rows: written } = output.place;
  const rows = await form.count(written);
  if (rows !== output.checkpoint.rows) {
    const message = `${written} has ${rows < 0 ? "rows that cannot be read" : `${rows} rows`}, and ${output.checkpoint.rows} were verified`; // prettier-ignore
    throw new BulkError("ROWS_DIFFER", message, "remove it and its checkpoint, and begin again");
  }
  await output.finish(form.join?.bind(form));
}
