import pc from "picocolors";

/** Colours for a terminal only, whatever CI or FORCE_COLOR say; none with NO_COLOR (https://no-color.org). */
function coloursFor(stream: { readonly isTTY?: boolean }): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && !process.env["NO_COLOR"]);
}

export const paint = coloursFor(process.stdout);
export const paintError = coloursFor(process.stderr);

/** Controls, line ends and what turns the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** What a card says, fit for a terminal and for one line: anyone may have written it, to look like a verdict of ours. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

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
