import { PUBLICATION_LOCK, type Sql, type Transaction } from "./database.js";

/** What it has published, as rows. Each function is one statement; who calls it brings the transaction. */

export type PublicationKind = "trust-list" | "status" | "delta";

export interface Publication {
  kind: PublicationKind;
  epoch: number;
  /** Seconds since 1970; of a snapshot, the time of its universe. */
  issued: number;
  expires: number;
}

/** Until the transaction ends no universe is fixed: what is recorded in it is in view of the next. */
export async function holdUniverse(sql: Transaction): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(${PUBLICATION_LOCK})`;
}

/**
 * With the next epoch of its kind; snapshots and deltas are numbered together. Epochs are times, so that a database
 * restored from a backup, which knows nothing of those that were given since, never gives one of them again.
 */
export async function openPublication(
  sql: Transaction,
  kind: PublicationKind,
  { now, issued, expires }: { now: number; issued: number; expires: number },
): Promise<Publication> {
  await sql`lock table publications in exclusive mode`;
  const epoch = await nextEpoch(sql, kind, now);
  await sql`insert into publications (kind, epoch, issued, expires)
    values (${kind}, ${epoch}, to_timestamp(${issued}), to_timestamp(${expires}))`;
  return { kind, epoch, issued, expires };
}

/** The epoch that a publication of the kind would have now (seconds since 1970). */
export async function nextEpoch(sql: Sql | Transaction, kind: PublicationKind, now: number): Promise<number> {
  const [row] = await sql<{ last: number }[]>`
    select coalesce(max(epoch), 0) as last from publications where (kind = 'trust-list') = (${kind} = 'trust-list')`;
  return Math.max((row?.last ?? 0) + 1, now);
}

/** Whether a publication of the kind was begun with this epoch. */
export async function knowsEpoch(sql: Sql, kind: "trust-list" | "status", epoch: number): Promise<boolean> {
  const rows = await sql`select 1 from publications
    where (kind = 'trust-list') = (${kind} = 'trust-list') and epoch = ${epoch}`;
  return rows.length > 0;
}

export async function closePublication(sql: Transaction, { kind, epoch }: Publication, sha256: Uint8Array) {
  await sql`update publications set sha256 = ${sha256} where kind = ${kind} and epoch = ${epoch}`;
}

/** Up to when snapshots and deltas have answered for every credential, in seconds since 1970; 0 before the first. */
export async function lastUniverse(sql: Transaction): Promise<number> {
  const [row] = await sql<{ universe: number }[]>`
    select coalesce(max(extract(epoch from issued)), 0)::bigint as universe
    from publications where kind in ('status', 'delta')`;
  return row?.universe ?? 0;
}

export interface LastSnapshot {
  epoch: number;
  universe: number;
  /** When it was begun, by the clock of the database: that by which changes are dated. */
  begun: Date;
}

/** The last snapshot that was finished: what a delta is about. */
export async function lastSnapshot(sql: Transaction): Promise<LastSnapshot | undefined> {
  const [row] = await sql<LastSnapshot[]>`
    select epoch, extract(epoch from issued)::bigint as universe, begun from publications
    where kind = 'status' and sha256 is not null order by epoch desc limit 1`;
  return row;
}
