// Preloaded into `hufu serve`: a worker thread that finds the file DYING_WORKER takes a batch and ends with it in hand; one
// that finds DYING_WORKER.load fails before it has taken any.
import { existsSync, unlinkSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.DYING_WORKER ?? "";

function takes(name) {
  if (!existsSync(name)) return false;
  unlinkSync(name);
  return true;
}

if (!isMainThread) {
  if (takes(`${file}.load`)) throw new Error("failed while it loaded");
  const now = Date.now;
  // Read by the worker just before its instance verifies.
  Date.now = () => {
    if (takes(file)) process.exit(7);
    return now();
  };
}
