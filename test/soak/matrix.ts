import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as after } from "node:timers/promises";
import { HufuClient } from "../../src/client/client.js";
import { hufuPath, type ServeProcess, startServe } from "../support/serve.js";
import { CARD_KINDS, type CardKind, Nation } from "./nation.js";
import type { Condition, Ground, Start } from "./conditions.js";

/** What was asked, what should have come, and what came. */
export interface Wrong {
  condition: string;
  case: string;
  expected: string;
  seen: string;
}

export interface MatrixResult {
  conditions: number;
  /** Condition x card x door, and readiness for each server. */
  cells: number;
  falseValid: number;
  wrong: Wrong[];
}

interface Answer {
  outcome: string;
  code: string;
}

const SHIFTED_CLOCK = new URL("../support/shifted-clock.mjs", import.meta.url).href;

/** Start a verifier over each condition, and ask it about a good, a revoked and a suspended card at every door. */
export async function runMatrix(conditions: readonly Condition[]): Promise<MatrixResult> {
  const result: MatrixResult = { conditions: conditions.length, cells: 0, falseValid: 0, wrong: [] };
  for (const condition of conditions) {
    const site = new Site();
    try {
      await new Cells(condition.name, result).fill(site, await condition.start(site));
    } catch (error) {
      const seen = error instanceof Error ? error.message : String(error);
      result.wrong.push({ condition: condition.name, case: "set-up", expected: "a broken start", seen });
    } finally {
      await site.leave();
    }
  }
  return result;
}

/** A folder of its own for each condition. */
class Site implements Ground {
  readonly nation = new Nation("pilot.example");
  readonly stranger = new Nation("pilot.example");
  readonly folder = mkdtempSync(join(tmpdir(), "hufu-matrix-"));
  readonly feed = join(this.folder, "feed");
  readonly #servers: Server[] = [];

  constructor() {
    mkdirSync(this.feed);
  }

  file(name: string, bytes: Uint8Array | string): string {
    const path = isAbsolute(name) ? name : join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  async http(answer: Parameters<Ground["http"]>[0]): Promise<string> {
    const server = createServer(answer);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  environment({ env, clock }: Pick<Start, "env" | "clock">): Record<string, string> {
    const shifted = { NODE_OPTIONS: `--import=${SHIFTED_CLOCK}`, SHIFTED_CLOCK: String(clock) };
    return { HUFU_STATE: join(this.folder, "state"), ...env, ...(clock !== undefined && shifted) };
  }

  async runOnce(args: readonly string[]): Promise<void> {
    const server = await startServe(args, this.environment({}));
    try {
      for (let tries = 0; (await askHttp(server.port, this.nation.cards.good)).code !== "VALID"; tries++) {
        if (tries === 50) throw new Error(`a good start did not come to a good verdict: ${server.log()}`);
        await after(100);
      }
      server.process.kill("SIGTERM");
      await server.ended;
    } finally {
      server.process.kill("SIGKILL");
    }
  }

  async leave(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The cells of one condition. */
class Cells {
  constructor(
    readonly condition: string,
    readonly result: MatrixResult,
  ) {}

  async fill(site: Site, start: Start): Promise<void> {
    if (start.serve !== undefined) await this.#serve(site, start, start.serve);
    if (start.verify !== undefined) await this.#verify(site, start, start.verify);
  }

  async #serve(site: Site, start: Start, args: string[]): Promise<void> {
    let server: ServeProcess;
    try {
      server = await startServe(args, site.environment(start));
    } catch (error) {
      // Its log, and last the sentence that it ends with.
      const said = error instanceof Error ? error.message.trim().replace(/^.*\n/s, "") : "";
      this.#expect("serve starts", start.mayRefuse === true && /^hufu: .+; .+\.$/.test(said), "it listens", said);
      return;
    }
    const client = new HufuClient(`ws://127.0.0.1:${server.port}`);
    try {
      // Long enough for every feed to have been looked at.
      await after(1500);
      for (const kind of CARD_KINDS) {
        this.#judge("HTTP", kind, await askHttp(server.port, site.nation.cards[kind]), start);
        this.#judge("WebSocket", kind, await client.verify(site.nation.cards[kind]), start);
      }
      if (start.mayBeReady !== true) {
        const { status } = await fetch(`http://127.0.0.1:${server.port}/readyz`);
        this.#expect("readiness", status === 503, "503", String(status));
      }
    } finally {
      client.close();
      server.process.kill("SIGKILL");
    }
  }

  async #verify(site: Site, start: Start, args: string[]): Promise<void> {
    const env = { ...process.env, ...site.environment(start) };
    const child = spawn(process.execPath, [hufuPath, "verify", "-", ...args, "--json"], { env });
    child.stdin.end(CARD_KINDS.map((kind) => site.nation.cards[kind]).join("\n"));
    const [out, said] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    const lines = out.split("\n").filter(Boolean);
    if (lines.length === 0) {
      this.#expect("verify refuses", child.exitCode === 2 && /; .+\.$/.test(said.trim()), "exit 2 and a remedy", said);
      return;
    }
    this.#expect("verify's exit status", child.exitCode === 1, "1", String(child.exitCode));
    lines.forEach((line, i) => {
      this.#judge("verify", CARD_KINDS[i] ?? "good", JSON.parse(line) as Answer, start);
    });
  }

  #judge(door: string, kind: CardKind, { outcome, code }: Answer, start: Start): void {
    if (outcome === "accepted") this.result.falseValid++;
    const mayBeRefused = kind !== "good" || start.mayBeRefused === true;
    const right = outcome === "undetermined" || (mayBeRefused && outcome === "refused");
    this.#expect(`${door}, ${kind} card`, right, mayBeRefused ? "not accepted" : "undetermined", `${outcome} ${code}`);
  }

  #expect(what: string, right: boolean, expected: string, seen: string): void {
    this.result.cells++;
    if (!right) this.result.wrong.push({ condition: this.condition, case: what, expected, seen });
  }
}

async function askHttp(port: number, qr: string): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}/v1/verify`, { method: "POST", body: JSON.stringify({ qr }) });
  return (await response.json()) as Answer;
}
