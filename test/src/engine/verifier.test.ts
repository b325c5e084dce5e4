import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type EngineOptions } from "../../../src/engine/engine.js";
import { Verifier, type VerifierOptions } from "../../../src/engine/verifier.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { OptionsError } from "../../../src/format/options.js";
import { RequestError } from "../../../src/format/wire/request.js";
import type { Verdict, VerifyRequest } from "../../../src/format/verdict.js";
import { PolicyError, type PolicyTable } from "../../../src/policy/policy.js";
import { coseSign1, jwksOf, makeCard, NOW, payload, qrOf } from "../../support/make-card.js";
import { compileFaultyEngine } from "../../support/faulty.js";
import { generateKey } from "../../support/keys.js";

const key = generateKey(Algorithm.ED25519);
const at = new Date(NOW * 1000);
const card = makeCard(key);
const forgedCose = coseSign1(key);
forgedCose[forgedCose.length - 1]! ^= 1;
const forged = qrOf(forgedCose);
const expired = makeCard(key, { payload: payload([[4, NOW - 1]]) });

describe("the pool", () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await Verifier.create({ trust: jwksOf([key]), workers: 2, slabs: 4 });
  });
  afterAll(() => verifier.close());

  it("answers thousands in order, waiting for room rather than saying BUSY", async () => {
    const kinds = [card, forged, expired, "BB8"];
    const codes = ["VALID", "BAD_ISSUER_SIGNATURE", "EXPIRED", "BAD_ZLIB"];
    const picks = Array.from({ length: 6000 }, (_, i) => (i * 7 + (i >> 3)) % 4);
    const verdicts = await verifier.verifyBatch(
      picks.map((pick) => kinds[pick]!),
      { at },
    );
    expect(verdicts.map(({ code }) => code)).toEqual(picks.map((pick) => codes[pick]));
    expect(verifier.stats.slabsFree).toBe(4);
  });

  it("several callers at once each get their own", async () => {
    const calls = Array.from({ length: 20 }, (_, i) =>
      verifier.verifyBatch(
        Array.from({ length: 300 }, () => (i % 2 === 0 ? card : forged)),
        { at },
      ),
    );
    for (const [i, verdicts] of (await Promise.all(calls)).entries()) {
      expect(new Set(verdicts.map(({ code }) => code))).toEqual(
        new Set([i % 2 === 0 ? "VALID" : "BAD_ISSUER_SIGNATURE"]),
      );
      expect(verdicts).toHaveLength(300);
    }
  });

  it("texts that come a few a turn share batches while the workers are busy, and none is BUSY", async () => {
    const small = await Verifier.create({ trust: jwksOf([key]), workers: 1, slabs: 8 });
    const requirements = small.requirementsOf({ at });
    const codes: Promise<string>[] = [];
    for (let turn = 0; turn < 150; turn++) {
      for (let i = 0; i < 4; i++) {
        codes.push(
          new Promise((resolve) => {
            const done = ([verdict]: readonly Verdict[]): void => {
              resolve(verdict?.code ?? "");
            };
            small.submitMany([card], () => requirements, done);
          }),
        );
      }
      await new Promise(setImmediate);
    }
    expect(new Set(await Promise.all(codes))).toEqual(new Set(["VALID"]));
    expect(small.stats.batches).toBeLessThan(150);
    await small.close();
  });

  it("claims come back with the right card", async () => {
    const cards = Array.from({ length: 400 }, (_, i) =>
      makeCard(key, { payload: payload([[169, new Map<number, unknown>([[4, `Person ${i}`]])]]) }),
    );
    const verdicts = await verifier.verifyBatch(cards, { at, claims: true });
    expect(verdicts.map(({ claims }) => claims?.["4"])).toEqual(cards.map((_, i) => `Person ${i}`));
  });

  it("says BUSY at once when no slab is free, and everything is answered", async () => {
    const requirements = verifier.requirementsOf({ at });
    const answers: Verdict[] = [];
    const total = 4 * 128 + 50;
    await new Promise<void>((resolve) => {
      for (let i = 0; i < total; i++) {
        const done = (verdicts: readonly Verdict[]): void => {
          answers.push(...verdicts);
          if (answers.length === total) resolve();
        };
        verifier.submitMany([card], () => requirements, done);
      }
    });
    expect(answers.slice(0, 50).every(({ code, outcome }) => code === "BUSY" && outcome === "undetermined")).toBe(true);
    expect(answers.slice(50).every(({ code }) => code === "VALID")).toBe(true);
  });
});

describe("texts that are handed over together", () => {
  it("are answered together and in their order, over batches, beside those of others", async () => {
    const verifier = await Verifier.create({ trust: jwksOf([key]), workers: 2, slabs: 16 });
    const requirements = verifier.requirementsOf({ at });
    const kinds = [card, "!!", "BB8"];
    const ask = (count: number, shift: number): Promise<string[]> =>
      new Promise((resolve) => {
        const qrs = Array.from({ length: count }, (_, i) => kinds[(i + shift) % 3]!);
        verifier.submitMany(qrs, () => requirements, (verdicts) => { resolve(verdicts.map(({ code }) => code)); }); // prettier-ignore
      });
    const sizes = [1, 300, 2, 127, 128, 129, 1, 500];
    const answers = await Promise.all(sizes.map((size, i) => ask(size, i)));
    const codes = ["VALID", "BAD_BASE45", "BAD_ZLIB"];
    answers.forEach((answer, shift) => {
      expect(answer).toEqual(Array.from({ length: sizes[shift]! }, (_, i) => codes[(i + shift) % 3]));
    });
    await verifier.close();
  });

  it("a caller whose callback throws costs the others nothing", async () => {
    const verifier = await Verifier.create({ trust: jwksOf([key]), workers: 1 });
    const requirements = verifier.requirementsOf({ at });
    const thrown = new Promise((resolve) => process.once("uncaughtException", resolve));
    const before = process.listeners("uncaughtException").slice(0, -1);
    before.forEach((listener) => process.off("uncaughtException", listener));
    verifier.submitMany([card], () => requirements, () => { throw new Error("a fault of the caller"); }); // prettier-ignore
    expect((await verifier.verifyAll([card], requirements))[0]?.code).toBe("VALID");
    expect(await thrown).toMatchObject({ message: "a fault of the caller" });
    before.forEach((listener) => process.on("uncaughtException", listener));
    await verifier.close();
  });
});

describe("faults", () => {
  let verifier: Verifier;
  beforeAll(async () => {
    verifier = await Verifier.create({ trust: jwksOf([key]), workers: 1, module: await compileFaultyEngine() });
  });
  afterAll(() => verifier.close());

  it("an instance that traps is replaced: its batch is INTERNAL, the next succeeds", async () => {
    expect(await verifier.verifyBatch(["$", card], { at })).toEqual([
      { outcome: "undetermined", code: "INTERNAL" },
      { outcome: "undetermined", code: "INTERNAL" },
    ]);
    expect((await verifier.verifyBatch([card, forged], { at })).map(({ code }) => code)).toEqual([
      "VALID",
      "BAD_ISSUER_SIGNATURE",
    ]);
    expect(verifier.stats.replaced).toBe(1);
  });

  it("a worker that hangs is ended within a second and replaced", async () => {
    const began = performance.now();
    expect((await verifier.verifyBatch(["%"], { at }))[0]?.code).toBe("INTERNAL");
    // Not a timing test: the deadline is part of the contract, ten times what is left of it here.
    expect(performance.now() - began).toBeLessThan(10_000);
    expect((await verifier.verifyBatch([card], { at }))[0]?.code).toBe("VALID");
    expect(verifier.stats.replaced).toBe(2);
  });
});

describe("what is asked of the library", () => {
  const trust = jwksOf([key]);

  it("is refused where it is misspelt or not read: a request, a policy, an option", async () => {
    const verifier = await Verifier.create({ trust, workers: 1 });
    const engine = await Engine.create({ trust });
    for (const request of [{ purpos: "rail-boarding" }, { audience: 1 }, { claims: 1 }, { region: "11" }]) {
      const asked = request as VerifyRequest;
      await expect(verifier.verifyBatch([card], asked)).rejects.toMatchObject({ code: "BAD_REQUEST" });
      expect(() => engine.verifyBatch([card], asked), JSON.stringify(asked)).toThrow(RequestError);
    }
    await verifier.close();
    const policyOf = (rule: object): PolicyTable => ({ hufuPolicy: 1, rules: [rule] }) as PolicyTable;
    for (const rule of [
      { purpose: "a", minTier: "Full" },
      { purpose: "a", mintier: "full" },
    ]) {
      await expect(Verifier.create({ trust, policy: policyOf(rule), workers: 1 })).rejects.toThrow(PolicyError);
    }
    await expect(Verifier.create({ trust, worker: 1 } as VerifierOptions)).rejects.toThrow(
      '"worker" is not an option of Verifier.create',
    );
    await expect(Engine.create({ trust, polcy: {} } as EngineOptions)).rejects.toThrow(OptionsError);
  });
});
