import type { Snapshot } from "../format/snapshot.js";

/** What assembly/index.ts exports for status; addresses are offsets into `memory`. */
export interface StatusExports {
  memory: WebAssembly.Memory;
  statusSpace(issuer: number, bytes: number): number;
  loadStatus(issuer: number): void;
  clearStatus(issuer: number): void;
  changeStatus(issuer: number, ctis: number, count: number, status: number): void;
  advanceStatus(issuer: number, epoch: number, universe: bigint, expires: bigint): void;
  limitStatusAge(seconds: bigint): void;
  statusEpoch(): number;
  statusOf(issuer: number, cti: number, ctiLength: number, issuedAt: bigint, expires: bigint, at: bigint): number;
  statusOfRecords(issuer: number, records: number, count: number, statuses: number): void;
}

/** Put an opened snapshot in force for the issuer with this index. To be called between batches. */
export function loadSnapshot(wasm: StatusExports, issuer: number, snapshot: Snapshot): void {
  const address = wasm.statusSpace(issuer, snapshot.body.length);
  new Uint8Array(wasm.memory.buffer).set(snapshot.body, address);
  wasm.loadStatus(issuer);
}
