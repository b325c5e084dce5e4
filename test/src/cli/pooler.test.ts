import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOrJoin, stopAfterLastClient, type Endpoint } from "../../../src/authority/store/embedded.js";
import { citizen, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { poolerIsThere, startPooler } from "../../support/pgbouncer.js";
import { hufuPath } from "../../support/serve.js";

const runs = poolerIsThere() && postgresRuns();
const note = runs ? "" : " (skipped: PgBouncer or the embedded PostgreSQL does not run here)";

describe.skipIf(!runs)(`PgBouncer in transaction mode before PostgreSQL${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let server: Endpoint;
  let pooler: Awaited<ReturnType<typeof startPooler>>;
  let sql: postgres.Sql;
  beforeAll(async () => {
    folder = temporaryFolder();
    server = await startOrJoin(join(folder.path, "postgres"));
    pooler = await startPooler(server.host);
    sql = postgres({ host: server.host, user: "hufu", database: "postgres", max: 1, onnotice: () => undefined });
    await sql`create role limited login`;
  });
  afterAll(async () => {
    pooler.stop();
    await sql.end();
    await stopAfterLastClient(join(folder.path, "postgres"));
    folder.remove();
  });

  async function hufu(args: string[], input = "", env: Record<string, string> = {}) {
    const settings = { HUFU_DATA: join(folder.path, "data"), HUFU_DATABASE_URL: pooler.url("hufu"), ...env };
    const child = spawn(process.execPath, [hufuPath, ...args], { env: { ...process.env, ...settings } });
    child.stdin.end(input);
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { status: child.exitCode, out, err };
  }

  const people = (from: number, count: number): string =>
    Array.from({ length: count }, (_, i) => JSON.stringify(citizen(from + i))).join("\n");
  const feed = (): string[] => ["--out", join(folder.path, "feed")];

  it("lets every command do its work, beside others, and leaves no lock behind", async () => {
    const init = await hufu(["init"]);
    expect([init.status, init.err]).toEqual([
      0,
      expect.stringContaining("the database account hufu is a superuser and could alter the audit"),
    ]);
    const direct = { HUFU_DATABASE_URL: "postgres:///postgres", PGHOST: server.host, PGUSER: "hufu" };
    const all = await Promise.all([
      hufu(["enrol"], people(0, 1_100)),
      hufu(["enrol"], people(2_000, 600), direct),
      hufu(["publish", ...feed()]),
      hufu(["publish", ...feed()], "", direct),
    ]);
    for (const { status, err } of all)
      expect([status, err]).toEqual([0, expect.stringContaining("give hufu an account")]);
    expect(all.slice(0, 2).map(({ out }) => out.trimEnd().split("\n").length)).toEqual([1_100, 600]);
    const id = citizen(5).id;
    for (const args of [
      ["approve", id, "--officer", "Li"],
      ["suspend", id, "--reason", "lost"],
      ["reinstate", id, "--reason", "found"],
      ["publish", "--delta", ...feed()],
      ["publish", ...feed()],
    ]) {
      // prettier-ignore
      const { status, err } = await hufu(args);
      expect([args[0], status, err]).toEqual([args[0], 0, expect.not.stringContaining("hufu: PostgreSQL")]);
    }
    expect(readdirSync(join(folder.path, "feed")).sort()).toEqual(["delta.hufu", "status.hufu", "trust.hufu"]);
    expect((await hufu(["cards", "--json"])).out.trimEnd().split("\n")).toHaveLength(1_701);
    expect(await sql`select * from pg_locks where locktype = 'advisory'`).toHaveLength(0);
  });

  it("works as an account that owns nothing, where the owner has made the tables", async () => {
    const limited = { HUFU_DATABASE_URL: pooler.url("limited") };
    const unknown = await hufu(["cards"], "", limited);
    expect([unknown.status, unknown.err]).toEqual([2, expect.stringContaining("HUFU_DATABASE_OWNER_URL")]);
    const first = await hufu(["cards", "--state", "suspended"], "", {
      ...limited,
      HUFU_DATABASE_OWNER_URL: pooler.url("hufu"),
    });
    expect(first).toEqual({ status: 0, out: "", err: "0 cards\n" });
    const enrolled = await hufu(["enrol"], people(3_000, 2), limited);
    expect([enrolled.status, enrolled.err]).toEqual([0, "2 of 2 people enrolled.\n"]);
    expect((await hufu(["publish", ...feed()], "", limited)).status).toBe(0);
  });

  it("is reached over TLS where the address asks for it", async () => {
    if (!pooler.tls) return; // without OpenSSL there is no certificate
    const { status, err } = await hufu(["cards", "--state", "void"], "", {
      HUFU_DATABASE_URL: `${pooler.url("limited")}?sslmode=require`,
    });
    expect([status, err]).toEqual([0, "0 cards\n"]);
    const strict = await hufu(["cards"], "", { HUFU_DATABASE_URL: `${pooler.url("limited")}?sslmode=verify-full` });
    expect([strict.status, strict.err]).toEqual([
      2,
      expect.stringMatching(/PostgreSQL cannot be reached: .*certificate/),
    ]);
  });
});
