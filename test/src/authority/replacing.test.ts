import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Authority, type Card } from "../../../src/authority/authority.js";
import { AuthorityError } from "../../../src/authority/errors.js";
import { Tier } from "../../../src/abi/batch.js";
import { toHex } from "../../../src/format/bytes.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };
const because = { actor: "test", reason: "phone lost" };

describe.skipIf(!runs)(`a card that takes the place of another${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let authority: Authority;
  /** What happens between a card's recording and its release. */
  let meanwhile: (() => Promise<unknown>) | undefined;
  let slow: Authority;
  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await initAuthority(folder.path, { validFrom: new Date("2020-01-01T00:00:00Z") });
    slow = await Authority.open({
      data: folder.path,
      check: async () => {
        await meanwhile?.();
      },
    });
  });
  afterAll(async () => {
    await slow.close();
    await authority.close();
    folder.remove();
  });

  async function cardsOf(id: string): Promise<Card[]> {
    const cards: Card[] = [];
    for await (const card of authority.cards({ idNumber: id })) cards.push(card);
    return cards;
  }

  async function statesOf(id: string): Promise<string[]> {
    return (await cardsOf(id)).map(({ tier, state }) => `${tier === Tier.FULL ? "full" : "lite"} ${state}`).sort();
  }

  it.each([
    ["revoke", ["full void", "lite revoked"]],
    ["suspend", ["full void", "lite suspended"]],
  ] as const)("is void where the other was changed (%s) before its release", async (change, states) => {
    const person = citizen(change === "revoke" ? 1 : 2);
    await authority.enrol(person, actor);
    meanwhile = () => authority[change](person.id, because);
    const approved = slow.approve(person.id, actor);
    await expect(approved).rejects.toThrow(AuthorityError);
    await expect(approved).rejects.toMatchObject({
      fault: { code: "WRONG_STATE", is: "changed-meanwhile" },
    });
    expect(await statesOf(person.id)).toEqual(states);
    const [voided] = (await cardsOf(person.id)).filter(({ state }) => state === "void");
    const events = await authority.database.ask(
      (sql) => sql<{ action: string }[]>`
      select action from audit_events where credential = ${voided!.id} order by number`,
    );
    expect(events.map(({ action }) => action)).toEqual(["record", "void"]);
  });

  it("is released where the other was suspended and is good again", async () => {
    const person = citizen(3);
    await authority.enrol(person, actor);
    meanwhile = async () => {
      await authority.suspend(person.id, because);
      await authority.reinstate(person.id, because);
    };
    await slow.approve(person.id, actor);
    expect(await statesOf(person.id)).toEqual(["full good", "lite revoked"]);
  });

  it("is one, of two approvals at once", async () => {
    const person = citizen(4);
    await authority.enrol(person, actor);
    let second: Promise<unknown> = Promise.resolve();
    meanwhile = async () => {
      second = authority.approve(person.id, actor).then(
        () => "approved",
        (error: unknown) => (error as AuthorityError).code,
      );
      await second;
    };
    await slow.approve(person.id, actor);
    expect(await second).toBe("WRONG_STATE");
    const both = await Promise.allSettled([slow.approve(person.id, actor), authority.approve(person.id, actor)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await statesOf(person.id)).toEqual(["full good", "lite revoked"]);
  });

  it("is void, of a batch, where only its own has changed: the others get theirs", async () => {
    const [one, other, fresh] = [citizen(5), citizen(6), citizen(7)];
    const past = { ...actor, issuedAt: new Date(Date.now() - 100_000_000), validity: 1000 };
    await authority.enrolMany([one, other], past);
    meanwhile = () => authority.revoke(one.id, because);
    const results = await slow.enrolMany([one, other, fresh], actor);
    expect(results.map((result) => ("card" in result ? "card" : result.refused))).toEqual([
      "changed-meanwhile",
      "card",
      "card",
    ]);
    expect(await statesOf(one.id)).toEqual(["lite revoked", "lite void"]);
    expect(await statesOf(other.id)).toEqual(["lite good", "lite revoked"]);
  });

  it("is refused where the other is suspended, though it has expired", async () => {
    const person = citizen(8);
    await authority.enrol(person, { ...actor, issuedAt: new Date(Date.now() - 100_000_000), validity: 1000 });
    await authority.suspend(person.id, because);
    const refused = [{ person, refused: "suspended" }];
    expect(await authority.enrolMany([person], actor)).toEqual(refused);
    expect(await statesOf(person.id)).toEqual(["lite suspended"]);
  });

  it("is what a revocation of the person's card ends, where it was released a moment before", async () => {
    const person = citizen(9);
    const lite = await authority.enrol(person, actor);
    meanwhile = undefined;
    const changes = await Promise.allSettled([slow.approve(person.id, actor), authority.revoke(person.id, because)]);
    expect(changes[1].status).toBe("fulfilled");
    // Whichever came first, nothing of this person's is good.
    expect((await statesOf(person.id)).filter((state) => state.endsWith("good"))).toEqual([]);
    await expect(authority.revoke(toHex(lite.id), because)).rejects.toMatchObject({
      fault: { code: "WRONG_STATE", is: "not-in", action: "revoke", state: "revoked" },
    });
  });
});
