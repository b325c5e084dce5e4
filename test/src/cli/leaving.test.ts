import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { postgresRuns, temporaryFolder } from "../../support/authority.js";
import { hufuPath } from "../../support/serve.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start(data: string, args: readonly string[]): Child {
  const env = { ...process.env, HUFU_DATA: data, HUFU_DATABASE_URL: "" };
  return spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
}

function isRunning(data: string): boolean {
  return existsSync(join(data, "postgres", "postmaster.pid"));
}

/** Without a command that could be waited for: what is left behind has a moment to see that it is. */
async function stopsSoon(data: string): Promise<boolean> {
  for (let i = 0; i < 200 && isRunning(data); i++) await sleep(50);
  return !isRunning(data);
}

describe.skipIf(!runs)(`the embedded PostgreSQL ends with the command that started it${note}`, () => {
  const folder = temporaryFolder();
  const data = join(folder.path, "data");
  afterAll(() => {
    folder.remove();
  });

  it("whose reader has seen enough (init | head -1)", async () => {
    const child = start(data, [hufuPath, "init"]);
    await once(child.stdout, "data");
    child.stdout.destroy();
    await once(child, "close");
    expect([child.exitCode, isRunning(data)]).toEqual([0, false]);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("that is ended by %s, whenever that comes", async (signal, status) => {
    for (const delay of [0, 60]) {
      const child = start(data, [hufuPath, "publish"]);
      while (!isRunning(data) && child.exitCode === null) await sleep(5);
      await sleep(delay);
      child.kill(signal);
      child.kill(signal); // impatient
      await once(child, "close");
      expect([child.exitCode, isRunning(data)]).toEqual([status, false]);
    }
  });

  it.each([
    ["an exception that nobody catches", "setTimeout(() => { throw new Error('bug'); }, 50);", 1],
    ["process.exit", "process.exit(7);", 7],
    ["a kill, by the next command at the latest", "process.kill(process.pid, 'SIGKILL');", null],
  ])("that is ended by %s", async (_, act, status) => {
    const authority = new URL("../../../dist/src/authority/authority.js", import.meta.url).href;
    const script = `
      const { Authority } = await import(${JSON.stringify(authority)});
      await Authority.open({ data: ${JSON.stringify(data)} });
      ${act}
      await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const child = start(data, ["--input-type=module", "-e", script]);
    await once(child, "close");
    expect(child.exitCode).toBe(status);
    if (status === null) await once(start(data, [hufuPath, "cards"]), "close");
    expect(await stopsSoon(data)).toBe(true);
  });
});
