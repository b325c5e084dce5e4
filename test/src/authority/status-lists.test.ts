import { inflateSync } from "node:zlib";
import { decode } from "cborg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../src/authority/authority.js";
import { AuthorityError } from "../../../src/authority/errors.js";
import type { IssuedCard } from "../../../src/authority/issuing.js";
import { LIST_LENGTH, type PublishedList } from "../../../src/authority/status-lists.js";
import { Engine } from "../../../src/engine/engine.js";
import { concat } from "../../../src/format/bytes.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { openCard } from "../../support/open-card.js";

const runs = await postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const BASE = "https://authority.example/feed";
const because = { actor: "test", reason: "test" };

describe.skipIf(!runs)(`Token Status Lists of the authority${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let authority: Authority;
  let cards: IssuedCard[];
  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await initAuthority(folder.path, { statusLists: BASE });
    const { sql } = authority.database;
    const enrol = async (from: number): Promise<IssuedCard[]> => {
      const people = Array.from({ length: 3 }, (_, i) => citizen(from + i));
      const enrolled = await authority.enrolMany(people, { actor: "test" });
      return enrolled.map((one) => ("card" in one ? one.card : expect.fail("not enrolled")));
    };
    cards = await enrol(0);
    // The next three stand at the end of the first list and at the beginning of the second.
    await sql`select setval('list_places', ${LIST_LENGTH - 2})`;
    cards.push(...(await enrol(3)));
    await authority.suspend(cards[1]!.person.id, because);
    await authority.revoke(cards[2]!.person.id, because);
    await authority.revoke(cards[3]!.person.id, because);
    await authority.suspend(cards[5]!.person.id, because);
  });
  afterAll(async () => {
    await authority.close();
    folder.remove();
  });

  async function publish(): Promise<PublishedList[]> {
    const lists: PublishedList[] = [];
    for await (const list of authority.publishStatusLists()) lists.push(list);
    return lists;
  }

  it("are named by every card, each place once", () => {
    const places = cards.map(({ qr }) => openCard(qr).claims.get(65535));
    const place = (idx: number, list: number) =>
      new Map([["status_list", new Map<string, unknown>([["idx", idx], ["uri", `${BASE}/status-list-${list}.cwt`]])]]); // prettier-ignore
    expect(places).toEqual([
      place(0, 0),
      place(1, 0),
      place(2, 0),
      place(LIST_LENGTH - 1, 0),
      place(0, 1),
      place(1, 1),
    ]);
  });

  it("say of each place what the authority knows, to whoever reads them by the book", async () => {
    const lists = await publish();
    expect(lists.map(({ number }) => number)).toEqual([0, 1]);
    const read = lists.map(({ file }) => {
      const [, , payload] = decode(file.subarray(1), { useMaps: true }) as [unknown, unknown, Uint8Array];
      const claims = decode(payload, { useMaps: true }) as Map<number, unknown>;
      const content = claims.get(65533) as Map<string, unknown>;
      return { uri: claims.get(2), bits: content.get("bits"), list: inflateSync(content.get("lst") as Uint8Array) };
    });
    expect(read.map(({ uri }) => uri)).toEqual([`${BASE}/status-list-0.cwt`, `${BASE}/status-list-1.cwt`]);
    expect(read.map(({ bits }) => bits)).toEqual([2, 2]);
    const statusAt = (list: Uint8Array, index: number) => (list[index >> 2]! >> ((index & 3) * 2)) & 3;
    expect(read[0]!.list).toHaveLength(LIST_LENGTH / 4);
    expect([0, 1, 2, LIST_LENGTH - 1].map((index) => statusAt(read[0]!.list, index))).toEqual([0, 2, 1, 1]);
    expect([0, 1].map((index) => statusAt(read[1]!.list, index))).toEqual([0, 2]);
  });

  it("decide where there is no snapshot, and their source is told", async () => {
    const trust = concat(...(await authority.publishTrustList()).parts);
    const status = (await publish()).map(({ file }) => file);
    const engine = await Engine.create({ trust, status });
    const verdicts = engine.verifyBatch(cards.map(({ qr }) => qr));
    expect(verdicts.map(({ code }) => code)).toEqual([
      "VALID",
      "SUSPENDED",
      "REVOKED",
      "REVOKED",
      "VALID",
      "SUSPENDED",
    ]);
    expect(new Set(verdicts.map(({ statusSource }) => statusSource))).toEqual(new Set(["list"]));
  });

  it("are published again when something has changed", async () => {
    await authority.reinstate(cards[1]!.person.id, because);
    const trust = concat(...(await authority.publishTrustList()).parts);
    const engine = await Engine.create({ trust, status: (await publish()).map(({ file }) => file) });
    expect(engine.verifyBatch([cards[1]!.qr])[0]?.code).toBe("VALID");
  });

  it("need an address of the web", async () => {
    const elsewhere = temporaryFolder();
    const attempt = initAuthority(elsewhere.path, { statusLists: "ftp://authority.example" });
    await expect(attempt).rejects.toThrow(AuthorityError);
    elsewhere.remove();
  });
});
