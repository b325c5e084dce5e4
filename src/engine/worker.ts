import { parentPort, threadId } from "node:worker_threads";
import { HEADER_GENERATION, HEADER_STARTED } from "../abi/batch.js";
import { DetailBuffers, DetailWriter } from "./detail-buffer.js";
import { EngineTrap, Instance } from "./instance.js";
import type { EngineModule } from "./module.js";
import { slabBytes } from "./slab-ring.js";
import { type EngineState, loadState } from "./state.js";
import { BodyGone, readBody } from "./stored-body.js";

/** Everything a worker needs to judge; sent to it once a generation. */
export interface Briefing {
  memory: SharedArrayBuffer;
  module: EngineModule;
  state: EngineState;
}

/** The number of a slab; with a briefing for a worker that said it was behind. */
export type Task = number | { slab: number; briefing: Briefing };

/**
 * Done, with the batch's detail if any was asked for; or the worker has not seen the batch's generation and wants the
 * newest; or a body that its briefing names cannot be read, and it wants one whose bodies can.
 */
export type Answer = Uint8Array | undefined | "behind" | "body-gone";

// Once this module, the last of its graph, has been evaluated; see WorkerPool.loaded.
queueMicrotask(() => parentPort?.postMessage(threadId));

/** The main thread reads them where they lie. */
const details = new DetailBuffers((bytes) => new SharedArrayBuffer(bytes));
let briefing: Briefing | undefined;
let instance: Instance | undefined;

/** What the pool runs: verify the batch in one slab, in place. Throws EngineTrap, and then has a new instance. */
export default function verifySlab(task: Task): Answer {
  const ready = prepare(typeof task === "number" ? undefined : task.briefing);
  if (typeof ready === "string") return ready;
  const { memory, state } = ready.briefing;
  const slab = slabBytes(memory, typeof task === "number" ? task : task.slab);
  const header = new DataView(slab.buffer, slab.byteOffset);
  if (header.getUint32(HEADER_GENERATION, true) > state.generation) return "behind";
  // It may be judged by a newer one than it was sent out under: the answer says which.
  header.setUint32(HEADER_GENERATION, state.generation, true);
  header.setUint32(HEADER_STARTED, Date.now() >>> 0 || 1, true);
  const detail = new DetailWriter(details);
  try {
    ready.instance.verify(slab, detail);
    return detail.finish();
  } catch (error) {
    detail.discard();
    if (error instanceof EngineTrap) instance = undefined;
    throw error;
  }
}

/** The newest briefing, and an instance that judges by it. */
function prepare(next: Briefing | undefined): { briefing: Briefing; instance: Instance } | "behind" | "body-gone" {
  const before = briefing;
  if (next !== undefined && next.state.generation > (before?.state.generation ?? 0)) briefing = next;
  if (briefing === undefined) return "behind";
  try {
    if (instance === undefined) {
      instance = new Instance(briefing.module);
      loadState(instance, briefing.state, undefined, readBody);
    } else if (briefing !== before) {
      loadState(instance, briefing.state, before?.state, readBody);
    }
    return { briefing, instance };
  } catch (error) {
    // Half loaded, it must judge nothing.
    briefing = undefined;
    instance = undefined;
    if (error instanceof BodyGone) return "body-gone";
    throw error;
  }
}
