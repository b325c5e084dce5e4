import { describe, expect, it } from "vitest";
import { bytesOf, Ed25519, numberOf } from "../../support/ed25519.js";
import { invert, mod, power } from "../../support/weierstrass.js";

const P = 2n ** 255n - 19n;
const A = 486662n;
const QUAD = 160;
const AFFINE = 2 * QUAD + 16;
const [POINTS, ADDENDS, WORK] = [4096, 1 << 20, 2 << 20];

/** v^2 = u^3 + A u^2 + u over integers: the slow reference. undefined is the neutral element. */
type Point = { u: bigint; v: bigint } | undefined;

function add(a: Point, b: Point): Point {
  if (!a || !b) return a ?? b;
  if (a.u === b.u && (a.v !== b.v || a.v === 0n)) return undefined;
  const slope =
    a.u === b.u ? (3n * a.u * a.u + 2n * A * a.u + 1n) * invert(2n * a.v, P) : (b.v - a.v) * invert(b.u - a.u, P);
  const u = mod(slope * slope - A - a.u - b.u, P);
  return { u, v: mod(slope * (a.u - u) - a.v, P) };
}

/** The point of this u with the smaller v; u = 9 is the base point of RFC 7748, section 4.1. */
function pointOf(u: bigint): Point {
  const square = mod(u * u * u + A * u * u + u, P);
  let v = power(square, (P + 3n) / 8n, P);
  if (mod(v * v, P) !== square) v = mod(v * power(2n, (P - 1n) / 4n, P), P);
  if (mod(v * v, P) !== square) throw new Error("no such point");
  return { u, v: v < P - v ? v : P - v };
}

describe.each(["stages", "debug"] as const)("affine points of Curve25519 (%s build)", async (build) => {
  const { stages } = await Ed25519.load(build);
  const { exports, base } = stages;

  function put(at: number, four: readonly Point[]): void {
    four.forEach((point, lane) => {
      // Where a point is neutral its coordinates are those of any point.
      const { u, v } = point ?? pointOf(9n)!;
      exports.field25519FromBytes(base + at, lane, stages.put(bytesOf(u), 0));
      exports.field25519FromBytes(base + at + QUAD, lane, stages.put(bytesOf(v), 0));
    });
    stages.put(new Uint8Array(Int32Array.from(four, (point) => (point ? 0 : -1)).buffer), at + 2 * QUAD);
  }

  function take(at: number): Point[] {
    const neutral = new Int32Array(stages.take(base + at + 2 * QUAD, 16).buffer);
    const coordinate = (from: number, lane: number): bigint => {
      exports.field25519ToBytes(base, base + from, lane);
      return numberOf(stages.take(base, 32));
    };
    return [0, 1, 2, 3].map((lane) =>
      neutral[lane] === 0 ? { u: coordinate(at, lane), v: coordinate(at + QUAD, lane) } : undefined,
    );
  }

  it("adds any two: neutral, equal, opposite, of order two, in every lane beside any others", () => {
    const generator = pointOf(9n);
    const doubled = add(generator, generator);
    const opposite = { u: 9n, v: P - generator!.v };
    /** (0, 0), of order two: it has no tangent, and twice it is the neutral element. */
    const two = { u: 0n, v: 0n };
    const points = [undefined, generator, doubled, opposite, two, add(generator, two), pointOf(4n)];
    const pairs = points.flatMap((left) => points.map((right) => [left, right] as const));
    const lanes = [0, 1, 2, 3].flatMap((turn) => [...pairs.slice(turn), ...pairs.slice(0, turn)]);
    for (let i = 0; i + 4 <= lanes.length; i += 4) {
      put(POINTS + (i / 4) * AFFINE, lanes.slice(i, i + 4).map(([left]) => left)); // prettier-ignore
      put(ADDENDS + (i / 4) * AFFINE, lanes.slice(i, i + 4).map(([, right]) => right)); // prettier-ignore
    }
    const count = Math.floor(lanes.length / 4);
    exports.montgomeryAdd(base + POINTS, base + ADDENDS, count, base + WORK);
    for (let i = 0; i < count; i++) {
      expect(take(POINTS + i * AFFINE)).toEqual(lanes.slice(i * 4, i * 4 + 4).map(([left, right]) => add(left, right)));
    }
  });
});
