import { createHash, getHashes } from "node:crypto";
import { sm3 as peer } from "sm-crypto-v2";
import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { readVectorText, vectorsNote, vectorsPresent } from "../../support/vectors.js";

type Sm3 = (prefix: number, prefixLength: number, message: number, length: number, digest: number) => void;

describe.each(["stages", "debug"] as const)("sm3 (%s build)", async (build) => {
  const stages = await loadStages<{ sm3: Sm3 }>(build);

  function hash(prefix: Uint8Array, message: Uint8Array): string {
    const digest = stages.base + 4096;
    stages.exports.sm3(stages.put(prefix, 0), prefix.length, stages.put(message, 256), message.length, digest);
    return Buffer.from(stages.take(digest, 32)).toString("hex");
  }

  it.skipIf(!vectorsPresent)("agrees with the vectors of OSCCA" + vectorsNote, () => {
    const cases = [...readVectorText("sm/sm3-oscca.txt").matchAll(/Len = (\d+)\s+Msg = (\w+)\s+MD = (\w+)/g)];
    expect(cases.length).toBeGreaterThan(5);
    for (const [, bits, message, digest] of cases) {
      const bytes = Buffer.from(message!, "hex").subarray(0, Number(bits) / 8);
      expect(hash(new Uint8Array(), bytes)).toBe(digest);
      expect(hash(bytes.subarray(0, 32), bytes.subarray(32))).toBe(digest);
    }
  });

  const oracle = (bytes: Uint8Array) =>
    getHashes().includes("sm3") ? createHash("sm3").update(bytes).digest("hex") : peer(bytes);

  it("pads right at every length of prefix and message", () => {
    const bytes = Uint8Array.from({ length: 600 }, (_, i) => (i * 167 + 5) & 255);
    for (let prefixLength = 0; prefixLength <= 64; prefixLength += 8) {
      for (let length = 0; length <= 200; length += 1 + ((length + prefixLength) % 5)) {
        const prefix = bytes.subarray(0, prefixLength);
        const message = bytes.subarray(200, 200 + length);
        expect(hash(prefix, message)).toBe(oracle(Uint8Array.from([...prefix, ...message])));
      }
    }
  });
});
