import { randomBytes } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { generateKey } from "../../support/keys.js";
import { jwksOf, NOW } from "../../support/make-card.js";
import { issueTo, present } from "../../support/make-presentation.js";

const issuer = generateKey(Algorithm.ED25519);
const status: [number, unknown] = [65535, new Map([["status_list", new Map<string, unknown>([["idx", 1], ["uri", "https://a.example"]])]])]; // prettier-ignore

describe("a hash that is left beside the claims of an SD-CWT", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([issuer]), status: "none", clock: () => NOW * 1000 });
  });

  const hidden = [new Uint8Array(randomBytes(32))];
  it.each([
    ["none, and no status", {}, [], "VALID"],
    ["one in the payload, and no status", { hidden }, [], "BAD_DISCLOSURE"],
    ["one in the payload, and the status there", { hidden }, [status], "VALID"],
    [
      "one in the payload, claims in the header, and no status",
      { hidden, inHeader: new Map([[2, "x"]]) },
      [],
      "BAD_DISCLOSURE",
    ],
    ["one in the payload, and the status in the header", { hidden, inHeader: new Map([status]) }, [], "VALID"],
    ["none, claims in the header, and no status", { inHeader: new Map([[2, "x"]]) }, [], "VALID"],
  ] as [string, Parameters<typeof issueTo>[2], [number, unknown][], string][])(
    "%s: it may be that of the status",
    (_, options, changes, code) => {
      const text = present(issueTo(issuer, changes, options), { audience: "gate", at: NOW });
      expect(engine.verifyBatch([text], { audience: "gate" })[0]?.code).toBe(code);
    },
  );
});
