import { type ChildProcess, fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { portNumber, wholeNumber } from "./arguments.js";
import type { AuthorityMessage } from "./demo/authority.js";
import { reasonOf, UsageError } from "./errors.js";
import { note, paint, print } from "./output.js";
import { onReaderGone } from "./reader-gone.js";

/** What was started last is stopped first. */
type Undo = (() => Promise<void> | void)[];

interface DemoOptions {
  port: number;
  rate: number;
}

/** How long they may take to end: an authority closes its database. */
const GATES_END_WITHIN_MS = 2_000;
const AUTHORITY_ENDS_WITHIN_MS = 30_000;

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
  const undo: Undo = [];
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
async function raise(options: DemoOptions, undo: Undo): Promise<string> {
  const data = await mkdtemp(join(tmpdir(), "hufu-demo-")).catch((error: unknown) => {
    throw new UsageError(`cannot write in ${tmpdir()}: ${reasonOf(error)}`, "name another folder with TMPDIR");
  });
  undo.push(() => rm(data, { recursive: true, force: true }));
  note("enrolling 1,000 citizens of the pilot district ...");
  const cardFile = join(data, "cards.txt");
  const qr = await openAuthority(data, cardFile, undo);

  note("opening the verifier ...");
  const port = await openVerifier(data, options, undo);
  const url = `http://localhost:${port}/`;
  undo.push(startGates(`ws://127.0.0.1:${port}/v1/stream`, cardFile, options.rate));
  tell(url, data, cardFile, qr);
  return url;
}

async function openVerifier(data: string, options: DemoOptions, undo: Undo): Promise<number> {
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

/** A process of its own: it founds the country and publishes. Resolves with a QR text of a card that stays good. */
function openAuthority(data: string, cardFile: string, undo: Undo): Promise<string> {
  const authority = startProcess("./demo/authority.js", [data, cardFile]);
  undo.push(() => stopProcess(authority, AUTHORITY_ENDS_WITHIN_MS));
  return new Promise((resolve, reject) => {
    authority.on("message", (message: AuthorityMessage) => {
      if ("published" in message) resolve(message.published.qr);
      else if ("note" in message) note(message.note);
      else reject(new UsageError(message.failed.message, message.failed.remedy));
    });
    authority.once("exit", () => {
      reject(new Error("the authority ended before it had published"));
    });
  });
}

/** Returns what stops them. */
function startGates(url: string, cardFile: string, rate: number): () => Promise<void> {
  const gates = startProcess("./demo/gate.js", [url, cardFile, String(rate)]);
  return () => stopProcess(gates, GATES_END_WITHIN_MS);
}

function startProcess(file: string, args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
}

/** It ends by itself when nobody is there to hear it. */
function stopProcess(child: ChildProcess, within: number): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) {
      resolve();
      return;
    }
    child.once("exit", () => {
      resolve();
    });
    if (child.connected) child.disconnect();
    setTimeout(() => child.kill("SIGKILL"), within).unref();
  });
}

function tell(url: string, data: string, cardFile: string, qr: string): void {
  const body = JSON.stringify({ qr, purpose: "rail-boarding", region: "110105", claims: true });
  print(`
  ${paint.bold("Watch")}   ${paint.cyan(url)}

  ${paint.bold("Ask")}     curl -s ${url}v1/verify -H 'content-type: application/json' -d '${body}'

  ${paint.bold("Verify")}  npx hufu verify ${cardFile} --trust ${join(data, TRUST_FILE)} --status ${join(data, STATUS_FILE)} --json | head
`);
}
