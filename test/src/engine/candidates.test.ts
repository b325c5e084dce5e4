import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { Algorithm, Tier } from "../../../src/abi/batch.js";
import { MAX_KEYS_TRIED } from "../../../src/abi/limits.js";
import type { TrustedKey } from "../../../src/format/trust/trust-list.js";
import { generateKey, type TestKey } from "../../support/keys.js";
import { jwksOf, makeCard, NOW, trusted } from "../../support/make-card.js";
import { trustListOf } from "../../support/trust.js";

/** How many keys are tried for one credential: a bound on signatures, and no luck of order. */

const at = new Date(NOW * 1000);
const root = generateKey(Algorithm.ED25519);
const many = Array.from({ length: MAX_KEYS_TRIED + 1 }, () => generateKey(Algorithm.ED25519));
const few = many.slice(0, MAX_KEYS_TRIED);
const shared = Uint8Array.of(1, 2, 3);
const other = generateKey(Algorithm.P256);

async function codes(trust: string | Uint8Array, ...qrs: string[]): Promise<string[]> {
  const engine = await Engine.create({ trust });
  return engine.verifyBatch(qrs, { at }).map(({ code }) => code);
}

function listOf(keys: readonly TestKey[], changes: Partial<TrustedKey> = {}): Promise<Uint8Array> {
  return trustListOf(root, [...keys.map((key) => trusted(key, changes)), trusted(other)]);
}

const unnamed = (key: TestKey): string => makeCard(key, { kid: null });
const named = (key: TestKey): string => makeCard(key, { kid: shared });
const all = (code: string): string[] => few.map(() => code);

describe("keys that are tried for one credential", () => {
  it("are eight at most where it has no kid; of more none is, wherever the right one stands", async () => {
    expect(await codes(await listOf(few), ...few.map(unnamed))).toEqual(all("VALID"));
    expect(await codes(await listOf(few), unnamed(many[MAX_KEYS_TRIED]!))).toEqual(["BAD_ISSUER_SIGNATURE"]);
    expect(await codes(await listOf(many), ...few.map(unnamed))).toEqual(all("TOO_MANY_KEYS"));
    // Those of another algorithm, and cards that name their key, are not concerned.
    expect(await codes(await listOf(many), unnamed(other), makeCard(many[0]!))).toEqual(["VALID", "VALID"]);
  });

  it("are eight at most of those that share a kid, and of those that have none", async () => {
    expect(await codes(await listOf(few, { kids: [shared] }), ...few.map(named))).toEqual(all("VALID"));
    expect(await codes(await listOf(many, { kids: [shared] }), ...few.map(named))).toEqual(all("TOO_MANY_KEYS"));
    const withoutKid = (keys: readonly TestKey[]): string => {
      const { keys: jwks } = JSON.parse(jwksOf(keys)) as { keys: Record<string, string>[] };
      return JSON.stringify({ keys: jwks.map(({ kid, ...jwk }) => (kid === undefined ? {} : jwk)) });
    };
    expect(await codes(withoutKid(few), ...few.map(named))).toEqual(all("VALID"));
    expect(await codes(withoutKid(many), ...few.map(named))).toEqual(all("TOO_MANY_KEYS"));
  });

  it("are counted after validity and tier", async () => {
    const late = few.map((key) => trusted(key, { notBefore: NOW + 1 }));
    const old = few.map((key) => trusted(key, { notAfter: NOW - 1 }));
    const lite = few.map((key) => trusted(key, { tiers: [Tier.LITE] }));
    const right = many[MAX_KEYS_TRIED]!;
    const trust = await trustListOf(root, [...late, ...old, ...lite, trusted(right)]);
    expect(await codes(trust, unnamed(right))).toEqual(["VALID"]);
  });

  it("are no reason for a verdict where the signature is none", async () => {
    for (const length of [0, 63, 65]) {
      const qr = makeCard(few[0]!, { kid: null, signature: new Uint8Array(length) });
      expect(await codes(await listOf(many), qr)).toEqual(["BAD_ISSUER_SIGNATURE"]);
    }
  });

  it("are given a signature of their own length, and a longer one that begins as it should is none", async () => {
    const [key] = few as [TestKey];
    const whole = { ...key, sign: (message: Uint8Array) => Uint8Array.of(...key.sign(message), 0) };
    const cut = { ...key, sign: (message: Uint8Array) => key.sign(message).subarray(0, 63) };
    const wrong = Array<string>(2).fill("BAD_ISSUER_SIGNATURE");
    expect(await codes(await listOf([key]), makeCard(key), makeCard(whole), makeCard(cut))).toEqual([
      "VALID",
      ...wrong,
    ]);
  });

  it("name no key of a card for which none was tried", async () => {
    const engine = await Engine.create({ trust: await listOf(many, { kids: [shared], issuer: "pilot.example" }) });
    const [verdict] = engine.verifyBatch([named(few[0]!)], { at });
    expect(verdict).toMatchObject({ outcome: "refused", code: "TOO_MANY_KEYS" });
    expect(verdict).not.toHaveProperty("issuer");
  });

  it("leave cards in one batch to themselves, however many signatures are tried", async () => {
    const engine = await Engine.create({ trust: await listOf(few) });
    const qrs = Array.from({ length: 400 }, (_, i) => unnamed(few[i % few.length]!));
    const verdicts = engine.verifyBatch(qrs, { at });
    expect(verdicts.filter(({ code }) => code !== "VALID")).toEqual([]);
    const foreign = unnamed(generateKey(Algorithm.ED25519));
    const mixed = engine.verifyBatch(qrs.map((qr, i) => (i % 3 === 0 ? foreign : qr)), { at }); // prettier-ignore
    expect(mixed.map(({ code }) => code)).toEqual(qrs.map((_, i) => (i % 3 === 0 ? "BAD_ISSUER_SIGNATURE" : "VALID")));
  });
});
