import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { jwksOf } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { card, issuerKey } from "../../support/server.js";

const runs = existsSync("/proc/self/limits");
const note = runs ? "" : " (skipped: there is no /proc here to read limits from)";

const folder = mkdtempSync(join(tmpdir(), "hufu-few-"));
const trust = join(folder, "trust.json");
writeFileSync(trust, jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A command of a shell that may open so many files. */
function shellOf(files: number, args: string): [string, string[]] {
  return ["sh", ["-c", `ulimit -n ${files}; exec ${process.execPath} ${hufuPath} ${args}`]];
}

describe.skipIf(!runs)(`with few file descriptors${note}`, () => {
  it("hufu says in one sentence that it cannot, and how many it needs", async () => {
    for (const command of [`serve --trust ${trust} --port 0`, `verify - --trust ${trust}`]) {
      expect(await said(64, command)).toEqual({
        code: 2,
        err: "hufu: this process may open 64 files, and needs 128; raise the limit, with `ulimit -n 4096`.\n",
      });
    }
  });

  it("hufu begins no workers that could not open theirs", async () => {
    const { code, err } = await said(130, `serve --trust ${trust} --port 0 --workers 64`);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^hufu: 64 workers need \d+ open files, and this process may have 130; raise the limit[^\n]*\n$/,
    );
  });

  it("a server lets in as many connections as it can, says so, and goes on when they are gone", async () => {
    const server = spawn(...shellOf(160, `serve --trust ${trust} --port 0 --workers 1`), {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    server.stderr.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
    await expect.poll(() => log, { timeout: 30_000 }).toContain("verifying");
    const port = Number(/"port":(\d+)/.exec(log)?.[1]);
    expect(log).toContain("this process may open so few files that at most");
    const sockets = await Promise.all(Array.from({ length: 300 }, () => opened(port)));
    await expect.poll(() => log).toContain("that is all there may be");
    for (const socket of sockets) socket.destroy();
    const verify = async (): Promise<unknown> => {
      const body = JSON.stringify({ qr: card });
      const answer = await fetch(`http://127.0.0.1:${port}/v1/verify`, { method: "POST", body });
      return (await answer.json()) as unknown;
    };
    await expect.poll(() => verify().catch(() => undefined)).toMatchObject({ alg: "EdDSA" });
    server.kill("SIGTERM");
    expect(await new Promise((resolve) => server.once("exit", resolve))).toBe(0);
  });
});

function said(files: number, command: string): Promise<{ code: unknown; err: string }> {
  return new Promise((resolve) => {
    execFile(...shellOf(files, command), (error, _, err) => {
      resolve({ code: error?.code, err });
    });
  });
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      resolve(socket);
    });
    socket.on("error", () => {
      resolve(socket);
    });
  });
}
