import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { VerifierEvent } from "../../../src/engine/control-plane.js";
import { Verifier, type VerifierOptions } from "../../../src/engine/verifier.js";
import { Algorithm, Status } from "../../../src/abi/batch.js";
import { thumbprintInput } from "../../../src/format/cose-key.js";
import { encodeStatusList, packStatuses } from "../../../src/format/status/token-status-list.js";
import { signerOf, TestAuthority } from "../../support/issuer.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, makeCard, NOW } from "../../support/make-card.js";

const { GOOD, REVOKED } = Status;
const at = new Date(NOW * 1000);

let place: string;
let count = 0;
const fresh = (): string => join(place, `${++count}`);
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "hufu-control-"));
});
afterAll(() => rm(place, { recursive: true }));

const open: Verifier[] = [];
let events: VerifierEvent[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((verifier) => verifier.close()));
  events = [];
});

/** By a clock that stands at NOW where nothing else is said. */
const options = (given: VerifierOptions): VerifierOptions => ({
  workers: 1,
  clock: () => NOW * 1000,
  onEvent: (event) => events.push(event),
  ...given,
});

async function create(given: VerifierOptions): Promise<Verifier> {
  const verifier = await Verifier.create(options(given));
  open.push(verifier);
  return verifier;
}

async function start(given: VerifierOptions): Promise<Verifier> {
  const { verifier } = await Verifier.start(options(given));
  open.push(verifier);
  return verifier;
}

async function codes(verifier: Verifier, ...qrs: string[]): Promise<string[]> {
  return (await verifier.verifyBatch(qrs, { at })).map(({ code }) => code);
}

const thumbprintOf = ({ root }: TestAuthority): string =>
  createHash("sha256").update(thumbprintInput(root)).digest("hex");

describe("the roots that are pinned", () => {
  const [a, b, stranger] = [new TestAuthority("a"), new TestAuthority("b"), new TestAuthority("a")];

  it("are those of every list that was named: each list follows its own, and no other", async () => {
    const verifier = await create({ trust: [await a.trust(5), await b.trust(3)], status: "none" });
    expect(verifier.health().pinned).toEqual([thumbprintOf(a), thumbprintOf(b)]);
    await expect(verifier.updateTrust(await stranger.trust(9))).rejects.toMatchObject({ code: "OTHER_ROOT" });
    // Lower than the other's epoch, higher than its own.
    await verifier.updateTrust(await b.trust(4));
    await expect(verifier.updateTrust(await a.trust(5))).rejects.toMatchObject({ code: "OLD_EPOCH" });
    expect(await codes(verifier, a.card(0), b.card(0), stranger.card(0))).toEqual(["VALID", "VALID", "UNKNOWN_ISSUER"]);
    expect(verifier.health().trust.map(({ root, epoch }) => [root, epoch])).toEqual([
      [thumbprintOf(a), 5],
      [thumbprintOf(b), 4],
    ]);
  });

  it("stay where a JWK set lies beside a list, and so does the set", async () => {
    const loose = generateKey(Algorithm.P256);
    const trust = [jwksOf([loose]), await a.trust(5)];
    const verifier = await create({ trust, status: "none" });
    await expect(verifier.updateTrust(await stranger.trust(9))).rejects.toMatchObject({ code: "OTHER_ROOT" });
    await expect(verifier.updateTrust(Buffer.from(jwksOf([stranger.key])))).rejects.toMatchObject({ code: "OTHER_ROOT" }); // prettier-ignore
    await verifier.updateTrust(await a.trust(6));
    expect(await codes(verifier, makeCard(loose), a.card(0), stranger.card(0))).toEqual(["VALID", "VALID", "UNKNOWN_ISSUER"]); // prettier-ignore
  });

  it("are none beside a JWK set alone: no list is taken", async () => {
    const verifier = await create({ trust: jwksOf([a.key]) });
    await expect(verifier.updateTrust(await stranger.trust(9))).rejects.toMatchObject({ code: "OTHER_ROOT" });
    expect(await codes(verifier, a.card(0))).toEqual(["VALID"]);
  });

  it("make two authorities of one name two: neither's status counts for the other's cards", async () => {
    const trust = [await a.trust(5), await stranger.trust(5)];
    const verifier = await create({ trust, status: await stranger.snapshot([REVOKED, GOOD], 1) });
    const cards = [a.card(0), a.card(1), stranger.card(0), stranger.card(1)];
    expect(await codes(verifier, ...cards)).toEqual(["STATUS_UNKNOWN", "STATUS_UNKNOWN", "REVOKED", "VALID"]);
    await verifier.updateStatus(await a.snapshot([GOOD, REVOKED], 1));
    expect(await codes(verifier, ...cards)).toEqual(["VALID", "REVOKED", "REVOKED", "VALID"]);
  });

  it("is that of the first list that is awaited, also after a restart", async () => {
    const given = { trust: [], awaits: "https://feed.example/", status: "none", state: fresh() } as const;
    let verifier = await create(given);
    expect(await codes(verifier, a.card(0), "X")).toEqual(["STATUS_UNKNOWN", "BAD_BASE45"]);
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "NO_TRUST" }] });
    await verifier.updateTrust(await a.trust(5));
    expect(verifier.health().ready).toBe(true);
    expect(await codes(verifier, a.card(0), b.card(0))).toEqual(["VALID", "UNKNOWN_ISSUER"]);
    await expect(verifier.updateTrust(await b.trust(9))).rejects.toMatchObject({ code: "OTHER_ROOT" });
    verifier = await create(given);
    await expect(verifier.updateTrust(await b.trust(9))).rejects.toMatchObject({ code: "OTHER_ROOT" });
    await expect(verifier.updateTrust(await a.trust(4))).rejects.toMatchObject({ code: "OLD_EPOCH" });
    await verifier.updateTrust(await a.trust(5));
    // Another place is another matter, and a list named by hand decides whatever was pinned.
    verifier = await create({ ...given, awaits: "https://other.example/" });
    await verifier.updateTrust(await b.trust(9));
    verifier = await create({ ...given, trust: await b.trust(9) });
    await expect(verifier.updateTrust(await a.trust(6))).rejects.toMatchObject({ code: "OTHER_ROOT" });
  });
});

describe("what was in force before a restart", () => {
  const authority = new TestAuthority();
  const address = "https://authority.example/list";
  const list = (issuedAt: number, by = authority.statusKey) =>
    encodeStatusList({ uri: address, issuedAt, bits: 1, statuses: packStatuses([GOOD], 1) }, signerOf(by));

  it("is not followed by what is older: trust list, snapshot, delta, status list", async () => {
    const state = fresh();
    const trust = await authority.trust(5);
    const [snapshot, delta] = [await authority.snapshot([GOOD, GOOD], 10), await authority.delta(12, 10, { revoked: [0] })]; // prettier-ignore
    const newer = await list(NOW - 100);
    const first = await create({ trust, status: [snapshot, delta, newer], state });
    expect(await codes(first, authority.card(0), authority.card(1))).toEqual(["REVOKED", "VALID"]);

    await expect(create({ trust: await authority.trust(4), state })).rejects.toMatchObject({ name: "TrustError", code: "OLD_EPOCH", file: 0 }); // prettier-ignore
    await expect(create({ trust, status: snapshot, state })).rejects.toMatchObject({ name: "StatusError", code: "OLD_EPOCH", file: 0 }); // prettier-ignore
    await expect(create({ trust, status: [await list(NOW - 101)], state })).rejects.toMatchObject({
      code: "OLD_EPOCH",
    });
    // The same again is no step back, nor is what another folder knows nothing of.
    await create({ trust, status: [snapshot, delta, newer], state });
    await create({ trust: await authority.trust(4), status: snapshot, state: fresh() });
  });

  it("makes a start with what is older not ready, and undetermined, until newer files come", async () => {
    const state = fresh();
    const snapshot = await authority.snapshot([REVOKED], 10);
    await create({ trust: await authority.trust(5), status: snapshot, state });
    const old = { trust: await authority.trust(4), status: await authority.snapshot([GOOD], 9), state };
    const { verifier, refused } = await Verifier.start(options(old));
    open.push(verifier);
    expect(refused).toMatchObject([
      { source: "trust", file: 0, error: { code: "OLD_EPOCH" } },
      { source: "status", file: 0, error: { code: "UNKNOWN_KEY" } },
    ]);
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "NO_TRUST" }] });
    expect(await codes(verifier, authority.card(0))).toEqual(["STATUS_UNKNOWN"]);
    await verifier.updateTrust(await authority.trust(5));
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "STATUS_UNKNOWN", issuer: "pilot.example" }] }); // prettier-ignore
    expect(await codes(verifier, authority.card(0))).toEqual(["STATUS_UNKNOWN"]);
    await verifier.updateStatus(snapshot);
    expect(verifier.health().ready).toBe(true);
    expect(await codes(verifier, authority.card(0))).toEqual(["REVOKED"]);
  });

  it("counts for another authority of the same name as nothing", async () => {
    const state = fresh();
    const namesake = new TestAuthority();
    await create({ trust: await authority.trust(50), status: await authority.snapshot([GOOD], 100), state });
    const verifier = await create({
      trust: await namesake.trust(1),
      status: await namesake.snapshot([GOOD], 1),
      state,
    });
    expect(await codes(verifier, namesake.card(0))).toEqual(["VALID"]);
  });

  it("is not known where its file is damaged: nothing starts", async () => {
    const state = fresh();
    await create({ trust: await authority.trust(5), state });
    const records = join(state, "verifier");
    for (const file of await readdir(records)) await writeFile(join(records, file), "{");
    await expect(create({ trust: await authority.trust(5), state })).rejects.toMatchObject({ name: "StateError", code: "DAMAGED" }); // prettier-ignore
    await expect(Verifier.start(options({ trust: await authority.trust(5), state }))).rejects.toMatchObject({ code: "DAMAGED" }); // prettier-ignore
  });

  it("goes on to be in force where it cannot be kept, and that is told", async () => {
    const state = fresh();
    const verifier = await create({ trust: await authority.trust(5), status: "none", state });
    await rm(join(state, "verifier"), { recursive: true });
    await writeFile(join(state, "verifier"), "");
    await verifier.updateTrust(await authority.trust(6));
    expect(verifier.stats.trustEpoch).toBe(6);
    expect(events).toMatchObject([{ kind: "state-not-kept", error: { name: "StateError" } }]);
    // Removed altogether, it is written again.
    await rm(join(state, "verifier"));
    await verifier.updateTrust(await authority.trust(7));
    expect(events).toHaveLength(1);
    await expect(create({ trust: await authority.trust(6), state })).rejects.toMatchObject({ code: "OLD_EPOCH" });
  });
});

describe("a status key", () => {
  const authority = new TestAuthority();
  const [stolen, next] = [generateKey(Algorithm.ED25519), generateKey(Algorithm.P256)];
  const card = authority.card(0);

  it("that is withdrawn takes with it what it signed: snapshot, delta and list", async () => {
    const verifier = await create({
      trust: await authority.trust(1, authority.keys([authority.statusKey, stolen])),
      status: await authority.snapshot([GOOD], 1, { by: stolen }),
    });
    expect(await codes(verifier, card)).toEqual(["VALID"]);
    await verifier.updateTrust(await authority.trust(2));
    expect(await codes(verifier, card)).toEqual(["STATUS_UNKNOWN"]);
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "STATUS_UNKNOWN" }], statuses: [] });
    expect(events).toEqual([{ kind: "status-withdrawn", issuer: "pilot.example" }]);
  });

  it("whose delta is withdrawn leaves nobody good whom it may have revoked, until a newer delta tells everything", async () => {
    const verifier = await create({
      trust: await authority.trust(1, authority.keys([authority.statusKey, stolen])),
      status: [await authority.snapshot([GOOD], 10), await authority.delta(12, 10, { revoked: [0] }, { by: stolen })],
    });
    expect(await codes(verifier, card)).toEqual(["REVOKED"]);
    await verifier.updateTrust(await authority.trust(2));
    expect(await codes(verifier, card)).toEqual(["STATUS_UNKNOWN"]);
    await verifier.updateTrust(await authority.trust(3));
    expect(await codes(verifier, card)).toEqual(["STATUS_UNKNOWN"]);
    await verifier.updateStatus(await authority.delta(11, 10, {}));
    expect(await codes(verifier, card)).toEqual(["VALID"]);
  });

  it("that was stolen blocks its issuer only until it is withdrawn, a restart between or not", async () => {
    for (const restarted of [false, true]) {
      const state = fresh();
      const trust = await authority.trust(1, authority.keys([authority.statusKey, stolen]));
      let verifier = await create({ trust, status: await authority.snapshot([GOOD], 10), state });
      const far = authority.snapshot([REVOKED], 4_294_967_295, { by: stolen });
      await expect(verifier.updateStatus(await far)).rejects.toMatchObject({ code: "IN_FUTURE" });
      await verifier.updateStatus(await authority.snapshot([REVOKED], NOW + 300, { by: stolen }));
      await expect(verifier.updateStatus(await authority.snapshot([GOOD], 11))).rejects.toMatchObject({ code: "OLD_EPOCH" }); // prettier-ignore
      expect(await codes(verifier, card)).toEqual(["REVOKED"]);
      const after = await authority.trust(2);
      if (restarted) verifier = await start({ trust: after, state });
      else await verifier.updateTrust(after);
      expect(await codes(verifier, card)).toEqual(["STATUS_UNKNOWN"]);
      await expect(verifier.updateStatus(await authority.snapshot([GOOD], 9))).rejects.toMatchObject({ code: "OLD_EPOCH" }); // prettier-ignore
      await verifier.updateStatus(await authority.snapshot([GOOD], 11));
      expect(await codes(verifier, card)).toEqual(["VALID"]);
    }
  });

  it("signs only for times within its own validity, and its end ends what it signed", async () => {
    const keys = (notAfter: number) => authority.keys([authority.statusKey], { notBefore: NOW - 100, notAfter });
    const verifier = await create({ trust: await authority.trust(1, keys(NOW + 50)) });
    for (const universe of [NOW - 101, NOW + 51]) {
      const snapshot = await authority.snapshot([GOOD], 1, { universe });
      await expect(verifier.updateStatus(snapshot)).rejects.toMatchObject({ code: "UNKNOWN_KEY" });
    }
    await verifier.updateStatus(await authority.snapshot([GOOD], 1));
    const asked = async (seconds: number) => (await verifier.verifyBatch([card], { at: new Date(seconds * 1000) }))[0]?.code; // prettier-ignore
    expect(await asked(NOW + 50)).toBe("VALID");
    expect(await asked(NOW + 51)).toBe("STATUS_STALE");
    expect(verifier.health().statuses).toMatchObject([{ expires: NOW + 50 }]);
    // Ended, after the time of the snapshot; ended before it.
    for (const notAfter of [NOW - 1, NOW - 11]) {
      const other = await create({ trust: await authority.trust(1), status: await authority.snapshot([GOOD], 1) });
      await other.updateTrust(await authority.trust(2, keys(notAfter)));
      expect(await codes(other, card)).toEqual(["STATUS_UNKNOWN"]);
    }
  });

  it("may come after what it signed: that waits for it, and so do deltas and paths", async () => {
    const path = join(place, "early.hufu");
    const verifier = await create({
      trust: await authority.trust(1),
      status: await authority.snapshot([GOOD, GOOD], 1),
    });
    await writeFile(path, await authority.snapshot([REVOKED, GOOD], 2, { by: next, strangers: 100_000 }));
    const delta = await authority.delta(3, 2, { revoked: [1] }, { by: next });
    await expect(verifier.updateStatus({ path }, delta)).rejects.toMatchObject({ code: "UNKNOWN_KEY", file: 0 });
    await rm(path);
    expect(events.map(({ kind }) => kind)).toEqual(["set-aside", "set-aside"]);
    await verifier.updateTrust(await authority.trust(2));
    expect(await codes(verifier, card, authority.card(1))).toEqual(["VALID", "VALID"]);
    await verifier.updateTrust(await authority.trust(3, authority.keys([authority.statusKey, next])));
    expect(await codes(verifier, card, authority.card(1))).toEqual(["REVOKED", "REVOKED"]);
    expect(events.at(-1)).toEqual({ kind: "in-force-at-last" });
    expect(verifier.stats.statusEpoch).toBe(3);
  });
});

describe("times ahead of the clock", () => {
  const authority = new TestAuthority();
  let now = NOW;
  const clock = () => now * 1000;
  afterEach(() => {
    now = NOW;
  });

  it("are refused beyond 300 s where something is in force, whatever signs them", async () => {
    const verifier = await create({ trust: await authority.trust(1), status: await authority.snapshot([GOOD], 1) });
    const [far, near] = [NOW + 301, NOW + 300];
    const early = { code: "IN_FUTURE" };
    await expect(verifier.updateTrust(await authority.trust(2, authority.keys(), { issuedAt: far }))).rejects.toMatchObject(early); // prettier-ignore
    await expect(verifier.updateTrust(await authority.trust(far))).rejects.toMatchObject(early);
    for (const file of [
      await authority.snapshot([REVOKED], 2, { universe: far }),
      await authority.snapshot([REVOKED], far),
      await authority.delta(2, 1, { revoked: [0] }, { universe: far }),
      await authority.delta(far, 1, { revoked: [0] }),
    ]) {
      await expect(verifier.updateStatus(file)).rejects.toMatchObject(early);
    }
    expect(await codes(verifier, authority.card(0))).toEqual(["VALID"]);
    await verifier.updateTrust(await authority.trust(near, authority.keys(), { issuedAt: near }));
    await verifier.updateStatus(await authority.delta(near - 1, 1, { revoked: [0] }, { universe: near }));
    await verifier.updateStatus(await authority.snapshot([REVOKED], near, { universe: near }));
    expect(verifier.stats).toMatchObject({ trustEpoch: near, statusEpoch: near });
  });

  it("are taken where there is nothing to fall back on, and say that the clock is wrong", async () => {
    const issuedAt = NOW + 86_400;
    const trust = await authority.trust(issuedAt, authority.keys(), { issuedAt, expires: issuedAt + 86_400 });
    const verifier = await start({ trust, clock });
    await verifier.updateStatus(await authority.snapshot([GOOD], issuedAt, { universe: issuedAt }));
    expect(verifier.health()).toMatchObject({ ready: false, clockFloor: issuedAt, faults: [{ code: "CLOCK_WRONG" }] });
    // Newer ones too: whoever sets the clock right has the newest then.
    await verifier.updateStatus(await authority.delta(issuedAt + 9, issuedAt, {}, { universe: issuedAt + 9 }));
    now = issuedAt - 22;
    expect(verifier.health()).toMatchObject({ ready: false, faults: [{ code: "CLOCK_WRONG" }] });
    now = issuedAt - 21;
    expect(verifier.health()).toMatchObject({ ready: true, faults: [] });
  });

  it("an epoch that is far ahead of its own time is not believed at a start either", async () => {
    const trust = await authority.trust(1);
    const status = await authority.snapshot([GOOD], 4_294_967_295);
    await expect(create({ trust, status })).rejects.toMatchObject({ code: "IN_FUTURE" });
    await expect(create({ trust: await authority.trust(4_294_967_295) })).rejects.toMatchObject({ code: "IN_FUTURE" });
  });

  it("the largest signed time outlives a restart; one that the clock never came near does not", async () => {
    const state = fresh();
    await create({ trust: await authority.trust(1), status: await authority.snapshot([GOOD], 1, { universe: NOW + 300 }), state }); // prettier-ignore
    const ahead = await authority.trust(2, authority.keys(), { issuedAt: NOW + 999, expires: NOW + 100_000 });
    await create({ trust: ahead, state });
    const again = await start({ trust: [], awaits: "feed", state: fresh(), clock });
    expect(again.health().clockFloor).toBe(0);
    now = NOW - 86_400;
    const verifier = await start({
      trust: await authority.trust(2, authority.keys(), { issuedAt: 1 }),
      state,
      clock,
    });
    expect(verifier.health()).toMatchObject({ clockFloor: NOW + 300 });
    expect(verifier.health().faults).toContainEqual(expect.objectContaining({ code: "CLOCK_WRONG" }));
  });
});

describe("a trust list that has expired", () => {
  const authority = new TestAuthority();
  const expired = { issuedAt: NOW - 500, expires: NOW - 1 };

  it("is no update of one that has not, and is of one that has", async () => {
    const verifier = await create({ trust: await authority.trust(1), status: "none" });
    await expect(verifier.updateTrust(await authority.trust(2, authority.keys(), expired))).rejects.toMatchObject({ code: "EXPIRED" }); // prettier-ignore
    expect(verifier.health().ready).toBe(true);
    const other = await start({ trust: await authority.trust(1, authority.keys(), expired), status: "none" });
    expect(other.health()).toMatchObject({
      ready: false,
      faults: [{ code: "TRUST_EXPIRED", issuer: "pilot.example" }],
    });
    await other.updateTrust(await authority.trust(2, authority.keys(), expired));
    expect(other.stats.trustEpoch).toBe(2);
    await other.updateTrust(await authority.trust(3));
    expect(other.health().ready).toBe(true);
  });
});
