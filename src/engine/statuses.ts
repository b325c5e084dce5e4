import { epochOf, expiresOf, type StatusState, universeOf } from "../format/status/state.js";
import { freshUntil } from "../format/status/token-status-list.js";
import type { EngineState } from "./state.js";

/** Times are seconds since 1970. */
export interface StatusHealth {
  issuer: string;
  source: "snapshot" | "delta" | "list";
  /** Absent for Token Status Lists, which have none. */
  epoch?: number;
  /** Of a Token Status List. */
  uri?: string;
  /** Every credential issued up to then is answered for; of a list, when it was issued. */
  universe: number;
  /** When `good` becomes stale, by the file or by the age that the host allows; absent for never. */
  expires?: number;
}

/** What is in force of status, each issuer's snapshot with its deltas, and each list. */
export function statusesOf(state: EngineState): StatusHealth[] {
  return [...state.statuses.filter(isComplete).map((status) => ofSnapshot(state, status)), ...listsOf(state)];
}

export function isComplete({ incomplete }: StatusState): boolean {
  return incomplete === undefined;
}

export function ofSnapshot({ statusMaxAge }: EngineState, status: StatusState): StatusHealth {
  const universe = universeOf(status);
  return {
    issuer: status.snapshot.header.issuer,
    source: status.deltas.length === 0 ? "snapshot" : "delta",
    epoch: epochOf(status),
    universe,
    expires: Math.min(expiresOf(status), universe + (statusMaxAge ?? Infinity)),
  };
}

function listsOf(state: EngineState): StatusHealth[] {
  return state.lists.map((list) => ofList(state, list));
}

export function ofList({ statusMaxAge }: EngineState, list: EngineState["lists"][number]): StatusHealth {
  const { issuedAt, signer } = list;
  const expires = Math.min(Number(freshUntil(list)), issuedAt + (statusMaxAge ?? Infinity));
  const ends = expires > Number.MAX_SAFE_INTEGER ? {} : { expires };
  return { issuer: signer.issuer ?? "", source: "list", uri: list.uri, universe: issuedAt, ...ends };
}
