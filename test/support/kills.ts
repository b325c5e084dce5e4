import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../src/format/bytes.js";
import { citizen } from "./authority.js";
import { openCard } from "./open-card.js";
import { hufuPath } from "./serve.js";

/** Commands of the authority whose database, or who themselves, are killed in the midst of their work. */

export interface KillsResult {
  rounds: number;
  /** What was killed while a command was at work, and how often. */
  kills: Record<Victim, number>;
  /** The sum. */
  killed: number;
  /** Exits by what they are, such as "0" or "2 the database went away". */
  exits: Record<string, number>;
  /** Exits that say neither that all is well nor, in a sentence, what was wrong. */
  unexplained: string[];
  /** Cards and changes of state that a command told of, and those of them that the authority does not know. */
  acknowledged: number;
  lost: string[];
  /** People with two credentials that work. */
  doubled: string[];
}

type Victim = "database" | "backend" | "command";

interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

const VICTIMS: readonly Victim[] = ["database", "backend", "command"];
/** One sentence: what is wrong, and after a semicolon what helps. */
const SENTENCE = /^hufu: (.+); .+\.$/;

/** Until so many have been killed at work; whatever came before its time or too late is not counted. */
export async function killAtWork(data: string, wanted: number, random = Math.random): Promise<KillsResult> {
  const result: KillsResult = {
    rounds: 0,
    killed: 0,
    kills: { database: 0, backend: 0, command: 0 },
    exits: {},
    unexplained: [],
    acknowledged: 0,
    lost: [],
    doubled: [],
  };
  const states = new Map<string, string>();
  let people = 0;
  const fine = (await hufu(data, ["init"])).status === 0;
  if (!fine) throw new Error("init failed");
  // How long each takes where nobody is killed, so that a kill meets it at work on any machine.
  const enrolling = await aimAt(["enrol", "--json"], JSON.stringify(citizen(people++)));
  const looking = await aimAt(["cards", "--json"], "");
  for (; result.killed < wanted && result.rounds < 4 * wanted; result.rounds++) {
    const victim = VICTIMS[result.rounds % VICTIMS.length]!;
    const some = Array.from({ length: 40 }, () => citizen(people++));
    const child = start(data, ["enrol", "--json"], some.map((person) => JSON.stringify(person)).join("\n"));
    await sleep(enrolling * (0.2 + 0.7 * random()));
    await killed(victim, child);
    const known = Array.from(states.keys());
    const chosen = known[Math.floor(random() * known.length)];
    if (chosen === undefined) continue;
    const change = start(data, ["revoke", chosen, "--reason", `round ${result.rounds}`, "--json"], "");
    await sleep(looking * (0.2 + 0.7 * random()));
    await killed(victim, change);
  }
  await compare(data, states, result);
  return result;

  async function killed(victim: Victim, command: Started): Promise<void> {
    const isKilled = Number(command.isAtWork() && kill(victim, data, command.pid!));
    result.kills[victim] += isKilled;
    result.killed += isKilled;
    note(result, await command.ended, victim, states);
  }

  async function aimAt(args: readonly string[], input: string): Promise<number> {
    const began = performance.now();
    if ((await start(data, args, input).ended).status !== 0) throw new Error(`${args.join(" ")} failed`);
    return performance.now() - began;
  }
}

interface Started {
  pid: number | undefined;
  isAtWork(): boolean;
  ended: Promise<Ended>;
}

function start(data: string, args: readonly string[], input: string): Started {
  const env = { ...process.env, HUFU_DATA: data, HUFU_DATABASE_URL: "" };
  const child = spawn(process.execPath, [hufuPath, ...args], { env });
  child.stdin.on("error", () => undefined).end(input);
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]).then(([out, err]) => ({
    status: child.exitCode,
    signal: child.signalCode,
    out,
    err,
  }));
  return { pid: child.pid, isAtWork: () => child.exitCode === null && child.signalCode === null, ended };
}

async function hufu(data: string, args: readonly string[]): Promise<Ended> {
  return start(data, args, "").ended;
}

/** Whether there was something to kill. */
function kill(victim: Victim, data: string, command: number): boolean {
  try {
    if (victim === "command") return process.kill(command, "SIGKILL");
    const [server] = readFileSync(join(data, "postgres", "postmaster.pid"), "utf8").split("\n");
    if (victim === "database") return killOne(server);
    // The server ends all its connections when one of its processes dies, and starts again.
    const children = readFileSync(`/proc/${server}/task/${server}/children`, "utf8").trim().split(" ");
    return killOne(children.at(-1));
  } catch {
    return false;
  }
}

/** A file that is just being written names nobody, and 0 would be this process and all that it has started. */
function killOne(pid: string | undefined): boolean {
  return Number(pid) > 1 && process.kill(Number(pid), "SIGKILL");
}

/** What a command printed before it ended is acknowledged, whatever became of it. */
function note(
  result: KillsResult,
  { status, signal, out, err }: Ended,
  victim: Victim,
  states: Map<string, string>,
): void {
  for (const line of out.split("\n").slice(0, -1)) {
    const { credential, state, qr } = JSON.parse(line) as { credential: string; state: string; qr: string };
    if (state === "good" && toHex(openCard(qr).claims.get(7) as Uint8Array) !== credential)
      result.lost.push(credential);
    states.set(credential, state);
    result.acknowledged++;
  }
  const said = SENTENCE.exec(err.trim().split("\n").at(-1))?.[1];
  const killed = victim === "command" && signal === "SIGKILL";
  const explained = killed || status === 0 || (status === 2 && said !== undefined);
  if (!explained) result.unexplained.push(`${String(status)} ${String(signal)}: ${err}`);
  const kind = killed ? "killed" : status === 0 ? "0" : `${String(status)} ${String(said?.split(":")[0])}`;
  result.exits[kind] = (result.exits[kind] ?? 0) + 1;
}

async function compare(data: string, states: ReadonlyMap<string, string>, result: KillsResult): Promise<void> {
  let listed = await hufu(data, ["cards", "--json"]);
  // What a killed server leaves behind keeps its memory for moments, in which another may not start.
  for (let i = 0; i < 40 && listed.status === 2; i++) {
    await sleep(250);
    listed = await hufu(data, ["cards", "--json"]);
  }
  const { status, out, err } = listed;
  if (status !== 0) result.unexplained.push(`cards: ${err}`);
  const known = new Map<string, string>();
  const inForce = new Set<string>();
  for (const line of out.split("\n").slice(0, -1)) {
    const { credential, id, state } = JSON.parse(line) as { credential: string; id: string; state: string };
    known.set(credential, state);
    if (state === "good" && inForce.has(id)) result.doubled.push(id);
    if (state === "good") inForce.add(id);
  }
  for (const [credential, state] of states) {
    // One that was revoked though its command could not tell of it any more is revoked all the same.
    const now = known.get(credential);
    if (now !== state && !(state === "good" && now === "revoked"))
      result.lost.push(`${credential}: ${state}, is ${now ?? "unknown"}`);
  }
}
