import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { makeCard, payload } from "../support/make-card.js";
import { issuerKey, type Station, startStation, texts } from "../support/server.js";

/** Each is told to whoever writes a gate in that language; where it is not here, its example is not run. */
const LANGUAGES = [
  ["node", [process.execPath], "gate.mjs"],
  ["Python", ["python3"], "gate.py"],
  ["Java", ["java"], "Gate.java"],
] as const;

const now = Math.floor(Date.now() / 1000);
const good = makeCard(issuerKey, { payload: payload([[4, now + 3600], [5, now - 3600], [6, now - 3600]]) }); // prettier-ignore
const [, forged, expired] = texts;

/** An address that stays while servers come and go. */
class Relay {
  readonly #server: Server;
  readonly #lines = new Set<Socket>();
  #to: number;

  private constructor(to: number) {
    this.#to = to;
    this.#server = createServer((line) => {
      const server = connect(this.#to, "127.0.0.1");
      for (const [one, other] of [
        [line, server],
        [server, line],
      ] as const) {
        this.#lines.add(one);
        one
          .on("error", () => undefined)
          .on("close", () => other.destroy())
          .pipe(other);
      }
    });
  }

  static async open(to: number): Promise<Relay> {
    const relay = new Relay(to);
    await new Promise<void>((resolve) => relay.#server.listen(0, "127.0.0.1", resolve));
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** To another server from now on; whoever is connected is cut. */
  lead(to: number): void {
    this.#to = to;
    for (const line of this.#lines) line.destroy();
  }

  close(): void {
    this.#server.close();
    this.lead(0);
  }
}

for (const [language, command, file] of LANGUAGES) {
  const example = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
  const isThere = spawnSync(command[0], ["--version"]).status === 0;
  const note = isThere ? "" : " (skipped: there is no such language here)";

  describe.skipIf(!isThere)(`examples/${file}, in ${language}${note}`, () => {
    let station: Station | undefined;
    let gate: ChildProcess | undefined;
    afterEach(async () => {
      gate?.kill();
      await station?.stop();
    });

    /** What the gate does at each scan. */
    function open(port: number, args: string[] = [], token?: string): (scan: string) => Promise<string> {
      const env = { ...process.env, PYTHONUTF8: "1", ...(token !== undefined && { HUFU_TOKEN: token }) };
      const child = spawn(command[0], [example, `ws://127.0.0.1:${port}`, ...args], { env });
      gate = child;
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return async (scan) => {
        child.stdin.write(`${scan}\n`);
        return (await lines.next()).value as string;
      };
    }

    it("opens for a good card and no other, over another server too when its line is cut", async () => {
      station = await startStation();
      const relay = await Relay.open(station.port);
      const scan = open(relay.port);
      expect(await scan(good)).toBe("open VALID");
      expect(await scan(forged)).toBe("shut BAD_ISSUER_SIGNATURE");
      expect(await scan(expired)).toBe("shut EXPIRED");
      expect(await scan('"\\{ é')).toBe("shut BAD_BASE45");
      await station.stop();
      station = await startStation();
      relay.lead(station.port);
      expect(await scan(good)).toBe("open VALID");
      relay.close();
    });

    it("asks again where the server is busy, when it says, and a person where there is none", async () => {
      station = await startStation({ tokens: [{ token: "slow-gate", purposes: ["rail-boarding"], rate: 2 }] });
      const scan = open(station.port, ["rail-boarding"], "slow-gate");
      const said: string[] = [];
      for (let i = 0; i < 5; i++) said.push(await scan(good));
      expect(said).toEqual(new Array(5).fill("open VALID"));
      await station.stop();
      station = undefined;
      expect(await scan(good)).toBe("ask UNREACHABLE");
    });

    it("ends where its token is not for this", async () => {
      station = await startStation({ tokens: [{ token: "rail-gate", purposes: ["rail-boarding"] }] });
      void open(station.port, ["bank-account"], "rail-gate")(good);
      const [said, status] = await Promise.all([
        text(gate!.stderr!),
        new Promise((resolve) => gate!.once("exit", resolve)),
      ]);
      expect(said.trim()).toBe("the server closed the stream: 4403 this token is for rail-boarding");
      expect(status).toBe(1);
    });
  });
}
