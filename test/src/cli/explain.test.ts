import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { explainVerdict, type Layer } from "../../../src/cli/explain/layers.js";
import { RULES } from "../../../src/cli/explain/rules.js";
import { Engine } from "../../../src/engine/engine.js";
import { decodeBase45, encodeBase45 } from "../../support/base45.js";
import { coseSign1, identity, jwksOf, makeCard, NOW, payload, qrOf } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";

const engine = await Engine.create({ trust: jwksOf([issuerKey]) });

function explain(text: string, at?: Date): Layer[] {
  const verdict = at === undefined ? engine.inspect(text).verdict : engine.verifyBatch([text], { at })[0]!;
  return explainVerdict(text, verdict);
}

/** The layer that refuses. */
function refusal(text: string, at?: Date): Layer | undefined {
  return explain(text, at).find(({ code }) => code !== undefined);
}

describe("explainVerdict", () => {
  it("finds every layer of a good card good, and none judged without trust", () => {
    expect(explain(card, at).map(({ layer, result }) => `${layer} ${result}`)).toEqual([
      ...["base45 good", "zlib good", "CBOR good", "COSE good", "claims good", "key good", "signature good"],
      ...["status unchecked", "policy good"],
    ]);
    const results = explain(card).map(({ result }) => result);
    expect(results).toEqual([...Array<string>(5).fill("good"), ...Array<string>(4).fill("unchecked")]);
  });

  it("names layer, code and place of a fault", () => {
    const zlib = decodeBase45(card);
    const flipped = Uint8Array.from(zlib);
    flipped[0]! ^= 0xff;
    expect(refusal(`${card.slice(0, 50)}a${card.slice(51)}`)).toMatchObject({ layer: "base45", byte: 50 });
    expect(refusal(`HC1:${card}`)).toMatchObject({ layer: "base45", code: "BAD_PREFIX", byte: 0 });
    expect(refusal("HC1:ABC")).toMatchObject({ code: "BAD_PREFIX", byte: 0, rule: RULES.BAD_PREFIX });
    expect(refusal(encodeBase45(flipped))).toMatchObject({ layer: "zlib", code: "BAD_ZLIB", byte: 1 });
    expect(refusal(encodeBase45(zlib.subarray(0, 90)))).toMatchObject({ layer: "zlib", byte: 90 });
    expect(refusal(encodeBase45(Uint8Array.of(...zlib, 0)))).toMatchObject({ layer: "zlib", byte: zlib.length });
    const cose = new Uint8Array(inflateSync(zlib));
    expect(refusal(qrOf(cose.subarray(0, -1)))).toMatchObject({ layer: "CBOR", code: "BAD_CBOR" });
    expect(refusal(qrOf(Uint8Array.of(...cose, 0)))).toMatchObject({ code: "BAD_CBOR", byte: cose.length });
    const wrongNumber = makeCard(issuerKey, { payload: payload([[169, identity([[1, "110105194912310021"]])]]) });
    const fault = refusal(wrongNumber);
    expect(fault).toMatchObject({ layer: "claims", code: "BAD_IDENTITY" });
    expect(fault!.rule).toMatch(/GB 11643/);
    expect(inflateSync(decodeBase45(wrongNumber)).toString("latin1", fault!.byte! + 1)).toMatch(/^110105194912310021/);
  });

  it("names the layer of what is genuine or forged, and no byte", () => {
    const forged = coseSign1(issuerKey);
    forged[forged.length - 1]! ^= 1;
    const expired = makeCard(issuerKey, { payload: payload([[4, NOW - 1]]) });
    for (const [text, layer, code] of [
      [qrOf(forged), "signature", "BAD_ISSUER_SIGNATURE"],
      [expired, "policy", "EXPIRED"],
    ] as const) {
      const found = refusal(text, at);
      expect(found).toMatchObject({ layer, code });
      expect(found!.remedy).toMatch(/./);
      expect(found).not.toHaveProperty("byte");
    }
  });

  it("reads as the engine does: every byte of a card changed in several ways", () => {
    const cose = coseSign1(issuerKey);
    const seen = new Set<string>();
    for (let place = 0; place < cose.length; place++) {
      for (const change of [0x01, 0x20, 0x80, 0xff]) {
        const changed = Uint8Array.from(cose);
        changed[place]! ^= change;
        const text = qrOf(changed);
        const found = refusal(text);
        if (found === undefined) continue;
        seen.add(found.code!);
        expect(found.byte, `byte ${place} ^ ${change}: ${found.code}`).toBeTypeOf("number");
        expect(found.byte).toBeLessThanOrEqual(cose.length);
      }
    }
    for (const code of ["BAD_CBOR", "BAD_COSE", "BAD_CWT", "BAD_IDENTITY", "MISSING_CLAIM", "UNSUPPORTED_ALGORITHM"]) {
      expect([...seen]).toContain(code);
    }
  });
});

describe("hufu explain", () => {
  const folder = mkdtempSync(join(tmpdir(), "hufu-explain-"));
  const trust = join(folder, "trust.json");
  writeFileSync(trust, jwksOf([issuerKey]));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function hufu(...args: string[]): Promise<{ status: number | null; out: string }> {
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [hufuPath, "explain", ...args], (_, out) => {
        resolve({ status: child.exitCode, out });
      });
    });
  }

  it("ends with 0 for a good card, 1 for another", async () => {
    const moment = ["--at", at.toISOString()];
    const good = await hufu(card, "--trust", trust, ...moment);
    expect(good.out).toMatch(/^signature +good$/m);
    expect(good.status).toBe(0);
    const bad = await hufu(`${card}a`, "--json");
    expect(JSON.parse(bad.out)).toMatchObject({ outcome: "refused", code: "BAD_BASE45", layers: { length: 9 } });
    expect(bad.status).toBe(1);
  });
});
