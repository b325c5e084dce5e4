// Preloaded into `hufu verify`: worker threads load slowly, and each writes a line to the file SLOW_WORKER when it begins
// and when it has loaded.
import { appendFileSync } from "node:fs";
import { isMainThread, parentPort, threadId } from "node:worker_threads";

if (!isMainThread && parentPort !== null) {
  const note = (what) => {
    appendFileSync(process.env.SLOW_WORKER ?? "", `${threadId} ${what}\n`);
  };
  note("begins");
  // The last of them by far, so that somebody else has done the work long before.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, threadId * 300);
  const post = parentPort.postMessage.bind(parentPort);
  parentPort.postMessage = (message) => {
    // The worker's own word that what it runs is imported.
    if (message === threadId) note("loaded");
    post(message);
  };
}
