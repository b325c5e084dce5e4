import { expect } from "vitest";
import { loadStages, type Stages } from "./stages.js";

type Algorithm = "ecdsa" | "sm2";
type Unary = (address: number) => number;
type Load = (slot: number, address: number) => number;
type Verify = (jobs: number, count: number) => void;
type Verifies = "VerifyKnown" | "VerifyOnce" | "VerifyDigestsKnown" | "VerifyDigestsOnce";
type SignatureExports = Record<`${Algorithm}IsAcceptableKey`, Unary> &
  Record<`${Algorithm}LoadKnownKey`, Load> &
  Record<`${Algorithm}${Verifies}`, Verify>;

export interface SignatureCase {
  /** x || y. */
  key: Uint8Array;
  /** r || s. */
  signature: Uint8Array;
  /** The message; where `isDigest`, the digest of it. */
  message: Uint8Array;
}

export interface SignatureStage {
  isAcceptableKey(key: Uint8Array): boolean;
  loadKnownKey(slot: number, key: Uint8Array): boolean;
  verify(
    cases: readonly SignatureCase[],
    path: "known" | "once",
    batch: number,
    input?: "message" | "digest",
  ): boolean[];
  /** Both paths and several batch sizes, which must agree. */
  verifyEveryWay(cases: readonly SignatureCase[], input?: "message" | "digest"): boolean[];
}

const JOB_SIZE = 20;
const KEYS = 1 << 20;
const SIGNATURES = 2 << 20;
const MESSAGES = 3 << 20;
const MAX_KEYS = 1024;

export async function loadSignatureStage(algorithm: Algorithm, build: "stages" | "debug"): Promise<SignatureStage> {
  const stages = await loadStages<SignatureExports>(build);
  const { exports } = stages;
  const stage: SignatureStage = {
    isAcceptableKey: (key) => Boolean(exports[`${algorithm}IsAcceptableKey`](stages.put(key, 0))),
    loadKnownKey: (slot, key) => Boolean(exports[`${algorithm}LoadKnownKey`](slot, stages.put(key, 0))),
    verify(cases, path, batch, input = "message") {
      const slots = path === "known" ? loadKeys(stage, cases) : undefined;
      const verify =
        exports[`${algorithm}Verify${input === "digest" ? "Digests" : ""}${path === "known" ? "Known" : "Once"}`];
      const verdicts: boolean[] = [];
      for (let start = 0; start < cases.length; start += batch) {
        verdicts.push(...runBatch(stages, cases.slice(start, start + batch), slots, verify));
      }
      return verdicts;
    },
    verifyEveryWay(cases, input) {
      const alone = stage.verify(cases, "once", 1, input);
      for (const [path, batch] of [
        ["once", 7],
        ["once", 64],
        ["once", 1024],
        ["known", 1],
        ["known", 2],
        ["known", 3],
        ["known", 5],
        ["known", 64],
        ["known", 512],
      ] as const) {
        const acceptable = path === "known" ? cases.filter((c) => stage.isAcceptableKey(c.key)) : cases;
        const expected = alone.filter((_, i) => acceptable.includes(cases[i]!));
        expect(stage.verify(acceptable, path, batch, input), `${path}, batch ${batch}`).toEqual(expected);
      }
      return alone;
    },
  };
  return stage;
}

/** Load the keys of the cases under slots of their own; returns the slot by key. */
function loadKeys(stage: SignatureStage, cases: readonly SignatureCase[]): Map<string, number> {
  const slots = new Map<string, number>();
  for (const { key } of cases) {
    const name = Buffer.from(key).toString("hex");
    if (slots.has(name)) continue;
    expect(slots.size).toBeLessThan(MAX_KEYS);
    expect(stage.loadKnownKey(slots.size, key)).toBe(true);
    slots.set(name, slots.size);
  }
  return slots;
}

function runBatch(
  stages: Stages<unknown>,
  cases: readonly SignatureCase[],
  slots: Map<string, number> | undefined,
  verify: Verify,
): boolean[] {
  const jobs = new DataView(new ArrayBuffer(cases.length * JOB_SIZE));
  let next = MESSAGES;
  for (const [i, { key, signature, message }] of cases.entries()) {
    expect(signature.length).toBe(64);
    const slot = slots?.get(Buffer.from(key).toString("hex"));
    jobs.setUint32(i * JOB_SIZE, stages.put(signature, SIGNATURES + i * 64), true);
    jobs.setUint32(i * JOB_SIZE + 4, stages.put(message, next), true);
    jobs.setInt32(i * JOB_SIZE + 8, message.length, true);
    jobs.setInt32(i * JOB_SIZE + 12, 77, true);
    jobs.setUint32(i * JOB_SIZE + 16, slot ?? stages.put(key, KEYS + i * 64), true);
    next += message.length;
  }
  const address = stages.put(new Uint8Array(jobs.buffer), 0);
  verify(address, cases.length);
  const done = new DataView(stages.take(address, cases.length * JOB_SIZE).buffer);
  return cases.map((_, i) => {
    const valid = done.getInt32(i * JOB_SIZE + 12, true);
    expect([0, 1]).toContain(valid);
    return valid === 1;
  });
}

/** A curve y^2 = x^3 - 3 x + b over integers: the slow reference. */
export interface Curve {
  p: bigint;
  n: bigint;
  b: bigint;
  base: Point;
}
export type Point = { x: bigint; y: bigint } | undefined;

export const p256: Curve = {
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  base: {
    x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
    y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
  },
};

export const sm2: Curve = {
  p: 2n ** 256n - 2n ** 224n - 2n ** 96n + 2n ** 64n - 1n,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  base: {
    x: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
    y: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
  },
};

export function mod(a: bigint, m: bigint): bigint {
  return ((a % m) + m) % m;
}

/** 1 / a modulo a prime, 0 for 0. */
export function invert(a: bigint, m: bigint): bigint {
  let [r0, r1, t0, t1] = [m, mod(a, m), 0n, 1n];
  while (r1 !== 0n) {
    const q = r0 / r1;
    [r0, r1, t0, t1] = [r1, r0 - q * r1, t1, t0 - q * t1];
  }
  return mod(t0, m);
}

export function power(base: bigint, exponent: bigint, m: bigint): bigint {
  let result = 1n;
  for (; exponent > 0n; exponent >>= 1n, base = (base * base) % m) if (exponent & 1n) result = (result * base) % m;
  return result;
}

export function addPoints({ p }: Curve, a: Point, b: Point): Point {
  if (!a || !b) return a ?? b;
  if (a.x === b.x && a.y !== b.y) return undefined;
  const slope = a.x === b.x ? (3n * a.x * a.x - 3n) * invert(2n * a.y, p) : (b.y - a.y) * invert(b.x - a.x, p);
  const x = mod(slope * slope - a.x - b.x, p);
  return { x, y: mod(slope * (a.x - x) - a.y, p) };
}

export function multiplyPoint(curve: Curve, k: bigint, point: Point): Point {
  let sum: Point;
  for (let power = point; k > 0n; k >>= 1n, power = addPoints(curve, power, power)) {
    if (k & 1n) sum = addPoints(curve, sum, power);
  }
  return sum;
}

export function bytesOf(value: bigint): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(64, "0"), "hex"));
}

export function pointBytes(point: Point): Uint8Array {
  if (!point) throw new Error("infinity has no bytes");
  return Uint8Array.from([...bytesOf(point.x), ...bytesOf(point.y)]);
}

export function pairBytes(r: bigint, s: bigint): Uint8Array {
  return Uint8Array.from([...bytesOf(r), ...bytesOf(s)]);
}

export function hexBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** 32 bytes, little-endian. */
export function wordsOf(value: bigint): Uint8Array {
  return bytesOf(value).reverse();
}

export function fromWords(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}
