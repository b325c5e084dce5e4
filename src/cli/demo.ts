import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Authority } from "../authority/authority.js";
import type { IssuedCard } from "../authority/issuing.js";
import { STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { portNumber, wholeNumber } from "./arguments.js";
import { told } from "./authority-sentences.js";
import { reasonOf, UsageError } from "./errors.js";
import { note, paint, print } from "./output.js";
import { onReaderGone } from "./reader-gone.js";

interface DemoOptions {
  port: number;
  rate: number;
}

/** A citizen reports a lost phone this often. */
const LOSS_EVERY_MS = 5_000;

export function register(program: Command): void {
  program
    .command("demo")
    .description("a small country in one command: an authority, a verifier, gates, a bank and a page to watch")
    .option("--port <number>", "port of the verifier and the page", portNumber, 8080)
    .option("--rate <scans>", "scans a second at the gates; a national rail peak is about 2,000", wholeNumber, 2000)
    .action(run);
}

async function run(options: DemoOptions): Promise<void> {
  const began = performance.now();
  // What was started last is stopped first.
  const undo: (() => Promise<void> | void)[] = [];
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
    onReaderGone(resolve);
  });
  try {
    const url = await raise(options, undo);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    note(paint.dim(`up in ${seconds} s; Ctrl-C ends it, and ${url} shows it at work`));
    await stopped;
    note("\nclosing the gates ...");
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Brings up the country and tells what there is to try. Returns the page's address. */
async function raise(options: DemoOptions, undo: (() => Promise<void> | void)[]): Promise<string> {
  const { foundCountry } = await import("./demo/country.js");
  const { publishTo } = await import("../authority/publisher.js");
  const data = await mkdtemp(join(tmpdir(), "hufu-demo-")).catch((error: unknown) => {
    throw new UsageError(`cannot write in ${tmpdir()}: ${reasonOf(error)}`, "name another folder with TMPDIR");
  });
  undo.push(() => rm(data, { recursive: true, force: true }));
  note("enrolling 1,000 citizens of the pilot district ...");
  const { authority, cards, good } = await foundCountry(join(data, "authority"));
  undo.push(() => authority.close());

  await publishTo(authority, data, { what: "all" });
  const cardFile = join(data, "cards.txt");
  await writeFile(cardFile, `${cards.join("\n")}\n`);

  note("opening the verifier ...");
  const port = await openVerifier(data, options, undo);
  const url = `http://localhost:${port}/`;
  undo.push(startGates(`ws://127.0.0.1:${port}/v1/stream`, cardFile, options.rate));
  undo.push(startLosses(authority, good, () => publishTo(authority, data, { what: "delta" })));
  tell(url, data, cardFile, good[good.length - 1]?.qr ?? "");
  return url;
}

async function openVerifier(data: string, options: DemoOptions, undo: (() => Promise<void> | void)[]): Promise<number> {
  const { Verifier } = await import("../engine/verifier.js");
  const { Feed, openFeed } = await import("../feed/feed.js");
  const { startServer } = await import("../server/server.js");
  const { dashboardPages } = await import("./demo/pages.js");
  const { PILOT_POLICY } = await import("./demo/policy.js");
  const { version } = await import("./version.js");
  const verifier = await Verifier.create({
    ...{ trust: [], awaits: data, policy: PILOT_POLICY },
    // What a demonstration has seen concerns nobody else, and goes with it.
    state: join(data, "state"),
  });
  undo.push(() => verifier.close());
  const feed = new Feed(openFeed(data), verifier, (event) => {
    if (event.kind === "refused") note(`${event.files.join(", ")} refused: ${reasonOf(event.error)}`);
  });
  undo.push(() => feed.stop());
  await feed.start();
  const { faults } = verifier.health();
  if (faults.length > 0) throw new Error(faults.map(({ message }) => message).join(", "));
  const server = await startServer(verifier, {
    host: "127.0.0.1",
    port: options.port,
    version: version(),
    pages: await dashboardPages(),
  });
  undo.push(() => server.close());
  return server.port;
}

/** Returns what stops them. */
function startGates(url: string, cardFile: string, rate: number): () => Promise<void> {
  const gates: ChildProcess = fork(
    fileURLToPath(new URL("./demo/gate.js", import.meta.url)),
    [url, cardFile, String(rate)],
    { stdio: ["ignore", "inherit", "inherit", "ipc"] },
  );
  return () =>
    new Promise((resolve) => {
      if (gates.exitCode !== null || !gates.connected) {
        resolve();
        return;
      }
      gates.once("exit", () => {
        resolve();
      });
      gates.disconnect();
      setTimeout(() => gates.kill("SIGKILL"), 2_000).unref();
    });
}

/** Every few seconds a card is reported lost and the news published. Returns what stops it. */
function startLosses(
  authority: Authority,
  good: readonly IssuedCard[],
  publish: () => Promise<unknown>,
): () => Promise<void> {
  let next = 0;
  let working: Promise<void> = Promise.resolve();
  const lose = async (): Promise<void> => {
    const card = good[next++];
    // The last ones stay good: their QR texts were printed for people to try.
    if (card === undefined || next > good.length - 10) return;
    await authority.revoke(card.person.id, { actor: "demo", reason: "phone reported lost" });
    await publish();
  };
  const timer = setInterval(() => {
    working = working.then(lose).catch((error: unknown) => {
      note(`the authority could not publish: ${reasonOf(told(error))}`);
    });
  }, LOSS_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await working;
  };
}

function tell(url: string, data: string, cardFile: string, qr: string): void {
  const body = JSON.stringify({ qr, purpose: "rail-boarding", region: "110105", claims: true });
  print(`
  ${paint.bold("Watch")}   ${paint.cyan(url)}

  ${paint.bold("Ask")}     curl -s ${url}v1/verify -H 'content-type: application/json' -d '${body}'

  ${paint.bold("Verify")}  npx hufu verify ${cardFile} --trust ${join(data, TRUST_FILE)} --status ${join(data, STATUS_FILE)} --json | head
`);
}
