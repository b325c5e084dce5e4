import { describe, expect, it } from "vitest";
import type { Requirements } from "../../../src/format/requirements.js";
import type { VerifyRequest } from "../../../src/format/verdict.js";
import { Tier } from "../../../src/abi/batch.js";
import {
  checkPolicy,
  PolicyError,
  readPolicy,
  requirementsFor,
  presentationWindow,
} from "../../../src/policy/policy.js";

const policy = readPolicy(
  JSON.stringify({
    hufuPolicy: 1,
    name: "pilot",
    rules: [
      { purpose: "rail-boarding", regions: ["11", "310115"], minTier: "lite", claims: [1, 4] },
      { purpose: "rail-boarding", regions: ["1101"], minTier: "full", minAge: 16, presentation: true },
      { purpose: "hotel-checkin", from: "2026-12-01", minTier: "full" },
      { purpose: "parcel-delivery", until: "2026-11-30" },
    ],
  }),
);
const at = new Date("2026-11-30T12:00:00+08:00");
const demanded = (request: VerifyRequest): Requirements => requirementsFor(policy, request, new Date());

describe("requirementsFor", () => {
  it("takes the rule that names the region most closely", () => {
    expect(demanded({ purpose: "rail-boarding", region: "110200", at })).toMatchObject({
      minTier: Tier.LITE,
      disclosed: [1, 4],
    });
    expect(demanded({ purpose: "rail-boarding", region: "110105", at })).toMatchObject({
      minTier: Tier.FULL,
      minAge: 16,
      presentationRequired: true,
      disclosed: [],
    });
  });

  it("tells a purpose that is not accepted from a region that is not", () => {
    expect(demanded({ purpose: "rail-boarding", region: "440300", at }).refused).toBe("region");
    expect(demanded({ purpose: "rail-boarding", at }).refused).toBe("region");
    expect(demanded({ purpose: "bank-account", region: "110105", at }).refused).toBe("purpose");
  });

  it("counts days as China does", () => {
    const eve = new Date("2026-11-30T15:59:59Z");
    const midnight = new Date("2026-11-30T16:00:00Z");
    expect(demanded({ purpose: "hotel-checkin", at: eve }).refused).toBe("purpose");
    expect(demanded({ purpose: "hotel-checkin", at: midnight }).refused).toBeUndefined();
    expect(demanded({ purpose: "parcel-delivery", at: eve }).refused).toBeUndefined();
    expect(demanded({ purpose: "parcel-delivery", at: midnight }).refused).toBe("purpose");
  });

  it("without a purpose shows no claims, without a policy all", () => {
    expect(demanded({ at, claims: true })).toMatchObject({ detail: "claims", disclosed: [] });
    expect(requirementsFor(undefined, { at, claims: true, purpose: "any" }, new Date())).toEqual({
      at: BigInt(at.getTime() / 1000),
      date: 20261130,
      atReplacesClock: true,
      detail: "claims",
      purposeAudience: "purpose:any",
    });
    expect(requirementsFor(undefined, {}, at)).toEqual({ at: BigInt(at.getTime() / 1000), date: 20261130 });
  });

  it("says whom a presentation must be made for, and how fresh it must be; either audience suffices by default", () => {
    const rules = [
      { purpose: "own", audience: "own", freshness: 20, skew: 5 },
      { purpose: "any", audience: "purpose" },
      { purpose: "either" },
    ];
    const table = readPolicy(JSON.stringify({ hufuPolicy: 1, rules }));
    const of = (purpose: string) => requirementsFor(table, { purpose, audience: "gate", nonce: "7" }, at);
    expect(of("own")).toMatchObject({ audience: "gate", purposeAudience: "", freshness: 20, skew: 5, nonce: "7" });
    expect(of("any")).toMatchObject({ audience: "", purposeAudience: "purpose:any" });
    expect(of("either")).toMatchObject({ audience: "gate", purposeAudience: "purpose:either" });
    expect(presentationWindow(table)).toBe(90);
    expect(presentationWindow(readPolicy('{"hufuPolicy":1,"rules":[{"purpose":"a","freshness":300}]}'))).toBe(330);
  });

  it("lets a moment asked for stand for the clock, or for the card's own dates alone", () => {
    expect(requirementsFor(policy, { at }, new Date())).toMatchObject({ atReplacesClock: true });
    expect(requirementsFor(policy, { at }, new Date(), "card")).toMatchObject({ atReplacesClock: false });
  });
});

describe("readPolicy", () => {
  const bad: [string, string, RegExp][] = [
    ["no JSON", "{", /not JSON/],
    ["another version", '{"hufuPolicy":2,"rules":[]}', /hufuPolicy/],
    [
      "a region of three digits",
      '{"hufuPolicy":1,"rules":[{"purpose":"a","regions":["110"]}]}',
      /rules\.0\.regions\.0/,
    ],
    ["an unknown field", '{"hufuPolicy":1,"rules":[{"purpose":"a","minimumAge":3}]}', /rules\.0/],
    ["a date that is none", '{"hufuPolicy":1,"rules":[{"purpose":"a","from":"2026-02-30"}]}', /rules\.0\.from/],
  ];
  for (const [name, json, message] of bad) {
    it(`refuses ${name} and says where`, () => {
      expect(() => readPolicy(json)).toThrow(PolicyError);
      expect(() => readPolicy(json)).toThrow(message);
    });
  }

  it("lists what may stand where something else stands", () => {
    const rule = { purpose: "rail-boarding", mintier: "full" };
    const fields = "purpose, regions, from, until, minTier, minAge, claims, presentation";
    expect(() => checkPolicy({ hufuPolicy: 1, rules: [rule] })).toThrow(
      `the policy is wrong: rules.0: "mintier" is not a field here: there are ${fields}`,
    );
    expect(() => checkPolicy({ hufuPolicy: 1, rules: [], rule })).toThrow("there are hufuPolicy, name, rules");
    expect(() => checkPolicy({ hufuPolicy: 1, rules: [{ purpose: "a", minTier: "Full" }] })).toThrow(
      /rules\.0\.minTier: .*"lite"\|"full"/,
    );
  });
});
