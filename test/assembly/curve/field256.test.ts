import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { fromWords, invert, mod, p256, sm2 as sm2Curve, wordsOf } from "../../support/weierstrass.js";

interface Field {
  field256Read(r: number, lane: number, words: number): void;
  field256Op(sm2: number, op: number, r: number, a: number, b: number): void;
  field256Write(sm2: number, words: number, a: number, lane: number): void;
  field256ZeroLanes(sm2: number, a: number): number;
}

const OPS = { mul: 0, sqr: 1, add: 2, sub: 3, carry: 4, invert: 5, enter: 6, leave: 7 } as const;
const QUAD = 160;

describe.each(["stages", "debug"] as const)("field of 256 bits (%s build)", async (build) => {
  const stages = await loadStages<Field>(build);
  const { exports, base } = stages;
  const at = (index: number) => base + index * QUAD;
  const WORDS = 8192;

  describe.each([
    ["P-256", 0, p256.p],
    ["SM2", 1, sm2Curve.p],
  ] as const)("%s", (_, sm2, p) => {
    const run = (op: keyof typeof OPS, r: number, a: number, b = 0) => {
      exports.field256Op(sm2, OPS[op], at(r), at(a), at(b));
    };
    const enter = (r: number, values: readonly bigint[]) => {
      values.forEach((value, lane) => {
        exports.field256Read(at(r), lane, stages.put(wordsOf(value), WORDS));
      });
      run("enter", r, r);
    };
    const leave = (a: number) => {
      run("leave", 31, a);
      return [0, 1, 2, 3].map((lane) => {
        exports.field256Write(sm2, base + WORDS, at(31), lane);
        return fromWords(stages.take(base + WORDS, 32));
      });
    };
    const special = [0n, 1n, 2n, p - 1n, p - 2n, p, p + 1n, (1n << 256n) - 1n, 1n << 255n, p >> 1n, (1n << 224n) - 1n];
    const number = fc.oneof(fc.constantFrom(...special), fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }));
    const four = fc.tuple(number, number, number, number);

    it("reads and writes", () => {
      fc.assert(
        fc.property(four, (x) => {
          enter(0, x);
          expect(leave(0)).toEqual(x.map((value) => mod(value, p)));
        }),
      );
    });

    it("computes as BigInt does, as deep as the bounds allow", () => {
      fc.assert(
        fc.property(four, four, four, (x, y, z) => {
          enter(0, x);
          enter(1, y);
          enter(2, z);
          run("mul", 3, 0, 1);
          run("sqr", 4, 0);
          run("add", 5, 0, 1); // alpha 2
          run("sub", 6, 0, 1); // alpha 2
          run("sub", 7, 6, 2); // alpha 3
          run("mul", 8, 5, 7); // 6
          run("sqr", 9, 6); // 4
          run("add", 10, 7, 7); // alpha 6
          run("carry", 11, 10);
          run("mul", 12, 10, 0);
          const lane = (f: (x: bigint, y: bigint, z: bigint) => bigint) =>
            x.map((value, i) => mod(f(value, y[i]!, z[i]!), p));
          expect(leave(3)).toEqual(lane((x, y) => x * y));
          expect(leave(4)).toEqual(lane((x) => x * x));
          expect(leave(5)).toEqual(lane((x, y) => x + y));
          expect(leave(6)).toEqual(lane((x, y) => x - y));
          expect(leave(8)).toEqual(lane((x, y, z) => (x + y) * (x - y - z)));
          expect(leave(9)).toEqual(lane((x, y) => (x - y) ** 2n));
          expect(leave(11)).toEqual(lane((x, y, z) => 2n * (x - y - z)));
          expect(leave(12)).toEqual(lane((x, y, z) => 2n * (x - y - z) * x));
        }),
      );
    });

    it("finds the lanes that are zero", () => {
      fc.assert(
        fc.property(four, fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()), (x, same) => {
          enter(0, x);
          enter(
            1,
            x.map((value, i) => (same[i] ? value : (value * 3n + 1n) & ((1n << 256n) - 1n))),
          );
          run("sub", 2, 0, 1);
          const expected = x.reduce((bits, value, i) => {
            const other = same[i] ? value : (value * 3n + 1n) & ((1n << 256n) - 1n);
            return mod(value - other, p) === 0n ? bits | (1 << i) : bits;
          }, 0);
          expect(exports.field256ZeroLanes(sm2, at(2))).toBe(expected);
          // The sum of five multiples of p.
          run("add", 3, 2, 2);
          run("add", 3, 3, 2);
          expect(exports.field256ZeroLanes(sm2, at(3))).toBe(expected);
        }),
      );
    });

    it("inverts", () => {
      const unit = number.filter((value) => mod(value, p) !== 0n);
      fc.assert(
        fc.property(fc.tuple(unit, unit, unit, unit), (x) => {
          enter(0, x);
          run("invert", 1, 0);
          expect(leave(1)).toEqual(x.map((value) => invert(value, p)));
        }),
        { numRuns: 100 },
      );
    });

    it("stays exact and within its bounds through long chains", () => {
      fc.assert(
        fc.property(four, four, (x, y) => {
          enter(0, x);
          enter(1, y);
          let a = x as bigint[];
          let b = y as bigint[];
          for (let i = 0; i < 40; i++) {
            run("sub", 2, 0, 1);
            run("mul", 3, 2, 2);
            run("add", 4, 0, 2); // alpha 3
            run("carry", 0, 4);
            run("sqr", 1, 3);
            const d = a.map((value, lane) => value - b[lane]!);
            a = a.map((value, lane) => mod(value + d[lane]!, p));
            b = d.map((value) => mod(value ** 4n, p));
          }
          expect(leave(0)).toEqual(a);
          expect(leave(1)).toEqual(b);
        }),
        { numRuns: 20 },
      );
    });
  });
});
