import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { Piscina } from "piscina";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { buildSnapshot } from "../../../src/authority/snapshot/builder.js";
import { Engine } from "../../../src/engine/engine.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { concat } from "../../../src/format/bytes.js";
import { encodeDelta, packIds } from "../../../src/format/status/delta.js";
import { RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../../src/abi/status-body.js";
import { StatusError } from "../../../src/format/status/error.js";
import { periodOf } from "../../../src/format/status/layout.js";
import { compileFaultyEngine } from "../../support/faulty.js";
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

const STRANGERS_FROM = 200;

/** A snapshot file over the credentials 0..statuses.length-1, from STRANGERS_FROM on with ids of their own. */
async function snapshotOf(statuses: readonly Status[], epoch: number, expires = NOW + 500): Promise<Uint8Array> {
  const records = new Uint8Array(statuses.length * RECORD_SIZE);
  const view = new DataView(records.buffer);
  statuses.forEach((status, n) => {
    if (n < STRANGERS_FROM) records.set(cti(n), n * RECORD_SIZE + RECORD_CTI);
    else view.setUint32(n * RECORD_SIZE + RECORD_CTI, n);
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
    await expect(verifier.updateTrust(await trustListOf(root, more, 3))).rejects.toMatchObject({ code: "OLD_EPOCH" }); // prettier-ignore
    await expect(verifier.updateTrust(await trustListOf(second, more, 4))).rejects.toMatchObject({ code: "OTHER_ROOT" }); // prettier-ignore
    await verifier.updateTrust(await trustListOf(root, more, 4));
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

  it("a refusal is a StatusError that says which file and why; the others come into force", async () => {
    const damaged = await largeDelta(5, 3, { revoked: [0] });
    damaged[damaged.length - 1]! ^= 1;
    await expect(verifier.updateStatus(damaged)).rejects.toMatchObject({ code: "BAD_SIGNATURE", file: 0 });
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
    const refused = verifier.updateStatus(await snapshotOf([GOOD, SUSPENDED], 5), damaged);
    await expect(refused).rejects.toBeInstanceOf(StatusError);
    await expect(refused).rejects.toMatchObject({ code: "BAD_SIGNATURE", file: 1, message: /does not hold/ });
    expect(await codes()).toEqual(["VALID", "SUSPENDED"]);
    expect(verifier.stats.statusEpoch).toBe(5);
  });

  it("a bad snapshot does not keep out the delta beside it, nor a delta that is about another one", async () => {
    const snapshot = await snapshotOf([GOOD, GOOD], 7);
    snapshot[snapshot.length - 200]! ^= 1;
    const delta = await largeDelta(6, 5, { revoked: [0] });
    await expect(verifier.updateStatus(snapshot, delta)).rejects.toMatchObject({ name: "StatusError", file: 0 });
    expect(await codes()).toEqual(["REVOKED", "SUSPENDED"]);
    const [old, next] = [await snapshotOf([GOOD, GOOD], 4), await deltaOf(7, 5, { good: [0], revoked: [1] })];
    await expect(verifier.updateStatus(old, next)).rejects.toMatchObject({ code: "OLD_EPOCH", file: 0 });
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
  });

  it("a thread that dies changes nothing, and the next update counts", async () => {
    const delta = await largeDelta(8, 5, { suspended: [0], good: [1] });
    process.once("worker", (thread: Worker) => void thread.terminate());
    await expect(verifier.updateStatus(delta)).rejects.toThrow(/died/);
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    await verifier.updateStatus(delta);
    expect(await codes()).toEqual(["SUSPENDED", "VALID"]);
  });
});

describe("a large snapshot is named by its path and lies in files", () => {
  /** A folder for the files that are named, and one that stands for the system's temporary folder. */
  let folder: string;
  let temporary: string;
  let verifier: Verifier;
  const TMPDIR = process.env["TMPDIR"];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hufu-update-"));
    temporary = await mkdtemp(join(tmpdir(), "hufu-update-"));
    process.env["TMPDIR"] = temporary;
    verifier = await Verifier.create({
      trust: await trustListOf(root, trustKeys, 3),
      status: await written([GOOD, REVOKED], 1),
      workers: 1,
      module: await compileFaultyEngine(),
    });
  });
  afterAll(async () => {
    await verifier.close();
    expect(await readdir(temporary)).toEqual([]);
    if (TMPDIR === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = TMPDIR;
    await rm(folder, { recursive: true });
    await rm(temporary, { recursive: true });
  });

  /** More than is checked on the calling thread. */
  const large = (statuses: readonly Status[], epoch: number): Promise<Uint8Array> => {
    const strangers = Array.from({ length: 400_000 }, (_, n) => (n % 2 === 0 ? GOOD : REVOKED));
    const others = Array.from({ length: STRANGERS_FROM - statuses.length }, () => GOOD);
    return snapshotOf([...statuses, ...others, ...strangers], epoch);
  };
  async function written(statuses: readonly Status[], epoch: number): Promise<{ path: string }> {
    const path = join(folder, "status.hufu");
    await writeFile(path, await large(statuses, epoch));
    return { path };
  }
  const codes = async (): Promise<string[]> =>
    (await verifier.verifyBatch([card(0), card(1)], { at })).map(({ code }) => code);
  const bodies = async (): Promise<string[]> => {
    const [own = ""] = await readdir(temporary);
    return (await readdir(join(temporary, own))).map((name) => join(temporary, own, name));
  };

  it("at the start and later; two bodies are kept, for this user only", async () => {
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    for (let epoch = 2; epoch < 6; epoch++) {
      const statuses = epoch % 2 === 0 ? [SUSPENDED, GOOD] : [GOOD, REVOKED];
      await verifier.updateStatus(await written(statuses, epoch));
      expect(await codes()).toEqual(epoch % 2 === 0 ? ["SUSPENDED", "VALID"] : ["VALID", "REVOKED"]);
    }
    await expect.poll(async () => (await bodies()).length).toBe(2);
    for (const path of await bodies()) expect((await stat(path)).mode & 0o777).toBe(0o600);
    for (const name of await readdir(temporary)) expect((await stat(join(temporary, name))).mode & 0o777).toBe(0o700);
  });

  it("what becomes of the file after its check changes nothing", async () => {
    const { path } = await written([SUSPENDED, REVOKED], 6);
    await verifier.updateStatus({ path });
    await writeFile(path, (await readFile(path)).reverse());
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
    await rm(path);
    await verifier.updateTrust(await trustListOf(root, trustKeys, 4));
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
  });

  it("a damaged or missing file is refused by its index, and leaves no body behind", async () => {
    const old = await large([GOOD, GOOD], 6);
    const { path } = await written([GOOD, GOOD], 7);
    const damaged = await readFile(path);
    damaged[damaged.length - 1]! ^= 1;
    await writeFile(path, damaged);
    const refused = verifier.updateStatus({ path }, old);
    await expect(refused).rejects.toBeInstanceOf(StatusError);
    await expect(refused).rejects.toMatchObject({ code: "BAD_BODY", file: 0 });
    await expect(verifier.updateStatus(old, { path })).rejects.toMatchObject({ code: "OLD_EPOCH", file: 0 });
    await expect(verifier.updateStatus({ path: join(folder, "nonesuch") })).rejects.toMatchObject({ code: "UNREADABLE", file: 0 }); // prettier-ignore
    await expect(verifier.updateStatus(old)).rejects.toMatchObject({ code: "OLD_EPOCH" });
    await expect.poll(async () => (await bodies()).length).toBe(2);
    expect(await codes()).toEqual(["SUSPENDED", "REVOKED"]);
  });

  it("an instance or a worker that is replaced judges by what is in force", async () => {
    await verifier.updateStatus(await written([GOOD, SUSPENDED], 8), await deltaOf(9, 8, { revoked: [0] }));
    for (const fault of ["$", "%"]) {
      expect((await verifier.verifyBatch([fault], { at }))[0]?.code).toBe("INTERNAL");
      expect(await codes()).toEqual(["REVOKED", "SUSPENDED"]);
    }
  });

  it("a worker whose briefing was overtaken is briefed again, and its batch is answered by the newest", async () => {
    await verifier.updateStatus(await written([GOOD, REVOKED], 10));
    const briefed: number[] = [];
    const run = Reflect.get<Piscina, "run">(Piscina.prototype, "run");
    const spy = vi.spyOn(Piscina.prototype, "run").mockImplementation(async function (this: Piscina, task, options) {
      if (typeof task === "object") {
        if (briefed.push(verifier.stats.statusEpoch) === 1) {
          const old = await bodies();
          for (const epoch of [11, 12]) await verifier.updateStatus(await written([SUSPENDED, GOOD], epoch));
          await expect.poll(async () => (await bodies()).filter((path) => old.includes(path))).toEqual([]);
        }
      }
      return run.call(this, task, options) as Promise<unknown>;
    });
    expect(await codes()).toEqual(["SUSPENDED", "VALID"]);
    expect(briefed).toEqual([10, 12]);
    spy.mockRestore();
    expect(await codes()).toEqual(["SUSPENDED", "VALID"]);
  });

  it("where there is no room for the body the snapshot is refused, and what is in force stays", async () => {
    const [own = ""] = await readdir(temporary);
    const other = await Verifier.create({ trust: await trustListOf(root, trustKeys, 3), workers: 1 });
    process.env["TMPDIR"] = join(folder, "nonesuch");
    try {
      const file = await written([GOOD, REVOKED], 13);
      await expect(other.updateStatus(file)).rejects.toMatchObject({ name: "StatusError", code: "NOT_STORED" });
      expect((await other.verifyBatch([card(1)], { at }))[0]?.code).toBe("VALID");
      process.env["TMPDIR"] = temporary;
      await other.updateStatus(file);
      expect((await other.verifyBatch([card(1)], { at }))[0]?.code).toBe("REVOKED");
      const [its = ""] = (await readdir(temporary)).filter((name) => name !== own);
      for (let n = 0; n < 10; n++) await mkdir(join(temporary, its, `${n}.body`)).catch(() => undefined);
      await expect(other.updateStatus(await written([GOOD, GOOD], 14))).rejects.toMatchObject({ code: "NOT_STORED", file: 0 }); // prettier-ignore
      expect((await other.verifyBatch([card(1)], { at }))[0]?.code).toBe("REVOKED");
      await rm(join(temporary, its), { recursive: true });
      await other.updateStatus(await written([GOOD, GOOD], 15));
      expect((await other.verifyBatch([card(1)], { at }))[0]?.code).toBe("VALID");
    } finally {
      process.env["TMPDIR"] = temporary;
      await other.close();
    }
    expect(await readdir(temporary)).toEqual([own]);
  });
});
