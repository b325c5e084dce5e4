import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { encodeDelta, packIds } from "../../../src/format/status/delta.js";
import { encodeStatusList, packStatuses } from "../../../src/format/status/token-status-list.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { generateKey } from "../../support/keys.js";
import { makeCard, NOW, payload, trusted } from "../../support/make-card.js";
import { ctiOf, signerOf, snapshotFile } from "../../support/snapshots.js";
import { trustListOf } from "../../support/trust.js";

/** A verdict's epoch is that of its own issuer's snapshot. */

const at = new Date(NOW * 1000);
const root = generateKey(Algorithm.ED25519);
const EXPIRES = NOW + 1000;
const URI = "https://a.example/1";
const issuers = ["a.example", "b.example", "c.example"].map((issuer) => ({
  issuer,
  key: generateKey(Algorithm.ED25519),
  statusKey: generateKey(Algorithm.ED25519),
}));
const [a, b, c] = issuers as [Issuer, Issuer, Issuer];
type Issuer = (typeof issuers)[number];

function card({ key }: Issuer, n = 0, issuedAt = NOW - 1000): string {
  const list = new Map([["status_list", new Map<string, unknown>([["idx", n], ["uri", URI]])]]); // prettier-ignore
  return makeCard(key, { payload: payload([[4, EXPIRES], [6, issuedAt], [7, ctiOf(n)], [65535, list]]) }); // prettier-ignore
}

function snapshot({ issuer, statusKey }: Issuer, epoch: number): Promise<Uint8Array> {
  const statuses = [Status.GOOD, Status.REVOKED];
  return snapshotFile(statusKey, {
    ...{ issuer, epoch, universe: NOW - 10, expires: NOW + 500 },
    ...{ cardsExpire: EXPIRES, statuses },
  });
}

function delta({ issuer, statusKey }: Issuer, epoch: number, base: number): Promise<Uint8Array> {
  const claims = { issuer, epoch, base, from: base, universe: NOW - 5, expires: NOW + 500 };
  const none = packIds([]);
  return encodeDelta({ ...claims, good: none, revoked: packIds([ctiOf(0)]), suspended: none }, signerOf(statusKey));
}

describe("the epoch of a verdict", () => {
  let trust: Uint8Array;
  beforeAll(async () => {
    const keys = issuers.flatMap(({ issuer, key, statusKey }) => [
      trusted(key, { issuer }),
      trusted(statusKey, { issuer, use: "status" }),
    ]);
    trust = await trustListOf(root, keys);
  });
  const epochs = (verdicts: readonly Verdict[]): unknown[] => verdicts.map(({ code, epoch }) => [code, epoch]);

  it("is its issuer's, whichever is newest, and a delta's once that is in force", async () => {
    const verifier = await Verifier.create({ trust, status: [await snapshot(a, 9), await snapshot(b, 4)], workers: 1 });
    const qrs = [card(a), card(b), card(a, 1), card(b, 1)];
    try {
      const before = epochs(await verifier.verifyBatch(qrs, { at }));
      expect(before).toEqual([["VALID", 9], ["VALID", 4], ["REVOKED", 9], ["REVOKED", 4]]); // prettier-ignore
      await verifier.updateStatus(await delta(b, 5, 4));
      const after = epochs(await verifier.verifyBatch(qrs, { at }));
      expect(after).toEqual([["VALID", 9], ["REVOKED", 5], ["REVOKED", 9], ["REVOKED", 5]]); // prettier-ignore
      await verifier.updateStatus(await snapshot(a, 10));
      const last = epochs(await verifier.verifyBatch(qrs, { at }));
      expect(last).toEqual([["VALID", 10], ["REVOKED", 5], ["REVOKED", 10], ["REVOKED", 5]]); // prettier-ignore
    } finally {
      await verifier.close();
    }
  });

  it("is absent where no snapshot was asked: a list decided, nothing did, or the card is not genuine", async () => {
    const statuses = packStatuses([Status.GOOD, Status.REVOKED], 1);
    const list = await encodeStatusList({ uri: URI, issuedAt: NOW - 20, bits: 1, statuses }, signerOf(c.statusKey));
    const engine = await Engine.create({ trust, status: [await snapshot(a, 9), list] });
    const forged = makeCard(a.key, { signature: new Uint8Array(64) });
    const verdicts = engine.verifyBatch([card(c), card(c, 1), card(b), forged, card(a, 0, NOW - 5)], { at });
    expect(verdicts.map(({ code, epoch, statusSource }) => [code, epoch, statusSource])).toEqual([
      ["VALID", undefined, "list"],
      ["REVOKED", undefined, "list"],
      ["STATUS_UNKNOWN", undefined, undefined],
      ["BAD_ISSUER_SIGNATURE", undefined, undefined],
      // What that snapshot does not cover it does not cover at that epoch.
      ["STATUS_NOT_COVERED", 9, undefined],
    ]);
  });
});
