import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import {
  addPoints,
  fromWords,
  invert,
  mod,
  multiplyPoint,
  p256,
  type Point,
  sm2,
  wordsOf,
} from "../../support/weierstrass.js";

interface CurveExports {
  field256Read(r: number, lane: number, words: number): void;
  field256Op(curve: number, op: number, r: number, a: number, b: number): void;
  field256Write(curve: number, words: number, a: number, lane: number): void;
  weierstrassAdd(curve: number, p: number, q: number, count: number, work: number): void;
  weierstrassJacobian(curve: number, p: number, q: number): void;
}

const [ENTER, LEAVE] = [6, 7];
const QUAD = 160;
const AFFINE = 2 * QUAD + 16;
const [P, Q, WORK, WORDS, OUT] = [0, 1 << 20, 2 << 20, 3 << 20, 4 << 20];

describe.each(["stages", "debug"] as const)("points (%s build)", async (build) => {
  const stages = await loadStages<CurveExports>(build);
  const { exports, base } = stages;

  describe.each([
    { name: "P-256", curve: p256, number: 0 },
    { name: "SM2", curve: sm2, number: 1 },
  ])("$name", ({ curve, number }) => {
    const multiples = [0n, -3n, -2n, -1n, 1n, 2n, 3n, 4n, 2n ** 200n, curve.n / 2n, curve.n / 2n + 1n];
    const points = multiples.map((k) => multiplyPoint(curve, mod(k, curve.n), curve.base));
    const pairs = points.flatMap((left) => points.map((right) => [left, right] as const));
    /** In this order: four different cases side by side, in every lane each. */
    const lanes = [0, 1, 2, 3].flatMap((turn) => [...pairs.slice(turn), ...pairs.slice(0, turn)]);

    function putElements(at: number, values: readonly bigint[]): void {
      values.forEach((value, lane) => {
        exports.field256Read(base + at, lane, stages.put(wordsOf(value), WORDS));
      });
      exports.field256Op(number, ENTER, base + at, base + at, 0);
    }
    function takeElements(at: number): bigint[] {
      exports.field256Op(number, LEAVE, base + OUT, base + at, 0);
      return [0, 1, 2, 3].map((lane) => {
        exports.field256Write(number, base + WORDS, base + OUT, lane);
        return fromWords(stages.take(base + WORDS, 32));
      });
    }
    /** Where a point is infinite its coordinates are those of any point. */
    function putAffine(at: number, four: readonly Point[]): void {
      const some = four.map((point) => point ?? curve.base!);
      putElements(
        at,
        some.map(({ x }) => x),
      );
      putElements(
        at + QUAD,
        some.map(({ y }) => y),
      );
      stages.put(new Uint8Array(Int32Array.from(four, (point) => (point ? 0 : -1)).buffer), at + 2 * QUAD);
    }
    function takeAffine(at: number): Point[] {
      const [xs, ys] = [takeElements(at), takeElements(at + QUAD)];
      const neutral = new Int32Array(stages.take(base + at + 2 * QUAD, 16).buffer);
      return xs.map((x, lane) => (neutral[lane] === 0 ? { x, y: ys[lane]! } : undefined));
    }
    /** With Z = 1, or as infinity. */
    function putJacobian(at: number, four: readonly Point[]): void {
      putElements(
        at,
        four.map((point) => point?.x ?? 1n),
      );
      putElements(
        at + QUAD,
        four.map((point) => mod(2n * (point?.y ?? 1n), curve.p)),
      );
      putElements(
        at + 2 * QUAD,
        four.map((point) => (point ? 1n : 0n)),
      );
    }
    function takeJacobian(at: number): Point[] {
      const [xs, ws, zs] = [takeElements(at), takeElements(at + QUAD), takeElements(at + 2 * QUAD)];
      const half = invert(2n, curve.p);
      return zs.map((z, lane) => {
        if (z === 0n) return undefined;
        const inverse = invert(z, curve.p);
        return { x: mod(xs[lane]! * inverse ** 2n, curve.p), y: mod(ws[lane]! * half * inverse ** 3n, curve.p) };
      });
    }
    const fours = Array.from({ length: lanes.length / 4 }, (_, i) => lanes.slice(4 * i, 4 * i + 4));

    it("are added in one batch: different, equal, opposite and infinite ones", () => {
      fours.forEach((four, i) => {
        putAffine(
          P + i * AFFINE,
          four.map(([left]) => left),
        );
        putAffine(
          Q + i * AFFINE,
          four.map(([, right]) => right),
        );
      });
      exports.weierstrassAdd(number, base + P, base + Q, fours.length, base + WORK);
      fours.forEach((four, i) => {
        expect(takeAffine(P + i * AFFINE), `four ${i}`).toEqual(
          four.map(([left, right]) => addPoints(curve, left, right)),
        );
      });
    });

    it("are doubled and added in Jacobian coordinates, infinity among them", () => {
      const minus = (point: Point): Point => point && { x: point.x, y: curve.p - point.y };
      const jacobian = (other?: readonly Point[]): void => {
        if (other) putAffine(Q, other);
        exports.weierstrassJacobian(number, base + P, other ? base + Q : 0);
      };
      for (const four of fours) {
        const left = four.map(([point]) => point);
        const right = four.map(([, point]) => point);
        putJacobian(P, left);
        jacobian();
        expect(takeJacobian(P)).toEqual(left.map((point) => addPoints(curve, point, point)));
        // The same point with another Z: 2 left - left.
        jacobian(left.map(minus));
        expect(takeJacobian(P)).toEqual(left);
        const sum = four.map(([a, b]) => addPoints(curve, a, b));
        jacobian(right);
        expect(takeJacobian(P)).toEqual(sum);
        jacobian();
        expect(takeJacobian(P)).toEqual(sum.map((point) => addPoints(curve, point, point)));
      }
    });
  });
});
