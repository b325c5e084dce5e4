import { Algorithm, Status } from "../../src/abi/batch.js";
import { concat } from "../../src/format/bytes.js";
import { periodOf } from "../../src/format/status/layout.js";
import { encodeTrustList } from "../../src/format/trust/trust-list.js";
import { buildSnapshot } from "../../src/authority/snapshot/builder.js";
import { generateKey } from "./keys.js";
import { makeCard, payload, trusted } from "./make-card.js";
import { sourceOf, statusSigner } from "./universe.js";

/** A small country of today, without a database: its trust lists and snapshots, and a card of each fate. */

const NAME = "Pilot District";
const DAY = 86_400;

export interface Nation {
  /** Good, revoked and suspended, in that order. */
  cards: readonly string[];
  trustList: (changes?: Partial<{ epoch: number; issuedAt: number; expires: number }>) => Promise<Uint8Array>;
  snapshot: (changes?: Partial<{ epoch: number; universe: number; expires: number }>) => Promise<Uint8Array>;
}

export const FATES = ["VALID", "REVOKED", "SUSPENDED"] as const;

export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Two that are founded by one key are one; others have a root of their own, and the same name. */
export function foundNation(key = generateKey(Algorithm.ED25519)): Nation {
  const root = generateKey(Algorithm.ED25519);
  const { signer, trust } = statusSigner(NAME);
  const now = seconds();
  const expires = now + 300 * DAY;
  const statuses = [Status.GOOD, Status.REVOKED, Status.SUSPENDED];
  const persons = statuses.map((status, i) => ({
    ...{ status, cti: new Uint8Array(16).fill(i + 1), period: periodOf(expires) },
  }));
  return {
    cards: persons.map(({ cti }) =>
      makeCard(key, {
        payload: payload([
          [1, NAME],
          [4, expires],
          [5, now - 10 * DAY],
          [6, now - 10 * DAY],
          [7, cti],
        ]),
      }),
    ),
    trustList: (changes = {}) =>
      encodeTrustList(
        {
          ...{ authority: NAME, epoch: 10, issuedAt: now - DAY, expires: now + DAY },
          keys: [trusted(key, { issuer: NAME, promisesStatus: true }), ...trust.keys],
          root: { algorithm: root.algorithm, publicKey: root.publicKey },
          ...changes,
        },
        (message) => root.sign(message),
      ),
    snapshot: async (changes = {}) => {
      const claims = { issuer: NAME, epoch: 20, universe: now - 60, expires: now + DAY, ...changes };
      const { head, body } = await buildSnapshot(sourceOf(persons), { ...claims, signer, threads: 0 });
      return concat(head, body);
    },
  };
}
