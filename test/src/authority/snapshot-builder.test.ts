import { describe, expect, it } from "vitest";
import { buildSnapshot, type BuildProgress } from "../../../src/authority/snapshot-builder.js";
import { Status } from "../../../src/format/batch.js";
import { concat } from "../../../src/format/bytes.js";
import { openSnapshot } from "../../../src/format/snapshot.js";
import { people, sourceOf, statusSigner } from "../../support/universe.js";

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
});
