import { Status } from "../abi/batch.js";
import type { OpenedDelta } from "../format/status/delta.js";
import type { Snapshot, SnapshotBody, StoredBody } from "../format/status/snapshot.js";
import { CTI_SIZE } from "../abi/status-body.js";
import type { Signed, StatusClaims } from "../format/status/envelope.js";
import type { StatusState } from "../format/status/state.js";
import { freshUntil, type OpenedStatusList } from "../format/status/token-status-list.js";

/** What assembly/index.ts exports for status; addresses are offsets into `memory`. */
export interface StatusExports {
  memory: { readonly buffer: ArrayBuffer };
  controlBuffer(bytes: number): number;
  statusSpace(issuer: number, bytes: number): number;
  loadStatus(issuer: number): void;
  clearStatus(issuer: number): void;
  changeStatus(issuer: number, ctis: number, count: number, status: number): void;
  advanceStatus(issuer: number, epoch: number, universe: bigint, expires: bigint): void;
  limitStatusAge(seconds: bigint): void;
  goWithoutStatus(allowed: number): void;
  statusEpoch(issuer: number): number;
  statusOf(issuer: number, cti: number, ctiLength: number, issuedAt: bigint, expires: bigint, at: bigint): number;
  listSpace(index: number, bytes: number): number;
  loadList(
    index: number,
    issuer: number,
    uriLength: number,
    length: number,
    bits: number,
    issuedAt: bigint,
    expires: bigint,
  ): void;
  clearLists(): void;
  statusOfRecords(issuer: number, records: number, count: number, statuses: number): void;
}

/** How a stored body is read to where the engine wants it: there are no files in browsers. */
export type ReadBody = (body: StoredBody, into: Uint8Array) => void;

/**
 * Put a state in force for the issuer with this index. To be called between batches, like all that is in this file: a
 * look-up then never meets half a snapshot, and no second copy of one is held.
 */
export function loadStatus(wasm: StatusExports, issuer: number, state: StatusState, read?: ReadBody): void {
  const { header, signer } = state.snapshot;
  loadSnapshot(wasm, issuer, state.snapshot, read);
  // The body says how long it may be relied on; nobody relies on what a key signed for longer than on the key.
  if ((signer.notAfter ?? Infinity) < header.expires) advance(wasm, issuer, { ...header, signer });
  for (const delta of state.deltas) applyDelta(wasm, issuer, delta);
}

export function loadSnapshot(
  wasm: StatusExports,
  issuer: number,
  { body }: Snapshot<SnapshotBody>,
  read: ReadBody = cannotRead,
): void {
  const address = wasm.statusSpace(issuer, body.length);
  const space = new Uint8Array(wasm.memory.buffer, address, body.length);
  if (body instanceof Uint8Array) space.set(body);
  else read(body, space);
  wasm.loadStatus(issuer);
}

function cannotRead({ path }: StoredBody): never {
  throw new Error(`nothing reads ${path} here`);
}

/** Apply a delta to the state in force, which must be one that it leads on from (status-state.ts). */
export function applyDelta(wasm: StatusExports, issuer: number, delta: OpenedDelta): void {
  change(wasm, issuer, delta.good, Status.GOOD);
  change(wasm, issuer, delta.revoked, Status.REVOKED);
  change(wasm, issuer, delta.suspended, Status.SUSPENDED);
  advance(wasm, issuer, delta);
}

function advance(
  wasm: StatusExports,
  issuer: number,
  { epoch, universe, expires, signer }: StatusClaims & Signed,
): void {
  wasm.advanceStatus(issuer, epoch, BigInt(universe), BigInt(Math.min(expires, signer.notAfter ?? Infinity)));
}

function change(wasm: StatusExports, issuer: number, ids: Uint8Array, status: Status): void {
  const address = wasm.controlBuffer(ids.length);
  new Uint8Array(wasm.memory.buffer).set(ids, address);
  wasm.changeStatus(issuer, address, ids.length / CTI_SIZE, status);
}

/** Put a Token Status List in force as the one with this index, for the issuer whose key signed it. */
export function loadList(wasm: StatusExports, index: number, issuer: number, list: OpenedStatusList): void {
  const uri = new TextEncoder().encode(list.uri);
  const address = wasm.listSpace(index, uri.length + list.statuses.length);
  const memory = new Uint8Array(wasm.memory.buffer);
  memory.set(uri, address);
  memory.set(list.statuses, address + uri.length);
  const { bits, issuedAt, statuses } = list;
  wasm.loadList(index, issuer, uri.length, statuses.length, bits, BigInt(issuedAt), freshUntil(list));
}
