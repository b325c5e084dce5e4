import { createHash } from "node:crypto";
import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Code } from "../../../src/abi/code.js";
import { MAX_INFLATED_LENGTH } from "../../../src/abi/limits.js";
import { loadStages } from "../../support/stages.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

interface Inflate {
  inflateZlib(src: number, length: number, out: number, capacity: number): number;
  adler32(data: number, length: number): number;
}

const builds = { stages: await loadStages<Inflate>("stages"), debug: await loadStages<Inflate>("debug") };
const SRC = 64;
const OUT = 1 << 20;
const GUARD = 0xa5;

type Result = Uint8Array | number;

/** The bytes, or the code. `after` is what lies behind the input: it must not matter. */
function inflate(
  stream: Uint8Array,
  capacity = MAX_INFLATED_LENGTH,
  after = GUARD,
  build: keyof typeof builds = "stages",
): Result {
  const stages = builds[build];
  const { exports, base } = stages;
  stages.put(new Uint8Array(stream.length + 64).fill(after), SRC);
  stages.put(stream, SRC);
  stages.put(new Uint8Array(64).fill(GUARD), OUT - 64);
  stages.put(new Uint8Array(64).fill(GUARD), OUT + capacity + 32);
  const written = exports.inflateZlib(base + SRC, stream.length, base + OUT, capacity);
  expect(Buffer.compare(stages.take(base + SRC, stream.length), stream)).toBe(0);
  expect(stages.take(base + OUT - 64, 64).every((byte) => byte === GUARD)).toBe(true);
  expect(stages.take(base + OUT + capacity + 32, 64).every((byte) => byte === GUARD)).toBe(true);
  return written < 0 ? -written : stages.take(base + OUT, written);
}

/** What node:zlib says of the same stream, held to the one stream being all there is. */
function oracle(stream: Uint8Array, capacity = MAX_INFLATED_LENGTH): Result {
  try {
    const { buffer, engine } = zlib.inflateSync(stream, {
      info: true,
      maxOutputLength: Math.max(capacity, 1),
    }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    if (buffer.length > capacity) return Code.TOO_LARGE;
    return engine.bytesWritten === stream.length ? new Uint8Array(buffer) : Code.BAD_ZLIB;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE" ? Code.TOO_LARGE : Code.BAD_ZLIB;
  }
}

/**
 * Are the bits that fill the last byte before the checksum not all zero? zlib does not look at them and we refuse them:
 * clearing them then changes nothing for zlib.
 */
function hasPadding(stream: Uint8Array): boolean {
  const expected = oracle(stream);
  const place = stream.length - 5;
  return [1, 2, 3, 4, 5, 6, 7].some((bits) => {
    const cleared = Uint8Array.from(stream);
    cleared[place]! &= 0xff >> bits;
    return cleared[place] !== stream[place] && typeof expected !== "number" && same(oracle(cleared), expected);
  });
}

/** What we must say: what zlib says, but for padding. */
function expectedOf(stream: Uint8Array): Result {
  return hasPadding(stream) ? Code.BAD_ZLIB : oracle(stream);
}

function same(a: Result, b: Result): boolean {
  return typeof a === "number" || typeof b === "number" ? a === b : Buffer.compare(a, b) === 0;
}

function adler(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** A zlib stream around raw deflate that inflates to `bytes`. */
function wrap(raw: Uint8Array, bytes: Uint8Array): Uint8Array {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(adler(bytes));
  return Buffer.concat([Buffer.of(0x78, 0x9c), raw, sum]);
}

/** Deterministic bytes: `kinds` different values, runs and repeats mixed in. */
function sample(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 + 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const kinds = [1, 2, 16, 60, 256][seed % 5]!;
  for (let i = 0; i < length;) {
    const run = Math.min(length - i, 1 + random(random(8) === 0 ? 300 : 12));
    const back = random(3) === 0 && i > 0 ? 1 + random(Math.min(i, 32768)) : 0;
    for (let k = 0; k < run; k++, i++) bytes[i] = back > 0 ? bytes[i - back]! : random(kinds);
  }
  return bytes;
}

describe.skipIf(!vectorsPresent)("deflate vectors" + vectorsNote, () => {
  const read = (file: string) => (vectorsPresent ? readVectorJson(file) : []);
  const profile = read("deflate/bombs-and-profile.json") as {
    name: string;
    hex: string;
    expect: string;
    node: string;
  }[];
  it.each(profile)("$name: $expect", ({ hex, expect: expected, node }) => {
    const result = inflate(Buffer.from(hex, "hex"));
    if (expected.startsWith("inflates")) expect(result).toHaveLength(Number(node.replace("ok ", "")));
    else expect(result).toBe(Code[expected as keyof typeof Code]);
  });

  interface Case {
    id: string;
    container: "raw" | "zlib" | "gzip" | "auto";
    hex: string;
    node: { ok: boolean; len: number; sha256: string };
  }
  const infcover = read("deflate/zlib-infcover.json") as Case[];
  it.each(infcover)("infcover: $id ($hex)", ({ container, hex, node }) => {
    const bytes = Buffer.from(hex, "hex");
    if (container !== "raw") {
      // gzip is not our container: whatever zlib thinks of it, it is not zlib.
      const result = inflate(bytes);
      expect(typeof result !== "number").toBe(node.ok && container === "zlib");
      return;
    }
    if (!node.ok) {
      expect(inflate(wrap(bytes, new Uint8Array()))).toBe(Code.BAD_ZLIB);
      return;
    }
    // The recorded input may go on after the last block.
    const inflated = zlib.inflateRawSync(bytes, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    const result = inflate(wrap(bytes.subarray(0, inflated.engine.bytesWritten), inflated.buffer));
    expect(result).toHaveLength(node.len);
    expect(
      createHash("sha256")
        .update(result as Uint8Array)
        .digest("hex"),
    ).toBe(node.sha256);
  });
});

describe("inflate", () => {
  const strategies = [
    zlib.constants.Z_DEFAULT_STRATEGY,
    zlib.constants.Z_FILTERED,
    zlib.constants.Z_HUFFMAN_ONLY,
    zlib.constants.Z_RLE,
    zlib.constants.Z_FIXED,
  ];
  const sizes = [
    0, 1, 2, 3, 15, 16, 17, 31, 100, 257, 258, 259, 300, 1000, 4096, 5551, 5552, 5553, 32767, 32768, 32769, 65535,
    65536,
  ];

  it.each(sizes)("gives back %i bytes of every kind, level and strategy", (size) => {
    for (let seed = 0; seed < 5; seed++) {
      const bytes = sample(size, seed);
      for (let level = 0; level <= 9; level++) {
        for (const strategy of level === 6 ? strategies : [zlib.constants.Z_DEFAULT_STRATEGY]) {
          const result = inflate(zlib.deflateSync(bytes, { level, strategy }));
          if (!same(result, bytes)) expect.fail(`seed ${seed} level ${level} strategy ${strategy}`);
        }
      }
    }
  });

  it("gives back every size up to 600", () => {
    for (let size = 0; size <= 600; size++) {
      const bytes = sample(size, size);
      const stream = zlib.deflateSync(bytes, { level: 9, strategy: strategies[size % strategies.length]! });
      expect(same(inflate(stream), bytes)).toBe(true);
    }
  });

  it("keeps a match of every distance below 64 and every length", () => {
    for (let distance = 1; distance < 64; distance++) {
      const head = Uint8Array.from({ length: distance }, (_, i) => (i * 37 + distance) & 255);
      for (let length = 3; length <= 258; length += distance < 18 ? 1 : 17) {
        const bytes = Uint8Array.from({ length: distance + length }, (_, i) => head[i % distance]!);
        expect(same(inflate(zlib.deflateSync(bytes, { level: 9 })), bytes)).toBe(true);
      }
    }
  });

  it("reads several blocks of all three types in one stream", () => {
    const parts = Array.from({ length: 12 }, (_, i) => sample(i * 97, i));
    const raw = parts.map((part, i) =>
      zlib.deflateRawSync(part, {
        level: i % 3 === 0 ? 0 : 9,
        strategy: i % 3 === 1 ? zlib.constants.Z_FIXED : zlib.constants.Z_DEFAULT_STRATEGY,
        finishFlush: i === 11 ? zlib.constants.Z_FINISH : zlib.constants.Z_FULL_FLUSH,
      }),
    );
    const all = Buffer.concat(parts);
    expect(same(inflate(wrap(Buffer.concat(raw), all)), Uint8Array.from(all))).toBe(true);
  });

  it("holds the capacity to the byte, and writes at most 32 bytes past it", () => {
    for (const size of [0, 1, 7, 300, 5000]) {
      for (let seed = 0; seed < 5; seed++) {
        for (const strategy of strategies) {
          const bytes = sample(size, seed);
          const stream = zlib.deflateSync(bytes, { strategy });
          expect(same(inflate(stream, size), bytes)).toBe(true);
          for (const capacity of [0, 1, size - 300, size - 17, size - 2, size - 1]) {
            if (capacity >= 0 && capacity < size) expect(inflate(stream, capacity)).toBe(Code.TOO_LARGE);
          }
        }
      }
    }
    const stored = zlib.deflateSync(sample(300, 4), { level: 0 });
    expect(inflate(stored, 299)).toBe(Code.TOO_LARGE);
  });

  const cards = [0, 1, 2, 3, 4].flatMap((seed) =>
    [zlib.constants.Z_DEFAULT_STRATEGY, zlib.constants.Z_FIXED, zlib.constants.Z_HUFFMAN_ONLY].map((strategy) =>
      zlib.deflateSync(sample(160, seed), { level: 9, strategy }),
    ),
  );

  it("refuses every truncation and every continuation, whatever lies behind the input", () => {
    for (const card of cards) {
      for (let length = 0; length < card.length; length++) {
        for (const after of [0x00, 0xff, GUARD]) {
          expect(inflate(card.subarray(0, length), 1000, after)).toBe(Code.BAD_ZLIB);
        }
      }
      expect(inflate(Buffer.concat([card, Buffer.of(0)]))).toBe(Code.BAD_ZLIB);
      expect(inflate(Buffer.concat([card, card]))).toBe(Code.BAD_ZLIB);
    }
  });

  it.each(["stages", "debug"] as const)(
    "decides every bit flip as zlib does, and refuses those in the padding (%s build)",
    (build) => {
      for (const card of build === "debug" ? cards.slice(0, 3) : cards) {
        for (let bit = 0; bit < card.length * 8; bit++) {
          const flipped = Uint8Array.from(card);
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          if (!same(inflate(flipped, undefined, undefined, build), expectedOf(flipped)))
            expect.fail(`bit ${bit} of ${card.toString("hex")}`);
        }
      }
    },
  );

  /** Compare a deflate stream under a good header and checksum: accepted or refused, the bytes, and where it ends. */
  function agreesOnRaw(raw: Uint8Array): void {
    let inflated: { buffer: Buffer; engine: { bytesWritten: number } } | undefined;
    try {
      inflated = zlib.inflateRawSync(raw, {
        info: true,
        maxOutputLength: MAX_INFLATED_LENGTH,
      }) as unknown as typeof inflated;
    } catch {
      inflated = undefined;
    }
    if (inflated === undefined) {
      expect(inflate(wrap(raw, new Uint8Array()))).toSatisfy(
        (code) => code === Code.BAD_ZLIB || code === Code.TOO_LARGE,
      );
    } else {
      const { buffer, engine } = inflated;
      const stream = wrap(raw.subarray(0, engine.bytesWritten), buffer);
      expect(same(inflate(stream), hasPadding(stream) ? Code.BAD_ZLIB : Uint8Array.from(buffer))).toBe(true);
      if (engine.bytesWritten !== raw.length) expect(inflate(wrap(raw, buffer))).toBe(Code.BAD_ZLIB);
    }
  }

  it("decides mutated streams as zlib does, with a checksum that fits", () => {
    const stream = fc
      .tuple(fc.nat(1000), fc.nat(9), fc.constantFrom(...strategies), fc.nat(400))
      .map(([seed, level, strategy, size]) =>
        Uint8Array.from(zlib.deflateRawSync(sample(size, seed), { level, strategy })),
      );
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(stream, edits, fc.boolean(), (raw, edits, early) => {
        // The header of a dynamic block is where most rules are: half of the runs change only that.
        for (const [place, mask] of edits) raw[place % Math.min(raw.length, early ? 24 : raw.length)]! ^= mask;
        agreesOnRaw(raw);
      }),
      { numRuns: 6000 },
    );
  });

  it("decides arbitrary bytes as zlib does", () => {
    const dynamic = fc.uint8Array({ minLength: 1, maxLength: 120 }).map((bytes) => {
      bytes[0] = (bytes[0]! & 0xf8) | 0x05;
      return bytes;
    });
    fc.assert(fc.property(fc.oneof(dynamic, fc.uint8Array({ minLength: 1, maxLength: 60 })), agreesOnRaw), {
      numRuns: 4000,
    });
  });

  it("decides every header as zlib does", () => {
    const card = cards[0]!;
    for (let header = 0; header < 65536; header++) {
      const stream = Uint8Array.from(card);
      stream[0] = header >> 8;
      stream[1] = header & 255;
      // zlib must be asked only where its check bits fit; elsewhere RFC 1950 leaves no doubt.
      const expected = header % 31 === 0 ? oracle(stream) : Code.BAD_ZLIB;
      if (!same(inflate(stream), expected)) expect.fail(`header ${header.toString(16)}`);
    }
  });
});

describe("adler32", () => {
  it("is RFC 1950's sum at every length around its own steps", () => {
    const { stages } = builds;
    const full = new Uint8Array(65536).fill(0xff);
    for (const length of [...Array(50).keys(), 5551, 5552, 5553, 5568, 11104, 11105, 65535, 65536]) {
      for (const bytes of [full.subarray(0, length), sample(length, 4)]) {
        expect(stages.exports.adler32(stages.put(bytes, 0), length) >>> 0).toBe(adler(bytes));
      }
    }
  });
});
