import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import type { Authority } from "../authority/authority.js";
import type { Published } from "../authority/publishing.js";
import { statusListFile } from "../format/feed.js";
import type { BuildPhase } from "../authority/snapshot/builder.js";
import { deltaFile, rfc3339, statusFile, trustFile, withAuthority, withData, type DataOptions } from "./authority.js";
import { reasonOf, UsageError } from "./errors.js";
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
  const folder = options.out ?? options.data;
  const { makeFolder } = await import("../authority/folder.js");
  const { Staging } = await import("../authority/publish-file.js");
  const staging = new Staging();
  const writing = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new UsageError(`cannot write ${path}: ${reasonOf(error)}`, "name another folder with --out");
    }
  };
  const write = (path: string, parts: readonly Uint8Array[]) => writing(path, () => staging.add(resolve(path), parts));
  const publish = async (authority: Authority) => {
    const list = async (path: string, { epoch, expires, parts }: Published) => {
      await write(path, parts);
      return { path, epoch, expires: rfc3339(new Date(expires * 1000)) };
    };
    // The trust list first: what the others are signed with may be new.
    const trust = options.delta ? undefined : await list(trustFile(folder), await authority.publishTrustList());
    // Lists know no deltas: each is written anew.
    for await (const { name, expires, file } of authority.publishStatusLists()) {
      const path = join(folder, statusListFile(name));
      await write(path, [file]);
      lists.push({ path, expires: rfc3339(new Date(expires * 1000)) });
    }
    return trust === undefined
      ? { delta: await list(deltaFile(folder), await authority.publishDelta()) }
      : { trust, status: await list(statusFile(folder), await buildStatus(authority)) };
  };
  const lists: { path: string; expires: string }[] = [];
  const began = Date.now();
  const files = await withAuthority(options, async (authority) => {
    await secondAfter(began);
    return authority.publishing(async (ours) => {
      try {
        await writing(folder, async () => {
          makeFolder(folder);
          return Promise.resolve();
        });
        for (const file of await authority.refuseToGoBack(folder)) note(`hufu: ${unknownFile(file)}.`);
        const made = await publish(authority);
        await ours.check();
        await writing(folder, () => staging.switch());
        return made;
      } finally {
        await staging.abandon();
      }
    });
  });
  if (options.json) {
    printJson(lists.length === 0 ? files : { ...files, lists });
    return;
  }
  for (const [what, { path, epoch, expires }] of Object.entries(files)) {
    print(`${what.padEnd(8)}  ${path}  epoch ${epoch}, until ${expires}`);
  }
  for (const { path, expires } of lists) print(`list      ${path}  until ${expires}`);
  if (files.trust) note(`Next: hufu verify cards.txt --trust ${files.trust.path} --status ${files.status.path}`);
}

function unknownFile(file: string): string {
  const what =
    "was published by this authority, whose database knows nothing of it and was restored from an older backup";
  return `${file} ${what}; what was issued or revoked since then is missing from what is published now: record it again`;
}

/** A snapshot of a nation takes its time: the terminal tells how far it has come. */
async function buildStatus(authority: Authority): Promise<Published> {
  const progress = new Progress();
  try {
    return await authority.publishStatus({
      progress: ({ phase, done, total }) => {
        const count = done.toLocaleString("en");
        progress.show(`${WORDS[phase]}: ${total === undefined ? count : `${count} of ${total.toLocaleString("en")}`}`);
      },
    });
  } finally {
    progress.end();
  }
}

const WORDS: Record<BuildPhase, string> = {
  scan: "credentials read",
  filters: "first filters built",
  survivors: "credentials put to them",
  ribbons: "ribbons built",
  check: "credentials checked against the finished snapshot",
};

/**
 * Waits until the second in which `time` lies is over: what is published then answers for every card issued before,
 * and not only for those of the seconds before.
 */
async function secondAfter(time: number): Promise<void> {
  const next = (Math.floor(time / 1000) + 1) * 1000;
  await setTimeout(Math.max(0, next - Date.now()));
}
