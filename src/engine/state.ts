import type { StoredBody } from "../format/status/snapshot.js";
import type { VerifySignature } from "../format/trust/trust-list.js";
import { epochOf, type StatusState } from "../format/status/state.js";
import { issuerId } from "../format/trust/trust-list.js";
import type { OpenedStatusList } from "../format/status/token-status-list.js";
import { UNBOUNDED } from "./bounds.js";
import { type Clock, clockFloorOf } from "./clock.js";
import type { Instance } from "./instance.js";
import type { ReadBody } from "./status.js";
import { openFile, openStatus, type StatusFiles } from "./status-files.js";
import { statusAfter, withoutWithdrawn } from "./status-in-force.js";
import { readTrustSources, type Trust, type TrustSource } from "./trust.js";
import type { Bounds } from "./bounds.js";
import type { StatusError } from "../format/status/error.js";

export type { TrustSource } from "./trust.js";
export type { StatusSource } from "./status-files.js";

/** What verdicts rest on: the control plane's whole output, checked, ready to be loaded into any instance. */
export interface EngineState {
  /** Counts the changes, from 1; an instance that has loaded another generation is not used. */
  generation: number;
  /** Counts the changes of trust: a new one changes what the snapshots are known by. */
  trustGeneration: number;
  trust: Trust;
  /** One an issuer. */
  statuses: readonly StatusState[];
  /** Token Status Lists, for what the snapshots do not cover. */
  lists: readonly OpenedStatusList[];
  /** Seconds after which `good` is `stale`, whatever the snapshot itself allows. */
  statusMaxAge?: number;
  /** The host was told to go without status where nothing loaded tells it. */
  withoutStatus: boolean;
  /** A trust list is still to come: until then an issuer that is not known may be one that it names. */
  awaitsTrust: boolean;
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

/** Read and check all sources. Throws TrustError or StatusError. */
export async function readState(sources: StateSources, verify: VerifySignature): Promise<EngineState> {
  const state = trustOnly(sources, readTrustSources(sources.trust, verify));
  const { keys } = state.trust;
  const files = await openStatus(statusSources(sources.status), (file) => openFile(file, { keys, verify }));
  return strictly(withStatus(state, files, UNBOUNDED));
}

/** The state before any status. */
export function trustOnly({ status, statusMaxAge }: Omit<StateSources<unknown>, "trust">, trust: Trust): EngineState {
  return {
    generation: 0,
    trustGeneration: 1,
    trust,
    statuses: [],
    lists: [],
    withoutStatus: status === "none",
    awaitsTrust: false,
    clockFloor: 0,
    ...(statusMaxAge !== undefined && { statusMaxAge }),
  };
}

export function statusSources<Source>(status: Source | readonly Source[] | "none" = "none"): readonly Source[] {
  if (status === "none") return [];
  return Array.isArray(status) ? (status as readonly Source[]) : [status as Source];
}

/** The state after newer files, and why those that are not part of it are not. */
export interface StateAfter {
  state: EngineState;
  refused: readonly StatusError[];
}

/** For those who want all or nothing. Throws the first refusal. */
export function strictly({ state, refused: [first] }: StateAfter): EngineState {
  if (first !== undefined) throw first;
  return state;
}

/** The state after newer status files; see statusAfter. */
export function withStatus(state: EngineState, files: StatusFiles, bounds: Bounds): StateAfter {
  const { statuses, lists, refused } = statusAfter(state, files, bounds);
  const unchanged = lists === state.lists && statuses.every((status, index) => status === state.statuses[index]);
  if (unchanged && state.generation > 0) return { state, refused };
  return { state: floored({ ...state, generation: state.generation + 1, statuses, lists }), refused };
}

/** The state after a change of trust. What rests on a key that is trusted no more is in force no more. */
export function withTrust(state: EngineState, trust: Trust, { now }: Bounds): EngineState {
  return floored({
    ...state,
    generation: state.generation + 1,
    trustGeneration: state.trustGeneration + 1,
    trust,
    ...withoutWithdrawn(state, trust.keys, now),
  });
}

/** The state with bodies elsewhere, by their paths before; status whose body is nowhere is in force no more. */
export function withBodies(state: EngineState, moved: ReadonlyMap<string, StoredBody | undefined>): EngineState {
  const statuses = state.statuses.flatMap((status) => {
    const { body } = status.snapshot;
    if (body instanceof Uint8Array || !moved.has(body.path)) return status;
    const next = moved.get(body.path);
    return next === undefined ? [] : { ...status, snapshot: { ...status.snapshot, body: next } };
  });
  // Instances that still have what is lost must forget it, as after a change of trust.
  const lost = statuses.length < state.statuses.length ? 1 : 0;
  const trustGeneration = state.trustGeneration + lost;
  return floored({ ...state, generation: state.generation + 1, trustGeneration, statuses });
}

function floored(state: EngineState): EngineState {
  return { ...state, clockFloor: clockFloorOf(state) };
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
  for (const status of state.statuses.filter(({ incomplete }) => incomplete === undefined)) {
    const issuer = issuerId(status.snapshot.signer);
    const inForce = before?.statuses.find(({ snapshot }) => issuerId(snapshot.signer) === issuer);
    const { epoch } = status.snapshot.header;
    const loaded = sameTrust && inForce?.incomplete === undefined && inForce?.snapshot.header.epoch === epoch;
    if (loaded) instance.advanceStatus(status, epochOf(inForce));
    else instance.loadStatus(status, read);
  }
  if (!sameTrust || before.lists !== state.lists) instance.loadLists(state.lists);
  instance.setClockFloor(state.clockFloor);
  instance.goWithoutStatus(state.withoutStatus);
  if (state.statusMaxAge !== undefined) instance.limitStatusAge(state.statusMaxAge);
}
