import { CLOCK_SKEW_SECONDS } from "../abi/limits.js";
import { issuerId, type TrustedKey } from "../format/trust/trust-list.js";
import { thumbprintOf } from "./memory.js";
import type { EngineState } from "./state.js";
import { isComplete, ofList, ofSnapshot, type StatusHealth, statusesOf } from "./statuses.js";

export type { StatusHealth } from "./statuses.js";

/** Why a good card would not be accepted now. */
export type FaultCode =
  /** No trust list is in force, or one that was given is not: see the message. */
  | "NO_TRUST"
  | "TRUST_EXPIRED"
  /** No key of the trust in force may sign cards now. */
  | "NO_KEY"
  /** Status is promised, and nothing in force tells it. */
  | "STATUS_UNKNOWN"
  | "STATUS_STALE"
  /** The machine's clock is before a signed time. */
  | "CLOCK_WRONG"
  /** The workers do not answer. */
  | "ENGINE_FAILED";

export interface Fault {
  code: FaultCode;
  /** Whose cards are concerned; absent where all are. */
  issuer?: string;
  /** One clause. */
  message: string;
}

/** Times are seconds since 1970. */
export interface Health {
  /** A good card of every issuer that is trusted would be accepted now. */
  ready: boolean;
  faults: readonly Fault[];
  trust: readonly { root: string; authority: string; epoch: number; issuedAt: number; expires: number }[];
  /** COSE Key Thumbprints (RFC 9679) of the roots whose lists are taken. */
  pinned: readonly string[];
  statuses: readonly StatusHealth[];
  /** The largest time that was signed, 0 for none: the clock is right only after it. */
  clockFloor: number;
}

/** What is known beside the state. */
export interface Circumstances {
  /** Seconds since 1970. */
  now: number;
  pinned: readonly string[];
  engineFails: boolean;
}

export function healthOf(state: EngineState, { now, pinned, engineFails }: Circumstances): Health {
  const statuses = statusesOf(state);
  const faults = [
    ...trustFaults(state, now),
    ...statusFaults(state, now),
    ...(now < state.clockFloor - CLOCK_SKEW_SECONDS ? [clockFault(state.clockFloor, now)] : []),
    ...(engineFails ? [{ code: "ENGINE_FAILED" as const, message: "the workers do not answer" }] : []),
  ];
  const trust = state.trust.lists.map(({ root, authority, epoch, issuedAt, expires }) => ({
    ...{ root: thumbprintOf(root), authority, epoch, issuedAt, expires },
  }));
  return { ready: faults.length === 0, faults, trust, pinned, statuses, clockFloor: state.clockFloor };
}

function trustFaults({ trust, awaitsTrust }: EngineState, now: number): Fault[] {
  const faults: Fault[] = [];
  if (awaitsTrust)
    faults.push({ code: "NO_TRUST", message: "a trust list is awaited, or one that was given is refused" });
  for (const { authority, expires } of trust.lists) {
    if (now <= expires) continue;
    faults.push({ code: "TRUST_EXPIRED", issuer: authority, message: `its trust list expired ${now - expires} s ago` });
  }
  if (!awaitsTrust && signing(trust.keys, now).length === 0) {
    faults.push({ code: "NO_KEY", message: "no key in force may sign cards now" });
  }
  return faults;
}

/** Of each issuer whose cards can be good now. */
function statusFaults(state: EngineState, now: number): Fault[] {
  const issuers = new Map(signing(state.trust.keys, now).map((key) => [issuerId(key), key]));
  return [...issuers].flatMap(([id, { issuer }]): Fault | [] => {
    const promised = signing(state.trust.keys, now).some((key) => issuerId(key) === id && key.promisesStatus);
    const named = issuer === undefined ? {} : { issuer };
    const status = state.statuses.find((one) => isComplete(one) && issuerId(one.snapshot.signer) === id);
    const lists = state.lists.filter(({ signer }) => issuerId(signer) === id);
    const found = status === undefined ? lists.map((list) => ofList(state, list)) : [ofSnapshot(state, status)];
    if (found.length === 0) {
      if (!promised || state.withoutStatus) return [];
      return { code: "STATUS_UNKNOWN", ...named, message: "its status is promised, and nothing in force tells it" };
    }
    const ends = Math.min(...found.map(({ expires = Infinity }) => expires));
    if (now <= ends) return [];
    return { code: "STATUS_STALE", ...named, message: `its status is stale since ${now - ends} s` };
  });
}

function clockFault(floor: number, now: number): Fault {
  return {
    code: "CLOCK_WRONG",
    message: `the clock of this machine is ${floor - now} s before a time that was signed`,
  };
}

function signing(keys: readonly TrustedKey[], now: number): readonly TrustedKey[] {
  return keys.filter(
    ({ use, notBefore = -Infinity, notAfter = Infinity }) =>
      use === "credential" && notBefore <= now && now <= notAfter,
  );
}
