import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { bytesOf, Ed25519, numberOf } from "../../support/ed25519.js";

/** The debug build asserts the bounds of limbs in each of these. */

const P = 2n ** 255n - 19n;
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
const QUAD = 160;

let engine: Ed25519;
let a: number;
let b: number;
let r: number;
beforeAll(async () => {
  engine = await Ed25519.load("debug");
  [a, b, r] = [0, 1, 2].map((i) => engine.stages.base + 1024 + i * QUAD) as [number, number, number];
});

const field = () => engine.stages.exports;
const modulo = (x: bigint) => ((x % P) + P) % P;

function put(quad: number, values: readonly bigint[]): void {
  values.forEach((value, lane) => {
    field().field25519FromBytes(quad, lane, engine.stages.put(bytesOf(value), 0));
  });
}

function take(quad: number): bigint[] {
  return [0, 1, 2, 3].map((lane) => {
    field().field25519ToBytes(engine.stages.base, quad, lane);
    return numberOf(engine.stages.take(engine.stages.base, 32));
  });
}

/** Limbs as they stand, for values no reader makes. */
function putLimbs(quad: number, limbs: readonly number[]): void {
  const bytes = new Int16Array(QUAD / 2);
  limbs.forEach((limb, i) => {
    for (let lane = 0; lane < 4; lane++) bytes[(i >> 1) * 8 + lane * 2 + (i & 1)] = limb;
  });
  engine.stages.put(new Uint8Array(bytes.buffer), quad - engine.stages.base);
}

const valueOf = (limbs: readonly number[]) => limbs.reduceRight((sum, limb) => sum * 8192n + BigInt(limb), 0n);

const number = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 18n, 19n, 20n, P - 1n, P, P + 1n, 2n ** 255n - 1n, 2n ** 254n, 2n ** 130n - 1n),
  fc.bigInt({ min: 0n, max: 2n ** 255n - 1n }),
);
const four = fc.tuple(number, number, number, number);
/** Limbs with alpha up to `alpha`, often at the bound. */
const limbs = (alpha: number) => {
  const bound = alpha * 4128;
  const limb = fc.oneof(fc.constantFrom(bound, -bound), fc.integer({ min: -bound, max: bound }));
  return fc.array(limb, { minLength: 20, maxLength: 20 });
};

describe("the field of 2^255 - 19, four lanes", () => {
  it("adds, subtracts, multiplies and squares as BigInt does", () => {
    fc.assert(
      fc.property(four, four, (x, y) => {
        put(a, x);
        put(b, y);
        expect(take(a)).toEqual(x.map(modulo));
        const pairs = x.map((value, lane) => [value, y[lane] ?? 0n] as const);
        field().field25519Add(r, a, b);
        expect(take(r)).toEqual(pairs.map(([v, w]) => modulo(v + w)));
        field().field25519Sub(r, a, b);
        expect(take(r)).toEqual(pairs.map(([v, w]) => modulo(v - w)));
        field().field25519Carry(r, r);
        expect(take(r)).toEqual(pairs.map(([v, w]) => modulo(v - w)));
        field().field25519Mul(r, a, b);
        expect(take(r)).toEqual(pairs.map(([v, w]) => modulo(v * w)));
        field().field25519Sqr(r, a);
        expect(take(r)).toEqual(x.map((v) => modulo(v * v)));
      }),
    );
  });

  it("multiplies right up to the bounds it states, and yields tight limbs", () => {
    const tight = () => {
      const view = new Int16Array(engine.stages.take(r, QUAD).buffer);
      expect(Math.max(...view.map(Math.abs))).toBeLessThanOrEqual(4128);
    };
    for (const [alpha, beta] of [
      [1, 6],
      [2, 3],
      [3, 2],
      [6, 1],
    ] as const) {
      fc.assert(
        fc.property(limbs(alpha), limbs(beta), (x, y) => {
          putLimbs(a, x);
          putLimbs(b, y);
          field().field25519Mul(r, a, b);
          expect(take(r)[0]).toBe(modulo(valueOf(x) * valueOf(y)));
          tight();
        }),
      );
    }
    fc.assert(
      fc.property(limbs(2), (x) => {
        putLimbs(a, x);
        field().field25519Sqr(r, a);
        expect(take(r)[0]).toBe(modulo(valueOf(x) ** 2n));
        tight();
        putLimbs(
          a,
          x.map((limb) => limb * 3),
        );
        field().field25519Carry(r, a);
        expect(take(r)[0]).toBe(modulo(3n * valueOf(x)));
        tight();
      }),
    );
  });

  it("inverts", () => {
    fc.assert(
      fc.property(four, (x) => {
        const units = x.map((value) => (modulo(value) === 0n ? 1n : value));
        put(a, units);
        field().field25519Invert(r, a);
        field().field25519Mul(r, r, a);
        expect(take(r)).toEqual([1n, 1n, 1n, 1n]);
      }),
    );
  });

  it("knows zero in all its forms, and nothing beside it", () => {
    put(a, [P, 0n, 5n, 2n ** 26n]);
    put(b, [0n, P, 5n, 0n]);
    field().field25519Sub(r, a, b);
    expect(field().field25519ZeroLanes(r)).toBe(0b0111);
    for (let k = -100n; k <= 100n; k++) {
      for (const beside of [0n, 1n, -1n, 2n ** 13n, 2n ** 26n, 2n ** 247n]) {
        const x: number[] = [];
        let left = k * P + beside;
        for (let i = 0; i < 20; i++) {
          let limb = BigInt.asIntN(13, left);
          if (i === 19) limb = left;
          x.push(Number(limb));
          left = (left - limb) >> 13n;
        }
        if (x.some((limb) => Math.abs(limb) > 7 * 4096)) continue;
        putLimbs(a, x);
        expect([k, beside, field().field25519ZeroLanes(a)]).toEqual([k, beside, beside === 0n ? 15 : 0]);
      }
    }
  });
});

describe("scalars modulo L", () => {
  it("reduce from 512 bits", () => {
    const edge = [0n, L - 1n, L, L + 1n, 2n ** 512n - 1n, L << 259n, (L << 259n) - 1n, 2n ** 252n, 2n ** 392n - 1n];
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...edge), fc.bigInt({ min: 0n, max: 2n ** 512n - 1n })), (x) => {
        const { stages } = engine;
        stages.exports.ed25519ReduceScalar(stages.base + 64, stages.put(bytesOf(x, 64), 0));
        expect(numberOf(stages.take(stages.base + 64, 32))).toBe(x % L);
      }),
      { numRuns: 2000 },
    );
  });
});
