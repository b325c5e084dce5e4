import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ABANDONED } from "../../../../src/authority/store/abandoned.js";
import { startOrJoin, stopAfterLastClient } from "../../../../src/authority/store/embedded.js";
import { readPostmaster } from "../../../../src/authority/store/postmaster.js";
import { postgresRuns } from "../../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";

describe.skipIf(!runs)(`what killed commands and servers leave behind${note}`, () => {
  // Short: the path of a socket is limited, and a longer temporary folder would be passed over for /tmp.
  const temporary = mkdtempSync("/tmp/h-");
  chmodSync(temporary, 0o755); // where root runs this, the server is another user
  beforeAll(() => {
    vi.stubEnv("TMPDIR", temporary);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(temporary, { recursive: true });
  });

  function age(path: string, milliseconds: number): void {
    const then = new Date(Date.now() - milliseconds);
    utimesSync(path, then, then);
  }

  /** A server that was killed, and whose data folder is gone: nobody knows of its socket any more. */
  async function killedServer(name: string): Promise<string> {
    const folder = join(temporary, name);
    const { host } = await startOrJoin(folder);
    const { pid } = readPostmaster(folder)!;
    process.kill(pid, "SIGKILL");
    while (readPostmaster(folder) !== undefined) await sleep(20);
    rmSync(folder, { recursive: true });
    return host;
  }

  it("goes at the next start, where it is old and nobody uses it", async () => {
    const [dead, young] = [await killedServer("dead"), await killedServer("young")];
    const listening = await startOrJoin(join(temporary, "listening"));
    const draft = join(temporary, "next.0123abcd");
    const [youngDraft, other] = [join(temporary, "next.89abcdef"), join(temporary, "next.old")];
    const [unknown, empty] = [join(temporary, "hufu-abcDE1"), join(temporary, "hufu-abcDE2")];
    for (const folder of [draft, youngDraft, other, unknown, empty]) mkdirSync(folder);
    writeFileSync(join(draft, "PG_VERSION"), "18\n");
    writeFileSync(join(unknown, "letters.txt"), "mine");
    for (const folder of [dead, listening.host, draft, other, unknown, empty]) age(folder, ABANDONED + 60_000);
    for (const folder of [young, youngDraft]) age(folder, ABANDONED - 60_000);

    const next = join(temporary, "next");
    await startOrJoin(next);
    try {
      expect([dead, draft].filter(existsSync)).toEqual([]);
      const kept = [young, listening.host, youngDraft, other, unknown, empty];
      expect(kept.filter((path) => !existsSync(path))).toEqual([]);
    } finally {
      await stopAfterLastClient(next);
      await stopAfterLastClient(join(temporary, "listening"));
    }
  });

  it("is a lock file without a word, too, which would keep PostgreSQL from starting for ever", async () => {
    const folder = join(temporary, "words");
    await startOrJoin(folder);
    await stopAfterLastClient(folder);
    const lock = join(folder, "postmaster.pid");
    writeFileSync(lock, "");
    age(lock, ABANDONED + 60_000);
    await startOrJoin(folder);
    expect(statSync(lock).size).toBeGreaterThan(0);
    await stopAfterLastClient(folder);
  });
});
