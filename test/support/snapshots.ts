import { buildSnapshot } from "../../src/authority/snapshot/builder.js";
import { Status } from "../../src/abi/batch.js";
import { concat } from "../../src/format/bytes.js";
import { periodOf } from "../../src/format/status/layout.js";
import type { TestKey } from "./keys.js";
import { kidOf } from "./make-card.js";
import { sourceOf } from "./universe.js";

export interface SmallSnapshot {
  issuer: string;
  epoch: number;
  universe: number;
  expires: number;
  /** When the cards in it expire. */
  cardsExpire: number;
  statuses: readonly Status[];
}

/** The id of the n-th card of a snapshot. */
export function ctiOf(n: number): Uint8Array {
  return new Uint8Array(16).fill(n);
}

export function signerOf(key: TestKey) {
  return { algorithm: key.algorithm, kid: kidOf(key), sign: (message: Uint8Array) => key.sign(message) };
}

/** A snapshot file over a few cards, signed by `key`. */
export async function snapshotFile(
  key: TestKey,
  { statuses, cardsExpire, ...claims }: SmallSnapshot,
): Promise<Uint8Array> {
  const persons = statuses.map((status, n) => ({ cti: ctiOf(n), period: periodOf(cardsExpire), status }));
  const { head, body } = await buildSnapshot(sourceOf(persons), { ...claims, signer: signerOf(key), threads: 0 });
  return concat(head, body);
}
