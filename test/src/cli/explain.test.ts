import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { explainVerdict, type Layer } from "../../../src/cli/explain/layers.js";
import { RULES } from "../../../src/cli/explain/rules.js";
import { bareVerdict } from "../../../src/engine/verdict.js";
import { toHex } from "../../../src/format/bytes.js";
import { Code } from "../../../src/abi/code.js";
import { Engine } from "../../../src/engine/engine.js";
import { decodeBase45, encodeBase45 } from "../../support/base45.js";
import { coseSign1, identity, jwksOf, makeCard, NOW, payload, qrOf, trusted } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { at, card, issuerKey } from "../../support/server.js";

const engine = await Engine.create({ trust: jwksOf([issuerKey]) });

function explain(text: string, at?: Date): Layer[] {
  const verdict = at === undefined ? engine.inspect(text).verdict : engine.verifyBatch([text], { at })[0]!;
  return explainVerdict(text, verdict, { at: at ?? new Date(), byClock: at === undefined });
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
    expect(refusal("HC1:ABC")!.cause).toContain("HC1");
    expect(refusal(`]Q1 ${card.slice(0, 50)}a${card.slice(51)}\n`)).toMatchObject({ layer: "base45", byte: 54 });
    expect(refusal(card.toLowerCase())).toMatchObject({ code: "BAD_BASE45", cause: "letters are lower case" });
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

  it("shows the date at fault and the clock, and names what was not counted in seconds", () => {
    const of = (claims: [number, unknown][], moment?: Date): Layer =>
      refusal(makeCard(issuerKey, { payload: payload(claims) }), moment ?? at)!;
    expect(of([[4, NOW - 1]])).toMatchObject({
      code: "EXPIRED",
      cause: "the card expired 2026-09-21T14:13:19Z; it is judged at 2026-09-21T14:13:20Z, as was asked",
    });
    const verdict = engine.verifyBatch([makeCard(issuerKey, { payload: payload([[5, NOW + 1]]) })], { at })[0]!;
    const early = explainVerdict(makeCard(issuerKey, { payload: payload([[5, NOW + 1]]) }), verdict, { at, byClock: true }); // prettier-ignore
    expect(early.find(({ code }) => code === "NOT_YET_VALID")!.cause).toBe(
      "the card is valid from 2026-09-21T14:13:21Z; the clock says 2026-09-21T14:13:20Z",
    );
    const milliseconds = makeCard(issuerKey, { payload: payload([[5, NOW * 1000]]) });
    for (const code of ["NOT_YET_VALID", "BAD_CWT"] as const) {
      const found = explainVerdict(milliseconds, { outcome: "refused", code }, { at, byClock: true }).find((layer) => layer.code === code)!; // prettier-ignore
      expect(found.cause).toMatch(/nbf \(5\).* 1790000000000 is in milliseconds, and stands for 2026-09-21T14:13:20Z/);
      expect(found.remedy).toMatch(/issuer/);
    }
  });

  it("cites the rule of the claim at fault", () => {
    const of = (claims: [number, unknown][]): Layer =>
      explainVerdict(makeCard(issuerKey, { payload: payload(claims) }), { outcome: "refused", code: "BAD_CWT" }, { at, byClock: true }).find(({ code }) => code !== undefined)!; // prettier-ignore
    for (const date of [NaN, Infinity, -Infinity, "2026", true, null, new Map(), Uint8Array.of(1)]) {
      expect(of([[4, date]]).rule, typeof date).toMatch(/^exp \(4\) is a finite number of seconds/);
    }
    expect(of([[6, NOW + 2000]]).rule).toBe(
      "iat (6), 2026-09-21T14:46:40Z, is not after exp (4), 2026-09-21T14:30:00Z",
    );
    expect(of([[5, NOW + 2000]]).rule).toMatch(/^nbf \(5\), .* is not after exp \(4\)/);
    const list = (entries: [string, unknown][]): [number, unknown][] => [[65535, new Map([["status_list", new Map(entries)]])]]; // prettier-ignore
    expect(of(list([["uri", "https://a.example"]])).rule).toBe("status_list has idx and uri");
    expect(of(list([["idx", -1], ["uri", "https://a.example"]])).rule).toBe("idx is an unsigned integer"); // prettier-ignore
    expect(of(list([["idx", 1], ["uri", 7]])).rule).toBe("uri is text"); // prettier-ignore
  });

  it("shows the dates of a key that does not count", () => {
    const key = trusted(issuerKey, { notAfter: NOW - 5 });
    const verdict = { outcome: "refused", code: "KEY_EXPIRED", kid: toHex(key.kids[0]!) } as const;
    const layers = explainVerdict(card, verdict, { at, byClock: true, keys: [key] });
    expect(layers.find(({ layer }) => layer === "key")!.cause).toBe(
      "the key that signed the card counted until 2026-09-21T14:13:15Z; the clock says 2026-09-21T14:13:20Z",
    );
  });

  it("tells status that is too old from a trust list that is", () => {
    const key = trusted(issuerKey, { trustUntil: NOW });
    const stale = { ...bareVerdict(Code.STATUS_STALE), kid: toHex(key.kids[0]!), statusSource: "snapshot" } as const;
    const of = (moment: Date): Layer | undefined =>
      explainVerdict(card, stale, { at: moment, byClock: true, keys: [key] }).find(({ layer }) => layer === "status");
    expect(of(new Date((NOW - 1) * 1000))).toMatchObject({ rule: "the status snapshot is young enough" });
    const expired = of(new Date(NOW * 1000));
    expect(expired?.result).toBe("undetermined");
    expect(expired?.rule).toMatch(/trust list .* not expired/);
    expect(expired?.cause).toMatch(/expired 2026-09-21T14:13:20Z/);
  });

  it("shows of what date the status is that is too old", () => {
    const snapshot = { issuer: "pilot.example", source: "delta", universe: NOW - 500, expires: NOW - 20 } as const;
    const list = { issuer: "pilot.example", source: "list", uri: "https://a.example/1", universe: NOW - 900 } as const;
    const stale = { ...bareVerdict(Code.STATUS_STALE), issuer: "pilot.example" };
    const told = (text: string, statusSource: "snapshot" | "list"): string | undefined =>
      explainVerdict(text, { ...stale, statusSource }, { at, byClock: true, statuses: [list, snapshot] }).find(
        ({ code }) => code !== undefined,
      )?.cause;
    expect(told(card, "snapshot")).toBe(
      "the status snapshot is too old to call a card good; it is of 2026-09-21T14:05:00Z and was good until 2026-09-21T14:13:00Z; the clock says 2026-09-21T14:13:20Z",
    );
    const place = [65535, new Map([["status_list", new Map<string, unknown>([["idx", 1], ["uri", list.uri]])]])]; // prettier-ignore
    expect(told(makeCard(issuerKey, { payload: payload([place as never]) }), "list")).toBe(
      "the status list is too old to call a card good: https://a.example/1, index 1; it is of 2026-09-21T13:58:20Z; the clock says 2026-09-21T14:13:20Z",
    );
  });

  it("takes a wrong clock for a matter of the card's dates: key, signature and status were looked at", () => {
    const layers = explainVerdict(card, bareVerdict(Code.CLOCK_WRONG), { at, byClock: true });
    expect(layers.find(({ code }) => code === "CLOCK_WRONG")).toMatchObject({
      layer: "policy",
      result: "undetermined",
    });
    expect(layers.find(({ layer }) => layer === "signature")).toMatchObject({ result: "good" });
  });

  it("has cause, rule and remedy for every code that a card can cause", () => {
    for (const code of Object.keys(RULES) as (keyof typeof RULES)[]) {
      const { outcome } = bareVerdict(Code[code]);
      const layer = explainVerdict(card, { outcome, code }, { at, byClock: true }).find((one) => one.code === code);
      if (["BUSY", "BAD_REQUEST", "INTERNAL"].includes(code)) continue;
      expect(layer?.cause, code).toMatch(/\w/);
      expect(layer?.rule, code).toMatch(/\w/);
      expect(layer?.remedy, code).toMatch(/\w/);
      expect(layer?.result).toBe(outcome);
    }
  });

  it("speaks of what decided, the list or the snapshot", () => {
    const told = (
      code: "STATUS_STALE" | "REVOKED" | "STATUS_NOT_COVERED",
      statusSource: "list" | "snapshot",
    ): string => {
      const claims: [number, unknown][] = [[65535, new Map([["status_list", new Map<string, unknown>([["idx", 7], ["uri", "https://a.example/1"]])]])]]; // prettier-ignore
      const text = makeCard(issuerKey, { payload: payload(claims) });
      const { outcome } = bareVerdict(Code[code]);
      const { cause, rule } = explainVerdict(text, { outcome, code, statusSource }, { at, byClock: true }).find((layer) => layer.code === code)!; // prettier-ignore
      return `${cause}; ${rule}`;
    };
    for (const code of ["STATUS_STALE", "REVOKED", "STATUS_NOT_COVERED"] as const) {
      expect(told(code, "list")).toMatch(/https:\/\/a\.example\/1, index 7.*list/);
      expect(told(code, "list")).not.toMatch(/snapshot/);
      expect(told(code, "snapshot")).not.toMatch(/list/);
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
