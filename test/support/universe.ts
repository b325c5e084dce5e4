import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { Algorithm, Status } from "../../src/abi/batch.js";
import { MAX_PERIOD, RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../src/abi/status-body.js";
import type { StatusSigner, StatusTrust } from "../../src/format/status/envelope.js";
import { verify as verifySignature, createPublicKey } from "node:crypto";

/** Universes made up for tests: ids are SHA-256 of a counter, so that nothing is drawn from the code under test. */

export interface Person {
  cti: Uint8Array;
  period: number;
  status: Status;
}

/** `count` credentials that expire in the periods from `firstPeriod` on; some never do. */
export function people(count: number, statusAt: (index: number) => Status, periods = 3, firstPeriod = 680): Person[] {
  return Array.from({ length: count }, (_, i) => ({
    cti: new Uint8Array(createHash("sha256").update(`person ${i}`).digest().subarray(0, 16)),
    period: i % (periods + 1) === periods ? MAX_PERIOD : firstPeriod + (i % (periods + 1)),
    status: statusAt(i),
  }));
}

export function toRecords(persons: readonly Person[]): Uint8Array {
  const records = new Uint8Array(persons.length * RECORD_SIZE);
  const view = new DataView(records.buffer);
  for (const [i, { cti, period, status }] of persons.entries()) {
    records.set(cti, i * RECORD_SIZE + RECORD_CTI);
    view.setUint32(i * RECORD_SIZE + RECORD_PERIOD, period, true);
    view.setUint32(i * RECORD_SIZE + RECORD_STATUS, status, true);
  }
  return records;
}

/** A source that yields chunks of `size` records, each time anew. */
export function sourceOf(persons: readonly Person[], size = 1000): AsyncIterable<Uint8Array> {
  const records = toRecords(persons);
  return {
    async *[Symbol.asyncIterator]() {
      for (let at = 0; at < records.length; at += size * RECORD_SIZE) {
        yield await Promise.resolve(records.subarray(at, at + size * RECORD_SIZE));
      }
    },
  };
}

/** A key that signs status for `issuer`, and the trust that goes with it. */
export function statusSigner(issuer: string): { signer: StatusSigner; trust: StatusTrust } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(12));
  const kid = raw.slice(0, 8);
  return {
    signer: { algorithm: Algorithm.ED25519, kid, sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)) },
    trust: {
      keys: [
        { kids: [kid], algorithm: Algorithm.ED25519, publicKey: raw, issuer, use: "status", promisesStatus: true },
      ],
      verify: (_algorithm, key, message, signature) =>
        verifySignature(
          null,
          message,
          createPublicKey({
            key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") },
            format: "jwk",
          }),
          signature,
        ),
    },
  };
}
