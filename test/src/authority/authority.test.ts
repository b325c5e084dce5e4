import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority, type Card } from "../../../src/authority/authority.js";
import { AuthorityError } from "../../../src/authority/errors.js";
import { Tier } from "../../../src/abi/batch.js";
import { concat, toHex } from "../../../src/format/bytes.js";
import { makeResidentId } from "../../../src/format/resident-id.js";
import { openDelta } from "../../../src/format/status/delta.js";
import { openSnapshot } from "../../../src/format/status/snapshot.js";
import { decodeTrustList } from "../../../src/format/trust/trust-list.js";
import { asking, citizen, initAuthority, person, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { verifyElsewhere } from "../../support/keys.js";
import { openCard } from "../../support/open-card.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };

async function errorCode(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof AuthorityError) return error.code;
    throw error;
  }
  return "done";
}

async function collect(cards: AsyncIterable<Card>): Promise<Card[]> {
  const list: Card[] = [];
  for await (const card of cards) list.push(card);
  return list;
}

async function auditOf(authority: Authority, credential: Uint8Array): Promise<string[]> {
  const rows = await authority.database.ask(
    (sql) => sql<{ action: string }[]>`
    select action from audit_events where credential = ${credential} order by number`,
  );
  return rows.map((row) => row.action);
}

describe.skipIf(!runs)(`the authority${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let authority: Authority;
  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await initAuthority(folder.path, { validFrom: new Date("2026-01-01T00:00:00Z") });
  });
  afterAll(async () => {
    await authority.close();
    folder.remove();
  });

  it("keeps its private keys to itself", () => {
    const files = readdirSync(join(folder.path, "keys"));
    expect(files).toHaveLength(3);
    for (const file of files) expect(statSync(join(folder.path, "keys", file)).mode & 0o777).toBe(0o600);
    expect(statSync(folder.path).mode & 0o077).toBe(0);
  });

  it("is initialised once", async () => {
    expect(await errorCode(initAuthority(folder.path))).toBe("ALREADY_INITIALISED");
    expect(readdirSync(join(folder.path, "keys"))).toHaveLength(3);
    expect(await errorCode(Authority.open({ data: join(folder.path, "elsewhere") }))).toBe("NOT_INITIALISED");
    // Nobody can look behind a file, as others cannot into a folder that is closed to them.
    writeFileSync(join(folder.path, "file"), "");
    expect(await errorCode(Authority.open({ data: join(folder.path, "file") }))).toBe("STORE_UNAVAILABLE");
  });

  it("signs status from its first second on", async () => {
    const young = temporaryFolder();
    const newborn = await initAuthority(young.path);
    const now = Math.floor(Date.now() / 1000);
    try {
      const { keys } = decodeTrustList(concat(...(await newborn.publishTrustList()).parts), verifyElsewhere);
      expect(keys.map((key) => key.notBefore! < now)).toEqual([true, true]);
      const file = concat(...(await newborn.publishStatus()).parts);
      expect((await openSnapshot(file, { keys, verify: verifyElsewhere })).header.issuer).toBe("Pilot District");
    } finally {
      await newborn.close();
      young.remove();
    }
  });

  it("lists its keys in a trust list with a growing epoch", async () => {
    const [first, second] = [await authority.publishTrustList(), await authority.publishTrustList()];
    const list = decodeTrustList(concat(...second.parts), verifyElsewhere);
    expect(list.epoch).toBe(first.epoch + 1);
    expect(list.authority).toBe("Pilot District");
    expect(list.keys.map((key) => key.use).sort()).toEqual(["credential", "status"]);
    expect(authority.rootFingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it("enrols a person: a card that independent code opens and finds true", async () => {
    const card = await authority.enrol(
      person({ id: "11010519491231002X", name: "张三", address: "朝阳路 1 号" }),
      actor,
    );
    const list = decodeTrustList(concat(...(await authority.publishTrustList()).parts), verifyElsewhere);
    const opened = openCard(card.qr);
    const key = list.keys.find((candidate) => toHex(candidate.kids[0]!) === toHex(opened.kid))!;
    expect(key.use).toBe("credential");
    expect(verifyElsewhere(key.algorithm, key.publicKey, opened.toBeSigned, opened.signature)).toBe(true);
    expect(opened.claims.get(1)).toBe("Pilot District");
    expect(opened.claims.get(7)).toEqual(card.id);
    expect(Number(opened.claims.get(4)) - Number(opened.claims.get(6))).toBe(365 * 86_400);
    expect(opened.identity.get(4)).toBe("张三");
    expect(opened.identity.get(10)).toBe("朝阳路 1 号");
    expect(opened.identity.get(21)).toBe("110105");
    expect(opened.identity.get(75)).toBe(Tier.LITE);
    expect(await auditOf(authority, card.id)).toEqual(["record", "issue"]);
  });

  it("gives nobody a second card, and children none", async () => {
    const again = person({ id: "11010519491231002X", name: "张三" });
    expect(await errorCode(authority.enrol(again, actor))).toBe("ALREADY_ENROLLED");
    const day = new Date("2026-06-15T12:00:00Z");
    const sixteen = person({ id: makeResidentId("110105", "20100615", 1), name: "小张" });
    const fifteen = person({ id: makeResidentId("110105", "20100616", 1), name: "小李" });
    expect(await authority.enrolMany([fifteen], { ...actor, issuedAt: day })).toEqual([
      { person: fifteen, refused: "under-age" },
    ]);
    expect(await authority.enrolMany([sixteen], { ...actor, issuedAt: day })).toMatchObject([
      { card: { person: sixteen } },
    ]);
    // In China the next day, and the birthday, begins at 16:00 UTC.
    const midnight = new Date("2026-06-15T16:00:00Z");
    expect(await authority.enrolMany([fifteen], { ...actor, issuedAt: new Date(midnight.getTime() - 1000) })).toEqual([
      { person: fifteen, refused: "under-age" },
    ]);
    expect(await authority.enrolMany([fifteen], { ...actor, issuedAt: midnight })).toMatchObject([
      { card: { person: fifteen } },
    ]);
  });

  it("tells apart, in a batch, who cannot have a card", async () => {
    const results = await authority.enrolMany([citizen(1), citizen(2), citizen(1)], actor);
    expect(results.map((result) => ("card" in result ? "card" : result.refused))).toEqual([
      "card",
      "card",
      "already-enrolled",
    ]);
  });

  it("keeps what it knows of a person whose second enrolment it refuses, and learns from the next one", async () => {
    const id = makeResidentId("110105", "19770707", 71);
    const nameOf = async (): Promise<string[]> =>
      (await collect(authority.cards({ idNumber: id }))).map(({ details }) => details.name);
    await authority.enrol(person({ id, name: "孙丽" }), actor);
    const imposter = person({ id, name: "冒名" });
    expect(await errorCode(authority.enrol(imposter, actor))).toBe("ALREADY_ENROLLED");
    expect(await nameOf()).toEqual(["孙丽"]);
    await authority.revoke(id, { ...actor, reason: "phone lost" });
    const married = await authority.enrol(person({ id, name: "孙丽丽" }), actor);
    expect(openCard(married.qr).identity.get(4)).toBe("孙丽丽");
    const full = await authority.approve(id, actor);
    expect(openCard(full.qr).identity.get(4)).toBe("孙丽丽");
  });

  it("enrols a person once when asked many times at once", async () => {
    const asked = Array.from({ length: 8 }, () => authority.enrolMany([citizen(3)], actor));
    const results = (await Promise.all(asked)).flat();
    expect(results.filter((result) => "card" in result)).toHaveLength(1);
    expect(await collect(authority.cards({ idNumber: citizen(3).id }))).toHaveLength(1);
  });

  it("enrols different people at once without mixing them up", async () => {
    const groups = Array.from({ length: 4 }, (_, g) =>
      Array.from({ length: 50 }, (_, i) => citizen(1000 + g * 50 + i)),
    );
    const results = (await Promise.all(groups.map((group) => authority.enrolMany(group, actor)))).flat();
    for (const [i, result] of results.entries()) {
      if (!("card" in result)) throw new Error("refused");
      expect(openCard(result.card.qr).identity.get(1)).toBe(groups.flat()[i]!.id);
    }
  });

  it("signs nothing that it would not enrol: what is kept of a person is read again before it is approved", async () => {
    const altered = citizen(990);
    await authority.enrol(altered, actor);
    const sql = asking(authority);
    for (const [field, value] of [
      ["name", "hidden\u202ename"],
      ["id", citizen(991).id],
      ["birthDate", "20990101"],
    ] as const) {
      const details = JSON.stringify({ ...altered, [field]: value });
      await sql`update persons set details = ${details}::text::jsonb where id_number = ${altered.id}`;
      expect(await errorCode(authority.approve(altered.id, actor)), field).toBe("INVALID_PERSON");
    }
    await sql`update persons set details = ${JSON.stringify(altered)}::text::jsonb where id_number = ${altered.id}`;
    expect((await authority.approve(altered.id, actor)).tier).toBe(Tier.FULL);
  });

  it("approves a lite card: the full one replaces it", async () => {
    const lite = await authority.enrol(citizen(10), actor);
    const full = await authority.approve(citizen(10).id, { actor: "Officer Li" });
    expect(openCard(full.qr).identity.get(75)).toBe(Tier.FULL);
    const cards = await collect(authority.cards({ idNumber: citizen(10).id }));
    expect(cards.map((card) => [toHex(card.id), card.state, card.reason])).toEqual(
      expect.arrayContaining([
        [toHex(lite.id), "revoked", "superseded"],
        [toHex(full.id), "good", null],
      ]),
    );
    expect(await auditOf(authority, lite.id)).toEqual(["record", "issue", "supersede"]);
    expect(await errorCode(authority.approve(toHex(full.id), actor))).toBe("WRONG_STATE");
    expect(await errorCode(authority.approve("nobody", actor))).toBe("NOT_FOUND");
  });

  it("suspends, reinstates and revokes, and no further", async () => {
    const card = await authority.enrol(citizen(11), actor);
    const reference = toHex(card.id);
    const change = { ...actor, reason: "phone lost" };
    expect((await authority.suspend(reference, change)).state).toBe("suspended");
    expect(await errorCode(authority.suspend(reference, change))).toBe("WRONG_STATE");
    expect((await authority.reinstate(citizen(11).id, change)).state).toBe("good");
    expect((await authority.revoke(reference, change)).state).toBe("revoked");
    expect(await errorCode(authority.reinstate(reference, change))).toBe("WRONG_STATE");
    expect(await auditOf(authority, card.id)).toEqual(["record", "issue", "suspend", "reinstate", "revoke"]);
    expect("card" in (await authority.enrolMany([citizen(11)], actor))[0]!).toBe(true);
  });

  it("replaces a card that has expired", async () => {
    const past = new Date(Date.now() - 100_000_000);
    await authority.enrol(citizen(12), { ...actor, issuedAt: past, validity: 1000 });
    const fresh = await authority.enrol(citizen(12), actor);
    const cards = await collect(authority.cards({ idNumber: citizen(12).id }));
    expect(cards.map((card) => card.state)).toEqual(["revoked", "good"]);
    expect(cards[1]!.id).toEqual(fresh.id);
  });

  it("works as an account that owns nothing, and to which the audit is final", async () => {
    const sql = asking(authority);
    await expect(sql`update audit_events set actor = 'nobody'`).rejects.toThrow("permission denied");
    await expect(sql`delete from audit_events`).rejects.toThrow("permission denied");
    await expect(sql`truncate audit_events`).rejects.toThrow("permission denied");
    await expect(sql`drop table audit_events`).rejects.toThrow("must be owner");
    await expect(sql`alter table audit_events disable trigger all`).rejects.toThrow("must be owner");
    await expect(sql`create table public.mine (a int)`).rejects.toThrow("permission denied");
    await expect(sql`delete from credentials`).rejects.toThrow("never deleted");
    const [row] = await sql`
      select rolname as account, rolsuper as superuser,
        (select count(*) from pg_shdepend where refobjid = oid and deptype = 'o') as owned
      from pg_roles where rolname = current_user`;
    expect(row).toEqual({ account: "hufu_authority", superuser: false, owned: 0 });
  });

  it("keeps its owner too from changing the audit", async () => {
    const lines = readFileSync(join(folder.path, "postgres", "postmaster.pid"), "utf8").split("\n");
    const sql = postgres({ host: lines[4]!, user: "hufu", database: "postgres", max: 1 });
    await expect(sql`update audit_events set actor = 'nobody'`).rejects.toThrow("never changed");
    await expect(sql`truncate audit_events`).rejects.toThrow("never changed");
    await sql.end();
  });

  it("publishes a snapshot that knows every card, and issues nothing into its past", async () => {
    const { keys } = decodeTrustList(concat(...(await authority.publishTrustList()).parts), verifyElsewhere);
    await authority.enrol(citizen(67), actor);
    const phases = new Set<string>();
    const published = await authority.publishStatus({ progress: ({ phase }) => phases.add(phase) });
    expect([...phases]).toEqual(["scan", "filters", "survivors", "ribbons", "check"]);
    const { header } = await openSnapshot(concat(...published.parts), { keys, verify: verifyElsewhere });
    const all = await collect(authority.cards());
    const count = (...states: string[]) => all.filter((card) => states.includes(card.state)).length;
    expect(header).toMatchObject({ good: count("good"), revoked: count("revoked"), suspended: count("suspended") });
    expect((await authority.publishStatus()).epoch).toBe(published.epoch + 1);
    const past = new Date((published.issued - 1) * 1000);
    expect(await errorCode(authority.enrol(citizen(20), { ...actor, issuedAt: past }))).toBe("ISSUING_FAILED");
    expect(await errorCode(authority.enrol(citizen(20), actor))).toBe("done");
  });

  it("lets one publisher write its files before another makes newer ones", async () => {
    const other = await Authority.open({ data: folder.path });
    const order: string[] = [];
    const publish = async (publisher: Authority, name: string): Promise<void> =>
      publisher.publishing(async () => {
        order.push(name);
        await publisher.publishTrustList();
        await sleep(100);
        order.push(name);
      });
    try {
      await Promise.all([publish(authority, "one"), publish(other, "other")]);
      expect(order[1]).toBe(order[0]);
      await expect(other.publishing(() => Promise.reject(new Error("the disk is full")))).rejects.toThrow("full");
      await publish(authority, "after a failure");
    } finally {
      await other.close();
    }
  });

  it("publishes deltas that carry every change since the snapshot, numbered with it", async () => {
    const { keys } = decodeTrustList(concat(...(await authority.publishTrustList()).parts), verifyElsewhere);
    const people = [41, 42, 43].map((n) => citizen(n));
    const [lost, stolen, found] = await Promise.all(people.map((person) => authority.enrol(person, actor)));
    await authority.suspend(found!.person.id, { ...actor, reason: "lost" });
    await new Promise((resolve) => setTimeout(resolve, 1100)); // the universe ends with the last full second
    const snapshot = await authority.publishStatus();
    await authority.suspend(lost!.person.id, { ...actor, reason: "lost" });
    await authority.revoke(stolen!.person.id, { ...actor, reason: "stolen" });
    await authority.reinstate(found!.person.id, { ...actor, reason: "found" });
    const delta = openDelta(concat(...(await authority.publishDelta()).parts), { keys, verify: verifyElsewhere });
    expect(delta).toMatchObject({ base: snapshot.epoch, from: snapshot.epoch, epoch: snapshot.epoch + 1 });
    const names = (ids: Uint8Array, id: Uint8Array) => Buffer.from(ids).includes(Buffer.from(id));
    expect([names(delta.suspended, lost!.id), names(delta.revoked, stolen!.id), names(delta.good, found!.id)]).toEqual([true, true, true]); // prettier-ignore
    expect((await authority.publishStatus()).epoch).toBe(delta.epoch + 1);
  });

  it("releases nothing that the check refuses", async () => {
    const strict = await Authority.open({
      data: folder.path,
      check: () => Promise.reject(new Error("BAD_ISSUER_SIGNATURE")),
    });
    expect(await errorCode(strict.enrol(citizen(30), actor))).toBe("ISSUING_FAILED");
    await strict.close();
    const cards = await collect(authority.cards({ idNumber: citizen(30).id }));
    expect(cards.map((card) => [card.state, card.qr])).toEqual([["void", undefined]]);
    expect(await auditOf(authority, cards[0]!.id)).toEqual(["record", "void"]);
    expect(await errorCode(authority.enrol(citizen(30), actor))).toBe("done");
  });
});

describe.skipIf(!runs)(`an interrupted issuing cycle${note}`, () => {
  it("is voided when the authority is next opened, and only then", async () => {
    const folder = temporaryFolder();
    const first = await initAuthority(folder.path);
    try {
      // The process dies between recording and releasing: nothing it holds in the database survives its connections.
      const script = `
        const { Authority } = await import(${JSON.stringify(distFile("authority/authority.js"))});
        const { parsePerson } = await import(${JSON.stringify(distFile("authority/person.js"))});
        const authority = await Authority.open({
          data: ${JSON.stringify(folder.path)},
          check: async () => { process.stdout.write("recorded"); await new Promise(() => setInterval(() => {}, 1000)); },
        });
        const { person } = parsePerson({ id: "11010519491231002X", name: "张三" }, new Date());
        await authority.enrol(person, { actor: "test" });`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(child.stdout, "data");
      const atWork = await Authority.open({ data: folder.path });
      expect(atWork.voided).toBe(0);
      expect((await collect(atWork.cards())).map((card) => card.state)).toEqual(["pending"]);
      await atWork.close();

      child.kill("SIGKILL");
      await once(child, "close");
      const after = await reopenUntilFree(folder.path);
      expect(after.voided).toBe(1);
      const cards = await collect(after.cards());
      expect(cards.map((card) => card.state)).toEqual(["void"]);
      expect(await auditOf(after, cards[0]!.id)).toEqual(["record", "void"]);
      const { keys } = decodeTrustList(concat(...(await after.publishTrustList()).parts), verifyElsewhere);
      const snapshot = await openSnapshot(concat(...(await after.publishStatus()).parts), {
        keys,
        verify: verifyElsewhere,
      });
      expect(snapshot.header).toMatchObject({ good: 0, revoked: 1 });
      const fresh = await after.enrol(cards[0]!.details, actor);
      expect(openCard(fresh.qr).identity.get(4)).toBe("张三");
      await after.close();
    } finally {
      await first.close();
      folder.remove();
    }
  });

  function distFile(name: string): string {
    return new URL(`../../../dist/src/${name}`, import.meta.url).href;
  }

  /** PostgreSQL notices a dead client within moments, not at once. */
  async function reopenUntilFree(data: string): Promise<Authority> {
    for (;;) {
      const authority = await Authority.open({ data });
      if (authority.voided > 0) return authority;
      await authority.close();
    }
  }
});
