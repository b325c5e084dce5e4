import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { describe, expect, it } from "vitest";
import { Authority, type Card } from "../../../../src/authority/authority.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };

async function collect(cards: AsyncIterable<Card>): Promise<Card[]> {
  const list: Card[] = [];
  for await (const card of cards) list.push(card);
  return list;
}

describe.skipIf(!runs)(`the embedded PostgreSQL${note}`, () => {
  it("serves processes that come and go at once, and stops after the last", async () => {
    const folder = temporaryFolder();
    await (await initAuthority(folder.path)).close();
    expect(existsSync(join(folder.path, "postgres", "postmaster.pid"))).toBe(false);
    const visits = Array.from({ length: 12 }, async (_, i) => {
      await sleep((i % 4) * 60);
      const authority = await Authority.open({ data: folder.path });
      const result = await authority.enrolMany([citizen(i)], actor);
      await authority.close();
      return result;
    });
    const results = (await Promise.all(visits)).flat();
    expect(results.every((result) => "card" in result)).toBe(true);
    const last = await Authority.open({ data: folder.path });
    expect(await collect(last.cards())).toHaveLength(12);
    await last.close();
    expect(existsSync(join(folder.path, "postgres", "postmaster.pid"))).toBe(false);
    folder.remove();
  });

  it.each(["SIGKILL", "SIGQUIT"] as const)("lets an authority close whose server was ended by %s", async (signal) => {
    const folder = temporaryFolder();
    const authority = await initAuthority(folder.path);
    const [pid] = readFileSync(join(folder.path, "postgres", "postmaster.pid"), "utf8").split("\n");
    // The connections break on their own now, before anything is asked on them.
    const broken = Promise.all(
      Array.from({ length: 4 }, () =>
        authority.database.ask((sql) => sql`select pg_sleep(60)`).catch((error: unknown) => error),
      ),
    );
    await sleep(50);
    process.kill(Number(pid), signal);
    expect(await broken).toHaveLength(4);
    await authority.close();
    const again = await Authority.open({ data: folder.path });
    await again.close();
    folder.remove();
  });

  it("recovers what was committed when it is killed", async () => {
    const folder = temporaryFolder();
    const authority = await initAuthority(folder.path);
    await authority.enrolMany([citizen(1), citizen(2)], actor);
    const lines = readFileSync(join(folder.path, "postgres", "postmaster.pid"), "utf8").split("\n");
    // PostgreSQL will not start while a process of the server before it is left, such as this one for half a second.
    const sql = postgres({ host: lines[4]!, user: "hufu", database: "postgres", max: 1 });
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    process.kill(row!.pid, "SIGSTOP");
    process.kill(Number(lines[0]), "SIGKILL");
    setTimeout(() => process.kill(row!.pid, "SIGKILL"), 500);
    await authority.close();
    const again = await Authority.open({ data: folder.path });
    expect(await collect(again.cards())).toHaveLength(2);
    expect(existsSync(lines[4]!)).toBe(false);
    await again.close();
    await sql.end({ timeout: 0 });
    folder.remove();
  });
});
