import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildSnapshot, type BuiltSnapshot } from "../../../src/authority/snapshot/builder.js";
import { loadSnapshot, type StatusExports } from "../../../src/engine/status.js";
import { Status } from "../../../src/abi/batch.js";
import { MAX_PERIOD, PERIOD_SECONDS } from "../../../src/abi/status-body.js";
import { loadStages, type Stages } from "../../support/stages.js";
import { people, type Person, sourceOf, statusSigner, toRecords } from "../../support/universe.js";

const NEVER = 2n ** 63n - 1n;
const ABSENT = -(2n ** 63n);
const UNIVERSE = 1_790_000_000n;
const EXPIRES = UNIVERSE + 86_400n;
const { signer } = statusSigner("issuer");

const universe = people(20_000, (i) =>
  i % 97 === 3 ? Status.REVOKED : i % 501 === 4 ? Status.SUSPENDED : Status.GOOD,
);

function build(persons: readonly Person[], epoch: number): Promise<BuiltSnapshot> {
  const times = { universe: Number(UNIVERSE), expires: Number(EXPIRES) };
  return buildSnapshot(sourceOf(persons), { issuer: "issuer", epoch, ...times, signer, threads: 0 });
}

function expiryOf(person: Person): bigint {
  return person.period === MAX_PERIOD ? NEVER : BigInt(person.period * PERIOD_SECONDS + 12345);
}

describe.each(["stages", "debug"] as const)("status in the engine (%s)", (build_) => {
  let snapshot: BuiltSnapshot;
  let stages: Stages<StatusExports>;
  beforeAll(async () => {
    snapshot = await build(universe, 5);
  });
  beforeEach(async () => {
    stages = await loadStages<StatusExports>(build_);
  });

  interface Question {
    issuer?: number;
    cti?: Uint8Array;
    issuedAt?: bigint;
    expires?: bigint;
    at?: bigint;
  }
  const [revoked, suspended, good] = [3, 4, 5].map((i) => universe[i]!) as [Person, Person, Person];
  function ask(person: Person, question: Question = {}): number {
    const { issuer = 2, cti = person.cti, issuedAt = UNIVERSE, expires = expiryOf(person), at = UNIVERSE } = question;
    return stages.exports.statusOf(issuer, stages.put(cti, 0), cti.length, issuedAt, expires, at);
  }

  it("is unchecked where the issuer has no snapshot", () => {
    expect(ask(good)).toBe(Status.UNCHECKED);
    expect(stages.exports.statusEpoch(2)).toBe(0);
    loadSnapshot(stages.exports, 2, snapshot);
    for (const issuer of [-1, 0, 1, 3, 1023, 1024, 0x7fffffff, -0x80000000]) {
      expect(ask(revoked, { issuer }), `issuer ${issuer}`).toBe(Status.UNCHECKED);
    }
  });

  it("answers for every credential of the universe", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    expect(stages.exports.statusEpoch(2)).toBe(5);
    for (const [i, person] of universe.entries()) expect(ask(person), `person ${i}`).toBe(person.status);
  });

  it("answers the same for records in bulk", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    const records = toRecords(universe);
    const answers = stages.base + records.length;
    stages.exports.statusOfRecords(2, stages.put(records, 0), universe.length, answers);
    expect([...stages.take(answers, universe.length)]).toEqual(universe.map(({ status }) => status));
  });

  it("does not cover later credentials, foreign ids and other months", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    expect(ask(revoked, { issuedAt: UNIVERSE + 1n })).toBe(Status.NOT_COVERED);
    expect(ask(revoked, { issuedAt: ABSENT })).toBe(Status.NOT_COVERED);
    expect(ask(revoked, { issuedAt: 0n })).toBe(Status.REVOKED);
    for (const length of [0, 1, 15, 17, 32]) {
      expect(ask(revoked, { cti: new Uint8Array(length) }), `${length} bytes`).toBe(Status.NOT_COVERED);
    }
    for (const expires of [
      ABSENT,
      -1n,
      0n,
      BigInt(680 * PERIOD_SECONDS - 1),
      BigInt(683 * PERIOD_SECONDS),
      BigInt(MAX_PERIOD * PERIOD_SECONDS - 1),
    ]) {
      expect(ask(revoked, { expires }), `expires ${expires}`).toBe(Status.NOT_COVERED);
    }
    expect(ask(revoked, { expires: BigInt(MAX_PERIOD * PERIOD_SECONDS) })).not.toBe(Status.NOT_COVERED);
  });

  it("says stale instead of good after the expiry, and still knows the revoked", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    expect(ask(good, { at: EXPIRES })).toBe(Status.GOOD);
    expect(ask(good, { at: EXPIRES + 1n })).toBe(Status.STALE);
    expect(ask(revoked, { at: EXPIRES + 1n })).toBe(Status.REVOKED);
    expect(ask(suspended, { at: EXPIRES + 1n })).toBe(Status.SUSPENDED);
    stages.exports.limitStatusAge(60n);
    expect(ask(good, { at: UNIVERSE + 60n })).toBe(Status.GOOD);
    expect(ask(good, { at: UNIVERSE + 61n })).toBe(Status.STALE);
    expect(ask(revoked, { at: UNIVERSE + 61n })).toBe(Status.REVOKED);
  });

  it("takes another snapshot, larger or smaller, in the place of one, and leaves other issuers alone", async () => {
    const later = await build(
      people(5000, (i) => (i % 10 === 5 ? Status.REVOKED : Status.GOOD)),
      6,
    );
    loadSnapshot(stages.exports, 2, later);
    loadSnapshot(stages.exports, 9, later);
    const size = stages.exports.memory.buffer.byteLength;
    for (let i = 0; i < 20; i++) {
      loadSnapshot(stages.exports, 2, i % 2 === 0 ? snapshot : later);
      expect(ask(good)).toBe(i % 2 === 0 ? Status.GOOD : Status.REVOKED);
      expect(ask(good, { issuer: 9 })).toBe(Status.REVOKED);
      expect([2, 9, 3].map((issuer) => stages.exports.statusEpoch(issuer))).toEqual([i % 2 === 0 ? 5 : 6, 6, 0]);
    }
    expect(stages.exports.memory.buffer.byteLength - size).toBeLessThanOrEqual(2 * 65536);
    stages.exports.clearStatus(9);
    expect(ask(good, { issuer: 9 })).toBe(Status.UNCHECKED);
    stages.exports.clearStatus(2);
    expect(ask(good)).toBe(Status.UNCHECKED);
  });

  it("holds little more than the snapshot", () => {
    const memory = stages.exports.memory;
    for (const size of [1 << 20, 10_000_000, 24 << 20]) {
      const before = memory.buffer.byteLength;
      stages.exports.statusSpace(size % 100, size);
      expect(memory.buffer.byteLength - before, `${size} bytes`).toBeLessThanOrEqual(1.1 * size + 65536);
    }
  });

  it("lets a change win over the snapshot, the last one if there are several", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    const change = (ctis: Uint8Array[], status: Status): void => {
      const bytes = new Uint8Array(ctis.length * 16);
      ctis.forEach((cti, i) => {
        bytes.set(cti, i * 16);
      });
      stages.exports.changeStatus(2, stages.put(bytes, 0), ctis.length, status);
    };
    change([suspended.cti, revoked.cti], Status.GOOD);
    change([good.cti], Status.SUSPENDED);
    expect([suspended, revoked, good].map((person) => ask(person))).toEqual([
      Status.GOOD,
      Status.GOOD,
      Status.SUSPENDED,
    ]);
    change([revoked.cti], Status.REVOKED);
    expect(ask(revoked)).toBe(Status.REVOKED);
    // Enough to make the table grow several times.
    const flipped = universe.slice(100, 5000);
    change(
      flipped.map(({ cti }) => cti),
      Status.REVOKED,
    );
    for (const person of flipped) expect(ask(person)).toBe(Status.REVOKED);
    for (const person of universe.slice(5000)) expect(ask(person)).toBe(person.status);
    expect(ask(good)).toBe(Status.SUSPENDED);
    // The next snapshot starts afresh.
    loadSnapshot(stages.exports, 2, snapshot);
    for (const person of universe) expect(ask(person)).toBe(person.status);
  });

  it("covers later credentials once changes are complete up to a later time", () => {
    loadSnapshot(stages.exports, 2, snapshot);
    const issuedAt = UNIVERSE + 100n;
    stages.exports.changeStatus(2, stages.put(suspended.cti, 0), 1, Status.REVOKED);
    expect(ask(good, { issuedAt })).toBe(Status.NOT_COVERED);
    stages.exports.advanceStatus(2, 6, UNIVERSE + 100n, EXPIRES + 100n);
    expect(stages.exports.statusEpoch(2)).toBe(6);
    expect(ask(good, { issuedAt })).toBe(Status.GOOD);
    expect(ask(suspended, { issuedAt })).toBe(Status.REVOKED);
    expect(ask(good, { issuedAt: issuedAt + 1n })).toBe(Status.NOT_COVERED);
    expect(ask(good, { issuedAt, at: EXPIRES + 100n })).toBe(Status.GOOD);
    expect(ask(good, { issuedAt, at: EXPIRES + 101n })).toBe(Status.STALE);
  });
});
