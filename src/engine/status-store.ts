import { readFile, rm, stat } from "node:fs/promises";
import type { Snapshot, SnapshotBody } from "../format/snapshot.js";
import type { TrustList } from "../format/trust-list.js";
import type { Instance } from "./instance.js";
import type { EngineModule } from "./module.js";
import { PrivateFolder } from "./private-folder.js";
import { type EngineState, openFile, openStatus, type StatusFiles, type StatusSource } from "./state.js";
import { openStatusInThread } from "./status-thread.js";
import { notStored, unreadable } from "./stored-body.js";

/** Bytes of status files that are checked sooner than a thread starts: a delta of two thousand changes. */
const CHECKED_HERE = 32_768;

/**
 * Checks status files, large ones in a thread, and keeps the bodies of those that come into force: in files, from which
 * each worker reads them into its own memory. Nothing else holds one for longer than its check.
 */
export class StatusStore {
  readonly #folder = new PrivateFolder();
  #stored = 0;
  /** Files of the bodies in force, and of those before: a worker may still be reading them. */
  #inForce: readonly string[] = [];
  #before: readonly string[] = [];

  constructor(
    readonly module: EngineModule,
    readonly checker: Instance,
  ) {}

  /** Rejects with StatusError, or with another error where the thread died. What it resolves with is to be settled. */
  async open(sources: readonly StatusSource[], trust: TrustList): Promise<StatusFiles> {
    if ((await lengthOf(sources)) > CHECKED_HERE) return this.#openInThread(sources, trust);
    const { keys } = trust;
    return openStatus(sources, async (source) =>
      openFile(await contentOf(source), { keys, verify: this.checker.checkSignature }),
    );
  }

  /** `opened` has led to `state`, or was refused: bodies that are no longer needed are removed. */
  settle({ snapshots }: StatusFiles, state: EngineState): void {
    const known = [...this.#before, ...this.#inForce, ...pathsOf(snapshots)];
    const inForce = pathsOf(state.statuses.map(({ snapshot }) => snapshot));
    if (inForce.some((path) => !this.#inForce.includes(path))) {
      this.#before = this.#inForce;
      this.#inForce = inForce;
    }
    void removeFiles(known.filter((path) => !this.#inForce.includes(path) && !this.#before.includes(path)));
  }

  async close(): Promise<void> {
    await this.#folder.remove();
  }

  async #openInThread(sources: readonly StatusSource[], trust: TrustList): Promise<StatusFiles> {
    const paths = await Promise.all(sources.map(() => this.#folder.path(`${++this.#stored}.body`))).catch(
      (error: unknown) => {
        throw notStored(error);
      },
    );
    const files = sources.map((source, index) => ({ source, bodyPath: paths[index] ?? "" }));
    return openStatusInThread({ files, trust, module: this.module }).catch(async (error: unknown) => {
      await removeFiles(paths);
      throw error;
    });
  }
}

async function lengthOf(sources: readonly StatusSource[]): Promise<number> {
  const lengths = await Promise.all(
    // What is not there has no length; reading it says so.
    sources.map(async (one) => (one instanceof Uint8Array ? one.length : stat(one.path).then(({ size }) => size, () => 0))), // prettier-ignore
  );
  return lengths.reduce((sum, length) => sum + length, 0);
}

async function contentOf(source: StatusSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  return readFile(source.path).catch((error: unknown) => {
    throw unreadable(error);
  });
}

function pathsOf(snapshots: readonly Snapshot<SnapshotBody>[]): string[] {
  return snapshots.flatMap(({ body }) => (body instanceof Uint8Array ? [] : [body.path]));
}

async function removeFiles(paths: readonly string[]): Promise<void> {
  // What cannot be removed now goes with the folder.
  await Promise.allSettled(paths.map((path) => rm(path, { force: true })));
}
