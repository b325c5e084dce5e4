/** Files of a feed: what an authority publishes into one folder, and verifiers follow there or over HTTP. */
export const TRUST_FILE = "trust.hufu";
export const STATUS_FILE = "status.hufu";
/** What has changed since the snapshot beside it, all of it: whoever missed some catches up with this one file. */
export const DELTA_FILE = "delta.hufu";

/** Token Status Lists, for verifiers that know no snapshots. */
export function statusListFile(name: string): string {
  return `status-list-${name}.cwt`;
}
