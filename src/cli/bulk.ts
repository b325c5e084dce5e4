import { type Command, Option } from "commander";
import { openCsv } from "../bulk/csv.js";
import { openNdjson } from "../bulk/ndjson.js";
import type { Columns, Form } from "../bulk/form.js";
import { type BulkEncoding, type Input, inspectBytes, inspectInput, isParquet, type Source } from "../bulk/input.js"; // prettier-ignore
import { jobName, type JobProgress, runJob, type Summary } from "../bulk/run.js";
import { beginJudging, type JudgeOptions } from "./bulk/judge.js";
import { withEngineOptions } from "./engine-options.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, UsageError } from "./errors.js";
import { note, print, printJson } from "./output.js";
import { Progress } from "./progress.js";
import { type RequestOptions, requestFrom, withBookOptions } from "./request.js";

interface BulkOptions extends RequestOptions, JudgeOptions {
  out: string;
  qr: string;
  name?: string;
  id?: string;
  captured?: string;
  encoding?: BulkEncoding;
  json?: true;
}

export function register(program: Command): void {
  withEngineOptions(withBookOptions(program.command("bulk")), false)
    .description("verify a file of customers: every row again, with what was found of it")
    .argument("<in>", "CSV whose first line names its columns, NDJSON (.ndjson, .jsonl), or Parquet")
    .requiredOption("--out <file>", "where the rows go; a job that was ended goes on there")
    .option("--qr <column>", "column of the QR texts", "qr")
    .option("--name <column>", "column of the names that the cards must have")
    .option("--id <column>", "column of the numbers that the cards must have")
    .option("--captured <column>", "column of when presentations were captured: they must have been fresh then")
    .addOption(
      new Option("--encoding <name>", "of the input, where it is not to be found out").choices(["utf-8", "gb18030"]),
    )
    .option("--server <url...>", "verify there, over the stream, with the token of $HUFU_TOKEN")
    .option("--json", "print the summary as JSON")
    .action(async (file: string, options: BulkOptions) => {
      process.exitCode = await bulk(file, options);
    });
}

const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143 } as const;

async function bulk(file: string, options: BulkOptions): Promise<number> {
  const request = requestFrom(options);
  const columns: Columns = {
    qr: options.qr,
    ...(options.name !== undefined && { name: options.name }),
    ...(options.id !== undefined && { id: options.id }),
    ...(options.captured !== undefined && { captured: options.captured }),
  };
  const { input, form } = await openInput(file, columns, options);
  const name = jobName(input, columns, request);
  const { created, end } = await beginJudging(options, request, name);
  let stop: number | undefined;
  for (const [signal, status] of Object.entries(EXIT_BY_SIGNAL)) {
    // The second time it is meant.
    process.on(signal, () => {
      if (stop !== undefined) end(status);
      stop = status;
    });
  }
  const judging = await created;
  const telling = new Telling();
  try {
    const summary = await runJob({
      ...{ input, form, out: options.out, name },
      judge: judging.judge,
      stopped: () => stop !== undefined,
      onProgress: (progress) => {
        telling.tell(progress);
      },
    });
    telling.end();
    report(input, options, summary);
    if (!summary.whole) return stop ?? EXIT_SOME_REFUSED;
    const accepted = summary.outcomes["accepted"] ?? 0;
    return accepted === summary.rows ? EXIT_ACCEPTED : EXIT_SOME_REFUSED;
  } finally {
    await judging.close();
  }
}

interface Opened {
  input: Source | Input;
  form: Form;
}

async function openInput(file: string, columns: Columns, { encoding, out }: BulkOptions): Promise<Opened> {
  const parquet = await isParquet(file);
  if (parquet !== /\.parquet$/i.test(out)) {
    const remedy = `let the name of --out ${parquet ? "" : "not "}end in .parquet`;
    throw new UsageError(`${file} is ${parquet ? "" : "not "}Parquet, and the output is of the same kind`, remedy);
  }
  if (parquet) {
    if (encoding !== undefined)
      throw new UsageError("--encoding is for text, and the input is Parquet", "leave it out");
    const { openParquet } = await import("../bulk/parquet/form.js");
    const input = await inspectBytes(file);
    return { input, form: await openParquet(input, columns) };
  }
  const input = await inspectInput(file, encoding);
  const isNdjson = /\.(ndjson|jsonl)$/i.test(file);
  return { input, form: isNdjson ? openNdjson(input, columns) : await openCsv(input, columns) };
}

const MINUTE_MS = 60_000;

/** How far a job has come: drawn on a terminal, a line a minute elsewhere. */
class Telling {
  readonly #progress = new Progress();
  readonly #began = performance.now();
  #first: JobProgress | undefined;
  #told = this.#began;

  tell(now: JobProgress): void {
    const first = (this.#first ??= now);
    const seconds = (performance.now() - this.#began) / 1000;
    const left = (seconds * (now.size - now.done)) / Math.max(1, now.done - now.began);
    const rate = Math.round((now.rows - first.rows) / seconds);
    const part = ((100 * now.done) / Math.max(1, now.size)).toFixed(1);
    const line = `${now.rows} rows, ${part} %, ${rate} rows/s, ${duration(left)} left`;
    this.#progress.show(line);
    if (process.stderr.isTTY || performance.now() - this.#told < MINUTE_MS) return;
    this.#told = performance.now();
    note(line);
  }

  end(): void {
    this.#progress.end();
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function report(input: Source | Input, options: BulkOptions, summary: Summary): void {
  const { encoding, damaged = false } = "encoding" in input ? input : {};
  const { rows, resumed, whole, outcomes, codes, matches } = summary;
  if (options.json === true) {
    printJson({ out: options.out, encoding, ...summary });
    return;
  }
  const table = (counts: Record<string, number>): void => {
    for (const [name, count] of Object.entries(counts).sort(([, a], [, b]) => b - a)) {
      print(`  ${String(count).padStart(10)}  ${name}`);
    }
  };
  print(`${rows} rows in ${options.out}${resumed > 0 ? `, ${resumed} of them from before` : ""}:`);
  table(outcomes);
  if (rows > 0) print("by code:");
  table(codes);
  if (Object.keys(matches).length > 0) print("compared:");
  table(matches);
  if (encoding === "gb18030") note("The input is GB 18030; the output is UTF-8.");
  if (damaged) note("Some rows are not of the input's encoding: their reason says so.");
  if (options.name === undefined && options.id === undefined) {
    note("Names and numbers were not compared: --name and --id say which columns hold them.");
  }
  if (!whole) note("It was ended before the last row: the same command goes on from here.");
}
