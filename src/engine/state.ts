import { openSnapshot, type Snapshot } from "../format/snapshot.js";
import { StatusError } from "../format/status-error.js";
import { readTrust } from "../format/trust.js";
import { equalBytes } from "../format/bytes.js";
import { TrustError, type TrustList, type VerifySignature } from "../format/trust-list.js";
import type { Instance } from "./instance.js";

/** Trust-list bytes, a JWKS, or PEM text. */
export type TrustSource = Uint8Array | string;

/** What verdicts rest on: the control plane's whole output, checked, ready to be loaded into any instance. */
export interface EngineState {
  /** Counts the changes, from 1; an instance that has loaded another generation is not used. */
  generation: number;
  /** Counts the trust lists: a new one changes what the snapshots are known by. */
  trustGeneration: number;
  trust: TrustList;
  /** One an issuer. */
  snapshots: readonly Snapshot[];
  /** Seconds after which `good` is `stale`, whatever the snapshot itself allows. */
  statusMaxAge?: number;
}

/** Where state comes from. */
export interface StateSources {
  trust: TrustSource | readonly TrustSource[];
  /** Status snapshot files. Without any, status is `unchecked`. */
  status?: Uint8Array | readonly Uint8Array[];
  statusMaxAge?: number;
}

const utf8 = new TextEncoder();

/** Read and check all sources. Throws TrustError or StatusError. */
export async function readState(sources: StateSources, verify: VerifySignature): Promise<EngineState> {
  const trust = readTrustSources(sources.trust, verify);
  const files = sources.status instanceof Uint8Array ? [sources.status] : (sources.status ?? []);
  const snapshots: Snapshot[] = [];
  for (const file of files) snapshots.push(await openStatus(file, trust, verify));
  return {
    generation: 1,
    trustGeneration: 1,
    trust,
    snapshots,
    ...(sources.statusMaxAge !== undefined && { statusMaxAge: sources.statusMaxAge }),
  };
}

function readTrustSources(sources: TrustSource | readonly TrustSource[], verify: VerifySignature): TrustList {
  const all = typeof sources === "string" || sources instanceof Uint8Array ? [sources] : sources;
  const lists = all.map((source) => readTrust(typeof source === "string" ? utf8.encode(source) : source, verify));
  const [first] = lists;
  if (lists.length === 1 && first !== undefined) return first;
  return { epoch: Math.max(0, ...lists.map((list) => list.epoch)), keys: lists.flatMap((list) => list.keys) };
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
  return { ...state, generation: state.generation + 1, trustGeneration: state.trustGeneration + 1, trust };
}

/** Check a status snapshot file whole. Rejects with StatusError. */
export async function openStatus(file: Uint8Array, trust: TrustList, verify: VerifySignature): Promise<Snapshot> {
  return shared(await openSnapshot(file, { keys: trust.keys, verify }));
}

/** The state after a newer snapshot of its issuer. Throws StatusError where it is not newer; then nothing changes. */
export function withSnapshot(state: EngineState, snapshot: Snapshot): EngineState {
  const { issuer, epoch } = snapshot.header;
  const inForce = state.snapshots.find(({ header }) => header.issuer === issuer)?.header.epoch ?? 0;
  if (epoch <= inForce) throw new StatusError("OLD_EPOCH", `its epoch is ${epoch}, and ${inForce} is in force`);
  const others = state.snapshots.filter(({ header }) => header.issuer !== issuer);
  return { ...state, generation: state.generation + 1, snapshots: [...others, snapshot] };
}

/** The body in shared memory, where there is such a thing, so that briefing a worker copies nothing. */
function shared({ header, body }: Snapshot): Snapshot {
  if (typeof SharedArrayBuffer === "undefined") return { header, body };
  const copy = new Uint8Array(new SharedArrayBuffer(body.length));
  copy.set(body);
  return { header, body: copy };
}

/** Make `instance` judge by `state`. `before` is what it judged by, absent for a new instance. */
export function loadState(instance: Instance, state: EngineState, before?: EngineState): void {
  const sameTrust = before?.trustGeneration === state.trustGeneration;
  if (!sameTrust) {
    instance.clearStatus();
    instance.loadTrust(state.trust);
  }
  for (const snapshot of state.snapshots) {
    const { issuer, epoch } = snapshot.header;
    const loaded = before?.snapshots.some(({ header }) => header.issuer === issuer && header.epoch === epoch);
    if (!(sameTrust && loaded === true)) instance.loadSnapshot(snapshot);
  }
  if (state.statusMaxAge !== undefined) instance.limitStatusAge(state.statusMaxAge);
}
