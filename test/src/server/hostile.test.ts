import { randomBytes, randomInt } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { HufuClient } from "../../../src/client/client.js";
import { Code } from "../../../src/abi/code.js";
import { jwksOf } from "../../support/make-card.js";
import { type ServeProcess, startServe } from "../../support/serve.js";
import { msgpackCodec } from "../../../src/format/wire/msgpack.js";
import { at, card, issuerKey } from "../../support/server.js";

/** A server in a process of its own, so that its memory can be told from the test's. */

const TEXTS = 10_000;
const FRAMES = 1000;
const WARM_UP = 3;
const ROUNDS = 4;
/** Room for the collector's moods. To leave 400 bytes behind for each text would take it all. */
const ALLOWANCE_MIB = 32;

const canMeasure = existsSync("/proc/self/status");
const note = canMeasure ? "" : " (skipped: there is no /proc here to read a process's memory from)";

describe.skipIf(!canMeasure)(`a server under garbage${note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-hostile-"));
  const trust = join(folder, "trust.json");
  writeFileSync(trust, jwksOf([issuerKey]));
  let server: ServeProcess;
  beforeAll(async () => {
    server = await startServe(["--trust", trust]);
  });
  afterAll(() => {
    server.process.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it(`answers everything with a code or a close reason, its memory flat`, { timeout: 120_000 }, async () => {
    const { pid } = server.process;
    const url = `ws://127.0.0.1:${server.port}`;
    for (let round = 0; round < WARM_UP; round++) await attack(url);
    const before = residentMib(pid);
    for (let round = 0; round < ROUNDS; round++) await attack(url);
    // Rounds are alike: what each left behind would add up.
    expect(residentMib(pid) - before).toBeLessThan(ALLOWANCE_MIB);
    const client = new HufuClient(url);
    expect((await client.verify(card, { at })).code).toBe("VALID");
    client.close();
    expect(server.process.exitCode).toBeNull();
  });
});

async function attack(url: string): Promise<void> {
  const client = new HufuClient(url);
  const random = Array.from({ length: TEXTS }, () => new Uint8Array(randomBytes(randomInt(900))));
  for await (const { outcome, code } of client.verifyMany([...random, ...mutants()], { at })) {
    expect(outcome, code).toBe("refused");
    expect(Code[code]).toBeTypeOf("number");
  }
  client.close();
  let socket = await open(url);
  for (let i = 0; i < FRAMES; i++) {
    const closed = await answerTo(socket, randomBytes(i % 200));
    if (closed === undefined) continue;
    expect(closed.code).toBe(4400);
    expect(closed.reason).not.toBe("");
    socket = await open(url);
  }
  socket.close();
}

/** The good card with a character changed, left out, doubled or cut off after. */
function mutants(): string[] {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  return Array.from({ length: TEXTS }, (_, i) => {
    const place = randomInt(1, card.length);
    const [head, tail] = [card.slice(0, place), card.slice(place + 1)];
    if (i % 4 === 0) return head + tail;
    if (i % 4 === 1) return head + card[place]! + card[place]! + tail;
    if (i % 4 === 2) return head;
    const others = alphabet.replace(card[place]!, "");
    return head + others[randomInt(others.length)]! + tail;
  });
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url}/v1/stream`, ["hufu.v1+msgpack"]);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send(msgpackCodec.encode({ type: "hello" }));
  // The welcome.
  await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
  return socket;
}

/** Undefined where a frame comes back. */
function answerTo(socket: WebSocket, frame: Uint8Array): Promise<{ code: number; reason: string } | undefined> {
  return new Promise((resolve) => {
    socket.removeAllListeners();
    socket.once("message", () => {
      resolve(undefined);
    });
    socket.once("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
    });
    socket.send(frame);
  });
}

function residentMib(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
