import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { BatchWriter } from "../../../src/engine/batch-writer.js";
import { Algorithm, BATCH_SIZE } from "../../../src/abi/batch.js";
import { momentOf } from "../../../src/format/requirements.js";
import { encodeBase45 } from "../../support/base45.js";
import { generateKey } from "../../support/keys.js";
import { coseSign1, identity, NOW, payload } from "../../support/make-card.js";
import { loadStages } from "../../support/stages.js";

interface Engine {
  batch(): number;
  verify(from: number): number;
  finish(from: number, end: number): void;
}

describe("what a batch leaves behind in the engine's memory", () => {
  it("is nothing of a card: not its text, not its bytes, not its claims", async () => {
    const { exports } = await loadStages<Engine>();
    const slab = new BatchWriter(new ArrayBuffer(BATCH_SIZE), 0);
    const photos = [200, 300].map((size) => randomBytes(size));
    // Stored, not compressed: the claims lie under the text as they are.
    const compressed = photos.map((photo) => {
      const card = coseSign1(generateKey(Algorithm.ED25519), { payload: payload([[169, identity([[16, photo]])]]) });
      return deflateSync(card, { level: 0 });
    });
    const texts = compressed.map((bytes) => encodeBase45(bytes));
    for (const text of texts) slab.add(text, momentOf(new Date(NOW * 1000)));
    slab.seal(1, NOW * 1000);
    const memory = () => Buffer.from(exports.memory.buffer);
    memory().set(slab.bytes, exports.batch());
    expect(memory().includes(texts[1]!)).toBe(true);
    expect(exports.verify(0)).toBe(2);
    exports.finish(0, 2);
    for (const secret of photos) expect(memory().includes(secret.subarray(20, 60))).toBe(false);
    for (const text of texts) expect(memory().includes(text.slice(40, 60))).toBe(false);
    for (const bytes of compressed) expect(memory().includes(bytes.subarray(-40))).toBe(false);
    expect(memory().includes("张秀英")).toBe(false);
  });
});
