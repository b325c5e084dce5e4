import { inflateSync } from "node:zlib";
import { decode } from "cborg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../src/authority/authority.js";
import { AuthorityError } from "../../../src/authority/errors.js";
import type { IssuedCard } from "../../../src/authority/issuing.js";
import { LIST_LENGTH } from "../../../src/authority/list-places.js";
import type { PublishedList } from "../../../src/authority/status-lists.js";
import { Engine } from "../../../src/engine/engine.js";
import { concat } from "../../../src/format/bytes.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { openCard } from "../../support/open-card.js";

const runs = postgresRuns();
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
    const enrol = async (from: number): Promise<IssuedCard[]> => {
      const people = Array.from({ length: 3 }, (_, i) => citizen(from + i));
      const enrolled = await authority.enrolMany(people, { actor: "test" });
      return enrolled.map((one) => ("card" in one ? one.card : expect.fail("not enrolled")));
    };
    cards = await enrol(0);
    // The next three come into a list of their own: the first one is as full as a list becomes.
    await authority.database.ask((sql) => sql`update status_lists set used = ${LIST_LENGTH / 2 - 2}`);
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

  function placesOf(some: readonly IssuedCard[]): { idx: number; uri: string }[] {
    return some.map(({ qr }) => {
      const status = openCard(qr).claims.get(65535) as Map<string, Map<string, unknown>>;
      return Object.fromEntries(status.get("status_list")!) as { idx: number; uri: string };
    });
  }

  it("are named by every card, each place once, and a full list is followed by another", () => {
    const places = placesOf(cards);
    expect(new Set(places.map(({ idx, uri }) => `${uri} ${idx}`)).size).toBe(6);
    expect(places.every(({ idx }) => idx >= 0 && idx < LIST_LENGTH)).toBe(true);
    const [first, second] = [places[0]!.uri, places[3]!.uri];
    expect(places.map(({ uri }) => uri)).toEqual([first, first, first, second, second, second]);
    for (const uri of [first, second])
      expect(uri).toMatch(/^https:\/\/authority.example\/feed\/status-list-[0-9a-f]{16}.cwt$/);
    expect(first).not.toBe(second);
  });

  it("say of each place what the authority knows, to whoever reads them by the book", async () => {
    const read = (await publish()).map(({ name, file }) => {
      const [, , payload] = decode(file.subarray(1), { useMaps: true }) as [unknown, unknown, Uint8Array];
      const claims = decode(payload, { useMaps: true }) as Map<number, unknown>;
      const content = claims.get(65533) as Map<string, unknown>;
      expect([claims.get(2), content.get("bits")]).toEqual([`${BASE}/status-list-${name}.cwt`, 2]);
      return { uri: claims.get(2), list: inflateSync(content.get("lst") as Uint8Array) };
    });
    expect(read.map(({ list }) => list.length)).toEqual([LIST_LENGTH / 4, LIST_LENGTH / 4]);
    const statuses = placesOf(cards).map(({ idx, uri }) => {
      const list = read.find((one) => one.uri === uri)!.list;
      return (list[idx >> 2]! >> ((idx & 3) * 2)) & 3;
    });
    expect(statuses).toEqual([0, 2, 1, 1, 0, 2]);
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
