import { createHash } from "node:crypto";
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import type { StatusErrorCode } from "../format/status/error.js";
import type { TrustedKey } from "../format/trust/trust-list.js";
import { Instance } from "./instance.js";
import type { EngineModule } from "./module.js";
import { openFile, openStatus, type StatusFiles, type StatusSource } from "./status-files.js";
import { readSource, storeBody } from "./stored-body.js";

/** Status files checked in a thread of their own: what it is started with, and what it answers before it ends. */
export interface StatusTask {
  /** Each with the path for its body, if it is a snapshot. */
  files: readonly { source: StatusSource; bodyPath: string }[];
  keys: readonly TrustedKey[];
  module: EngineModule;
}

/** Errors lose their class and their fields between threads, so a refusal travels as what it is made of. */
export interface StatusAnswer {
  opened: StatusFiles["opened"];
  refused: readonly { code: StatusErrorCode; message: string; file: number | undefined }[];
}

async function check({ files, keys, module }: StatusTask): Promise<StatusAnswer> {
  const { checkSignature } = new Instance(module);
  // Web Crypto would copy what it hashes, and refuses shared memory.
  const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();
  const trust = { keys, verify: checkSignature, sha256 };
  const { opened, refused } = await openStatus(files, async ({ source, bodyPath }) => {
    const file = await openFile(readSource(source), trust);
    if (!("snapshot" in file)) return file;
    // What was checked is what counts, whatever becomes of the file it came from.
    return { snapshot: { ...file.snapshot, body: storeBody(bodyPath, file.snapshot.body) } };
  });
  return { opened, refused: refused.map(({ code, message, file }) => ({ code, message, file })) };
}

// Verdicts come first where cores are few. Elsewhere than on Linux this would slow the whole process down.
if (process.platform === "linux") setPriority(constants.priority.PRIORITY_LOW);

parentPort?.postMessage(await check(workerData as StatusTask));
