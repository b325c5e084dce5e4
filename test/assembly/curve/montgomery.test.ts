import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadStages } from "../../support/stages.js";
import { invert, mod, p256, sm2 } from "../../support/weierstrass.js";

interface FieldExports {
  modularOperation(modulus: number, op: number, out: number, a: number, b: number): void;
  fieldOperationLess(modulus: number, op: number, out: number, a: number, b: number, less: number): void;
  elementAdd(out: number, a: number, b: number): void;
  elementSubtract(out: number, a: number, b: number): void;
  elementCarry(a: number): void;
}

const OPS = { multiply: 0, square: 1, enter: 2, leave: 3, invert: 4, isZero: 5 };
const MODULI = [p256.p, p256.n, sm2.p, sm2.n].map((value, index) => ({ value, index }));
const R = 2n ** 261n;
const LIMB = 2 ** 29;

describe.each(["stages", "debug"] as const)("Montgomery elements (%s build)", async (build) => {
  const stages = await loadStages<FieldExports>(build);
  const { exports, base } = stages;
  const [out, a, b, c] = [base, base + 64, base + 128, base + 192];

  function putLimbs(address: number, limbs: readonly number[]): void {
    stages.put(new Uint8Array(Int32Array.from([...limbs, 0, 0, 0]).buffer), address - base);
  }
  function takeLimbs(address: number): number[] {
    return [...new Int32Array(stages.take(address, 36).buffer)];
  }
  const valueOf = (limbs: readonly number[]) => limbs.reduceRight((sum, limb) => (sum << 29n) + BigInt(limb), 0n);
  const words = (address: number) =>
    [...new BigUint64Array(stages.take(address, 32).buffer)].reduceRight((sum, word) => (sum << 64n) + word, 0n);
  const putWords = (address: number, value: bigint) =>
    stages.put(new Uint8Array(BigUint64Array.from([0n, 64n, 128n, 192n], (at) => BigInt.asUintN(64, value >> at)).buffer), address - base);

  /** Limbs of up to `size` 2^29, both signs, the extremes often. */
  const limbs = (size: number) => {
    const limit = Math.floor(size * (LIMB - 1));
    const limb = fc.oneof(fc.integer({ min: -limit, max: limit }), fc.constantFrom(limit, -limit, 0, 1, -1));
    const top = fc.integer({ min: -(2 ** 26), max: 2 ** 26 });
    return fc.tuple(fc.array(limb, { minLength: 8, maxLength: 8 }), top).map(([low, high]) => [...low, high]);
  };
  const number256 = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    fc.constantFrom(0n, 1n, 2n, 2n ** 256n - 1n, ...MODULI.flatMap(({ value }) => [value - 1n, value, value + 1n])),
  );

  it.each(MODULI)("multiplies and squares modulo number $index", ({ value: m, index }) => {
    const inverseR = invert(R, m);
    fc.assert(
      fc.property(limbs(1.8), limbs(1.8), (x, y) => {
        putLimbs(a, x);
        putLimbs(b, y);
        for (const [op, product] of [[OPS.multiply, valueOf(x) * valueOf(y)], [OPS.square, valueOf(x) ** 2n]] as const) {
          exports.modularOperation(index, op, out, a, b);
          const result = takeLimbs(out);
          expect(mod(valueOf(result), m)).toBe(mod(product * inverseR, m));
          expect(result.slice(0, 8).every((limb) => limb >= 0 && limb < LIMB)).toBe(true);
// From -excess to m + excess.
          const excess = (product < 0n ? -product : product) / R + 1n;
          expect(valueOf(result) >= -excess && valueOf(result) <= m + excess).toBe(true);
        }
      }),
    );
  });

  it.each([MODULI[0]!, MODULI[2]!])("takes away from a product modulo number $index", ({ value: m, index }) => {
    const inverseR = invert(R, m);
    fc.assert(
      fc.property(limbs(1), limbs(3), limbs(3.9), (x, y, z) => {
        putLimbs(a, x);
        putLimbs(b, y);
        putLimbs(c, z);
        for (const [op, product] of [[0, valueOf(x) * valueOf(y)], [1, valueOf(x) ** 2n]] as const) {
          exports.fieldOperationLess(index, op, out, a, b, c);
          const result = takeLimbs(out);
          expect(mod(valueOf(result), m)).toBe(mod(product * inverseR - valueOf(z), m));
          expect(result.every((limb) => Math.abs(limb) <= LIMB * 1.07)).toBe(true);
        }
      }),
    );
  });

  it.each(MODULI)("enters, leaves, inverts and knows zero modulo number $index", ({ value: m, index }) => {
    fc.assert(
      fc.property(number256, (x) => {
        putWords(a, x);
        exports.modularOperation(index, OPS.enter, b, a, 0);
        expect(mod(valueOf(takeLimbs(b)), m)).toBe(mod(x * R, m));
        exports.modularOperation(index, OPS.leave, out, b, 0);
        expect(words(out)).toBe(x % m);
        exports.modularOperation(index, OPS.isZero, out, b, 0);
        expect(stages.take(out, 1)[0]).toBe(x % m === 0n ? 1 : 0);
        exports.modularOperation(index, OPS.invert, b, b, 0);
        exports.modularOperation(index, OPS.leave, out, b, 0);
        expect(words(out)).toBe(invert(x, m));
      }),
      { numRuns: 200 },
    );
  });

  it.each(MODULI)("knows every multiple of modulus number $index for zero", ({ value: m, index }) => {
    for (let times = -20n; times <= 20n; times++) {
      for (const off of [0n, 1n, -1n]) {
        const value = times * m + off;
        const split = Array.from({ length: 9 }, (_, i) =>
          Number(i < 8 ? BigInt.asUintN(29, value >> BigInt(29 * i)) : value >> 232n),
        );
        putLimbs(a, split);
        exports.modularOperation(index, OPS.isZero, out, a, 0);
        expect(stages.take(out, 1)[0]).toBe(off === 0n ? 1 : 0);
      }
    }
  });

  it("adds, subtracts and carries", () => {
    fc.assert(
      fc.property(limbs(1.9), limbs(1.9), (x, y) => {
        putLimbs(a, x);
        putLimbs(b, y);
        exports.elementAdd(out, a, b);
        expect(takeLimbs(out)).toEqual(x.map((limb, i) => limb + y[i]!));
        exports.elementSubtract(out, a, b);
        expect(takeLimbs(out)).toEqual(x.map((limb, i) => limb - y[i]!));
        const before = valueOf(takeLimbs(out));
        exports.elementCarry(out);
        expect(valueOf(takeLimbs(out))).toBe(before);
        expect(takeLimbs(out).slice(0, 8).every((limb) => limb >= -4 && limb < LIMB + 4)).toBe(true);
      }),
    );
  });
});
