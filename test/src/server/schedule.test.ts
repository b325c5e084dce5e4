import { afterEach, describe, expect, it } from "vitest";
import { Verifier } from "../../../src/engine/verifier.js";
import { Schedule, TURN, type Work } from "../../../src/server/schedule.js";
import { at, card, issuerKey } from "../../support/server.js";
import { jwksOf } from "../../support/make-card.js";

let verifier: Verifier;
afterEach(() => verifier.close());

/** A schedule before a real ring of so many slabs, one worker behind it. */
async function open(slabs?: number): Promise<Schedule> {
  verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1, ...(slabs && { slabs }) });
  return new Schedule(() => verifier.stats);
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
  return { work: { count, bytes: count * card.length, submit }, all };
}

describe("the schedule", () => {
  it("does not put a gate's scan behind what a bank has waiting", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const bank = work("bank", 4_000, answered);
    schedule.bulk({}, bank.work);
    const gate = work("gate", 1, answered);
    schedule.gate(gate.work);
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
    const [bank, hotel] = [{}, {}];
    schedule.bulk(bank, large.work);
    for (const { work } of small) schedule.bulk(hotel, work);
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
    for (const { work } of works) schedule.bulk({}, work);
    expect(schedule.waiting.count).toBeGreaterThan(3_000);
    await Promise.all(works.map(({ all }) => all));
    expect(codes).toHaveLength(4_200);
    expect(new Set(codes)).toEqual(new Set(["VALID"]));
    expect(schedule.waiting.count).toBe(0);
  });

  it("leaves slabs to gates while banks have all that they may", async () => {
    const schedule = await open(4);
    const bank = work("bank", 4_000, []);
    schedule.bulk({}, bank.work);
    const codes: string[] = [];
    const gates = Array.from({ length: 30 }, () => work("gate", 1, [], codes));
    for (const { work } of gates) schedule.gate(work);
    await Promise.all([bank.all, ...gates.map(({ all }) => all)]);
    expect(new Set(codes)).toEqual(new Set(["VALID"]));
  });

  it("waits for a ring that others have filled", async () => {
    const schedule = await open(1);
    const others: string[] = [];
    const before = work("before", 128, others);
    before.work.submit(0, 128, () => undefined);
    const bank = work("bank", 10, others);
    schedule.bulk({}, bank.work);
    expect(schedule.waiting.count).toBe(10);
    await bank.all;
    expect(others.slice(128)).toEqual(Array<string>(10).fill("bank"));
  });

  it("forgets what is asked for nobody, and what it kept of it", async () => {
    const schedule = await open();
    const answered: string[] = [];
    const gone = {};
    for (let i = 0; i < 5; i++) schedule.bulk(gone, work("gone", 500, answered).work);
    schedule.leave(gone);
    expect(schedule.waiting.count).toBe(0);
    const rest = work("rest", 500, answered);
    schedule.bulk({}, rest.work);
    await rest.all;
    expect(answered.filter((name) => name === "gone")).toHaveLength(3 * TURN);
    expect(schedule.hasRoom(256 * 1024 * 1024)).toBe(true);
    expect(schedule.hasRoom(256 * 1024 * 1024 + 1)).toBe(false);
  });
});
