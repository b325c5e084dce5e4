import { afterEach, describe, expect, it } from "vitest";
import { Verifier } from "../../../src/engine/verifier.js";
import { FIRST_WAIT_MS, GATE_WAIT_MS, Schedule, TURN, type Work } from "../../../src/server/schedule.js";
import type { Owner } from "../../../src/server/turns.js";
import { at, card, issuerKey } from "../../support/server.js";
import { jwksOf } from "../../support/make-card.js";

let verifier: Verifier;
afterEach(() => verifier.close());

/** A schedule before a real ring of so many slabs, one worker behind it. */
async function open(slabs?: number): Promise<Schedule> {
  verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1, ...(slabs && { slabs }) });
  return new Schedule(() => verifier.stats);
}

/** Of a session of its own. */
function owner(address = "127.0.0.1", party = ""): Owner {
  return { party, address };
}

/** `count` good cards, each counted in `answered` when its part is, under a name. */
function work(
  name: string,
  count: number,
  answered: string[],
  codes: string[] = [],
): { work: Work; all: Promise<void> } {
  const requirements = verifier.requirementsOf({ at });
  let left = count;
  let end: () => void;
  const all = new Promise<void>((resolve) => (end = resolve));
  const submit = (from: number, to: number, done: () => void): void => {
    const cards = Array.from({ length: to - from }, () => card);
    verifier.submitMany(
      cards,
      () => requirements,
      (verdicts) => {
        for (const { code } of verdicts) {
          answered.push(name);
          codes.push(code);
        }
        left -= verdicts.length;
        if (left === 0) end();
        done();
      },
    );
  };
  const refuse = (): void => {
    codes.push(...Array<string>(count).fill("BUSY"));
    end();
  };
  return { work: { count, bytes: count * card.length, submit, refuse }, all };
}

describe("the schedule", () => {
  it("does not put a gate's scan behind what a bank has waiting", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const bank = work("bank", 4_000, answered);
    schedule.ask("bulk", owner(), bank.work);
    const gate = work("gate", 1, answered);
    schedule.ask("gate", owner(), gate.work);
    await Promise.all([bank.all, gate.all]);
    expect(answered).toHaveLength(4_001);
    // What is with the engine: at work, at hand, and being filled.
    expect(answered.indexOf("gate")).toBeLessThanOrEqual(3 * TURN);
  });

  it("lets owners take turns, however large their frames are and however many", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const large = work("large", 3_000, answered);
    const small = Array.from({ length: 300 }, () => work("small", 10, answered));
    const [bank, hotel] = [owner(), owner()];
    schedule.ask("bulk", bank, large.work);
    for (const { work } of small) schedule.ask("bulk", hotel, work);
    await Promise.all([large.all, ...small.map(({ all }) => all)]);
    expect(answered).toHaveLength(6_000);
    // The first had the ring to itself when it came.
    for (let seen = 3 * TURN; seen < 5_000; seen += TURN) {
      const ahead = 2 * answered.slice(0, seen).filter((name) => name === "large").length - seen;
      expect(Math.abs(ahead)).toBeLessThanOrEqual(5 * TURN);
    }
  });

  it.each([1, 2, 5])("makes bulk work wait instead of hearing BUSY, with %i slabs", async (slabs) => {
    const schedule = await open(slabs);
    const codes: string[] = [];
    const works = Array.from({ length: 6 }, () => work("bank", 700, [], codes));
    for (const { work } of works) schedule.ask("bulk", owner(), work);
    expect(schedule.waiting.count).toBeGreaterThan(3_000);
    await Promise.all(works.map(({ all }) => all));
    expect(codes).toHaveLength(4_200);
    expect(new Set(codes)).toEqual(new Set(["VALID"]));
    expect(schedule.waiting.count).toBe(0);
  });

  it("leaves slabs to gates while banks have all that they may", async () => {
    const schedule = await open(4);
    const bank = work("bank", 4_000, []);
    schedule.ask("bulk", owner(), bank.work);
    const codes: string[] = [];
    const gates = Array.from({ length: 30 }, () => work("gate", 1, [], codes));
    for (const { work } of gates) schedule.ask("gate", owner(), work);
    await Promise.all([bank.all, ...gates.map(({ all }) => all)]);
    expect(new Set(codes)).toEqual(new Set(["VALID"]));
  });

  it("waits for a ring that others have filled", async () => {
    const schedule = await open(1);
    const others: string[] = [];
    const before = work("before", 128, others);
    before.work.submit(0, 128, () => undefined);
    const bank = work("bank", 10, others);
    schedule.ask("bulk", owner(), bank.work);
    expect(schedule.waiting.count).toBe(10);
    await bank.all;
    expect(others.slice(128)).toEqual(Array<string>(10).fill("bank"));
  });

  it("forgets what is asked for nobody, and what it kept of it", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const gone = owner();
    for (let i = 0; i < 5; i++) schedule.ask("bulk", gone, work("gone", 500, answered).work);
    schedule.leave(gone);
    expect(schedule.waiting.count).toBe(0);
    const rest = work("rest", 500, answered);
    schedule.ask("bulk", owner(), rest.work);
    await rest.all;
    expect(answered.filter((name) => name === "gone")).toHaveLength(3 * TURN);
    const codes: string[] = [];
    for (const more of [1, 0]) {
      const large = work("large", 1, answered, codes);
      schedule.ask("bulk", owner(), { ...large.work, bytes: 256 * 1024 * 1024 + more });
      await large.all;
    }
    expect(codes).toEqual(["BUSY", "VALID"]);
  });

  it("gives a bank of one stream as much as one of forty, and as one that has a party to itself", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const many = Array.from({ length: 40 }, () => work("many", 2 * TURN, answered));
    const one = work("one", 2_000, answered);
    const other = work("other", 2_000, answered);
    for (const { work } of many) schedule.ask("bulk", owner("10.0.0.1", "a"), work);
    schedule.ask("bulk", owner("10.0.0.2", "a"), one.work);
    schedule.ask("bulk", owner("10.0.0.1", "b"), other.work);
    await Promise.all([one.all, other.all]);
    const share = (name: string): number =>
      answered.slice(3 * TURN, 27 * TURN).filter((by) => by === name).length / TURN;
    // Half is the other party's; of the rest half is each address's.
    expect(Math.abs(share("other") - 12)).toBeLessThanOrEqual(3);
    expect(Math.abs(share("one") - 6)).toBeLessThanOrEqual(2);
    await Promise.all(many.map(({ all }) => all));
  });

  it("does not let a flood of one address keep a gate of another waiting", async () => {
    const schedule = await open();
    const answered: string[] = [];
    // The first batch of a worker takes longer than any other.
    await verifier.verifyBatch([card]);
    const flood = Array.from({ length: 256 }, () => work("flood", 4, answered));
    for (const { work } of flood) schedule.ask("gate", owner("127.0.0.1"), work);
    const codes: string[] = [];
    const gate = work("gate", 1, answered, codes);
    schedule.ask("gate", owner("127.0.0.2"), gate.work);
    await gate.all;
    expect(codes).toEqual(["VALID"]);
    // What was with the engine when it came, and one turn of the others.
    expect(answered.indexOf("gate")).toBeLessThanOrEqual(2 * TURN + 8);
    await Promise.all(flood.map(({ all }) => all));
    expect(schedule.waiting.count).toBe(0);
  });

  it("refuses a scan that finds no room for a moment, and the first of its address later", async () => {
    verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1 });
    const schedule = new Schedule(() => ({ workers: 1, slabs: 4, slabsFree: 0 }));
    const began = performance.now();
    const [first, second] = [work("first", 1, [], []), work("second", 1, [], [])];
    const waits = [first, second].map(async ({ work, all }) => {
      schedule.ask("gate", owner(), work);
      await all;
      return performance.now() - began;
    });
    const gone = owner();
    schedule.ask("gate", gone, work("gone", 3, []).work);
    expect(schedule.waiting.count).toBe(5);
    schedule.leave(gone);
    await Promise.race(waits);
    expect(schedule.waiting.count).toBe(1);
    const [longer = 0, shorter = 0] = await Promise.all(waits);
    expect(shorter).toBeGreaterThanOrEqual(GATE_WAIT_MS - 1);
    expect(longer).toBeGreaterThanOrEqual(FIRST_WAIT_MS - 1);
    expect(schedule.waiting.count).toBe(0);
  });
});
