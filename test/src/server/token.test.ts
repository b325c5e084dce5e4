import { describe, expect, it } from "vitest";
import { readTokens } from "../../../src/server/token.js";

describe("access tokens", () => {
  it("reads tokens with their scopes, and repeats no token in what it says is wrong", () => {
    const tokens = [{ token: "gate-secret", purposes: ["rail-boarding"], claims: false }];
    expect(readTokens(JSON.stringify(tokens))).toEqual(tokens);
    expect(() => readTokens("[")).toThrow("not JSON");
    expect(() => readTokens("[]")).toThrow();
    for (const wrong of [
      { token: "<secret>" },
      { token: "gate-secret", purpose: "x" },
      { token: "gate-secret", purposes: [] },
    ]) {
      expect(() => readTokens(JSON.stringify([wrong]))).toThrow(/^it is wrong at 0(?!.*secret)/);
    }
  });
});
