import type { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot-builder.js";
import { Engine } from "../../../src/engine/engine.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/format/batch.js";
import { concat } from "../../../src/format/bytes.js";
import { encodeDelta, packIds } from "../../../src/format/delta.js";
import { RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../../src/format/status-body.js";
import { StatusError } from "../../../src/format/status-error.js";
import { periodOf } from "../../../src/format/status-layout.js";
import { generateKey } from "../../support/keys.js";
import { kidOf, makeCard, NOW, payload, trusted } from "../../support/make-card.js";
import { trustListOf } from "../../support/trust.js";

const root = generateKey(Algorithm.ED25519);
const key = generateKey(Algorithm.ED25519);
const second = generateKey(Algorithm.ED25519);
const statusKey = generateKey(Algorithm.ED25519);
const issuer = "pilot.example";
const at = new Date(NOW * 1000);
const EXPIRES = NOW + 1000;

const trustKeys = [trusted(key, { issuer }), trusted(statusKey, { issuer, use: "status" })];
const cti = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const card = (n: number, issuedAt = NOW - 1000): string =>
  makeCard(key, { payload: payload([[4, EXPIRES], [6, issuedAt], [7, cti(n)]]) }); // prettier-ignore

const signer = { algorithm: statusKey.algorithm, kid: kidOf(statusKey), sign: (m: Uint8Array) => statusKey.sign(m) };

/** A snapshot file over the credentials 0..statuses.length-1. */
async function snapshotOf(statuses: readonly Status[], epoch: number, expires = NOW + 500): Promise<Uint8Array> {
  const records = new Uint8Array(statuses.length * RECORD_SIZE);
  const view = new DataView(records.buffer);
  statuses.forEach((status, n) => {
    records.set(cti(n), n * RECORD_SIZE + RECORD_CTI);
    view.setUint32(n * RECORD_SIZE + RECORD_PERIOD, periodOf(EXPIRES), true);
    view.setUint8(n * RECORD_SIZE + RECORD_STATUS, status);
  });
  const source = { async *[Symbol.asyncIterator]() { yield await Promise.resolve(records); } }; // prettier-ignore
  const { head, body } = await buildSnapshot(source, {
    issuer,
    epoch,
    universe: NOW - 10,
    expires,
    signer,
    threads: 0,
  });
  return concat(head, body);
}

interface Changes {
  good?: number[];
  revoked?: number[];
  suspended?: number[];
}

/** A delta file on top of the snapshot with epoch `base`. */
function deltaOf(
  epoch: number,
  base: number,
  { good = [], revoked = [], suspended = [] }: Changes,
  alsoSuspended: readonly Uint8Array[] = [],
): Promise<Uint8Array> {
  const claims = { issuer, epoch, base, from: base, universe: NOW - 10, expires: NOW + 500 };
  const ids = {
    good: packIds(good.map(cti)),
    revoked: packIds(revoked.map(cti)),
    suspended: packIds([...suspended.map(cti), ...alsoSuspended]),
  };
  return encodeDelta({ ...claims, ...ids }, signer);
}

const { GOOD, REVOKED, SUSPENDED } = Status;

describe("status", () => {
  const cards = [card(0), card(1), card(2), card(0, NOW - 5)];

  it("is exact inside the universe and not-covered after it", async () => {
    const engine = await Engine.create({
      trust: await trustListOf(root, trustKeys),
      status: await snapshotOf([GOOD, REVOKED, SUSPENDED], 7),
    });
    expect(engine.verifyBatch(cards, { at })).toMatchObject([
      { code: "VALID", status: "good", epoch: 7 },
      { outcome: "refused", code: "REVOKED", status: "revoked" },
      { outcome: "refused", code: "SUSPENDED", status: "suspended" },
      { outcome: "undetermined", code: "STATUS_NOT_COVERED", status: "not-covered" },
    ]);
  });

  it("is stale after the snapshot's expiry, and what was revoked stays revoked", async () => {
    const engine = await Engine.create({
      trust: await trustListOf(root, trustKeys),
      status: await snapshotOf([GOOD, REVOKED], 1, NOW - 1),
    });
    expect(engine.verifyBatch(cards.slice(0, 2), { at })).toMatchObject([
      { outcome: "undetermined", code: "STATUS_STALE", status: "stale" },
      { code: "REVOKED" },
    ]);
  });

  it("is stale sooner where the verifier wants it fresher", async () => {
    const engine = await Engine.create({
      trust: await trustListOf(root, trustKeys),
      status: await snapshotOf([GOOD], 1),
      statusMaxAge: 9,
    });
    expect(engine.verifyBatch([card(0)], { at })[0]?.code).toBe("STATUS_STALE");
  });
});

describe("what is in force changes between batches", () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await Verifier.create({ trust: await trustListOf(root, trustKeys, 3), workers: 2 });
  });
  afterAll(() => verifier.close());

  const codes = async (qrs: readonly string[]): Promise<string[]> =>
    (await verifier.verifyBatch(qrs, { at })).map(({ code }) => code);

  it("a snapshot, then a newer one; an older one is refused and changes nothing", async () => {
    expect(await codes([card(0), card(1)])).toEqual(["VALID", "VALID"]);
    await verifier.updateStatus(await snapshotOf([GOOD, REVOKED], 2));
    expect(await codes([card(0), card(1)])).toEqual(["VALID", "REVOKED"]);
    await expect(verifier.updateStatus(await snapshotOf([REVOKED, GOOD], 2))).rejects.toMatchObject({
      code: "OLD_EPOCH",
    });
    const flipped = await snapshotOf([REVOKED, GOOD], 4);
    flipped[flipped.length - 200]! ^= 1;
    await expect(verifier.updateStatus(flipped)).rejects.toMatchObject({ name: "StatusError" });
    expect(await codes([card(0), card(1)])).toEqual(["VALID", "REVOKED"]);
    await verifier.updateStatus(await snapshotOf([SUSPENDED, GOOD], 4));
    expect(await codes([card(0), card(1)])).toEqual(["SUSPENDED", "VALID"]);
    expect(verifier.stats).toMatchObject({ trustEpoch: 3, statusEpoch: 4 });
  });

  it("a delta; one for another base is refused, a reinstated card is good again", async () => {
    await verifier.updateStatus(await deltaOf(5, 4, { good: [0], revoked: [1] }));
    expect(await codes([card(0), card(1)])).toEqual(["VALID", "REVOKED"]);
    await expect(verifier.updateStatus(await deltaOf(6, 3, { revoked: [0] }))).rejects.toMatchObject({ code: "WRONG_BASE" }); // prettier-ignore
    await verifier.updateStatus(await deltaOf(6, 4, { suspended: [0], good: [1] }));
    expect(await codes([card(0), card(1)])).toEqual(["SUSPENDED", "VALID"]);
    expect(verifier.stats).toMatchObject({ trustEpoch: 3, statusEpoch: 6 });
  });

  it("a snapshot comes into force together with the deltas made while it was built", async () => {
    const snapshot = await snapshotOf([GOOD, GOOD], 5);
    await expect(verifier.updateStatus(snapshot)).rejects.toMatchObject({ code: "OLD_EPOCH" });
    await verifier.updateStatus(snapshot, await deltaOf(7, 5, { suspended: [0] }));
    expect(await codes([card(0), card(1)])).toEqual(["SUSPENDED", "VALID"]);
  });

  it("a trust list with another key; the snapshots stay in force", async () => {
    const stranger = makeCard(second, { payload: payload([[7, cti(1)]]) });
    expect(await codes([stranger])).toEqual(["UNKNOWN_ISSUER"]);
    const more = [trusted(second, { issuer }), ...trustKeys];
    await expect(async () => { verifier.updateTrust(await trustListOf(root, more, 3)); }).rejects.toMatchObject({ code: "OLD_EPOCH" }); // prettier-ignore
    await expect(async () => { verifier.updateTrust(await trustListOf(second, more, 4)); }).rejects.toMatchObject({ code: "OTHER_ROOT" }); // prettier-ignore
    verifier.updateTrust(await trustListOf(root, more, 4));
    expect(await codes([stranger, card(0), card(1)])).toEqual(["VALID", "SUSPENDED", "VALID"]);
    const [first, last] = await verifier.verifyBatch([stranger, card(1)], { at });
    expect(first?.kid).toBe(Buffer.from(kidOf(second)).toString("hex"));
    expect(last?.kid).toBe(Buffer.from(kidOf(key)).toString("hex"));
  });

  it("while batches are in work none is lost or misjudged", async () => {
    const asked = Array.from({ length: 20 }, () => codes(Array.from({ length: 20 }, () => card(1))));
    await verifier.updateStatus(await snapshotOf([GOOD, REVOKED], 9));
    const later = codes([card(1)]);
    for (const answers of await Promise.all(asked)) {
      expect(answers).toHaveLength(20);
      expect(answers.filter((code) => code !== "VALID" && code !== "REVOKED")).toEqual([]);
    }
    expect(await later).toEqual(["REVOKED"]);
  });
});

describe("large files are checked in a thread of their own", () => {
  /** Ids of 48 KiB in all: more than is checked on the calling thread. */
  const strangers = Array.from({ length: 3072 }, (_, n) => 1000 + n);
  const longCti = (n: number): Uint8Array => Uint8Array.of(...new Array<number>(14).fill(0), n >> 8, n & 0xff);
  const largeDelta = (epoch: number, base: number, changes: Changes): Promise<Uint8Array> =>
    deltaOf(epoch, base, changes, strangers.map(longCti));
  let verifier: Verifier;
  let threads = 0;
  const count = (): void => {
    threads++;
  };
  beforeAll(async () => {
    verifier = await Verifier.create({
      trust: await trustListOf(root, trustKeys, 3),
      status: await snapshotOf([GOOD, GOOD], 1),
      workers: 1,
    });
    await codes();
    process.on("worker", count);
  });
  afterAll(async () => {
    process.off("worker", count);
    await verifier.close();
  });

  const codes = async (): Promise<string[]> =>
    (await verifier.verifyBatch([card(0), card(1)], { at })).map(({ code }) => code);

  it("and come into force, in shared memory or not", async () => {
    await verifier.updateStatus(await largeDelta(2, 1, { revoked: [0] }));
    expect(threads).toBe(1);
    expect(await codes()).toEqual(["REVOKED", "VALID"]);
    const [snapshot, delta] = [await snapshotOf([SUSPENDED, GOOD], 3), await largeDelta(4, 3, { revoked: [1] })];
    const shared = [snapshot, delta].map((file) => {
      const copy = new Uint8Array(new SharedArrayBuffer(file.length));
      copy.set(file);
      return copy;
    });
    await verifier.updateStatus(...shared);
    expect(threads).toBe(2);
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
  });

  it("a refusal is a StatusError that says which file and why, and changes nothing", async () => {
    const damaged = await largeDelta(5, 3, { revoked: [0] });
    damaged[damaged.length - 1]! ^= 1;
    const refused = verifier.updateStatus(await snapshotOf([GOOD, GOOD], 5), damaged);
    await expect(refused).rejects.toBeInstanceOf(StatusError);
    await expect(refused).rejects.toMatchObject({ code: "BAD_SIGNATURE", file: 1, message: /does not hold/ });
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
    expect(verifier.stats.statusEpoch).toBe(4);
  });

  it("a thread that dies changes nothing, and the next update counts", async () => {
    const delta = await largeDelta(6, 3, { good: [0, 1] });
    process.once("worker", (thread: Worker) => void thread.terminate());
    await expect(verifier.updateStatus(delta)).rejects.toThrow(/died/);
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
    await verifier.updateStatus(delta);
    expect(await codes()).toEqual(["VALID", "VALID"]);
  });
});
