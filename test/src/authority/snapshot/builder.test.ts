import { Worker } from "node:worker_threads";
import { describe, expect, it, vi } from "vitest";
import { buildSnapshot, type BuildProgress } from "../../../../src/authority/snapshot/builder.js";
import { Status } from "../../../../src/abi/batch.js";
import { concat } from "../../../../src/format/bytes.js";
import { openSnapshot } from "../../../../src/format/status/snapshot.js";
import { generate } from "../../../../bench/universe.js";
import { people, sourceOf, statusSigner } from "../../../support/universe.js";

const issuer = "Ministry of Public Security";
const { signer, trust } = statusSigner(issuer);
const claims = { issuer, epoch: 7, universe: 1_790_000_000, expires: 1_790_086_400, signer };

/** One in `revoked` is revoked, one in `suspended` suspended. */
function mixed(revoked: number, suspended: number): (index: number) => Status {
  return (i) => (i % revoked === 1 ? Status.REVOKED : i % suspended === 2 ? Status.SUSPENDED : Status.GOOD);
}

describe("snapshot builder", () => {
  it.each([
    ["one credential", 1, mixed(100, 1000)],
    ["nobody revoked", 1000, () => Status.GOOD],
    ["everybody revoked", 1000, () => Status.REVOKED],
    ["everybody suspended", 1000, () => Status.SUSPENDED],
    ["half revoked", 5000, mixed(2, 5)],
    ["one revoked in a hundred", 100_000, mixed(100, 1000)],
    ["more suspended than revoked", 100_000, mixed(1000, 50)],
  ])("answers for %s and says what it counted", async (_what, count, statusAt) => {
    const universe = people(count, statusAt);
    const built = await buildSnapshot(sourceOf(universe), { ...claims, threads: 0 });
    const { header } = await openSnapshot(concat(built.head, built.body), trust);
    const tally = (status: Status): number => universe.filter((person) => person.status === status).length;
    expect(header).toMatchObject({
      issuer,
      epoch: 7,
      good: tally(Status.GOOD),
      revoked: tally(Status.REVOKED),
      suspended: tally(Status.SUSPENDED),
    });
  });

  it("builds the same in threads, and shows progress", async () => {
    const universe = people(200_000, mixed(100, 1000));
    const seen: BuildProgress[] = [];
    const progress = (at: BuildProgress): void => void seen.push(at);
    const built = await buildSnapshot(sourceOf(universe, 7000), { ...claims, threads: 2, progress });
    expect(built.header).toMatchObject({ good: 197_800, revoked: 2000, suspended: 200 });
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(["scan", "filters", "survivors", "ribbons", "check"]);
    expect(seen.at(-1)).toEqual({ phase: "check", done: 200_000, total: 200_000 });
  });

  // Where months have few revoked credentials they have shards in common, or directories would outweigh the ribbons.
  it.each([
    { count: 1_000_000, bits: 11 },
    { count: 14_000_000, bits: 9 },
  ])(
    "gives no false answer over $count credentials, 1 % revoked, and takes $bits bits for each",
    async ({ count, bits }) => {
      const universe = generate({ count, revokedOneIn: 100, suspendedOneIn: 0, months: 120 });
      // It would throw: every credential has been put to the engine.
      const { header, body } = await buildSnapshot(universe, { ...claims, threads: 2 });
      expect(header.good + header.revoked).toBe(count);
      expect(header.revoked).toBeGreaterThan(count * 0.0098);
      expect((body.length * 8) / header.revoked).toBeLessThan(bits);
    },
  );

  it("signs nothing where the universe changes on the way", async () => {
    const before = people(3000, mixed(10, 100));
    // Each pass sees one more good credential revoked than the one before.
    let pass = 0;
    const changing = {
      [Symbol.asyncIterator]() {
        pass++;
        const now = before.map((person, i) => (i % 1000 < pass - 1 ? { ...person, status: Status.REVOKED } : person));
        return sourceOf(now)[Symbol.asyncIterator]();
      },
    };
    let signed = false;
    const sign = (): Uint8Array => ((signed = true), new Uint8Array(64));
    const options = { ...claims, signer: { ...signer, sign }, threads: 0 };
    await expect(buildSnapshot(changing, options)).rejects.toThrow(/answered wrongly/);
    expect(signed).toBe(false);
  });

  it("signs nothing where credentials come or go on the way", async () => {
    const persons = people(3000, mixed(10, 100));
    let pass = 0;
    const growing = {
      [Symbol.asyncIterator]: () => sourceOf(persons.slice(0, ++pass < 3 ? 2000 : 3000))[Symbol.asyncIterator](),
    };
    await expect(buildSnapshot(growing, { ...claims, threads: 0 })).rejects.toThrow(/2000 were there at first/);
  });

  it("refuses a universe in which one id is good and revoked", async () => {
    const [first, ...others] = people(1000, mixed(10, 100));
    const twice = [first!, ...others, { ...first!, status: Status.REVOKED }];
    await expect(buildSnapshot(sourceOf(twice), { ...claims, threads: 0 })).rejects.toThrow(/contradict/);
  });

  it("closes the source when a pass fails", async () => {
    let closed = 0;
    const cut = {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) yield await Promise.resolve(new Uint8Array(25));
        } finally {
          closed++;
        }
      },
    };
    await expect(buildSnapshot(cut, { ...claims, threads: 0 })).rejects.toThrow(RangeError);
    const persons = people(3000, mixed(10, 100));
    const endless = {
      async *[Symbol.asyncIterator]() {
        try {
          for (;;) yield* sourceOf(persons);
        } finally {
          closed++;
        }
      },
    };
    const progress = (): void => {
      throw new Error("stopped by the operator");
    };
    await expect(buildSnapshot(endless, { ...claims, threads: 0, progress })).rejects.toThrow(
      "stopped by the operator",
    );
    expect(closed).toBe(2);
  });

  it("passes on what goes wrong in the source, and in the middle of a record", async () => {
    const failing = {
      async *[Symbol.asyncIterator]() {
        yield await Promise.resolve(new Uint8Array(24).fill(1));
        throw new Error("the store went away");
      },
    };
    const terminate = vi.spyOn(Worker.prototype, "terminate");
    await expect(buildSnapshot(failing, { ...claims, threads: 2 })).rejects.toThrow("the store went away");
    // Its threads may still be loading, and Node may abort where one that imports is stopped: they end by themselves.
    expect(terminate).not.toHaveBeenCalled();
    terminate.mockRestore();
    const cut = {
      async *[Symbol.asyncIterator]() {
        yield await Promise.resolve(new Uint8Array(25));
      },
    };
    await expect(buildSnapshot(cut, { ...claims, threads: 0 })).rejects.toThrow(RangeError);
  });
});
