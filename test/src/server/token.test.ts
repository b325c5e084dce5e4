import { describe, expect, it } from "vitest";
import { readTokens } from "../../../src/server/token.js";

describe("access tokens", () => {
  it("reads tokens with their scopes, and repeats no token in what it says is wrong", () => {
    const tokens = [
      { token: "gate-secret", purposes: ["rail-boarding"], claims: false },
      { name: "Bank", token: "bank-secret", regions: ["31", "110105"], claims: [1, 4], at: true },
    ];
    expect(readTokens(JSON.stringify(tokens))).toEqual(tokens);
    expect(() => readTokens("[")).toThrow("not JSON");
    expect(() => readTokens("[]")).toThrow();
    for (const wrong of [
      { token: "<secret>" },
      { token: "gate-secret", purpose: "x" },
      { token: "gate-secret", purposes: [] },
      { token: "gate-secret", regions: ["110"] },
      { token: "gate-secret", claims: ["name"] },
      { token: "gate-secret", at: "yes" },
      { token: "gate-secret", captured: 1 },
      { token: "gate-secret", rate: 0 },
      { token: "gate-secret", concurrency: 1.5 },
    ]) {
      expect(() => readTokens(JSON.stringify([wrong]))).toThrow(/^it is wrong at 0(?!.*secret)/);
    }
  });

  it("names a field that is misspelt, and lists those there are", () => {
    const fields = "there are name, token, purposes, regions, claims, at, match, captured, rate, concurrency, lane";
    const misspelt = JSON.stringify([{ token: "gate-secret", purpose: "x" }]);
    expect(() => readTokens(misspelt)).toThrow(`it is wrong at 0: "purpose" is not a field here: ${fields}`);
  });

  it("refuses one token for two parties: whose grants would it have?", () => {
    const twice = JSON.stringify([{ token: "gate-secret", at: true }, { token: "gate-secret" }]);
    expect(() => readTokens(twice)).toThrow("it is wrong at 1: another entry has the same token");
  });
});
