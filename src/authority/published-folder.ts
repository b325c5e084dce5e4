import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Instance } from "../engine/instance.js";
import { compileEngine } from "../engine/module.js";
import { equalBytes } from "../format/bytes.js";
import { DELTA_TYPE } from "../format/status/delta.js";
import { DELTA_FILE, STATUS_FILE, TRUST_FILE } from "../format/feed.js";
import { SNAPSHOT_TYPE, snapshotEnvelope } from "../format/status/snapshot.js";
import { openEnvelope } from "../format/status/envelope.js";
import { decodeTrustList, type TrustedKey, type VerifySignature } from "../format/trust/trust-list.js";
import { AuthorityError } from "./errors.js";
import { thumbprint } from "./keys.js";
import type { Database } from "./store/database.js";
import { knowsEpoch, nextEpoch } from "./store/publications.js";

/**
 * What lies in a folder of published files. Verifiers have seen it, and take nothing that is not newer: what is older
 * would be refused by them for ever, or make those who start anew forget what was revoked.
 */

/** More than what precedes a snapshot's body. */
const HEAD = 65_536;

type Numbered = "trust-list" | "status";

interface Found {
  file: string;
  kind: Numbered;
  epoch: number;
}

export interface Publisher {
  /** COSE Key Thumbprint of the root. */
  root: Uint8Array;
  keys: readonly TrustedKey[];
  /** Seconds since 1970. */
  now: number;
}

/**
 * Throws where the next epochs would not be newer than those in the folder. Returns what whoever publishes should know:
 * that there are files of which the database knows nothing.
 */
export async function refuseToGoBack(database: Database, folder: string, publisher: Publisher): Promise<string[]> {
  const { checkSignature } = new Instance(await compileEngine());
  const unknown: string[] = [];
  for (const { file, kind, epoch } of await filesOf(folder, publisher, checkSignature)) {
    const next = await database.ask((sql) => nextEpoch(sql, kind, publisher.now));
    if (epoch >= next) {
      throw new AuthorityError({ code: "WOULD_GO_BACK", file: join(folder, file), epoch, next });
    }
    if (!(await database.ask((sql) => knowsEpoch(sql, kind, epoch)))) unknown.push(join(folder, file));
  }
  return unknown;
}

/** Those that are this authority's; what is missing, damaged or another's is none of them. */
async function filesOf(folder: string, { root, keys }: Publisher, verify: VerifySignature): Promise<Found[]> {
  const found: Found[] = [];
  const look = async (file: string, kind: Numbered, epochOf: (path: string) => Promise<number | undefined>) => {
    const epoch = await epochOf(join(folder, file)).catch(() => undefined);
    if (epoch !== undefined) found.push({ file, kind, epoch });
  };
  await look(TRUST_FILE, "trust-list", async (path) => {
    const list = decodeTrustList(await readFile(path), verify);
    return list.root !== undefined && equalBytes(thumbprint(list.root), root) ? list.epoch : undefined;
  });
  const trust = { keys, verify };
  await look(STATUS_FILE, "status", async (path) => {
    const envelope = snapshotEnvelope(await readStart(path, HEAD));
    return openEnvelope(envelope, SNAPSHOT_TYPE, trust).claims.epoch;
  });
  await look(DELTA_FILE, "status", async (path) => {
    return openEnvelope(await readFile(path), DELTA_TYPE, trust).claims.epoch;
  });
  return found;
}

async function readStart(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
