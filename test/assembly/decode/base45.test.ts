import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Code } from "../../../src/abi/code.js";
import { MAX_TEXT_LENGTH } from "../../../src/abi/limits.js";
import { BASE45_ALPHABET, decodeBase45, encodeBase45 } from "../../support/base45.js";
import { loadStages } from "../../support/stages.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

interface Base45 {
  decodeBase45(text: number, length: number, out: number): number;
}

const stages = await loadStages<Base45>();
const OUT = 8192;
const GUARD = 0xa5;

/** The bytes, or the code. Checks that nothing is written before the output or more than 8 bytes after it. */
function decode(text: string | Uint8Array): Uint8Array | number {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const room = Math.floor(bytes.length / 3) * 2 + (bytes.length % 3 === 2 ? 1 : 0);
  stages.put(new Uint8Array(OUT + room + 64).fill(GUARD), 0);
  stages.put(bytes, 16);
  const written = stages.exports.decodeBase45(stages.base + 16, bytes.length, stages.base + OUT);
  expect(stages.take(stages.base + 16, bytes.length)).toEqual(bytes);
  expect(stages.take(stages.base + OUT - 16, 16).every((byte) => byte === GUARD)).toBe(true);
  expect(stages.take(stages.base + OUT + room + 8, 48).every((byte) => byte === GUARD)).toBe(true);
  return written < 0 ? -written : stages.take(stages.base + OUT, written);
}

describe.skipIf(!vectorsPresent)("base45 vectors" + vectorsNote, () => {
  const { tests } = (vectorsPresent ? readVectorJson("base45/base45.json") : { tests: [] }) as {
    tests: { text: string; hex?: string; expect: "ok" | "error"; why?: string; src?: string }[];
  };
  it.each(tests)("$text ($src$why)", (test) => {
    const expected = test.expect === "ok" ? Uint8Array.from(Buffer.from(test.hex!, "hex")) : Code.BAD_BASE45;
    expect(decode(test.text)).toEqual(expected);
  });
});

function expected(text: string): Uint8Array | number {
  try {
    return decodeBase45(text);
  } catch {
    return Code.BAD_BASE45;
  }
}

describe("base45", () => {
  // Alone the group is decoded from the copy of the last groups, with others around it where it lies.
  it.each([0, 12])("decides all 91,125 groups of three as RFC 9285 does, after %i characters", (before) => {
    const head = encodeBase45(new Uint8Array((before / 3) * 2));
    const tail = before === 0 ? "" : "000".repeat(4);
    let valid = 0;
    const wrong: string[] = [];
    const bytes = new Uint8Array(head.length + 3 + tail.length);
    new TextEncoder().encodeInto(head + "000" + tail, bytes);
    for (let i = 0; i < 45 ** 3; i++) {
      const digits = [i % 45, Math.floor(i / 45) % 45, Math.floor(i / 2025)];
      digits.forEach((digit, k) => (bytes[head.length + k] = BASE45_ALPHABET.charCodeAt(digit)));
      stages.put(bytes, 0);
      const written = stages.exports.decodeBase45(stages.base, bytes.length, stages.base + OUT);
      if (written >= 0) valid++;
      const expected = i <= 0xffff ? (bytes.length / 3) * 2 : -Code.BAD_BASE45;
      const at = (head.length / 3) * 2;
      if (written !== expected) wrong.push(`${i}: ${written}`);
      else if (written >= 0) {
        const [high, low] = stages.take(stages.base + OUT + at, 2);
        if (high! * 256 + low! !== i) wrong.push(`${i}: ${high},${low}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(valid).toBe(65536);
  });

  it("decides all 2,025 groups of two as RFC 9285 does", () => {
    const results = Array.from({ length: 2025 }, (_, i) =>
      decode(BASE45_ALPHABET[i % 45]! + BASE45_ALPHABET[Math.floor(i / 45)]!),
    );
    expect(results).toEqual(results.map((_, i) => (i <= 0xff ? Uint8Array.of(i) : Code.BAD_BASE45)));
  });

  it("refuses each of the 211 other bytes at each place of a text", () => {
    const text = new TextEncoder().encode(encodeBase45(new Uint8Array(21).fill(77)));
    for (let place = 0; place < text.length; place++) {
      for (let byte = 0; byte < 256; byte++) {
        const changed = text.slice();
        changed[place] = byte;
        if (byte < 128 && BASE45_ALPHABET.includes(String.fromCharCode(byte))) continue;
        expect(decode(changed)).toBe(Code.BAD_BASE45);
      }
    }
  });

  it("gives back what was encoded, at every length up to 200 and at the longest text", () => {
    for (const length of [...Array(201).keys(), Math.floor((MAX_TEXT_LENGTH / 3) * 2)]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 151 + length * 31) & 255);
      expect(decode(encodeBase45(bytes))).toEqual(bytes);
    }
  });

  it("agrees with the reference on any text", () => {
    const character = fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...Array.from(BASE45_ALPHABET)) }, fc.string());
    const text = fc.array(character, { maxLength: 60 }).map((characters) => characters.join(""));
    fc.assert(
      fc.property(text, (text) => {
        expect(decode(text)).toEqual(expected(text));
      }),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(decode(encodeBase45(bytes))).toEqual(bytes);
      }),
    );
  });
});
