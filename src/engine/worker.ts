import { HEADER_GENERATION, HEADER_STARTED } from "../format/batch.js";
import { EngineTrap, Instance } from "./instance.js";
import { slabBytes } from "./slab-ring.js";
import { type EngineState, loadState } from "./state.js";

/** Everything a worker needs to judge; sent to it once a generation. */
export interface Briefing {
  memory: SharedArrayBuffer;
  module: WebAssembly.Module;
  state: EngineState;
}

/** The number of a slab; with a briefing for a worker that said it was behind. */
export type Task = number | { slab: number; briefing: Briefing };

/** Done, with the batch's detail if any was asked for; or the worker has not seen the batch's generation. */
export type Answer = Uint8Array | undefined | "behind";

let briefing: Briefing | undefined;
let instance: Instance | undefined;

/** What the pool runs: verify the batch in one slab, in place. Throws EngineTrap, and then has a new instance. */
export default function verifySlab(task: Task): Answer {
  if (typeof task !== "number") brief(task.briefing);
  if (briefing === undefined) return "behind";
  const slab = slabBytes(briefing.memory, typeof task === "number" ? task : task.slab);
  const header = new DataView(slab.buffer, slab.byteOffset);
  const { generation } = briefing.state;
  if (header.getUint32(HEADER_GENERATION, true) > generation) return "behind";
  // It may be judged by a newer one than it was sent out under: the answer says which.
  header.setUint32(HEADER_GENERATION, generation, true);
  instance ??= start(briefing);
  header.setUint32(HEADER_STARTED, Date.now() >>> 0 || 1, true);
  try {
    return instance.verify(slab);
  } catch (error) {
    if (error instanceof EngineTrap) instance = undefined;
    throw error;
  }
}

function brief(next: Briefing): void {
  if (briefing !== undefined && briefing.state.generation >= next.state.generation) return;
  if (instance !== undefined) loadState(instance, next.state, briefing?.state);
  briefing = next;
}

function start({ module, state }: Briefing): Instance {
  const fresh = new Instance(module);
  loadState(fresh, state);
  return fresh;
}
