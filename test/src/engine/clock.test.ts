import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import type { StateSources } from "../../../src/engine/state.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { CLOCK_SKEW_SECONDS } from "../../../src/abi/limits.js";
import { momentAsked } from "../../../src/format/requirements.js";
import type { AtMeans } from "../../../src/format/requirements.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { generateKey } from "../../support/keys.js";
import { coseSign1, jwksOf, makeCard, NOW, payload, qrOf, trusted } from "../../support/make-card.js";
import { ctiOf, signerOf, snapshotFile } from "../../support/snapshots.js";
import { trustListOf } from "../../support/trust.js";
import { encodeStatusList, packStatuses } from "../../../src/format/status/token-status-list.js";
import { encodeDelta, packIds } from "../../../src/format/status/delta.js";

/** What a clock decides, and what decides about the clock (contract sections 5 and 8). */

const issuer = "pilot.example";
const root = generateKey(Algorithm.ED25519);
const key = generateKey(Algorithm.ED25519);
const statusKey = generateKey(Algorithm.ED25519);
const EXPIRES = NOW + 1000;
/** The list is issued at NOW - 1000 and expires at NOW + 100,000 (support/trust.ts). */
const LIST_ISSUED = NOW - 1000;
const LIST_EXPIRES = NOW + 100_000;

function card(n: number, dates: [number, number][] = []): string {
  const claims: [number, unknown][] = [[4, EXPIRES], [5, NOW - 9_000_000], [6, LIST_ISSUED], [7, ctiOf(n)]]; // prettier-ignore
  return makeCard(key, { payload: payload([...claims, ...dates]) });
}

function forged(): string {
  const cose = coseSign1(key);
  cose[cose.length - 1]! ^= 1;
  return qrOf(cose);
}

/** The verdicts of an engine whose clock shows `now`, in seconds. */
async function judge(sources: StateSources, now: number, qrs: string[], at?: number): Promise<Verdict[]> {
  const engine = await Engine.create({ ...sources, clock: () => now * 1000 });
  return engine.verifyBatch(qrs, at === undefined ? {} : { at: new Date(at * 1000) });
}

async function codes(...args: Parameters<typeof judge>): Promise<string[]> {
  return (await judge(...args)).map(({ code }) => code);
}

const keys = [trusted(key, { issuer }), trusted(statusKey, { issuer, use: "status" })];
let trust: Uint8Array;
let snapshot: Uint8Array;
beforeAll(async () => {
  trust = await trustListOf(root, keys);
  const claims = { issuer, epoch: 1, universe: NOW - 10, expires: NOW + 200_000, cardsExpire: EXPIRES };
  snapshot = await snapshotFile(statusKey, {
    ...claims,
    statuses: [Status.GOOD, Status.REVOKED, Status.SUSPENDED],
  });
});

describe("a clock before a time that was signed", () => {
  const before = NOW - 10 - CLOCK_SKEW_SECONDS - 1;

  it("decides nothing that depends on it; what is forged, revoked or suspended is so at any time", async () => {
    const qrs = [card(0), card(1), card(2), forged(), makeCard(generateKey(Algorithm.ED25519))];
    const always = ["REVOKED", "SUSPENDED", "BAD_ISSUER_SIGNATURE", "UNKNOWN_ISSUER"];
    const sources = { trust, status: snapshot };
    expect(await codes(sources, before + 1, qrs)).toEqual(["VALID", ...always]);
    expect(await codes(sources, before, qrs)).toEqual(["CLOCK_WRONG", ...always]);
    expect(await codes(sources, 0, qrs)).toEqual(["CLOCK_WRONG", ...always]);
    expect(await judge(sources, before, [card(0)])).toMatchObject([{ outcome: "undetermined", code: "CLOCK_WRONG" }]);
  });

  it("takes neither a card's dates nor a key's for passed, or for still to come", async () => {
    const status = "none";
    const late = generateKey(Algorithm.ED25519);
    const old = generateKey(Algorithm.ED25519);
    const dated = await trustListOf(root, [
      trusted(key),
      trusted(late, { notBefore: LIST_ISSUED }),
      trusted(old, { notAfter: 1000 }),
    ]);
    const qrs = [
      card(0, [[4, 10], [6, 5], [5, 0]]), // prettier-ignore
      card(0, [[5, NOW]]),
      makeCard(late),
      makeCard(old),
      makeCard(late, { signature: new Uint8Array(64) }),
      makeCard(key, { payload: payload([[169, new Map([[75, 1]])]]) }),
    ];
    const engine = await Engine.create({ trust: dated, status, clock: () => 2_000_000 });
    expect(engine.verifyBatch(qrs).map(({ code }) => code)).toEqual([
      "CLOCK_WRONG",
      ...["CLOCK_WRONG", "CLOCK_WRONG", "CLOCK_WRONG", "BAD_ISSUER_SIGNATURE", "CLOCK_WRONG"],
    ]);
    const right = await Engine.create({ trust: dated, status, clock: () => NOW * 1000 });
    const expected = ["EXPIRED", "VALID", "VALID", "KEY_EXPIRED", "BAD_ISSUER_SIGNATURE", "VALID"];
    expect(right.verifyBatch(qrs).map(({ code }) => code)).toEqual(expected);
  });

  it("is one before trust list, snapshot, delta or status list, whichever was signed last", async () => {
    const claims = { issuer, epoch: 2, base: 1, from: 1, universe: NOW + 100, expires: NOW + 500 };
    const none = packIds([]);
    const signer = signerOf(statusKey);
    const delta = await encodeDelta({ ...claims, good: none, revoked: none, suspended: none }, signer);
    const list = await encodeStatusList(
      { uri: "https://a.example/1", issuedAt: NOW + 300, bits: 1, statuses: packStatuses([Status.GOOD], 1) },
      signer,
    );
    const floors: [StateSources, number][] = [
      [{ trust, status: "none" }, LIST_ISSUED],
      [{ trust: [jwksOf([key]), trust], status: "none" }, LIST_ISSUED],
      [{ trust, status: snapshot }, NOW - 10],
      [{ trust, status: [snapshot, delta] }, NOW + 100],
      [{ trust, status: [snapshot, delta, list] }, NOW + 300],
    ];
    for (const [sources, floor] of floors) {
      expect(await codes(sources, floor - CLOCK_SKEW_SECONDS, [card(0)])).toEqual(["VALID"]);
      expect(await codes(sources, floor - CLOCK_SKEW_SECONDS - 1, [card(0)])).toEqual(["CLOCK_WRONG"]);
    }
    // Keys without a date say nothing of the time.
    expect(await codes({ trust: jwksOf([key]) }, NOW - 8_000_000, [card(0)])).toEqual(["VALID"]);
  });

  it("counts for nothing where the request says which moment it is", async () => {
    expect(await codes({ trust, status: snapshot }, 0, [card(0)], NOW)).toEqual(["VALID"]);
  });
});

describe("a trust list that has expired", () => {
  it("leaves undetermined what would be valid, and what is refused refused", async () => {
    const sources = { trust, status: snapshot };
    const qrs = [card(0, [[4, NOW + 900_000]]), card(0), card(1)];
    expect(await codes({ ...sources, status: "none" }, LIST_EXPIRES - 1, qrs)).toEqual(["VALID", "EXPIRED", "EXPIRED"]);
    const verdicts = await judge({ ...sources, status: "none" }, LIST_EXPIRES, qrs);
    expect(verdicts).toMatchObject([
      { outcome: "undetermined", code: "STATUS_STALE", status: "stale" },
      { code: "EXPIRED" },
      { code: "EXPIRED" },
    ]);
    expect(await codes(sources, LIST_EXPIRES, [card(1)])).toEqual(["REVOKED"]);
    // With the clock replaced, the moment asked for decides this too.
    expect(await codes({ ...sources, status: "none" }, LIST_EXPIRES, qrs.slice(0, 1), NOW)).toEqual(["VALID"]);
    const asked = await codes({ ...sources, status: "none" }, NOW, qrs.slice(0, 1), LIST_EXPIRES);
    expect(asked).toEqual(["STATUS_STALE"]);
  });

  it("expires for its own keys, also where another file names them too", async () => {
    const qr = card(0, [[4, NOW + 900_000]]);
    expect(await codes({ trust: jwksOf([key]) }, LIST_EXPIRES, [qr])).toEqual(["VALID"]);
    for (const both of [
      [jwksOf([key]), trust],
      [trust, jwksOf([key])],
    ]) {
      // prettier-ignore
      expect(await codes({ trust: both }, LIST_EXPIRES, [qr])).toEqual(["STATUS_STALE"]);
    }
  });
});

describe("a moment asked for", () => {
  async function ask(means: AtMeans, at: number, now: number): Promise<string[]> {
    const verifier = await Verifier.create({ trust, status: snapshot, workers: 1, clock: () => now * 1000 });
    try {
      const requirements = verifier.requirementsOf({ at: new Date(at * 1000) }, means);
      return (await verifier.verifyAll([card(0), card(1), forged()], requirements)).map(({ code }) => code);
    } finally {
      await verifier.close();
    }
  }
  const always = ["REVOKED", "BAD_ISSUER_SIGNATURE"];

  it("stands for the clock, or moves the card's own dates and nothing else", async () => {
    // The snapshot and the list have expired by the clock.
    expect(await ask("clock", NOW, NOW + 300_000)).toEqual(["VALID", ...always]);
    expect(await ask("card", NOW, NOW + 300_000)).toEqual(["STATUS_STALE", ...always]);
    // The card expires between the moment and now.
    expect(await ask("card", NOW, EXPIRES)).toEqual(["VALID", ...always]);
    expect(await ask("card", EXPIRES, NOW)).toEqual(["EXPIRED", ...always]);
    expect(await ask("clock", EXPIRES, NOW)).toEqual(["EXPIRED", ...always]);
    // The clock is wrong.
    expect(await ask("card", NOW, NOW - 5000)).toEqual(["CLOCK_WRONG", ...always]);
    expect(await ask("clock", NOW, NOW - 5000)).toEqual(["VALID", ...always]);
  });

  it("is now where none is asked for, and then the clock's", () => {
    const now = new Date(NOW * 1000);
    expect(momentAsked(undefined, now, "clock")).toEqual({ at: BigInt(NOW), date: 20260921 });
  });
});
