import type { ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { publishFile } from "../src/authority/publish-file.js";
import { STATUS_FILE, TRUST_FILE } from "../src/format/feed.js";
import { makeDeck } from "./cards.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { residentMebibytes, serve } from "./serve.js";
import { ended, MEBIBYTE, Publisher, Stream, trustList } from "./switch.js";

/**
 * What snapshots cost in memory, as Linux tells it: a verifier with one worker that follows one after another, against
 * a second one that runs and is asked just as long and has none.
 */
export async function residentMemory({ quick }: BenchOptions): Promise<BenchResult[]> {
  if (process.platform !== "linux") return [];
  const [size, count] = quick ? [1, 2] : [24, 12];
  const folder = await mkdtemp(join(tmpdir(), "hufu-bench-"));
  const [some, none] = [join(folder, "some"), join(folder, "none")];
  const processes: ChildProcess[] = [];
  const streams: Stream[] = [];
  const deck = makeDeck(256);
  const publisher = new Publisher(size * MEBIBYTE, join(some, STATUS_FILE), processes);
  try {
    const trust = await trustList(deck, await publisher.key);
    for (const feed of [some, none]) {
      await mkdir(feed);
      await publishFile(join(feed, TRUST_FILE), [trust]);
      streams.push(new Stream(await serve(feed, processes), deck.qrs));
    }
    for (let epoch = 1; epoch <= count; epoch++) {
      await publisher.next();
      await streams[0]?.reached(epoch);
      await sleep(quick ? 0 : 500);
    }
    const [, withSome, without] = processes;
    if (withSome === undefined || without === undefined) throw new Error("two verifiers were to be compared");
    const more = residentMebibytes(withSome) - residentMebibytes(without);
    return [row("freshness", `memory for a snapshot of ${size} MiB, one worker, after ${count} of them`, "MiB", more)];
  } finally {
    for (const stream of streams) stream.stop();
    await Promise.all(processes.map(ended));
    await rm(folder, { recursive: true, force: true });
  }
}
