import { DELTA_TYPE, openDelta, type OpenedDelta } from "../format/status/delta.js";
import { isSnapshot, openSnapshot, type OpenedSnapshot, type Snapshot } from "../format/status/snapshot.js";
import { StatusError } from "../format/status/error.js";
import { type Signed, type StatusTrust, typeOfFile } from "../format/status/envelope.js";
import {
  type OpenedStatusList,
  openStatusList,
  otherType,
  STATUS_LIST_TYPE,
} from "../format/status/token-status-list.js";

/** A status file, or where it lies: a large one is then read only by who checks it. */
export type StatusSource = Uint8Array | { path: string };

/** A status file that was checked whole. */
export type StatusFile = { snapshot: OpenedSnapshot } | { delta: OpenedDelta } | { list: OpenedStatusList };

/** What came of checking several: each file that is good or why it is not, by its number among them. */
export interface StatusFiles {
  opened: readonly (StatusFile & { file: number })[];
  refused: readonly StatusError[];
}

/** Check status files of any kind with `open`, each by itself. Rejects with what is no StatusError. */
export async function openStatus<Source>(
  sources: readonly Source[],
  open: (source: Source, index: number) => Promise<StatusFile>,
): Promise<StatusFiles> {
  const opened: (StatusFile & { file: number })[] = [];
  const refused: StatusError[] = [];
  for (const [file, source] of sources.entries()) {
    try {
      opened.push({ ...(await open(source, file)), file });
    } catch (error) {
      refused.push(refusalOf(error, file));
    }
  }
  return { opened, refused };
}

/** The StatusError that names the file; throws anything else again. */
export function refusalOf(error: unknown, file: number): StatusError {
  if (!(error instanceof StatusError)) throw error;
  return new StatusError(error.code, error.message, file);
}

/** Check a status file of any kind. Rejects with StatusError. */
export async function openFile(
  file: Uint8Array,
  trust: StatusTrust,
): Promise<Exclude<StatusFile, { snapshot: unknown }> | { snapshot: Snapshot & Signed }> {
  if (isSnapshot(file)) return { snapshot: await openSnapshot(file, trust) };
  const type = typeOfFile(file);
  if (type === STATUS_LIST_TYPE) return { list: await openStatusList(file, trust) };
  if (type !== DELTA_TYPE) throw otherType(type);
  return { delta: openDelta(file, trust) };
}
