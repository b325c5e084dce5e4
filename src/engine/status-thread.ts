import { Worker } from "node:worker_threads";
import { StatusError } from "../format/status-error.js";
import type { StatusFiles } from "./state.js";
import type { StatusAnswer, StatusTask } from "./status-worker.js";

/**
 * Check status files in a thread that lives as long as that takes, and takes its memory with it: a nation's snapshot is
 * read through twice, and whoever answers others meanwhile cannot wait for it. Bodies of snapshots are stored. Rejects
 * with StatusError, or with another error where the thread died.
 */
export function openStatusInThread(task: StatusTask): Promise<StatusFiles> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./status-worker.js", import.meta.url), { workerData: task });
    thread.once("message", (answer: StatusAnswer) => {
      if ("opened" in answer) resolve(answer.opened);
      else reject(new StatusError(answer.refused.code, answer.refused.message, answer.refused.file));
    });
    thread.once("error", reject);
    // After an answer or an error this changes nothing.
    thread.once("exit", (code) => {
      reject(new Error(`the thread that checks status files died with exit code ${code}`));
    });
  });
}
