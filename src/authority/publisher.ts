import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DELTA_FILE, STATUS_FILE, statusListFile, TRUST_FILE } from "../format/feed.js";
import type { Authority } from "./authority.js";
import { AuthorityError } from "./errors.js";
import { makeFolder } from "./folder.js";
import { Staging } from "./publish-file.js";
import type { Published } from "./publishing.js";
import type { BuildProgress } from "./snapshot/builder.js";

/** What is written into the folder that verifiers read, and in which order. */

export interface PublishOptions {
  /**
   * A trust list and a snapshot, and all that has been issued is in it; only what has changed since the last snapshot;
   * or only the trust list, before there is anything else.
   */
  what: "all" | "delta" | "trust-list";
  /** Every card issued by then is answered for, in milliseconds since 1970; when absent, by now. */
  asOf?: number;
  /** Told how far a snapshot has come. */
  progress?: (progress: BuildProgress) => void;
}

/** A file in its place. Times are in seconds since 1970. */
export interface PublishedFile {
  path: string;
  epoch: number;
  expires: number;
}

export interface Publishing {
  trust?: PublishedFile;
  status?: PublishedFile;
  delta?: PublishedFile;
  lists: Omit<PublishedFile, "epoch">[];
  /** Files that this authority published and its database knows nothing of: it was restored from an older backup. */
  unknown: string[];
}

/** One at a time of all who publish. The files take their places together, or none does. */
export async function publishTo(authority: Authority, folder: string, options: PublishOptions): Promise<Publishing> {
  if (options.what !== "trust-list") await secondAfter(authority, options.asOf ?? authority.clock());
  return authority.publishing(async (ours) => {
    const staging = new Staging();
    try {
      await writing(folder, () => {
        makeFolder(folder);
        return Promise.resolve();
      });
      const unknown = await authority.refuseToGoBack(folder);
      const made = await stage(authority, folder, staging, options);
      await ours.check();
      await writing(folder, () => staging.switch());
      return { ...made, unknown };
    } finally {
      await staging.abandon();
    }
  });
}

async function stage(
  authority: Authority,
  folder: string,
  staging: Staging,
  { what, progress }: PublishOptions,
): Promise<Omit<Publishing, "unknown">> {
  const add = async (name: string, parts: readonly Uint8Array[]): Promise<string> => {
    const path = join(folder, name);
    await writing(path, () => staging.add(resolve(path), parts));
    return path;
  };
  const file = async (name: string, { epoch, expires, parts }: Published): Promise<PublishedFile> => ({
    path: await add(name, parts),
    epoch,
    expires,
  });
  const made: Omit<Publishing, "unknown"> = { lists: [] };
  // The trust list first: what the others are signed with may be new.
  if (what !== "delta") made.trust = await file(TRUST_FILE, await authority.publishTrustList());
  if (what === "trust-list") return made;
  // Lists know no deltas: each is written anew.
  for await (const { name, expires, file: list } of authority.publishStatusLists()) {
    made.lists.push({ path: await add(statusListFile(name), [list]), expires });
  }
  if (what === "delta") made.delta = await file(DELTA_FILE, await authority.publishDelta());
  else made.status = await file(STATUS_FILE, await authority.publishStatus({ ...(progress && { progress }) }));
  return made;
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AuthorityError({ code: "CANNOT_PUBLISH", path, why });
  }
}

/**
 * Waits until the second in which `time` lies is over: what is published then answers for every card issued before,
 * and not only for those of the seconds before.
 */
async function secondAfter({ clock }: Authority, time: number): Promise<void> {
  const next = (Math.floor(time / 1000) + 1) * 1000;
  await sleep(Math.max(0, Math.min(1000, next - clock())));
}
