import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { addPoints, invert, mod, multiplyPoint, p256, type Point, pointBytes, sm2 } from "../../support/weierstrass.js";

interface CurveExports {
  pointRead(modulus: number, point: number, bytes: number): number;
  pointsAdd(modulus: number, additions: number, count: number): void;
  jacobianAdd(modulus: number, point: number, other: number): void;
  pointIsAt(modulus: number, left: number, right: number, x: number): number;
}

const AFFINE = 96;
const R = 2n ** 261n;

describe.each(["stages", "debug"] as const)("points (%s build)", async (build) => {
  const stages = await loadStages<CurveExports>(build);
  const { exports, base } = stages;
  const POINTS = 1 << 20;

  describe.each([
    { name: "P-256", curve: p256, modulus: 0 },
    { name: "SM2", curve: sm2, modulus: 2 },
  ])("$name", ({ curve, modulus }) => {
    const multiples = [-3n, -2n, -1n, 1n, 2n, 3n, 4n, 2n ** 200n, curve.n / 2n, curve.n / 2n + 1n];
    const points = multiples.map((k) => multiplyPoint(curve, mod(k, curve.n), curve.base));

    const at = (index: number) => base + POINTS + index * AFFINE;
    function put(index: number, point: Point): number {
      if (point) expect(exports.pointRead(modulus, at(index), stages.put(pointBytes(point), 0))).toBeTruthy();
      else stages.put(new Uint8Array(AFFINE), POINTS + index * AFFINE);
      return at(index);
    }
    function element(address: number): bigint {
      const limbs = new Int32Array(stages.take(address, 36).buffer);
      const value = limbs.reduceRight((sum, limb) => (sum << 29n) + BigInt(limb), 0n);
      return mod(value * invert(R, curve.p), curve.p);
    }
    function take(address: number): Point {
      if (stages.take(address, AFFINE).every((byte) => byte === 0)) return undefined;
      return { x: element(address), y: element(address + 48) };
    }
    function takeJacobian(address: number): Point {
      const z = invert(element(address + 96), curve.p);
      if (z === 0n) return undefined;
      return { x: mod(element(address) * z * z, curve.p), y: mod(element(address + 48) * z ** 3n, curve.p) };
    }

    it("adds every pair in one batch: different, equal, opposite, and the same place twice", () => {
      const additions: number[] = [];
      const expected: Point[] = [];
      for (const left of points) {
        for (const right of points) {
          const i = expected.length * 3;
          additions.push(put(i, left), put(i + 1, right), at(i + 2));
          expected.push(addPoints(curve, left, right));
        }
        const i = expected.length * 3;
        additions.push(put(i, left), at(i), at(i));
        expected.push(addPoints(curve, left, left));
      }
      const list = stages.put(new Uint8Array(Uint32Array.from(additions).buffer), 4096);
      exports.pointsAdd(modulus, list, expected.length);
      expected.forEach((sum, i) => {
        expect(take(additions[3 * i + 2]!), `addition ${i}`).toEqual(sum);
      });
      expect(expected).toContain(undefined);
    });

    it("doubles and adds Jacobian points, infinity among them", () => {
      for (const left of points) {
        for (const right of points) {
          // left as a Jacobian point with Z other than 1: 2 left - left.
          const minus = left && { x: left.x, y: curve.p - left.y };
          const other = put(10, right);
          const negative = put(11, minus);
          put(0, left);
          const point = at(0);
          stages.put(oneElement(curve.p), POINTS + 96);
          exports.jacobianAdd(modulus, point, 0);
          expect(takeJacobian(point)).toEqual(addPoints(curve, left, left));
          exports.jacobianAdd(modulus, point, negative);
          expect(takeJacobian(point)).toEqual(left);
          const sum = addPoints(curve, left, right);
          exports.jacobianAdd(modulus, point, other);
          expect(takeJacobian(point)).toEqual(sum);
          exports.jacobianAdd(modulus, point, 0);
          expect(takeJacobian(point)).toEqual(addPoints(curve, sum, sum));
        }
      }
    });

    it("compares the x of a sum without inversion", () => {
      for (const left of [...points, undefined]) {
        for (const right of [...points, undefined]) {
          const sum = addPoints(curve, left, right);
          const [l, r] = [put(0, left), put(1, right)];
          for (const target of points) {
            const same = sum !== undefined && sum.x === target?.x;
            expect(Boolean(exports.pointIsAt(modulus, l, r, put(2, target)))).toBe(same);
          }
        }
      }
    });
  });
});

/** 2^261 modulo p, in limbs. */
function oneElement(p: bigint): Uint8Array {
  const one = R % p;
  return new Uint8Array(Int32Array.from({ length: 12 }, (_, i) => Number(BigInt.asUintN(29, one >> BigInt(29 * i)))).buffer);
}
