import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { addPoints, fromWords, mod, multiplyPoint, p256, pointBytes, sm2, wordsOf } from "../../support/weierstrass.js";

interface CombineExports {
  combine256(curve: number, out: number, u: number, v: number, publicKey: number): void;
}

describe.each(["stages", "debug"] as const)("sums of two products (%s build)", async (build) => {
  const stages = await loadStages<CombineExports>(build);

  describe.each([
    ["P-256", 0, p256],
    ["SM2", 1, sm2],
  ] as const)("on %s", (_, number, curve) => {
    const { n: order, base } = curve;

    /** x([u] G + [v] Q) mod n on all paths, undefined at infinity; Q = [q] G. */
    function combine(u: bigint, v: bigint, q: bigint): (bigint | undefined)[] {
      const key = pointBytes(multiplyPoint(curve, q, base));
      const out = stages.base + 1024;
      stages.exports.combine256(
        number,
        out,
        stages.put(wordsOf(u), 0),
        stages.put(wordsOf(v), 32),
        stages.put(key, 64),
      );
      return [0, 36, 72].map((at) => {
        const bytes = stages.take(out + at, 36);
        return bytes[35] === 0 ? undefined : fromWords(bytes.slice(0, 32));
      });
    }

    function expected(u: bigint, v: bigint, q: bigint): bigint | undefined {
      const sum = multiplyPoint(curve, mod(u + v * q, order), base);
      return sum === undefined ? undefined : mod(sum.x, order);
    }

    const special = [0n, 1n, 2n, 3n, 15n, 16n, 17n, 128n, 129n, 255n, 256n, 512n, 513n, 1023n, 1024n, 1n << 128n];
    const scalars = [
      ...special,
      (order - 1n) / 2n,
      (order + 1n) / 2n,
      1n << 255n,
      ...special.slice(1).map((k) => order - k),
    ];
    const scalar = fc.oneof(fc.constantFrom(...scalars), fc.bigInt({ min: 0n, max: order - 1n }));
    // Keys that meet the multiples of the base point wherever these are equal, opposite or sum up to infinity.
    const logarithm = fc.oneof(
      fc.constantFrom(1n, 2n, 3n, 16n, order - 1n, order - 2n, 1n << 10n, (order + 1n) / 2n),
      fc.bigInt({ min: 1n, max: order - 1n }),
    );

    it("are those of BigInt arithmetic, equal, opposite and infinite points included", () => {
      fc.assert(
        fc.property(scalar, scalar, logarithm, (u, v, q) => {
          const sum = expected(u, v, q);
          expect(combine(u, v, q)).toEqual([sum, sum, sum]);
        }),
        { numRuns: build === "stages" ? 60 : 15 },
      );
    });

    it("meet infinity and doubling in the last addition", () => {
      for (const [u, v, q] of [
        [0n, 0n, 5n], // nothing at all
        [7n, order - 7n, 1n], // [7] G - [7] G
        [7n, 7n, 1n], // [7] G + [7] G
        [7n, 7n, order - 1n],
        [1n << 200n, 1n << 200n, 1n],
        [1n << 200n, order - (1n << 200n), 1n],
        [order - 12n, 4n, 3n],
        [12n, 4n, 3n],
        [0n, 1n, 9n],
        [1n, 0n, 9n],
        [2n, order - 1n, 2n],
        [order - 1n, order - 1n, order - 1n],
      ] as const) {
        const sum = expected(u, v, q);
        expect(combine(u, v, q)).toEqual([sum, sum, sum]);
      }
    });

    it("agree when all digits are the largest there are", () => {
      for (const width of [5n, 8n, 10n]) {
        let k = 0n;
        for (let at = 0n; at < 255n - width; at += width) k |= 1n << (at + width - 1n);
        for (const [u, v, q] of [
          [k, 1n, 1n],
          [1n, k, 1n],
          [k, k, 1n],
          [k, order - k, 1n],
          [k + 1n, k - 1n, order - 1n],
        ] as const) {
          const sum = expected(u, v, q);
          expect(combine(u, v, q)).toEqual([sum, sum, sum]);
        }
      }
    });

    it("have an oracle that knows the group's order", () => {
      expect(multiplyPoint(curve, order, base)).toBeUndefined();
      expect(addPoints(curve, multiplyPoint(curve, order - 1n, base), base)).toBeUndefined();
    });
  });
});
