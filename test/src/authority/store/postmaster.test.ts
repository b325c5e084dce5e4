import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOrJoin, stopAfterLastClient } from "../../../../src/authority/store/embedded.js";
import { readPostmaster } from "../../../../src/authority/store/postmaster.js";
import { postgresRuns, temporaryFolder } from "../../../support/authority.js";

const isLinux = process.platform === "linux";
const runs = isLinux && postgresRuns();
const note = runs ? "" : isLinux ? " (skipped: the embedded PostgreSQL does not run here)" : " (skipped: not Linux)";

/** Of PostgreSQL's own processes only those of its user keep it from starting. */
describe.skipIf(!runs)(`a server that was killed, whose number is now that of${note}`, () => {
  const temporary = temporaryFolder();
  const folder = join(temporary.path, "postgres");
  const started: ChildProcess[] = [];
  beforeAll(() => startOrJoin(folder));
  afterAll(async () => {
    for (const child of started) child.kill("SIGKILL");
    await stopAfterLastClient(folder);
    temporary.remove();
  });

  async function run(program: string, args: string[], argv0 = program): Promise<ChildProcess> {
    const { uid, gid } = statSync(folder);
    const child = spawn(program, args, { argv0, cwd: "/", uid, gid, stdio: ["ignore", "pipe", "ignore"] });
    started.push(child);
    await once(child, "spawn");
    return child;
  }

  it.each<[string, () => Promise<number>]>([
    ["another program", async () => (await run("sleep", ["600"])).pid!],
    ["one that names PostgreSQL", async () => (await run("sh", ["-c", "sleep 600; : postgres"])).pid!],
    ["a server of another folder", async () => (await run("sleep", ["600"], "postgres")).pid!],
    [
      "a process that has ended, and whose parent does not wait for it",
      async () => {
        const parent = await run("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"]);
        const [pid] = (await once(parent.stdout!, "data")) as [Buffer];
        while (!readFileSync(`/proc/${Number(pid)}/stat`, "utf8").includes(") Z ")) await sleep(10);
        return Number(pid);
      },
    ],
  ])("%s: it is started again", async (_, somebody) => {
    const file = join(folder, "postmaster.pid");
    const { pid } = readPostmaster(folder)!;
    process.kill(pid, "SIGKILL");
    while (readPostmaster(folder) !== undefined) await sleep(20);
    const other = await somebody();
    writeFileSync(file, readFileSync(file, "utf8").replace(/^\d+/, String(other)));
    expect(readPostmaster(folder)).toBeUndefined();
    await startOrJoin(folder);
    expect(readPostmaster(folder)).toMatchObject({ state: "ready" });
    expect([pid, other]).not.toContain(readPostmaster(folder)?.pid);
    process.kill(other, 0); // and nobody was harmed
  });
});
