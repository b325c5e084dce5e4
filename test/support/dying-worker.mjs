// Preloaded into `hufu serve`: a worker thread that finds the file DYING_WORKER takes a batch and ends with it in hand.
import { existsSync, unlinkSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const file = process.env.DYING_WORKER ?? "";
if (!isMainThread) {
  const now = Date.now;
  // Read by the worker just before its instance verifies.
  Date.now = () => {
    if (existsSync(file)) {
      unlinkSync(file);
      process.exit(7);
    }
    return now();
  };
}
