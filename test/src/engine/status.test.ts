import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot/builder.js";
import { applyDelta, loadStatus, type StatusExports } from "../../../src/engine/status.js";
import { Status } from "../../../src/abi/batch.js";
import { type OpenedDelta, packIds } from "../../../src/format/status/delta.js";
import { PERIOD_SECONDS } from "../../../src/abi/status-body.js";
import { catchUp, epochOf, type StatusState, withDelta } from "../../../src/format/status/state.js";
import { loadStages } from "../../support/stages.js";
import { people, type Person, sourceOf, statusSigner } from "../../support/universe.js";

const issuer = "issuer";
const BASE = 10;
const UNIVERSE = 1_790_000_000;
const persons = people(60, (i) => (i % 7 === 0 ? Status.REVOKED : i % 11 === 0 ? Status.SUSPENDED : Status.GOOD), 1);
/** The first fifty are there from the beginning; each later one is issued in the epoch of its number from then on. */
const FOUNDERS = 50;

const { signer, trust } = statusSigner(issuer);
const signedBy = { signer: trust.keys[0]! };

let base: StatusState;
beforeAll(async () => {
  const claims = { issuer, epoch: BASE, universe: UNIVERSE, expires: UNIVERSE + 1000, signer, threads: 0 };
  const snapshot = await buildSnapshot(sourceOf(persons.slice(0, FOUNDERS)), claims);
  base = { snapshot: { ...snapshot, ...signedBy }, deltas: [] };
});

interface Change {
  person: number;
  status: Status;
}

/** What the authority would publish for the changes of the epochs after `from`, up to `epoch`. */
function deltaOf(history: readonly Change[][], from: number, epoch: number): OpenedDelta {
  const now = new Map<number, Status>();
  for (const { person, status } of history.slice(from - BASE, epoch - BASE).flat()) now.set(person, status);
  const ids = (wanted: Status): Uint8Array =>
    packIds([...now].filter(([, status]) => status === wanted).map(([person]) => persons[person]!.cti));
  return {
    issuer,
    base: BASE,
    from,
    epoch,
    universe: UNIVERSE + epoch - BASE,
    expires: UNIVERSE + 1000 + epoch - BASE,
    good: ids(Status.GOOD),
    revoked: ids(Status.REVOKED),
    suspended: ids(Status.SUSPENDED),
    ...signedBy,
  };
}

describe("deltas in the engine", () => {
  it("give everyone's status of their epoch, whatever was missed on the way there", async () => {
    const stages = await loadStages<StatusExports>("debug");
    const wasm = stages.exports;
    const ask = (person: Person, index: number): number => {
      const issuedAt = BigInt(UNIVERSE + Math.max(0, index - FOUNDERS + 1));
      const expires = BigInt(person.period * PERIOD_SECONDS);
      return wasm.statusOf(3, stages.put(person.cti, 0), 16, issuedAt, expires, BigInt(UNIVERSE));
    };
    const change = fc.record({
      person: fc.nat(persons.length - 1),
      status: fc.constantFrom(Status.GOOD, Status.REVOKED, Status.SUSPENDED),
    });
    const histories = fc.array(fc.array(change, { maxLength: 8 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(histories, fc.array(fc.tuple(fc.nat(), fc.nat())), fc.boolean(), (history, pairs, afresh) => {
        // Nobody is named before being issued.
        for (const [i, changes] of history.entries()) {
          history[i] = changes.filter(({ person }) => person < FOUNDERS || person - FOUNDERS <= i);
        }
        const last = BASE + history.length;
        const long = pairs.map(([a, b]): OpenedDelta => {
          const from = BASE + (a % history.length);
          return deltaOf(history, from, from + 1 + (b % (last - from)));
        });
        const short = history.map((_, i) => deltaOf(history, BASE + i, BASE + i + 1));

        loadStatus(wasm, 3, base);
        const state = catchUp(base, [...long, ...short]);
        expect(epochOf(state)).toBe(last);
        if (afresh) loadStatus(wasm, 3, state);
        else
          state.deltas.forEach((delta) => {
            applyDelta(wasm, 3, delta);
          });
        expect(wasm.statusEpoch(3)).toBe(last);

        const truth = new Map(persons.map((person, i) => [i, i < FOUNDERS ? person.status : Status.GOOD]));
        for (const { person, status } of history.flat()) truth.set(person, status);
        for (const [i, person] of persons.entries()) {
          const covered = i < FOUNDERS || i - FOUNDERS < history.length;
          expect(ask(person, i), `person ${i}`).toBe(covered ? truth.get(i) : Status.NOT_COVERED);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("load the same whether one by one or as a state", async () => {
    const history: Change[][] = [
      [{ person: 0, status: Status.GOOD }],
      [{ person: 1, status: Status.SUSPENDED }],
      [
        { person: 0, status: Status.SUSPENDED },
        { person: 1, status: Status.GOOD },
      ],
    ];
    const state = history.reduce((at, _, i) => withDelta(at, deltaOf(history, BASE + i, BASE + i + 1)), base);
    const stages = await loadStages<StatusExports>();
    const wasm = stages.exports;
    loadStatus(wasm, 0, state);
    const [first, second] = persons.map(({ cti, period }) =>
      wasm.statusOf(0, stages.put(cti, 0), 16, BigInt(UNIVERSE), BigInt(period * PERIOD_SECONDS), BigInt(UNIVERSE)),
    );
    expect([first, second]).toEqual([Status.SUSPENDED, Status.GOOD]);
  });
});
