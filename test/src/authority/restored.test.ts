import { cpSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Authority } from "../../../src/authority/authority.js";
import type { IssuedCard } from "../../../src/authority/issuing.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { openCard } from "../../support/open-card.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };

function listOf({ qr }: IssuedCard): { idx: number; uri: string } {
  const status = openCard(qr).claims.get(65535) as Map<string, Map<string, unknown>>;
  return Object.fromEntries(status.get("status_list")!) as { idx: number; uri: string };
}

describe.skipIf(!runs)(`an authority that was restored from a backup${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let data = "";
  let backup = "";
  let feed = "";
  beforeEach(async () => {
    folder = temporaryFolder();
    [data, backup, feed] = [join(folder.path, "data"), join(folder.path, "backup"), join(folder.path, "feed")];
    await (await initAuthority(data, { statusLists: "https://authority.example/feed" })).close();
  });
  afterEach(() => {
    folder.remove();
  });

  async function work<T>(what: (authority: Authority) => Promise<T>): Promise<T> {
    const authority = await Authority.open({ data });
    try {
      return await what(authority);
    } finally {
      await authority.close();
    }
  }

  const enrol = (n: number) => work((authority) => authority.enrol(citizen(n), actor));

  it("goes on with its list while nothing was restored, and opens another after that, whatever was restored", async () => {
    const first = listOf(await enrol(1));
    expect(listOf(await enrol(2)).uri).toBe(first.uri);
    cpSync(data, backup, { recursive: true });
    const since = listOf(await enrol(3));
    expect(since.uri).toBe(first.uri);

    // The database alone: the keys and what lies beside them stay.
    rmSync(join(data, "postgres"), { recursive: true });
    cpSync(join(backup, "postgres"), join(data, "postgres"), { recursive: true });
    const second = listOf(await enrol(4));
    expect(second.uri).not.toBe(first.uri);
    expect(listOf(await enrol(5)).uri).toBe(second.uri);

    // The whole folder, as it was copied.
    rmSync(data, { recursive: true });
    renameSync(backup, data);
    const third = listOf(await enrol(6));
    expect([first.uri, second.uri]).not.toContain(third.uri);

    // All but the database.
    for (const name of readdirSync(data)) if (name.startsWith("lists")) writeFileSync(join(data, name), "{}");
    expect(listOf(await enrol(7)).uri).not.toBe(third.uri);
  });

  it("gives no epoch again, and tells of files of which its database knows nothing", async () => {
    const publish = () =>
      work(async (authority) => {
        const published = [await authority.publishTrustList(), await authority.publishStatus()];
        return published.map(({ epoch }) => epoch);
      });
    const before = await publish();
    cpSync(data, backup, { recursive: true });
    const { publishFile } = await import("../../../src/authority/publish-file.js");
    const { makeFolder } = await import("../../../src/authority/folder.js");
    makeFolder(feed);
    const since = await work(async (authority) => {
      const [trust, status] = [await authority.publishTrustList(), await authority.publishStatus()];
      await publishFile(join(feed, "trust.hufu"), trust.parts);
      await publishFile(join(feed, "status.hufu"), status.parts);
      expect(await authority.refuseToGoBack(feed)).toEqual([]);
      return [trust.epoch, status.epoch];
    });
    expect(since.every((epoch, i) => epoch > before[i]!)).toBe(true);
    rmSync(data, { recursive: true });
    renameSync(backup, data);
    // Nobody restores within the second in which was published.
    await expect.poll(() => Date.now() / 1000, { timeout: 10_000 }).toBeGreaterThan(Math.max(...since) + 1);
    const unknown = await work((authority) => authority.refuseToGoBack(feed));
    expect(unknown).toEqual([join(feed, "trust.hufu"), join(feed, "status.hufu")]);
    const after = await publish();
    expect(after.every((epoch, i) => epoch > since[i]!)).toBe(true);
  });

  it("refuses to write what is older than what lies there, and says what helps", async () => {
    const { publishFile } = await import("../../../src/authority/publish-file.js");
    const { makeFolder } = await import("../../../src/authority/folder.js");
    makeFolder(feed);
    cpSync(data, backup, { recursive: true });
    await work(async (authority) => {
      await authority.publishStatus();
      // As a machine whose clock ran ahead would have numbered them.
      await authority.database.ask((sql) => sql`update publications set epoch = epoch + 1000000`);
      await publishFile(join(feed, "status.hufu"), (await authority.publishStatus()).parts);
      await publishFile(join(feed, "delta.hufu"), (await authority.publishDelta()).parts);
    });
    rmSync(data, { recursive: true });
    renameSync(backup, data);
    const refused = (file: string) => ({ fault: { code: "WOULD_GO_BACK", file: join(feed, file) } });
    await expect(work((authority) => authority.refuseToGoBack(feed))).rejects.toMatchObject(refused("status.hufu"));
    rmSync(join(feed, "status.hufu"));
    await expect(work((authority) => authority.refuseToGoBack(feed))).rejects.toMatchObject(refused("delta.hufu"));
    // What is damaged, or another authority's, is none of its business.
    writeFileSync(join(feed, "delta.hufu"), "no such format");
    expect(await work((authority) => authority.refuseToGoBack(feed))).toEqual([]);
  });
});
