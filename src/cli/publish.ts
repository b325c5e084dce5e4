import type { Command } from "commander";
import type { PublishedFile } from "../authority/publisher.js";
import type { BuildPhase, BuildProgress } from "../authority/snapshot/builder.js";
import { rfc3339, withAuthority, withData, type DataOptions } from "./authority.js";
import { note, print, printJson } from "./output.js";
import { Progress } from "./progress.js";

interface PublishOptions extends DataOptions {
  out?: string;
  delta?: true;
  json?: true;
}

export function register(program: Command): void {
  withData(program.command("publish"))
    .description("write what verifiers need: the signed trust list and a status snapshot")
    .option(
      "--out <folder>",
      "folder for trust.hufu, status.hufu, delta.hufu and status lists (default: the data folder)",
    )
    .option("--delta", "no snapshot, only what has changed since the last one: delta.hufu")
    .option("--json", "one JSON object")
    .action(run);
}

async function run(options: PublishOptions): Promise<void> {
  const asOf = Date.now();
  const folder = options.out ?? options.data;
  const { publishTo } = await import("../authority/publisher.js");
  const what = options.delta ? "delta" : "all";
  const progress = new Progress();
  const { lists, unknown, ...made } = await withAuthority(options, (authority) =>
    publishTo(authority, folder, { what, asOf, progress: progressIn(progress) }).finally(() => {
      progress.end();
    }),
  );
  for (const file of unknown) note(`hufu: ${unknownFile(file)}.`);
  const files = Object.entries<PublishedFile>(made).map(([name, file]) => [name, shown(file)] as const);
  const shownLists = lists.map(shown);
  if (options.json) {
    printJson({ ...Object.fromEntries(files), ...(lists.length > 0 && { lists: shownLists }) });
    return;
  }
  for (const [name, { path, epoch, expires }] of files) {
    print(`${name.padEnd(8)}  ${path}  epoch ${epoch}, until ${expires}`);
  }
  for (const { path, expires } of shownLists) print(`list      ${path}  until ${expires}`);
  if (made.trust && made.status) {
    note(`Next: hufu verify cards.txt --trust ${made.trust.path} --status ${made.status.path}`);
  }
}

function shown<File extends { expires: number }>(file: File): Omit<File, "expires"> & { expires: string } {
  return { ...file, expires: rfc3339(new Date(file.expires * 1000)) };
}

function unknownFile(file: string): string {
  const what =
    "was published by this authority, whose database knows nothing of it and was restored from an older backup";
  return `${file} ${what}; what was issued or revoked since then is missing from what is published now: record it again`;
}

/** A snapshot of a nation takes its time: the terminal tells how far it has come. */
function progressIn(line: Progress): (progress: BuildProgress) => void {
  return ({ phase, done, total }) => {
    const count = done.toLocaleString("en");
    line.show(`${WORDS[phase]}: ${total === undefined ? count : `${count} of ${total.toLocaleString("en")}`}`);
  };
}

const WORDS: Record<BuildPhase, string> = {
  scan: "credentials read",
  filters: "first filters built",
  survivors: "credentials put to them",
  ribbons: "ribbons built",
  check: "credentials checked against the finished snapshot",
};
