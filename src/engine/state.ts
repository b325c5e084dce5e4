import { type Delta, DELTA_TYPE, openDelta } from "../format/delta.js";
import { isSnapshot, openSnapshot, type Snapshot, type SnapshotBody } from "../format/snapshot.js";
import { StatusError } from "../format/status-error.js";
import { catchUp, epochOf, type StatusState, succeeding, withDelta } from "../format/status-state.js";
import { readTrust } from "../format/trust.js";
import { type StatusTrust, typeOfFile } from "../format/status-envelope.js";
import { type OpenedStatusList, openStatusList, otherType, STATUS_LIST_TYPE } from "../format/token-status-list.js";
import { equalBytes } from "../format/bytes.js";
import { MAX_STATUS_LISTS } from "../format/limits.js";
import { TrustError, type TrustList, type VerifySignature } from "../format/trust-list.js";
import { type Clock, clockFloorOf } from "./clock.js";
import type { Instance } from "./instance.js";
import type { ReadBody } from "./status.js";

/** Trust-list bytes, a JWKS, or PEM text. */
export type TrustSource = Uint8Array | string;

/** A status file, or where it lies: a large one is then read only by who checks it. */
export type StatusSource = Uint8Array | { path: string };

/** What verdicts rest on: the control plane's whole output, checked, ready to be loaded into any instance. */
export interface EngineState {
  /** Counts the changes, from 1; an instance that has loaded another generation is not used. */
  generation: number;
  /** Counts the trust lists: a new one changes what the snapshots are known by. */
  trustGeneration: number;
  trust: TrustList;
  /** One an issuer. */
  statuses: readonly StatusState[];
  /** Token Status Lists, for what the snapshots do not cover. */
  lists: readonly OpenedStatusList[];
  /** Seconds after which `good` is `stale`, whatever the snapshot itself allows. */
  statusMaxAge?: number;
  /** The host was told to go without status where nothing loaded tells it. */
  withoutStatus: boolean;
  /** The latest time that was signed among what is in force: the clock is not before it (clock.ts). */
  clockFloor: number;
}

/** Where state comes from. */
export interface StateSources<Status = Uint8Array> {
  trust: TrustSource | readonly TrustSource[];
  /**
   * Status snapshots, deltas and Token Status Lists, in any order. Where status is promised and none of them tells it,
   * a card is STATUS_UNKNOWN; "none" says knowingly to go without (contract §5).
   */
  status?: Status | readonly Status[] | "none";
  statusMaxAge?: number;
  /** The clock that cards, status and trust are judged by; the machine's when absent. */
  clock?: Clock;
}

const utf8 = new TextEncoder();

/** Read and check all sources. Throws TrustError or StatusError. */
export async function readState(sources: StateSources, verify: VerifySignature): Promise<EngineState> {
  const state = trustOnly(sources, verify);
  const { keys } = state.trust;
  return withStatus(state, await openStatus(statusSources(sources.status), (file) => openFile(file, { keys, verify })));
}

/** The state before any status. Throws TrustError. */
export function trustOnly(sources: StateSources<unknown>, verify: VerifySignature): EngineState {
  const trust = readTrustSources(sources.trust, verify);
  return {
    generation: 0,
    trustGeneration: 1,
    trust,
    clockFloor: clockFloorOf(trust, [], []),
    statuses: [],
    lists: [],
    withoutStatus: sources.status === "none",
    ...(sources.statusMaxAge !== undefined && { statusMaxAge: sources.statusMaxAge }),
  };
}

export function statusSources<Source>(status: Source | readonly Source[] | "none" = "none"): readonly Source[] {
  if (status === "none") return [];
  return Array.isArray(status) ? (status as readonly Source[]) : [status as Source];
}

function readTrustSources(sources: TrustSource | readonly TrustSource[], verify: VerifySignature): TrustList {
  const all = typeof sources === "string" || sources instanceof Uint8Array ? [sources] : sources;
  const lists = all.map((source, index) => {
    try {
      return readTrust(typeof source === "string" ? utf8.encode(source) : source, verify);
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      const { code, message, remedy } = error;
      throw new TrustError(code, message, { file: index, ...(remedy !== undefined && { remedy }) });
    }
  });
  const [first] = lists;
  if (lists.length === 1 && first !== undefined) return first;
  const warnings = lists.flatMap((list, file) => (list.warnings ?? []).map((warning) => ({ ...warning, file })));
  const issued = lists.flatMap(({ issuedAt }) => issuedAt ?? []);
  return {
    epoch: Math.max(0, ...lists.map((list) => list.epoch)),
    ...(issued.length > 0 && { issuedAt: Math.max(...issued) }),
    keys: lists.flatMap((list) => list.keys),
    ...(warnings.length > 0 && { warnings }),
  };
}

/**
 * The state after a newer trust list. It must be signed by the root key of the list in force, and be newer. Throws
 * TrustError, and then what is in force stays in force.
 */
export function withTrustList(state: EngineState, file: Uint8Array, verify: VerifySignature): EngineState {
  const trust = readTrust(file, verify);
  const { root } = state.trust;
  if (root && !(trust.root?.algorithm === root.algorithm && equalBytes(trust.root.publicKey, root.publicKey))) {
    throw new TrustError("OTHER_ROOT", "it is not signed by the root key of the list in force");
  }
  if (trust.epoch <= state.trust.epoch) {
    throw new TrustError("OLD_EPOCH", `its epoch is ${trust.epoch}, and ${state.trust.epoch} is in force`);
  }
  return {
    ...state,
    generation: state.generation + 1,
    trustGeneration: state.trustGeneration + 1,
    trust,
    clockFloor: clockFloorOf(trust, state.statuses, state.lists),
  };
}

/** Status files, each checked whole. */
export interface StatusFiles {
  snapshots: readonly Snapshot<SnapshotBody>[];
  deltas: readonly Delta[];
  lists: readonly OpenedStatusList[];
}

/** One of them. */
export type StatusFile = { snapshot: Snapshot<SnapshotBody> } | { delta: Delta } | { list: OpenedStatusList };

/** Check status files in any order with `open`. Rejects with its StatusError, which then says which file. */
export async function openStatus<Source>(
  sources: readonly Source[],
  open: (source: Source, index: number) => Promise<StatusFile>,
): Promise<StatusFiles> {
  const snapshots: Snapshot<SnapshotBody>[] = [];
  const deltas: Delta[] = [];
  const lists: OpenedStatusList[] = [];
  for (const [index, source] of sources.entries()) {
    try {
      const opened = await open(source, index);
      if ("snapshot" in opened) snapshots.push(opened.snapshot);
      else if ("delta" in opened) deltas.push(opened.delta);
      else lists.push(opened.list);
    } catch (error) {
      throw error instanceof StatusError ? new StatusError(error.code, error.message, index) : error;
    }
  }
  return { snapshots, deltas, lists };
}

/** Check a status file of any kind. Rejects with StatusError. */
export async function openFile(
  file: Uint8Array,
  trust: StatusTrust,
): Promise<Exclude<StatusFile, { snapshot: unknown }> | { snapshot: Snapshot }> {
  if (isSnapshot(file)) return { snapshot: await openSnapshot(file, trust) };
  const type = typeOfFile(file);
  if (type === STATUS_LIST_TYPE) return { list: await openStatusList(file, trust) };
  if (type !== DELTA_TYPE) throw otherType(type);
  return { delta: openDelta(file, trust) };
}

/**
 * The state after newer status files. A snapshot comes into force together with the deltas that lead on from it; a
 * delta without one applies to what is in force. Throws StatusError where that does not lead to something newer.
 */
export function withStatus(state: EngineState, { snapshots, deltas, lists }: StatusFiles): EngineState {
  const statuses = new Map(state.statuses.map((status) => [status.snapshot.header.issuer, status]));
  for (const snapshot of snapshots) {
    const { issuer } = snapshot.header;
    statuses.set(issuer, succeeding(catchUp({ snapshot, deltas: [] }, deltas), statuses.get(issuer)));
  }
  const settled = new Set(snapshots.map(({ header }) => header.issuer));
  for (const delta of deltas.filter(({ issuer }) => !settled.has(issuer))) {
    const status = statuses.get(delta.issuer);
    if (status === undefined) {
      throw new StatusError("WRONG_BASE", `it is about a snapshot of ${delta.issuer}, and none is in force`);
    }
    statuses.set(delta.issuer, withDelta(status, delta));
  }
  const allLists = lists.reduce(withList, state.lists);
  return {
    ...state,
    generation: state.generation + 1,
    statuses: [...statuses.values()],
    lists: allLists,
    clockFloor: clockFloorOf(state.trust, [...statuses.values()], allLists),
  };
}

/** Lists are told apart by their address and by whose key signed them. */
function withList(inForce: readonly OpenedStatusList[], list: OpenedStatusList): readonly OpenedStatusList[] {
  const others = inForce.filter(({ uri, issuer }) => uri !== list.uri || issuer !== list.issuer);
  const old = inForce.find((one) => !others.includes(one));
  if (old !== undefined && list.issuedAt < old.issuedAt) {
    throw new StatusError("OLD_EPOCH", `it was issued at ${list.issuedAt}, and one of ${old.issuedAt} is in force`);
  }
  if (others.length === MAX_STATUS_LISTS) {
    throw new StatusError("TOO_LARGE", `${MAX_STATUS_LISTS} status lists are in force, and that is all there may be`);
  }
  return [...others, list];
}

/**
 * Make `instance` judge by `state`. `before` is what it judged by, absent for a new instance; `read` reads the bodies
 * that are stored. What throws leaves it between the two.
 */
export function loadState(instance: Instance, state: EngineState, before?: EngineState, read?: ReadBody): void {
  const sameTrust = before?.trustGeneration === state.trustGeneration;
  if (!sameTrust) {
    instance.clearStatus();
    instance.loadTrust(state.trust);
  }
  for (const status of state.statuses) {
    const { issuer, epoch } = status.snapshot.header;
    const inForce = before?.statuses.find(({ snapshot: { header } }) => header.issuer === issuer);
    if (sameTrust && inForce?.snapshot.header.epoch === epoch) instance.advanceStatus(status, epochOf(inForce));
    else instance.loadStatus(status, read);
  }
  if (!sameTrust || before.lists !== state.lists) instance.loadLists(state.lists);
  instance.setClockFloor(state.clockFloor);
  instance.goWithoutStatus(state.withoutStatus);
  if (state.statusMaxAge !== undefined) instance.limitStatusAge(state.statusMaxAge);
}
