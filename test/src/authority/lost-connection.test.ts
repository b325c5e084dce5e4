import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Authority } from "../../../src/authority/authority.js";
import { FILES_LOCK, isLost, PUBLICATION_LOCK } from "../../../src/authority/store/database.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };

/** Nothing may escape either: vitest fails a run in which anything does. */
describe.skipIf(!runs)(`a connection that is lost ends as an error that says so${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let authority: Authority;
  beforeAll(async () => {
    folder = temporaryFolder();
    await (await initAuthority(folder.path)).close();
  });
  beforeEach(async () => {
    authority = await Authority.open({ data: folder.path });
  });
  afterEach(() => authority.close());
  afterAll(() => {
    folder.remove();
  });

  /** Ends the server's side of all of the authority's connections, and waits until this side knows. */
  async function cut(): Promise<void> {
    const lines = readFileSync(join(folder.path, "postgres", "postmaster.pid"), "utf8").split("\n");
    const sql = postgres({ host: lines[4]!, user: "hufu", database: "postgres", max: 1, onnotice: () => undefined });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'hufu_authority' and pid <> pg_backend_pid()`;
    await sql.end();
    await sleep(100);
  }

  async function reason(work: () => Promise<unknown>): Promise<unknown> {
    return work().then(
      () => "done",
      (error: unknown) => (isLost(error) ? "lost" : error),
    );
  }

  it("in a transaction, whose next statement and whose rollback have no connection", async () => {
    const { database } = authority;
    const next = database.transaction(async (sql) => {
      await sql`select 1`;
      await cut();
      await sql`select ${"x".repeat(5000)}::text`; // longer than what the client writes at once
    });
    expect(await reason(() => next)).toBe("lost");
    expect(await reason(() => database.transaction(() => Promise.reject(new Error("of its own"))))).toBe("lost");
    expect(await reason(() => database.ask((sql) => sql`select 1`))).toBe("lost");
  });

  it("in a transaction that fails for its own reason, or has only to be committed", async () => {
    const { database } = authority;
    const failed = database.transaction(async () => {
      await cut();
      throw new Error("the disk is full");
    });
    await expect(failed).rejects.toThrow(/the disk is full|closed|CONNECTION/);
    expect(await reason(() => database.transaction(() => Promise.resolve()))).toBe("lost");
  });

  it("between the rows of a cursor", async () => {
    await authority.enrolMany(
      Array.from({ length: 5_010 }, (_, i) => citizen(i)),
      actor,
    );
    const list = async () => {
      let count = 0;
      for await (const card of authority.cards()) {
        expect(card.state).toBe("good");
        if (++count === 1) await cut();
      }
    };
    expect(await reason(list)).toBe("lost");
  });

  it("while locks are held: who held them knows", async () => {
    const { database } = authority;
    const held = await database.hold(FILES_LOCK);
    await held.check();
    await cut();
    expect(await reason(() => held.check())).toBe("lost");
    expect(await reason(() => held.release())).toBe("lost");
    expect(await reason(() => database.hold(PUBLICATION_LOCK))).toBe("lost");
  });

  it("and leaves a server that others still use, or stops it", async () => {
    const other = await Authority.open({ data: folder.path });
    await cut();
    await Promise.all([authority.close(), other.close()]);
    expect(() => readFileSync(join(folder.path, "postgres", "postmaster.pid"))).toThrow("ENOENT");
  });
});

describe.skipIf(!runs)(`a lock is not waited for for ever${note}`, () => {
  it("but who holds it is named, and what helps", async () => {
    const folder = temporaryFolder();
    const first = await initAuthority(folder.path);
    const second = await Authority.open({ data: folder.path, lockTimeout: 200 });
    try {
      const held = await first.database.hold(FILES_LOCK);
      await expect(second.publishing(() => Promise.resolve())).rejects.toMatchObject({
        fault: {
          code: "STORE_BUSY",
          holder: {
            application: expect.stringMatching(/^hufu, process \d+ on ./) as string,
            session: expect.any(Number) as number,
            seconds: expect.any(Number) as number,
          },
        },
      });
      await held.release();
      await second.publishing(() => Promise.resolve());

      const reading = await first.database.hold(PUBLICATION_LOCK);
      await expect(second.enrol(citizen(1), actor)).rejects.toMatchObject({ code: "STORE_BUSY" });
      await reading.release();
      await second.enrol(citizen(1), actor);

      await first.database.transaction(async (sql) => {
        await sql`update credentials set changed = now()`;
        await expect(second.revoke(citizen(1).id, { ...actor, reason: "lost" })).rejects.toMatchObject({
          code: "STORE_BUSY",
        });
      });
      await second.revoke(citizen(1).id, { ...actor, reason: "lost" });
    } finally {
      await second.close();
      await first.close();
      folder.remove();
    }
  });
});

describe.skipIf(!runs)(`enrolling beside a publication${note}`, () => {
  it("goes on after it, with cards that it does not answer for", async () => {
    const folder = temporaryFolder();
    const authority = await initAuthority(folder.path);
    const other = await Authority.open({ data: folder.path });
    try {
      const people = Array.from({ length: 1_100 }, (_, i) => citizen(i));
      const universes: number[] = [];
      const issued: number[] = [];
      for await (const some of authority.enrolling(people, actor)) {
        for (const one of some) issued.push("card" in one ? one.card.issued.getTime() / 1000 : NaN);
        // What is published answers up to the second before: by then, that of the cards has come.
        await sleep(2_000);
        universes.push((await other.publishStatus()).issued);
      }
      expect(issued).toHaveLength(1_100);
      expect(universes).toHaveLength(3);
      for (const chunk of [1, 2]) {
        for (const time of issued.slice(chunk * 500, chunk * 500 + 500))
          expect(time).toBeGreaterThan(universes[chunk - 1]!);
      }
    } finally {
      await other.close();
      await authority.close();
      folder.remove();
    }
  });
});
