import { Worker } from "node:worker_threads";
import { Lane, ContradictionError } from "./lane.js";

/** The lanes of a build, in this thread or each in its own, behind one interface. */

type LaneMethod = Exclude<keyof Lane, "prototype">;
export type LaneCall = [method: LaneMethod, ...parameters: unknown[]];
/** Instead of a call: there is nothing more to do. */
export const END = "end";
export type LaneReply = { result: unknown } | { error: Error };

export interface AnyLane {
  call<M extends LaneMethod>(method: M, ...parameters: Parameters<Lane[M]>): Promise<ReturnType<Lane[M]>>;
  close(): Promise<void>;
}

/** Call a method of a lane by name. */
export function callLane<M extends LaneMethod>(lane: Lane, method: M, parameters: unknown[]): ReturnType<Lane[M]> {
  return (lane[method] as (...parameters: unknown[]) => ReturnType<Lane[M]>).apply(lane, parameters);
}

/** `threads` lanes of their own, or one lane in this thread for 0. */
export async function openLanes(threads: number): Promise<AnyLane[]> {
  if (threads === 0) return [await localLane()];
  return Array.from({ length: threads }, threadLane);
}

async function localLane(): Promise<AnyLane> {
  const lane = await Lane.create();
  return {
    call: (method, ...parameters) => Promise.resolve().then(() => callLane(lane, method, parameters)),
    close: () => Promise.resolve(),
  };
}

function threadLane(): AnyLane {
  const worker = new Worker(new URL("worker.js", import.meta.url));
  const waiting: { resolve: (result: never) => void; reject: (error: Error) => void }[] = [];
  let failure: Error | undefined;
  const fail = (error: Error): void => {
    failure = error;
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on("message", (reply: LaneReply) => {
    const call = waiting.shift();
    if ("result" in reply) call?.resolve(reply.result as never);
    else call?.reject(revive(reply.error));
  });
  worker.on("error", fail);
  const ended = new Promise<void>((resolve) => {
    worker.on("exit", () => {
      fail(new Error("a thread of the snapshot builder stopped"));
      resolve();
    });
  });
  return {
    call: (...call) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        waiting.push({ resolve, reject });
        worker.postMessage(call, givenAway(call));
      }),
    close: async () => {
      // It ends by itself, once it has loaded: Node may abort the process where a thread is stopped while it imports.
      worker.postMessage(END);
      await ended;
    },
  };
}

/** Records are handed on, not copied: nobody needs them afterwards. */
function givenAway([method, ...parameters]: LaneCall): ArrayBuffer[] {
  const [records] = parameters;
  const isPass = method === "scan" || method === "survive" || method === "countWrong";
  return isPass && records instanceof Uint8Array ? [records.buffer as ArrayBuffer] : [];
}

/** Errors lose their class on the way between threads, but not their name. */
function revive(error: Error): Error {
  return error.name === "ContradictionError" ? new ContradictionError(error.message) : error;
}
