import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "csv-parse/sync";
import { afterAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { generateKey } from "../../support/keys.js";
import { identity, jwksOf, makeCard, payload } from "../../support/make-card.js";
import { issueTo, present } from "../../support/make-presentation.js";
import { hufuPath, type ServeProcess, startServe } from "../../support/serve.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-bulk-server-"));
const file = (name: string): string => join(folder, name);
const issuer = generateKey(Algorithm.ED25519);
writeFileSync(file("trust.json"), jwksOf([issuer]));
const servers: ServeProcess[] = [];
afterAll(() => {
  for (const { process } of servers) process.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

async function serve(...args: string[]): Promise<ServeProcess> {
  const server = await startServe(["--trust", file("trust.json"), ...args], { HUFU_STATE: file("state") });
  servers.push(server);
  return server;
}

const now = Math.floor(Date.now() / 1000);
const valid: [number, unknown][] = [[4, now + 3600], [5, now - 3600], [6, now - 3600]]; // prettier-ignore
const NAME = "欧阳·样例";
let serial = 0;
const cardOf = (): string => makeCard(issuer, { payload: payload([...valid, [7, Buffer.from(`card ${serial++}`)], [169, identity([[4, NAME]])]]) }); // prettier-ignore

function start(args: readonly string[], token = "") {
  return spawn(process.execPath, [hufuPath, "bulk", ...args], { cwd: folder, env: { ...process.env, HUFU_TOKEN: token } }); // prettier-ignore
}

async function bulk(args: readonly string[], token?: string) {
  const child = start(args, token);
  const [said, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status: child.exitCode, said, err };
}

const table = (name: string): Record<string, string>[] => parse(readFileSync(file(name), "utf8"), { bom: true, columns: true }); // prettier-ignore

describe("hufu bulk by a server", () => {
  it("says of each row what an engine of its own would, and what the token is for", async () => {
    const tokens = [
      { name: "bank", token: "bank-bank-bank", match: true },
      { name: "gate", token: "gate-gate-gate" },
    ];
    writeFileSync(file("tokens.json"), JSON.stringify(tokens));
    const server = await serve("--tokens", file("tokens.json"));
    const url = `http://127.0.0.1:${server.port}`;
    const rows = Array.from({ length: 3_000 }, (_, i) => [cardOf(), i % 3 === 0 ? "张三" : NAME, "11010519491231002X"]);
    rows.push(["not base45", NAME, "1"], [cardOf(), "x".repeat(300), "1"]);
    writeFileSync(file("a.csv"), `qr,name,id\n${rows.map((row) => row.join(",")).join("\n")}\n`);
    const columns = ["--name", "name", "--id", "id"];
    const remote = await bulk(["a.csv", "--out", "a.out", "--server", url, ...columns], "bank-bank-bank");
    expect(remote).toMatchObject({ status: 1, err: "" });
    const local = await bulk(["a.csv", "--out", "b.out", "--trust", "trust.json", ...columns]);
    expect(local.said.replace("b.out", "a.out")).toBe(remote.said);
    expect(readFileSync(file("a.out")).equals(readFileSync(file("b.out")))).toBe(true);
    for (const [token, message] of [
      ["", /HUFU_TOKEN/],
      ["gate-gate-gate", /HUFU_TOKEN to a token that is for this/],
    ] as const) {
      // prettier-ignore
      const { status, err } = await bulk(["a.csv", "--out", "c.out", "--server", url, ...columns], token);
      expect({ status, err }).toMatchObject({ status: 2, err: expect.stringMatching(message) as string });
    }
    // What was begun in vain goes on with the right one.
    expect(await bulk(["a.csv", "--out", "c.out", "--server", url, ...columns], "bank-bank-bank")).toMatchObject({ status: 1 }); // prettier-ignore
    // Guessing comes to its end, and so does the job.
    const one = cardOf();
    writeFileSync(file("d.csv"), `qr,name\n${Array.from({ length: 9 }, (_, i) => `${one},张${i}`).join("\n")}\n`);
    expect(await bulk(["d.csv", "--out", "d.out", "--server", url, "--name", "name"], "bank-bank-bank")).toMatchObject({ status: 1 }); // prettier-ignore
    expect(table("d.out").filter(({ code }) => code === "BUSY")).toHaveLength(4);
  });

  it("judges presentations by when they were captured, for who was granted it", async () => {
    const ago = (seconds: number): number => Math.floor(Date.now() / 1000) - seconds;
    const time = (seconds: number): string => new Date(ago(seconds) * 1_000).toISOString();
    const shown = (): string => present(issueTo(issuer, valid), { audience: "bank", at: ago(3_000) });
    const rows = [[shown(), time(2_990)], [shown(), time(2_900)], [shown(), ""], [shown(), "2026-10-01 08:00"], [cardOf(), ""]]; // prettier-ignore
    writeFileSync(file("c.csv"), `qr,when\n${rows.map((row) => row.join(",")).join("\n")}\n`);
    writeFileSync(file("c.ndjson"), rows.map(([qr, when]) => JSON.stringify({ qr, when: when === "" ? null : when })).join("\n")); // prettier-ignore
    const tokens = [{ name: "bank", token: "bank-bank-bank", captured: true }, { name: "gate", token: "gate-gate-gate" }]; // prettier-ignore
    writeFileSync(file("captured.json"), JSON.stringify(tokens));
    const server = await serve("--tokens", file("captured.json"));
    const asked = ["--audience", "bank", "--captured", "when"];
    const there = ["--server", `http://127.0.0.1:${server.port}`, ...asked];
    const expected = ["VALID", "PRESENTATION_STALE", "PRESENTATION_STALE", "BAD_REQUEST", "VALID"];
    for (const [out, by] of [
      ["i.out", ["--trust", "trust.json", ...asked]],
      ["j.out", there],
    ] as const) {
      expect(await bulk(["c.csv", "--out", out, ...by], "bank-bank-bank")).toMatchObject({ status: 1 });
      expect(table(out).map(({ code }) => code)).toEqual(expected);
      expect(await bulk(["c.ndjson", "--out", `${out}.ndjson`, ...by], "bank-bank-bank")).toMatchObject({ status: 1 });
      const lines = readFileSync(file(`${out}.ndjson`), "utf8")
        .trimEnd()
        .split("\n");
      expect(lines.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual(expected);
    }
    const { status, err } = await bulk(["c.csv", "--out", "k.out", ...there], "gate-gate-gate");
    expect({ status, err }).toMatchObject({ status: 2, err: expect.stringContaining("captured") as string });
  });

  it("says what contradicts, and what is no address", async () => {
    writeFileSync(file("e.csv"), "qr\nx\n");
    for (const [args, message] of [
      [["--server", "http://127.0.0.1:1", "--trust", "trust.json"], /are that server's; leave out one or the others/],
      [["--server", "http://127.0.0.1:1", "--without-status"], /are that server's/],
      [["--server", "not an address"], /cannot take --server not an address; write it as/],
      [[], /nothing says whom to trust; give --trust, or --server/],
    ] as const) {
      const { status, err } = await bulk(["e.csv", "--out", "e.out", ...args]);
      expect({ status, err }).toMatchObject({ status: 2, err: expect.stringMatching(message) as string });
      expect(existsSync(file("e.out"))).toBe(false);
    }
  });

  it("goes on where the server was killed and comes back: no row lost or doubled", async () => {
    const { port, process } = await serve();
    const some = Array.from({ length: 64 }, cardOf);
    const rows = Array.from({ length: 30_000 }, (_, i) => `${i},${some[i % some.length]!}`);
    writeFileSync(file("f.csv"), `no,qr\n${rows.join("\n")}\n`);
    const child = start(["f.csv", "--out", "f.out", "--server", `http://127.0.0.1:${port}`, "--json"]);
    const [said, err, closed] = [text(child.stdout), text(child.stderr), once(child, "close")];
    while (!existsSync(file("f.out")) || statSync(file("f.out")).size < 1_000) await sleep(1);
    process.kill("SIGKILL");
    await once(process, "exit");
    expect(child.exitCode).toBe(null);
    await serve("--port", String(port));
    await closed;
    expect({ status: child.exitCode, err: await err }).toMatchObject({ status: 0, err: expect.stringContaining("is asked again") as string }); // prettier-ignore
    expect(JSON.parse(await said)).toMatchObject({ rows: rows.length, codes: { VALID: rows.length } });
    expect(table("f.out").every(({ no, code }, i) => no === String(i) && code === "VALID")).toBe(true);
  });

  it("asks for presentations again by the same number: those answered before a kill are not REPLAYED", async () => {
    const { port } = await serve();
    const shown = Array.from({ length: 6_000 }, () => present(issueTo(issuer, valid), { audience: "bank", at: Math.floor(Date.now() / 1000) })); // prettier-ignore
    writeFileSync(file("g.csv"), `no,qr\n${shown.map((qr, i) => `${i},${qr}`).join("\n")}\n`);
    const args = ["g.csv", "--out", "g.out", "--server", `http://127.0.0.1:${port}`, "--audience", "bank"];
    const child = start(args);
    const ended = once(child, "exit");
    while (child.exitCode === null && (!existsSync(file("g.out")) || statSync(file("g.out")).size < 1_000))
      await sleep(1);
    child.kill("SIGKILL");
    await ended;
    expect(child.signalCode).toBe("SIGKILL");
    expect(JSON.parse(readFileSync(file("g.out.checkpoint"), "utf8"))).toMatchObject({ rows: 0 });
    expect(await bulk(args)).toMatchObject({ status: 0 });
    expect(table("g.out").every(({ no, code }, i) => no === String(i) && code === "VALID")).toBe(true);
    // Another book of the same presentations is another claimant.
    expect(await bulk(["g.csv", "--out", "h.out", ...args.slice(3), "--qr", "qr", "--name", "no"])).toMatchObject({ status: 1 }); // prettier-ignore
    expect(table("h.out")[0]).not.toMatchObject({ code: "VALID" });
  });
});
