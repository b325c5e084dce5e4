import { parentPort } from "node:worker_threads";
import { Lane } from "./lane.js";
import { callLane, END, type LaneCall, type LaneReply } from "./lanes.js";

/** A lane of the snapshot builder in a thread of its own: one reply to each call, in order. */

const port = parentPort;
if (port === null) throw new Error("worker.js runs as a worker thread");

const lane = Lane.create();
port.on("message", (call: LaneCall | typeof END) => {
  if (call === END) {
    port.close();
    return;
  }
  const [method, ...parameters] = call;
  void lane
    .then((ready): LaneReply => ({ result: callLane(ready, method, parameters) }))
    .catch((error: unknown): LaneReply => ({ error: error instanceof Error ? error : new Error(String(error)) }))
    .then((reply) => {
      port.postMessage(reply);
    });
});
