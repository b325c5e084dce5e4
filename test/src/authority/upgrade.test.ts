import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Authority, type Card } from "../../../src/authority/authority.js";
import { startOrJoin } from "../../../src/authority/store/embedded.js";
import { MIGRATIONS } from "../../../src/authority/store/migrations.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };
/** Since then credentials may name a place in a Token Status List, and since then lists have names. */
const PLACES = 3;
const NAMED_LISTS = 5;

async function cardsOf(authority: Authority): Promise<Card[]> {
  const cards: Card[] = [];
  for await (const card of authority.cards()) cards.push(card);
  return cards;
}

describe.skipIf(!runs)(`a database of an older version${note}`, () => {
  const folder = temporaryFolder();
  let original: Authority;
  let cards: Card[];
  let host: string;
  beforeAll(async () => {
    original = await initAuthority(folder.path);
    await original.enrolMany([citizen(1), citizen(2), citizen(3)], actor);
    await original.revoke(citizen(2).id, { ...actor, reason: "lost" });
    await original.suspend(citizen(3).id, { ...actor, reason: "mislaid" });
    cards = await cardsOf(original);
    ({ host } = await startOrJoin(join(folder.path, "postgres")));
    // An address cannot name a Unix socket.
    vi.stubEnv("PGHOST", host).stubEnv("PGUSER", "hufu");
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await original.close();
    folder.remove();
  });

  /** As that version made it and left it, with what the original holds. */
  async function makeDatabase(version: number): Promise<string> {
    const owner = { host, user: "hufu", max: 1, onnotice: () => undefined };
    const [from, to] = [
      postgres({ ...owner, database: "postgres" }),
      postgres({ ...owner, database: `version_${version}` }),
    ];
    await from.unsafe(`create database version_${version}`);
    const copy = async (table: string, columns: string) => {
      const rows = await from`select ${from.unsafe(columns)} from ${from(table)}`;
      await to`insert into ${to(table)} ${to(rows as never)}`;
    };
    await to`create table schema_version (version int not null)`;
    for (const [index, step] of MIGRATIONS.slice(0, version).entries()) {
      await to.unsafe(step);
      await to`insert into schema_version values (${index + 1})`;
    }
    await copy("authority", "name, region");
    await copy("keys", "*");
    await copy("persons", "*");
    await copy(
      "credentials",
      "id, id_number, tier, state, reason, kid, issued, expires, run, payload, signed, changed",
    );
    await copy("audit_events", "at, actor, action, credential, detail");
    await to`insert into publications (kind, epoch, issued, expires, sha256)
      values ('status', 4000000000, to_timestamp(1700000000), to_timestamp(1700086400), ${Buffer.alloc(32)})`;
    if (version >= PLACES && version < NAMED_LISTS) {
      await to`update authority set status_lists = 'https://authority.example/lists'`;
      await to`update credentials set list_place = 1048576 + place
        from (select id as card, row_number() over (order by id) as place from credentials) as placed where id = card`;
    }
    await Promise.all([from.end(), to.end()]);
    return `postgres:///version_${version}`;
  }

  it.each(Array.from({ length: MIGRATIONS.length - 1 }, (_, index) => index + 1))(
    "is brought up to date, and holds what it held: version %d",
    async (version) => {
      const databaseUrl = await makeDatabase(version);
      const authority = await Authority.open({ data: folder.path, databaseUrl });
      try {
        expect(await cardsOf(authority)).toEqual(cards);
        const events: string[] = [];
        for await (const { action } of authority.audit()) events.push(action);
        const three = (action: string) => [action, action, action];
        expect(events.sort()).toEqual(["initialise", ...three("issue"), ...three("record"), "revoke", "suspend"]);

        // And it goes on: with what was there, and after the epochs that were given.
        await authority.reinstate(citizen(3).id, { ...actor, reason: "found" });
        await authority.enrol(citizen(4), actor);
        await expect(authority.enrol(citizen(1), actor)).rejects.toMatchObject({ code: "ALREADY_ENROLLED" });
        expect((await authority.publishStatus()).epoch).toBe(4_000_000_001);
        const places = await authority.database.ask(
          (sql) => sql<{ list: string | null; place: number | null }[]>`
          select list, list_place as place from credentials where issued <= ${cards[0]!.issued} order by list_place`,
        );
        const hadPlaces = version >= PLACES && version < NAMED_LISTS;
        expect(places.slice(0, 3)).toEqual(
          [1, 2, 3].map((place) => (hadPlaces ? { list: "1", place } : { list: null, place: null })),
        );
      } finally {
        await authority.close();
      }
    },
  );
});
