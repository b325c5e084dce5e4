import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { Code } from "../../../src/abi/code.js";
import {
  BitWriter,
  dynamicBlock,
  END_OF_BLOCK,
  fixedDistance,
  fixedLiteral,
  fixedMatch3,
} from "../../support/deflate.js";
import { loadStages } from "../../support/stages.js";

interface Inflate {
  inflateZlib(src: number, length: number, out: number, capacity: number): number;
}

const OUT = 1 << 20;

/** Streams that no encoder writes, made bit by bit: each rule of RFC 1951 just inside and just outside. */
describe("the rules of deflate, at their bounds", async () => {
  const stages = await loadStages<Inflate>();

  /** The bytes written or the code; node:zlib must say the same of whether it is a stream. */
  function inflate(raw: Uint8Array, expected: Uint8Array): string | number {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(adler(expected));
    const stream = Buffer.concat([Buffer.of(0x78, 0x9c), raw, checksum]);
    stages.put(new Uint8Array(stream.length + 64), 0);
    stages.put(new Uint8Array(64), OUT - 64);
    const written = stages.exports.inflateZlib(stages.put(stream, 0), stream.length, stages.base + OUT, 65_536);
    let elsewhere: string | undefined;
    try {
      elsewhere = zlib.inflateSync(stream).toString("latin1");
    } catch {
      elsewhere = undefined;
    }
    expect(elsewhere === undefined).toBe(written < 0);
    return written < 0 ? -written : Buffer.from(stages.take(stages.base + OUT, written)).toString("latin1");
  }

  it.each([1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33, 255, 256, 257, 4096])(
    "a match may reach back over all of %i bytes and no further",
    (count) => {
      const head = "ab".repeat(count).slice(0, count);
      for (const beyond of [0, 1]) {
        const bits = new BitWriter().put(1, 1).put(1, 2);
        for (const char of head) fixedLiteral(bits, char.charCodeAt(0));
        fixedMatch3(bits);
        fixedDistance(bits, count + beyond);
        bits.put(0, 7);
        // One beyond lies a zero: the checksum fits what an inflater would give that reached for it.
        const source = beyond === 0 ? head : `\0${head}`;
        const whole = head + source.repeat(3).slice(0, 3);
        expect(inflate(bits.bytes(), Buffer.from(whole))).toBe(beyond === 0 ? whole : Code.BAD_ZLIB);
      }
    },
  );

  const letters = new Map([[97, 1], [END_OF_BLOCK, 1]]); // prettier-ignore

  it.each([29, 30, 31, 32])("%i distance codes", (count) => {
    // The last distance has a code of its own, so that all of them are read.
    const block = dynamicBlock({ litlen: letters, litlens: 257, distances: new Map([[0, 1], [count - 1, 1]]), distanceCount: count }); // prettier-ignore
    block.literal(97).literal(END_OF_BLOCK);
    expect(inflate(block.bytes(), Buffer.from("a"))).toBe(count <= 30 ? "a" : Code.BAD_ZLIB);
  });

  it.each([257, 285, 286, 287, 288])("%i literal and length codes", (count) => {
    const block = dynamicBlock({ litlen: letters, litlens: count, distances: new Map(), distanceCount: 1 });
    block.literal(97).literal(END_OF_BLOCK);
    expect(inflate(block.bytes(), Buffer.from("a"))).toBe(count <= 286 ? "a" : Code.BAD_ZLIB);
  });

  it("a code may be incomplete only as a single code of one bit, or as none", () => {
    const cases: [Map<number, number>, boolean][] = [
      [new Map(), true],
      [new Map([[0, 1]]), true],
      [new Map([[0, 2]]), false],
      [new Map([[0, 15]]), false],
      [new Map([[0, 1], [1, 2]]), false],
      [new Map([[0, 1], [1, 2], [2, 2]]), true],
      [new Map([[0, 1], [1, 1], [2, 2]]), false],
      [new Map([[0, 2], [1, 2]]), false],
    ]; // prettier-ignore
    for (const [distances, good] of cases) {
      const block = dynamicBlock({ litlen: letters, litlens: 257, distances, distanceCount: 3 });
      block.literal(97).literal(END_OF_BLOCK);
      expect(inflate(block.bytes(), Buffer.from("a")), JSON.stringify([...distances])).toBe(good ? "a" : Code.BAD_ZLIB);
    }
    const single = (length: number): string | number => {
      const block = dynamicBlock({ litlen: new Map([[END_OF_BLOCK, length]]), litlens: 257, distances: new Map(), distanceCount: 1 }); // prettier-ignore
      block.literal(END_OF_BLOCK);
      return inflate(block.bytes(), new Uint8Array());
    };
    expect([single(1), single(2), single(3)]).toEqual(["", Code.BAD_ZLIB, Code.BAD_ZLIB]);
  });

  it("a block without an end of block is refused", () => {
    const block = dynamicBlock({ litlen: new Map([[97, 1], [98, 1]]), litlens: 257, distances: new Map(), distanceCount: 1 }); // prettier-ignore
    block.literal(97);
    expect(inflate(block.bytes(), Buffer.from("a"))).toBe(Code.BAD_ZLIB);
  });

  it("codes of every length up to 15 bits are read", () => {
    // Lengths 1, 2, ..., 14, 15, 15: complete.
    const symbols = Array.from({ length: 15 }, (_, i) => [97 + i, i + 1] as const);
    const litlen = new Map<number, number>([...symbols, [END_OF_BLOCK, 15]]);
    const block = dynamicBlock({ litlen, litlens: 257, distances: new Map(), distanceCount: 1 });
    const text = "abcdefghijklmnoonmlkjihgfedcba";
    for (const char of text) block.literal(char.charCodeAt(0));
    block.literal(END_OF_BLOCK);
    expect(inflate(block.bytes(), Buffer.from(text))).toBe(text);
  });
});

function adler(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}
