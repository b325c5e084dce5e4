import pc from "picocolors";

/** Colours for standard output: on for a terminal, off with NO_COLOR (https://no-color.org). */
export const paint = pc.createColors(process.stdout.isTTY && !process.env["NO_COLOR"]);
/** The same for standard error. */
export const paintError = pc.createColors(process.stderr.isTTY && !process.env["NO_COLOR"]);

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON document a line, for machines. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** For people, beside the result: progress, what to do next. Never mixed into what a pipe receives. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
