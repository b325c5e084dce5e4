import { mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Piscina } from "piscina";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { VerifierEvent } from "../../../src/engine/control-plane.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { Status } from "../../../src/abi/batch.js";
import { compileFaultyEngine } from "../../support/faulty.js";
import { TestAuthority } from "../../support/issuer.js";
import { NOW } from "../../support/make-card.js";

const { GOOD, REVOKED } = Status;
const at = new Date(NOW * 1000);
const authority = new TestAuthority();
const events: VerifierEvent[] = [];
let folder: string;
let state: string;
let verifier: Verifier;

/** More than is checked on the calling thread. */
async function written(statuses: readonly Status[], epoch: number): Promise<{ path: string }> {
  const path = join(folder, "status.hufu");
  await writeFile(path, await authority.snapshot(statuses, epoch, { strangers: 400_000 }));
  return { path };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hufu-bodies-"));
  state = join(folder, "state");
  verifier = await Verifier.create({
    trust: await authority.trust(1),
    status: await written([GOOD, REVOKED], 1),
    state,
    workers: 1,
    module: await compileFaultyEngine(),
    clock: () => NOW * 1000,
    onEvent: (event) => events.push(event),
  });
});
afterAll(async () => {
  await verifier.close();
  expect(await readdir(join(state, "processes"))).toEqual([]);
  await rm(folder, { recursive: true });
});

const codes = async (): Promise<string[]> =>
  (await verifier.verifyBatch([authority.card(0), authority.card(1)], { at })).map(({ code }) => code);

/** An instance that trapped is replaced: what judges next has to read the body again. */
async function trap(): Promise<void> {
  expect((await verifier.verifyBatch(["$"], { at }))[0]?.code).toBe("INTERNAL");
}

async function bodies(): Promise<string[]> {
  const folders = (await readdir(join(state, "processes"))).map((name) => join(state, "processes", name));
  return (await Promise.all(folders.map(async (one) => (await readdir(one)).map((name) => join(one, name))))).flat();
}

describe("bodies of snapshots", () => {
  it("lie in the state folder, for this user only", async () => {
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    expect(await bodies()).toHaveLength(1);
    for (const path of await bodies()) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("are written again where something has removed them, folder and all, and that is told", async () => {
    await rm(join(state, "processes"), { recursive: true });
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    await trap();
    // The place itself is gone: it is made again too.
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    expect(events).toEqual([{ kind: "body-restored", issuer: "pilot.example" }]);
    for (const path of await bodies()) await rm(path);
    await verifier.updateTrust(await authority.trust(2));
    expect(await codes()).toEqual(["VALID", "REVOKED"]);
    expect(events).toHaveLength(2);
  });

  it("that were cut cannot be: status is unknown then, until the next snapshot", async () => {
    for (const path of await bodies()) await truncate(path, 100);
    await trap();
    expect(await codes()).toEqual(["STATUS_UNKNOWN", "STATUS_UNKNOWN"]);
    expect(events.at(-1)).toEqual({ kind: "body-lost", issuer: "pilot.example" });
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "STATUS_UNKNOWN" }] });
    await verifier.updateStatus(await written([REVOKED, GOOD], 2));
    expect(await codes()).toEqual(["REVOKED", "VALID"]);
    expect(verifier.health()).toMatchObject({ ready: true, faults: [] });
  });
});

describe("workers that fail", () => {
  it("over one input leave the verifier ready; over every input they do not, until one answers", async () => {
    await trap();
    expect(await codes()).toEqual(["REVOKED", "VALID"]);
    expect(verifier.health().ready).toBe(true);
    const spy = vi.spyOn(Piscina.prototype, "run").mockRejectedValue(new Error("no worker"));
    expect(await codes()).toEqual(["INTERNAL", "INTERNAL"]);
    await expect.poll(() => verifier.health().faults).toMatchObject([{ code: "ENGINE_FAILED" }]);
    spy.mockRestore();
    // Nobody asks: it is found out all the same.
    await expect.poll(() => verifier.health().ready, { timeout: 10_000 }).toBe(true);
  });
});
