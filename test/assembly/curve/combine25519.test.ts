import { ed25519 as noble } from "@noble/curves/ed25519.js";
import { beforeAll, describe, expect, it } from "vitest";
import { bytesOf, Ed25519 } from "../../support/ed25519.js";

/**
 * [s]B - [k]A against an independent implementation, for scalars chosen so that the sums inside meet the neutral
 * element, equal points and opposite points.
 */

const L = noble.Point.Fn.ORDER;
const B = noble.Point.BASE;
const ZERO = noble.Point.ZERO;
type Point = typeof B;

const times = (point: Point, scalar: bigint): Point => (scalar % L === 0n ? ZERO : point.multiply(scalar % L));
const torsion = noble.Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05");

let debug: Ed25519;
let release: Ed25519;
beforeAll(async () => {
  debug = await Ed25519.load("debug");
  release = await Ed25519.load("stages");
});

/** The encodings of all paths. The key's torsion part is multiplied by k itself, k < L. */
function check(engine: Ed25519, s: bigint, k: bigint, a: bigint, part = 0n): void {
  const t = part === 0n ? ZERO : torsion.multiply(part);
  const key = times(B, a).add(t);
  const kt = (k * part) % 8n;
  const expected = times(B, s)
    .subtract(times(B, k * a))
    .subtract(kt === 0n ? ZERO : torsion.multiply(kt));
  const { stages } = engine;
  const out = stages.base + 1024;
  stages.exports.ed25519Combine(
    out,
    stages.put(bytesOf(s), 0),
    stages.put(bytesOf(k), 32),
    stages.put(key.toBytes(), 64),
  );
  const found = [0, 32, 64].map((offset) => Buffer.from(stages.take(out + offset, 32)).toString("hex"));
  expect({ s, k, a, part, found }).toEqual({ s, k, a, part, found: Array(3).fill(expected.toHex()) });
}

describe("[s]B - [k]A", () => {
  it("holds for s = 0, k = 0, both, and the largest", () => {
    for (const s of [0n, 1n, L - 1n]) for (const k of [0n, 1n, L - 1n]) check(debug, s, k, 77n);
  });

  it("holds for A = B and A = -B, where rows of both tables meet", () => {
    for (const a of [1n, L - 1n, 2n, L - 2n, 1n << 10n, L - (1n << 11n)]) {
      for (const s of [0n, 1n, 511n, 512n, 1024n, 1n << 130n, 1n << 252n, L - 5n]) {
        check(debug, s, s, a);
        check(debug, s, L - s === L ? 0n : L - s, a);
        check(debug, s, (s * 2n) % L, a);
        check(debug, (s * 3n) % L, s, a);
      }
    }
  });

  it("holds when the sum is neutral, or a point of order 2, 4 or 8", () => {
    for (const a of [1n, 3n, 0x123456789abcdefn]) {
      for (const k of [1n, 2n, 3n, 4n, 1n << 200n, L - 1n]) {
        for (let part = 0n; part < 8n; part++) check(release, (k * a) % L, k, a, part);
      }
    }
  });

  it("holds for powers of two and their neighbours: digits at both ends of a window, runs of zero digits", () => {
    for (let bit = 0n; bit < 252n; bit += 5n) {
      check(debug, 1n << bit, (1n << bit) - 1n, 9n);
      check(debug, (1n << bit) - 1n, 1n << bit, 9n);
      check(debug, ((1n << bit) * 3n) % L, (1n << 251n) + (1n << bit), 9n);
    }
  });

  it("holds where an entry of one table is equal or opposite to one of the other, in every pair of rows", () => {
    // Row i of B stands for 2^(11 i), row j of A for 2^(10 j) a.
    for (let i = 0n; i < 23n; i++) {
      for (const j of [i, i + 1n, i + 2n, i + 3n]) {
        if (10n * j > 251n || 11n * i > 251n) continue;
        const quotient = noble.Point.Fn.div(1n << (11n * i), 1n << (10n * j));
        for (const a of [quotient, L - quotient]) {
          check(release, 1n << (11n * i), 1n << (10n * j), a);
          // The same with other rows filled.
          check(
            release,
            ((0x5a5a5a5a5a5a5a5an << (11n * (i + 1n))) + (1n << (11n * i))) % (1n << 252n),
            1n << (10n * j),
            a,
          );
        }
      }
    }
  });

  it("holds where blocks of rows of one table are equal points", () => {
    // high + low = s and high - low = L, high a multiple of 2^border.
    let count = 0;
    for (const width of [5n, 10n, 11n]) {
      for (let border = width; border < 253n; border += width) {
        const low = L % (1n << border);
        for (const part of [low, low - (1n << border)]) {
          const s = L - 2n * part;
          if (s < 0n || s >= L) continue;
          check(debug, s, 0n, 7n);
          check(debug, 0n, s, 7n);
          check(debug, s, s, 7n);
          count++;
        }
      }
    }
    expect(count).toBeGreaterThan(50);
  });
});
