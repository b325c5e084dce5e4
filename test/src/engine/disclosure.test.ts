import { beforeAll, describe, expect, it } from "vitest";
import { BatchWriter } from "../../../src/engine/batch-writer.js";
import { DetailBuffers, DetailWriter } from "../../../src/engine/detail-buffer.js";
import { Engine } from "../../../src/engine/engine.js";
import { Instance } from "../../../src/engine/instance.js";
import { compileEngine } from "../../../src/engine/module.js";
import { loadState, readState } from "../../../src/engine/state.js";
import { Algorithm, BATCH_SIZE, Status, Tier } from "../../../src/abi/batch.js";
import { momentAsked, type Requirements } from "../../../src/format/requirements.js";
import { generateKey } from "../../support/keys.js";
import { identity, makeCard, NOW, payload, trusted } from "../../support/make-card.js";
import { ctiOf, snapshotFile } from "../../support/snapshots.js";
import { trustListOf } from "../../support/trust.js";

/** Claims are disclosed of accepted cards alone (contract section 5). */

const issuer = "pilot.example";
const NAME = "张秀英";
const root = generateKey(Algorithm.ED25519);
const key = generateKey(Algorithm.ED25519);
const statusKey = generateKey(Algorithm.ED25519);
const EXPIRES = NOW + 1000;

function card(n: number, changes: [number, unknown][] = []): string {
  return makeCard(key, { payload: payload([[4, EXPIRES], [6, NOW - 1000], [7, ctiOf(n)], ...changes]) }); // prettier-ignore
}

const plain: Requirements = { ...momentAsked(new Date(NOW * 1000), new Date(0), "clock"), detail: "claims" };
const CASES: [string, string, Partial<Requirements>][] = [
  ["VALID", card(0), {}],
  ["REVOKED", card(1), {}],
  ["SUSPENDED", card(2), {}],
  ["STATUS_NOT_COVERED", card(0, [[6, NOW - 5]]), {}],
  ["STATUS_STALE", card(0), { at: BigInt(NOW + 501) }],
  ["CLOCK_WRONG", card(0), { at: 0n, atReplacesClock: false }],
  ["NOT_YET_VALID", card(0, [[5, NOW + 1]]), {}],
  ["EXPIRED", card(0), { at: BigInt(EXPIRES) }],
  ["TIER_TOO_LOW", card(0, [[169, identity([[75, 1]])]]), { minTier: Tier.FULL }], // prettier-ignore
  ["PURPOSE_NOT_ACCEPTED", card(0), { refused: "purpose" }],
  ["REGION_NOT_ACCEPTED", card(0), { refused: "region" }],
  ["UNDER_AGE", card(0), { minAge: 120 }],
  ["PRESENTATION_REQUIRED", card(0), { presentationRequired: true }],
  ["BAD_ISSUER_SIGNATURE", makeCard(key, { signature: new Uint8Array(64) }), {}],
  ["UNKNOWN_ISSUER", makeCard(generateKey(Algorithm.ED25519)), {}],
];

describe("claims asked for", () => {
  let sources: { trust: Uint8Array; status: Uint8Array };
  beforeAll(async () => {
    const promisesStatus = true;
    const keys = [trusted(key, { issuer, promisesStatus }), trusted(statusKey, { issuer, use: "status" })];
    const claims = { issuer, epoch: 1, universe: NOW - 10, expires: NOW + 500, cardsExpire: EXPIRES };
    const statuses = [Status.GOOD, Status.REVOKED, Status.SUSPENDED];
    sources = {
      trust: await trustListOf(root, keys),
      status: await snapshotFile(statusKey, { ...claims, statuses }),
    };
  });

  it.each(CASES)("of a card that is %s", async (code, qr, changes) => {
    // The snapshot's own expiry is 500 s on: a card that expires later is asked about without it.
    const status = code === "EXPIRED" ? "none" : sources.status;
    const engine = await Engine.create({ ...sources, status, clock: () => 0 });
    const [verdict] = engine.verifyAll([qr], { ...plain, ...changes });
    expect(verdict?.code).toBe(code);
    expect(verdict?.claims?.["4"]).toBe(code === "VALID" ? NAME : undefined);
  });

  it("leave the engine for accepted cards alone, and for none where only names are asked for", async () => {
    const instance = new Instance(await compileEngine());
    loadState(instance, await readState(sources, instance.checkSignature));
    const writer = new DetailWriter(new DetailBuffers((size) => new ArrayBuffer(size)));
    const batch = new BatchWriter(new ArrayBuffer(BATCH_SIZE), 0);
    for (const [code, qr, changes] of CASES) {
      for (const detail of ["names", "claims"] as const) {
        batch.clear();
        batch.add(qr, { ...plain, ...changes, detail });
        batch.seal(1, 0);
        instance.verify(batch.bytes, writer);
        const bytes = Buffer.from(writer.finish() ?? []);
        expect(bytes.includes(NAME), `${code}, ${detail}`).toBe(code === "VALID" && detail === "claims");
      }
    }
  });
});
