import { beforeAll, describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot/builder.js";
import { Engine } from "../../../src/engine/engine.js";
import type { StateSources } from "../../../src/engine/state.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { concat } from "../../../src/format/bytes.js";
import { periodOf } from "../../../src/format/status/layout.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, kidOf, makeCard, NOW, payload, trusted } from "../../support/make-card.js";
import { trustListOf } from "../../support/trust.js";
import { sourceOf } from "../../support/universe.js";

/** Status that is promised and that nothing tells (contract section 5): nothing fails open. */

const at = new Date(NOW * 1000);
const root = generateKey(Algorithm.ED25519);
const key = generateKey(Algorithm.ED25519);
const other = generateKey(Algorithm.ED25519);
const statusKey = generateKey(Algorithm.ED25519);
const issuer = "pilot.example";
const EXPIRES = NOW + 1000;
const cti = new Uint8Array(16).fill(3);

/** A card; with `status` as its claim 65535. */
function card(by = key, status?: Map<string, unknown>, issuedAt = NOW - 1000): string {
  const claims: [number, unknown][] = [[4, EXPIRES], [6, issuedAt], [7, cti]]; // prettier-ignore
  return makeCard(by, { payload: payload(status ? [...claims, [65535, status]] : claims) });
}

const named = new Map([["status_list", new Map<string, unknown>([["idx", 1], ["uri", "https://a.example/1"]])]]); // prettier-ignore
const foreign = new Map([["identifier_list", new Map([["id", Uint8Array.of(1)]])]]);

const UNKNOWN = { outcome: "undetermined", code: "STATUS_UNKNOWN", status: "unchecked" };
const UNCHECKED = { outcome: "accepted", code: "VALID", status: "unchecked" };

async function judge(sources: StateSources, ...qrs: string[]): Promise<object[]> {
  const engine = await Engine.create(sources);
  return engine.verifyBatch(qrs, { at });
}

describe("status that is promised and not told", () => {
  let promising: Uint8Array;
  let silent: Uint8Array;
  let snapshot: Uint8Array;
  beforeAll(async () => {
    const statuses = trusted(statusKey, { issuer, use: "status", promisesStatus: true });
    const second = trusted(other, { issuer: "other.example", promisesStatus: true });
    promising = await trustListOf(root, [trusted(key, { issuer, promisesStatus: true }), second, statuses]);
    silent = await trustListOf(root, [trusted(key, { issuer }), statuses]);
    const persons = [{ cti, period: periodOf(EXPIRES), status: Status.GOOD }];
    const { head, body } = await buildSnapshot(sourceOf(persons), {
      ...{ issuer, epoch: 3, universe: NOW - 10, expires: NOW + 500, threads: 0 },
      signer: { algorithm: statusKey.algorithm, kid: kidOf(statusKey), sign: (message) => statusKey.sign(message) },
    });
    snapshot = concat(head, body);
  });

  it("is unknown by a trust list of ours, and unchecked where nothing promises it", async () => {
    expect(await judge({ trust: promising }, card())).toMatchObject([UNKNOWN]);
    expect(await judge({ trust: promising, status: [] }, card())).toMatchObject([UNKNOWN]);
    expect(await judge({ trust: silent }, card())).toMatchObject([UNCHECKED]);
    expect(await judge({ trust: jwksOf([key]) }, card())).toMatchObject([UNCHECKED]);
  });

  it("is unknown of a card that names what tells it, whoever signed the card", async () => {
    expect(await judge({ trust: silent }, card(key, named))).toMatchObject([UNKNOWN]);
    expect(await judge({ trust: jwksOf([key]) }, card(key, named))).toMatchObject([UNKNOWN]);
    expect(await judge({ trust: jwksOf([key]) }, card(key, foreign))).toMatchObject([UNKNOWN]);
    expect(await judge({ trust: jwksOf([key]) }, card(key, new Map()))).toMatchObject([UNCHECKED]);
  });

  it("is asked for each issuer alone: one's snapshot tells nothing of another's cards", async () => {
    expect(await judge({ trust: promising, status: snapshot }, card(), card(other))).toMatchObject([
      { code: "VALID", status: "good", epoch: 3 },
      UNKNOWN,
    ]);
  });

  it("is told by a snapshot that covers the card, and not covered by one that does not", async () => {
    const sources = { trust: promising, status: snapshot };
    expect(await judge(sources, card(key, named), card(key, named, NOW - 5))).toMatchObject([
      { code: "VALID", status: "good", statusSource: "snapshot" },
      { code: "STATUS_NOT_COVERED", status: "not-covered", outcome: "undetermined" },
    ]);
  });

  it("is not asked by who was told to go without, but what is loaded is not forgotten", async () => {
    expect(await judge({ trust: promising, status: "none" }, card(), card(key, named))).toMatchObject([
      UNCHECKED,
      UNCHECKED,
    ]);
    const verifier = await Verifier.create({ trust: promising, status: "none", workers: 1 });
    try {
      expect(await verifier.verifyBatch([card()], { at })).toMatchObject([UNCHECKED]);
      await verifier.updateStatus(snapshot);
      expect(await verifier.verifyBatch([card(), card(key, named, NOW - 5)], { at })).toMatchObject([
        { code: "VALID", status: "good" },
        { code: "STATUS_NOT_COVERED" },
      ]);
    } finally {
      await verifier.close();
    }
  });

  it("is promised by a key's signed entry though a JWK set names the same key without one", async () => {
    for (const trust of [
      [jwksOf([key]), promising],
      [promising, jwksOf([key])],
    ]) {
      expect(await judge({ trust }, card())).toMatchObject([UNKNOWN]);
      expect(await judge({ trust, status: snapshot }, card())).toMatchObject([{ code: "VALID", status: "good" }]);
    }
  });

  it("leaves other refusals as they are", async () => {
    const expired = makeCard(key, { payload: payload([[4, NOW - 1]]) });
    const lite = { trust: promising };
    expect(await judge(lite, expired)).toMatchObject([UNKNOWN]);
    expect(await judge(lite, makeCard(generateKey(Algorithm.ED25519)))).toMatchObject([{ code: "UNKNOWN_ISSUER" }]);
  });
});
