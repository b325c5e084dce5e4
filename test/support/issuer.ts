import { buildSnapshot } from "../../src/authority/snapshot/builder.js";
import { Algorithm, type Status } from "../../src/abi/batch.js";
import { concat } from "../../src/format/bytes.js";
import { encodeDelta, packIds } from "../../src/format/status/delta.js";
import { RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../src/abi/status-body.js";
import { periodOf } from "../../src/format/status/layout.js";
import { encodeTrustList, type TrustedKey } from "../../src/format/trust/trust-list.js";
import { generateKey, type TestKey } from "./keys.js";
import { kidOf, makeCard, NOW, payload, trusted } from "./make-card.js";

/** An authority in a few functions: it signs whatever a test wants to have signed. */
export class TestAuthority {
  readonly root = generateKey(Algorithm.ED25519);
  readonly key = generateKey(Algorithm.ED25519);
  readonly statusKey = generateKey(Algorithm.ED25519);

  constructor(readonly issuer = "pilot.example") {}

  /** The keys of its trust list, with status keys other than its own where these are given. */
  keys(statusKeys: readonly TestKey[] = [this.statusKey], changes: Partial<TrustedKey> = {}): TrustedKey[] {
    const { issuer } = this;
    return [
      trusted(this.key, { issuer, promisesStatus: true }),
      ...statusKeys.map((key) => trusted(key, { issuer, use: "status", ...changes })),
    ];
  }

  trust(epoch: number, keys = this.keys(), times: { issuedAt?: number; expires?: number } = {}): Promise<Uint8Array> {
    const root = { algorithm: this.root.algorithm, publicKey: this.root.publicKey };
    const list = { authority: this.issuer, epoch, issuedAt: NOW - 1000, expires: NOW + 100_000, keys, root, ...times };
    return encodeTrustList(list, (message) => this.root.sign(message));
  }

  card(n: number, changes: [number, unknown][] = []): string {
    return makeCard(this.key, { payload: payload([[1, this.issuer], [7, ctiOf(n)], ...changes]) });
  }

  /** A snapshot over the cards 0..statuses.length-1. */
  async snapshot(
    statuses: readonly Status[],
    epoch: number,
    { by = this.statusKey, universe = NOW - 10, strangers = 0 } = {},
  ): Promise<Uint8Array> {
    // prettier-ignore
    const count = statuses.length + strangers;
    const records = new Uint8Array(count * RECORD_SIZE);
    const view = new DataView(records.buffer);
    for (let n = 0; n < count; n++) {
      if (n < statuses.length) records.set(ctiOf(n), n * RECORD_SIZE + RECORD_CTI);
      else view.setUint32(n * RECORD_SIZE + RECORD_CTI, n);
      view.setUint32(n * RECORD_SIZE + RECORD_PERIOD, periodOf(NOW + 1000), true);
      view.setUint8(n * RECORD_SIZE + RECORD_STATUS, statuses[n] ?? 1 + (n % 2));
    }
    const source = { async *[Symbol.asyncIterator]() { yield await Promise.resolve(records); } }; // prettier-ignore
    const claims = { issuer: this.issuer, epoch, universe, expires: universe + 500 };
    const { head, body } = await buildSnapshot(source, { ...claims, signer: signerOf(by), threads: 0 });
    return concat(head, body);
  }

  /** A delta on top of the snapshot with epoch `base`. */
  delta(
    epoch: number,
    base: number,
    changes: { good?: number[]; revoked?: number[] },
    { by = this.statusKey, universe = NOW - 5 } = {},
  ): Promise<Uint8Array> {
    // prettier-ignore
    const ids = (numbers: readonly number[] = []): Uint8Array => packIds(numbers.map(ctiOf));
    const claims = { issuer: this.issuer, epoch, base, from: base, universe, expires: universe + 500 };
    const lists = { good: ids(changes.good), revoked: ids(changes.revoked), suspended: ids() };
    return encodeDelta({ ...claims, ...lists }, signerOf(by));
  }
}

export function signerOf(key: TestKey) {
  return { algorithm: key.algorithm, kid: kidOf(key), sign: (message: Uint8Array) => key.sign(message) };
}

function ctiOf(n: number): Uint8Array {
  return new Uint8Array(16).fill(n);
}
