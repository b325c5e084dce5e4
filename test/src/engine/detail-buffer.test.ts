import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BatchWriter } from "../../../src/engine/batch-writer.js";
import { applyDetail } from "../../../src/engine/detail.js";
import { DetailBuffers, DetailWriter, wipeDetail } from "../../../src/engine/detail-buffer.js";
import { Engine } from "../../../src/engine/engine.js";
import { Instance } from "../../../src/engine/instance.js";
import { compileEngine } from "../../../src/engine/module.js";
import { SlabRing } from "../../../src/engine/slab-ring.js";
import { type EngineState, loadState, readState } from "../../../src/engine/state.js";
import { Verifier } from "../../../src/engine/verifier.js";
import { readVerdict } from "../../../src/engine/verdict.js";
import verifySlab from "../../../src/engine/worker.js";
import { Algorithm, BATCH_SIZE } from "../../../src/abi/batch.js";
import { momentOf } from "../../../src/format/requirements.js";
import { encodeBase45 } from "../../support/base45.js";
import { generateKey } from "../../support/keys.js";
import { coseSign1, identity, jwksOf, NOW, payload } from "../../support/make-card.js";

/** One relying party's claims do not stay in memory for the next. */

const key = generateKey(Algorithm.ED25519);
const requirements = { ...momentOf(new Date(NOW * 1000)), detail: "claims" as const };

/** A card whose claims lie in its bytes as they are, not compressed, and what to look for afterwards. */
function cardOf(size: number): { text: string; photo: Buffer; secrets: Buffer[] } {
  const photo = randomBytes(size);
  const cose = coseSign1(key, { payload: payload([[169, identity([[16, photo]])]]) }); // prettier-ignore
  const text = encodeBase45(deflateSync(cose, { level: 0 }));
  const base64 = photo.toString("base64url");
  const secrets = [photo.subarray(20, 60), text.slice(60, 90), base64.slice(20, 60), "张秀英", "11010519491231002X"];
  return { text, photo, secrets: secrets.map((secret) => Buffer.from(secret)) };
}

function found(memory: ArrayBufferLike, secrets: readonly Buffer[]): string[] {
  return secrets.filter((secret) => Buffer.from(memory).includes(secret)).map((secret) => secret.toString("latin1"));
}

describe("the detail of a batch", () => {
  const memories: WebAssembly.Memory[] = [];
  const Real = WebAssembly.Instance;
  let state: EngineState;
  beforeAll(async () => {
    WebAssembly.Instance = class extends Real {
      constructor(...args: ConstructorParameters<typeof Real>) {
        super(...args);
        memories.push(this.exports["memory"] as WebAssembly.Memory);
      }
    };
    const checker = new Instance(await compileEngine());
    state = { ...(await readState({ trust: jwksOf([key]) }, checker.checkSignature)), generation: 1 };
    memories.length = 0;
  });
  afterAll(() => {
    WebAssembly.Instance = Real;
  });

  it("is gone from the engine when it was read, and from its buffer when it was used", async () => {
    const buffers: ArrayBufferLike[] = [];
    const writer = new DetailWriter(
      new DetailBuffers((bytes) => {
        buffers.push(new ArrayBuffer(bytes));
        return buffers.at(-1);
      }),
    );
    const instance = new Instance(await compileEngine());
    loadState(instance, state);
    const [memory] = memories.splice(0);
    const slab = new BatchWriter(new ArrayBuffer(BATCH_SIZE), 0);
    const cards = Array.from({ length: 100 }, () => cardOf(1500));
    for (const { text } of cards) slab.add(text, requirements);
    slab.seal(1, NOW * 1000);
    instance.verify(slab.bytes, writer);
    // More than the first buffer holds.
    instance.verify(slab.bytes, writer);
    for (const { secrets } of cards) expect(found(memory!.buffer, secrets)).toEqual([]);
    const detail = writer.finish()!;
    const verdicts = cards.map((_, index) => readVerdict(slab.view, index, []));
    applyDetail(slab.view, detail, verdicts, () => requirements);
    for (const [index, { photo }] of cards.entries()) {
      expect(verdicts[index]?.claims?.["16"]).toBe(photo.toString("base64url"));
    }
    expect(buffers.length).toBeGreaterThan(1);
    expect(found(buffers.at(-1), cards[99]!.secrets)).not.toEqual([]);
    wipeDetail(detail);
    for (const buffer of buffers) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    slab.clear();
    for (const { secrets } of cards) expect(found(slab.bytes.buffer, secrets)).toEqual([]);
  });

  it("is gone after a read without judging, too", async () => {
    const engine = await Engine.create({ trust: [] });
    const [memory] = memories.splice(0);
    const card = cardOf(300);
    expect(Buffer.from(engine.inspect(card.text).identity).includes(card.photo)).toBe(true);
    expect(found(memory!.buffer, card.secrets)).toEqual([]);
  });

  it("lies where a worker wrote it until it is wiped, and is then written over", async () => {
    const module = await compileEngine();
    const ring = new SlabRing(2);
    const ask = (card: ReturnType<typeof cardOf>): Uint8Array => {
      const { index, slab } = ring.take()!;
      slab.add(card.text, requirements);
      slab.seal(1, NOW * 1000);
      const answer = verifySlab({ slab: index, briefing: { memory: ring.memory, module, state } });
      ring.give(index);
      if (!(answer instanceof Uint8Array)) throw new Error(`the worker answered ${String(answer)}`);
      return answer;
    };
    const cards = [300, 400, 500, 600].map(cardOf);
    const [first, second] = [ask(cards[0]!), ask(cards[1]!)];
    expect(first.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(second.buffer).not.toBe(first.buffer);
    expect(found(first.buffer, cards[0]!.secrets)).not.toEqual([]);
    wipeDetail(first);
    expect(found(first.buffer, cards[0]!.secrets)).toEqual([]);
    const third = ask(cards[2]!);
    expect(third.buffer).toBe(first.buffer);
    expect(found(third.buffer, cards[0]!.secrets.slice(0, 3))).toEqual([]);
    expect(found(second.buffer, cards[1]!.secrets)).not.toEqual([]);
    for (const detail of [second, third]) wipeDetail(detail);
    expect([first.buffer, second.buffer]).toContain(ask(cards[3]!).buffer);
    expect(
      found(
        ring.memory,
        cards.flatMap(({ secrets }) => secrets),
      ),
    ).toEqual([]);
  });

  it("comes back whole from workers whose buffers are used again", async () => {
    const verifier = await Verifier.create({ trust: jwksOf([key]), workers: 2 });
    try {
      for (let round = 0; round < 3; round++) {
        const cards = Array.from({ length: 300 }, (_, i) => cardOf(20 + ((i * 37) % 1500)));
        const verdicts = await verifier.verifyAll(cards.map(({ text }) => text), requirements); // prettier-ignore
        const photos = verdicts.map(({ claims }) => claims?.["16"]);
        expect(photos).toEqual(cards.map(({ photo }) => photo.toString("base64url")));
      }
    } finally {
      await verifier.close();
    }
  });
});

describe("buffers of detail", () => {
  it("are as many as are read at once, and very large ones are not kept", () => {
    const buffers = new DetailBuffers((bytes) => new ArrayBuffer(bytes));
    const write = (length: number): Uint8Array => {
      const writer = new DetailWriter(buffers);
      writer.append(new Uint8Array(length).fill(1));
      return writer.finish()!;
    };
    for (let i = 0; i < 50; i++) wipeDetail(write(1000 + i));
    expect(buffers.kept).toHaveLength(1);
    const three = [write(1), write(1), write(1)];
    expect(buffers.kept).toHaveLength(3);
    for (const detail of three) wipeDetail(detail);
    for (let size = 1; size < 1 << 25; size *= 3) wipeDetail(write(size));
    expect(buffers.kept).toHaveLength(3);
    expect(Math.max(...buffers.kept.map(({ byteLength }) => byteLength))).toBeLessThanOrEqual(1 << 22);
  });

  it("are not taken where nothing is written, and given back where nobody is to read it", () => {
    const buffers = new DetailBuffers((bytes) => new ArrayBuffer(bytes));
    const writer = new DetailWriter(buffers);
    writer.append(new Uint8Array());
    expect(writer.finish()).toBeUndefined();
    expect(buffers.kept).toHaveLength(0);
    writer.append(Uint8Array.of(7));
    writer.discard();
    expect(new Uint8Array(buffers.kept[0]!).every((byte) => byte === 0)).toBe(true);
    writer.append(new Uint8Array(100_000).fill(3));
    writer.append(new Uint8Array(200_000).fill(4));
    const detail = writer.finish()!;
    expect([detail.length, detail[99_999], detail[100_000]]).toEqual([300_000, 3, 4]);
  });
});
