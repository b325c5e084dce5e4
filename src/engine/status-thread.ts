import { Worker } from "node:worker_threads";
import { StatusError } from "../format/status/error.js";
import type { StatusFiles } from "./status-files.js";
import type { StatusAnswer, StatusTask } from "./status-worker.js";

/**
 * Check status files in a thread that lives as long as that takes, and takes its memory with it: a nation's snapshot is
 * read through twice, and whoever answers others meanwhile cannot wait for it. Bodies of snapshots are stored. Rejects
 * where the thread died.
 */
export function openStatusInThread(task: StatusTask): Promise<StatusFiles> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL("./status-worker.js", import.meta.url), { workerData: task });
    thread.once("message", (answer: StatusAnswer) => {
      const refused = answer.refused.map(({ code, message, file }) => new StatusError(code, message, file));
      resolve({ opened: answer.opened, refused });
    });
    thread.once("error", reject);
    // After an answer or an error this changes nothing.
    thread.once("exit", (code) => {
      reject(new Error(`the thread that checks status files died with exit code ${code}`));
    });
  });
}
