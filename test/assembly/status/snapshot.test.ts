import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot/builder.js";
import { loadSnapshot, type StatusExports } from "../../../src/engine/status.js";
import { Status } from "../../../src/abi/batch.js";
import { MAX_PERIOD, PERIOD_SECONDS, RECORD_SIZE } from "../../../src/abi/status-body.js";
import { periodOf } from "../../../src/format/status/layout.js";
import { loadStages } from "../../support/stages.js";
import { lookUpByReference } from "../../support/status-reference.js";
import { type Person, sourceOf, statusSigner, toRecords } from "../../support/universe.js";

const { signer } = statusSigner("issuer");
const claims = { issuer: "issuer", epoch: 1, universe: 1_790_000_000, expires: 1_790_086_400, signer, threads: 0 };

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const period = fc.oneof(fc.integer({ min: 680, max: 690 }), fc.constantFrom(0, MAX_PERIOD - 1, MAX_PERIOD));
/** Universes of which any share is revoked and any share of that suspended. */
const universe = fc
  .record({
    flagged: fc.double({ min: 0, max: 1, noNaN: true }),
    suspended: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .chain(({ flagged, suspended }) =>
    fc.uniqueArray(
      fc.record({
        cti: id,
        period,
        status: fc.tuple(fc.nat(1e6), fc.nat(1e6)).map(([a, b]) => {
          if (a / 1e6 >= flagged) return Status.GOOD;
          return b / 1e6 >= suspended ? Status.REVOKED : Status.SUSPENDED;
        }),
      }),
      { minLength: 1, maxLength: 400, size: "max", selector: ({ cti }) => cti.join() },
    ),
  );

describe("look-up in a snapshot", () => {
  it("agrees with the format's description, inside the universe and outside", async () => {
    const stages = await loadStages<StatusExports>("debug");
    const wasm = stages.exports;
    await fc.assert(
      fc.asyncProperty(universe, fc.array(fc.record({ cti: id, period })), async (persons, strangers) => {
        const snapshot = await buildSnapshot(sourceOf(persons), claims);
        loadSnapshot(wasm, 0, snapshot);
        const everyone: Person[] = [...persons, ...strangers.map((stranger) => ({ ...stranger, status: Status.GOOD }))];
        const answers = stages.base + everyone.length * RECORD_SIZE;
        wasm.statusOfRecords(0, stages.put(toRecords(everyone), 0), everyone.length, answers);
        const expected = everyone.map(({ cti, period }) => lookUpByReference(snapshot.body, cti, period));
        expect([...stages.take(answers, everyone.length)]).toEqual(expected);
        expect(expected.slice(0, persons.length)).toEqual(persons.map(({ status }) => status));
      }),
      { numRuns: 60 },
    );
  });

  it("stands any question", async () => {
    const stages = await loadStages<StatusExports>("debug");
    const wasm = stages.exports;
    const persons = Array.from({ length: 100 }, (_, i): Person => ({
      cti: new Uint8Array(16).fill(i),
      period: 684,
      status: i % 2 === 0 ? Status.GOOD : Status.REVOKED,
    }));
    loadSnapshot(wasm, 5, await buildSnapshot(sourceOf(persons), claims));
    const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const question = fc.record({
      issuer: fc.constantFrom(0, 5, -1, 1024),
      cti: fc.uint8Array(),
      at: time,
      expires: time,
      issuedAt: time,
    });
    fc.assert(
      fc.property(question, ({ issuer, cti, issuedAt, expires, at }) => {
        const answer = wasm.statusOf(issuer, stages.put(cti, 0), cti.length, issuedAt, expires, at);
        expect(answer).toBeGreaterThanOrEqual(Status.GOOD);
        if (issuer === 5) expect(answer).toBeLessThan(Status.UNCHECKED);
        else expect(answer).toBe(Status.UNCHECKED);
      }),
      { numRuns: 2000 },
    );
  });

  it("divides by the month of expiry as the authority does", async () => {
    const stages = await loadStages<StatusExports>("debug");
    const wasm = stages.exports;
    const moments = [0, 1, PERIOD_SECONDS - 1, PERIOD_SECONDS, 1_800_000_000, MAX_PERIOD * PERIOD_SECONDS, 1e15];
    for (const expires of moments) {
      const person = { cti: new Uint8Array(16), period: periodOf(expires), status: Status.SUSPENDED };
      loadSnapshot(wasm, 0, await buildSnapshot(sourceOf([person]), claims));
      expect(wasm.statusOf(0, stages.put(person.cti, 0), 16, 0n, BigInt(expires), 0n), `${expires}`).toBe(
        Status.SUSPENDED,
      );
    }
    expect(periodOf(undefined)).toBe(MAX_PERIOD);
    expect(periodOf(-5)).toBe(0);
  });
});
