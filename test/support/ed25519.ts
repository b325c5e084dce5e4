import { generateKeyPairSync, sign } from "node:crypto";
import { loadStages, type Stages } from "./stages.js";

export interface Ed25519Exports {
  ed25519IsAcceptableKey(publicKey: number): number;
  ed25519LoadKnownKey(slot: number, publicKey: number): number;
  ed25519VerifyKnown(jobs: number, count: number): void;
  ed25519VerifyOnce(jobs: number, count: number): void;
  ed25519ReduceScalar(scalar: number, bytes: number): void;
  ed25519Combine(out: number, s: number, k: number, publicKey: number): void;
  field25519FromBytes(r: number, lane: number, bytes: number): void;
  field25519ToBytes(bytes: number, a: number, lane: number): void;
  field25519Add(r: number, a: number, b: number): void;
  field25519Sub(r: number, a: number, b: number): void;
  field25519Carry(r: number, a: number): void;
  field25519Mul(r: number, a: number, b: number): void;
  field25519Sqr(r: number, a: number): void;
  field25519Invert(r: number, a: number): void;
  field25519ZeroLanes(a: number): number;
  montgomeryAdd(p: number, q: number, count: number, work: number): void;
}

/** A signature to check; for known keys `key` is the slot, else the raw public key. */
export interface Signed<K> {
  key: K;
  signature: Uint8Array;
  message: Uint8Array;
}

const JOB_SIZE = 20;

export class Ed25519 {
  constructor(readonly stages: Stages<Ed25519Exports>) {}

  static async load(build: "stages" | "debug"): Promise<Ed25519> {
    return new Ed25519(await loadStages<Ed25519Exports>(build));
  }

  isAcceptableKey(publicKey: Uint8Array): boolean {
    return this.stages.exports.ed25519IsAcceptableKey(this.stages.put(publicKey, 0)) !== 0;
  }

  loadKnownKey(slot: number, publicKey: Uint8Array): boolean {
    return this.stages.exports.ed25519LoadKnownKey(slot, this.stages.put(publicKey, 0)) !== 0;
  }

  verifyKnown(list: readonly Signed<number>[]): boolean[] {
    const jobs = this.lay(list, ({ key }) => key);
    this.stages.exports.ed25519VerifyKnown(jobs, list.length);
    return this.verdicts(jobs, list.length);
  }

  verifyOnce(list: readonly Signed<Uint8Array>[]): boolean[] {
    const jobs = this.lay(list, ({ key }, put) => put(key));
    this.stages.exports.ed25519VerifyOnce(jobs, list.length);
    return this.verdicts(jobs, list.length);
  }

  /** Lay jobs and what they point at into scratch memory; returns the jobs' address. */
  lay<K>(list: readonly Signed<K>[], keyOf: (item: Signed<K>, put: (bytes: Uint8Array) => number) => number): number {
    let offset = list.length * JOB_SIZE;
    const put = (bytes: Uint8Array) => {
      const address = this.stages.put(bytes, offset);
      offset += bytes.length;
      return address;
    };
    const jobs = new DataView(new ArrayBuffer(list.length * JOB_SIZE));
    list.forEach((item, i) => {
      const at = i * JOB_SIZE;
      jobs.setUint32(at, put(item.signature), true);
      jobs.setUint32(at + 4, put(item.message), true);
      jobs.setInt32(at + 8, item.message.length, true);
      jobs.setInt32(at + 12, 7, true);
      jobs.setUint32(at + 16, keyOf(item, put), true);
    });
    return this.stages.put(new Uint8Array(jobs.buffer), 0);
  }

  private verdicts(jobs: number, count: number): boolean[] {
    const view = new DataView(this.stages.exports.memory.buffer, jobs, count * JOB_SIZE);
    return Array.from({ length: count }, (_, i) => {
      const valid = view.getInt32(i * JOB_SIZE + 12, true);
      if (valid !== 0 && valid !== 1) throw new Error(`job ${i} was left undecided: ${valid}`);
      return valid === 1;
    });
  }
}

/** A fresh key: its raw public half, and a signer. */
export function freshKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return { publicKey, raw, sign: (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)) };
}

export function bytesOf(value: bigint, length = 32): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) + BigInt(byte), 0n);
}
