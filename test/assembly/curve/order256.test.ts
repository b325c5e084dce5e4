import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { fromWords, invert, mod, p256, sm2 as sm2Curve, wordsOf } from "../../support/weierstrass.js";

interface Order {
  order256Op(sm2: number, op: number, r: number, a: number, b: number): void;
}

const OPS = { mul: 0, enter: 1, add: 2, subtract: 3, recode: 4, invertAll: 5 } as const;
const R = 2n ** 256n;

describe.each(["stages", "debug"] as const)("scalars modulo the order (%s build)", async (build) => {
  const stages = await loadStages<Order>(build);
  const { exports, base } = stages;

  describe.each([
    ["P-256", 0, p256.n],
    ["SM2", 1, sm2Curve.n],
  ] as const)("%s", (_, sm2, n) => {
    const run = (op: keyof typeof OPS, a: bigint, b: bigint): bigint => {
      exports.order256Op(sm2, OPS[op], base, stages.put(wordsOf(a), 32), stages.put(wordsOf(b), 64));
      return fromWords(stages.take(base, 32));
    };
    const special = [0n, 1n, 2n, n - 1n, n - 2n, (n - 1n) / 2n, (n + 1n) / 2n, 1n << 255n, (1n << 224n) - 1n];
    const scalar = fc.oneof(fc.constantFrom(...special), fc.bigInt({ min: 0n, max: n - 1n }));
    const any = fc.oneof(scalar, fc.constantFrom(n, n + 1n, R - 1n), fc.bigInt({ min: 0n, max: R - 1n }));

    it("multiply, add and subtract as BigInt does", () => {
      fc.assert(
        fc.property(any, scalar, scalar, (a, b, c) => {
          expect(run("mul", a, b)).toBe(mod(a * b * invert(R, n), n));
          expect(run("mul", b, a)).toBe(mod(a * b * invert(R, n), n));
          expect(run("enter", a, 0n)).toBe(mod(a * R, n));
          expect(run("add", b, c)).toBe(mod(b + c, n));
          expect(run("subtract", b, c)).toBe(mod(b - c, n));
        }),
      );
    });

    it("are inverted together as one by one", () => {
      const invertible = scalar.filter((x) => x !== 0n);
      fc.assert(
        fc.property(fc.array(invertible, { minLength: 1, maxLength: 9 }), (list) => {
          list.forEach((x, i) => stages.put(wordsOf(x), i * 32));
          exports.order256Op(sm2, OPS.invertAll, base, list.length, base + 1024);
          list.forEach((x, i) => {
            expect(fromWords(stages.take(base + i * 32, 32))).toBe(mod(invert(x, n) * R, n));
          });
        }),
        { numRuns: 30 },
      );
    });

    it("are the sums of their digits, none too large", () => {
      fc.assert(
        fc.property(scalar, fc.constantFrom(4, 5, 6, 8, 9, 10), (k, width) => {
          exports.order256Op(sm2, OPS.recode, base + 64, stages.put(wordsOf(k), 0), width);
          const count = Math.floor(255 / width) + 1;
          const digits = new Int16Array(stages.take(base + 64, count * 2).buffer);
          let sum = 0n;
          digits.forEach((digit, i) => {
            expect(Math.abs(digit)).toBeLessThanOrEqual(1 << (width - 1));
            sum += BigInt(digit) << BigInt(i * width);
          });
          expect(mod(sum, n)).toBe(k);
        }),
      );
    });
  });
});
