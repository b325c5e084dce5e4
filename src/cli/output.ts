import pc from "picocolors";

/** Colours for a terminal only, whatever CI or FORCE_COLOR say; none with NO_COLOR (https://no-color.org). */
function coloursFor(stream: { readonly isTTY?: boolean }): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && !process.env["NO_COLOR"]);
}

export const paint = coloursFor(process.stdout);
export const paintError = coloursFor(process.stderr);

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
