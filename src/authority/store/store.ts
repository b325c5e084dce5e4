import type { Algorithm } from "../../abi/batch.js";
import { Status, Tier } from "../../abi/batch.js";
import { PERIOD_SECONDS, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../abi/status-body.js";
import type { KeyUse } from "../../format/trust/trust-list.js";
import type { Person } from "../person.js";
import type { Database, Sql, Transaction } from "./database.js";

/** What the authority knows, as rows. Each function is one statement; who calls it brings the transaction. */

export type CredentialState = "pending" | "good" | "suspended" | "revoked" | "void";

export interface AuthorityRow {
  name: string;
  region: string | null;
  /** Where Token Status Lists are published; null where credentials name none. */
  statusLists: string | null;
}

export interface KeyRow {
  kid: Uint8Array;
  use: KeyUse | "root";
  algorithm: Algorithm;
  publicKey: Uint8Array;
  notBefore: Date;
  notAfter: Date;
}

/** A credential about to be signed. */
export interface PendingRow {
  id: Uint8Array;
  idNumber: string;
  tier: Tier;
  kid: Uint8Array;
  issued: Date;
  expires: Date;
  payload: Uint8Array;
  place: ListPlace | undefined;
}

/** A place in a Token Status List: no two credentials have the same. */
export interface ListPlace {
  list: string;
  index: number;
}

/** A credential as `cards` shows it, with its holder. */
export interface CardRow {
  id: Uint8Array;
  idNumber: string;
  tier: Tier;
  state: CredentialState;
  reason: string | null;
  issued: Date;
  expires: Date;
  changed: Date;
  details: Person;
  signed: Uint8Array | null;
}

export type PublicationKind = "trust-list" | "status" | "delta";

export async function readAuthority(sql: Sql | Transaction): Promise<AuthorityRow | undefined> {
  const [row] = await sql<AuthorityRow[]>`select name, region, status_lists as "statusLists" from authority`;
  return row;
}

export async function insertAuthority(sql: Transaction, row: AuthorityRow): Promise<void> {
  const { name, region, statusLists } = row;
  await sql`insert into authority (name, region, status_lists) values (${name}, ${region}, ${statusLists})`;
}

export async function insertKey(sql: Transaction, key: KeyRow): Promise<void> {
  await sql`insert into keys (kid, use, algorithm, public_key, not_before, not_after)
    values (${key.kid}, ${key.use}, ${key.algorithm}, ${key.publicKey}, ${key.notBefore}, ${key.notAfter})`;
}

/** Newest first. */
export async function readKeys(sql: Sql): Promise<KeyRow[]> {
  return sql<KeyRow[]>`
    select kid, use, algorithm, public_key as "publicKey", not_before as "notBefore", not_after as "notAfter"
    from keys order by not_before desc, kid`;
}

/** Of different people: those not known yet. Returns their ID numbers. */
export async function insertPersons(sql: Transaction, persons: readonly Person[]): Promise<Set<string>> {
  const rows = await sql<{ idNumber: string }[]>`
    insert into persons ${sql(personRows(sql, persons), "id_number", "details")}
    on conflict do nothing returning id_number as "idNumber"`;
  return new Set(rows.map((row) => row.idNumber));
}

/** Of different people, all of them known. */
export async function updatePersons(sql: Transaction, persons: readonly Person[]): Promise<void> {
  if (persons.length === 0) return;
  await sql`
    insert into persons ${sql(personRows(sql, persons), "id_number", "details")}
    on conflict (id_number) do update set details = excluded.details, recorded = now()`;
}

function personRows(sql: Transaction, persons: readonly Person[]) {
  return persons.map((person) => ({ id_number: person.id, details: sql.json(person as never) }));
}

/** Those of the rows whose holder had nothing pending; the rest were not inserted. */
export async function insertPending(sql: Transaction, run: number, rows: readonly PendingRow[]): Promise<Set<string>> {
  const values = rows.map((row) => ({
    id: row.id,
    id_number: row.idNumber,
    tier: row.tier,
    state: "pending",
    kid: row.kid,
    issued: row.issued,
    expires: row.expires,
    run,
    payload: row.payload,
    list: row.place?.list ?? null,
    list_place: row.place?.index ?? null,
  }));
  const inserted = await sql<{ idNumber: string }[]>`
    insert into credentials
      ${sql(values, "id", "id_number", "tier", "state", "kid", "issued", "expires", "run", "payload", "list", "list_place")}
    on conflict do nothing returning id_number as "idNumber"`;
  return new Set(inserted.map((row) => row.idNumber));
}

/** A credential that works, or is suspended. */
export interface InForceRow {
  id: Uint8Array;
  state: "good" | "suspended";
  expires: Date;
}

/** Of these people, what they have in force, by ID number; it may have expired. */
export async function inForce(sql: Transaction, idNumbers: readonly string[]): Promise<Map<string, InForceRow>> {
  if (idNumbers.length === 0) return new Map();
  const rows = await sql<(InForceRow & { idNumber: string })[]>`
    select id_number as "idNumber", id, state::text as state, expires from credentials
    where id_number in ${sql(idNumbers)} and state in ('good', 'suspended')`;
  return new Map(rows.map(({ idNumber, ...row }) => [idNumber, row]));
}

export async function deletePending(sql: Transaction, run: number, idNumbers: readonly string[]): Promise<void> {
  await sql`delete from credentials where state = 'pending' and run = ${run} and id_number in ${sql(idNumbers)}`;
}

/** Takes out of force those of the credentials that are good; returns their ids. */
export async function supersede(sql: Transaction, credentials: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const rows = await sql<{ id: Uint8Array }[]>`
    update credentials set state = 'revoked', reason = 'superseded', changed = now()
    where id in ${sql(credentials)} and state = 'good' returning id`;
  return rows.map((row) => row.id);
}

/** Pending credentials become good. Returns how many. */
export async function release(
  sql: Transaction,
  cards: readonly { id: Uint8Array; signed: Uint8Array }[],
): Promise<number> {
  const rows = cards.map(({ id, signed }) => [id, signed]);
  const result = await sql`
    update credentials set state = 'good', signed = card.signed::bytea, changed = now()
    from (values ${sql(rows as never)}) as card (id, signed)
    where credentials.id = card.id::bytea and state = 'pending'`;
  return result.count;
}

/** Those of the credentials that are pending will never be released. Returns their ids. */
export async function voidPending(
  sql: Transaction,
  credentials: readonly Uint8Array[],
  reason: string,
): Promise<Uint8Array[]> {
  const rows = await sql<{ id: Uint8Array }[]>`
    update credentials set state = 'void', reason = ${reason}, changed = now()
    where state = 'pending' and id in ${sql(credentials)} returning id`;
  return rows.map((row) => row.id);
}

export async function pendingOf(sql: Transaction, run: number): Promise<Uint8Array[]> {
  const rows = await sql<{ id: Uint8Array }[]>`select id from credentials where state = 'pending' and run = ${run}`;
  return rows.map((row) => row.id);
}

export async function pendingRuns(sql: Sql): Promise<number[]> {
  const rows = await sql<{ run: number }[]>`select distinct run from credentials where state = 'pending'`;
  return rows.map((row) => row.run);
}

export async function nextRun(sql: Sql): Promise<number> {
  const [row] = await sql<{ run: number }[]>`select nextval('issuing_runs') as run`;
  return row?.run ?? 0;
}

export interface ListRow {
  /** What the marker in the data folder of whoever opened it must say, and what it must be: see list-places.ts. */
  mark: string | null;
  witness: string | null;
  /** Places given out. */
  used: number;
}

/** Locks the row. */
export async function lockList(sql: Transaction, name: string): Promise<ListRow | undefined> {
  const [row] = await sql<ListRow[]>`select mark, witness, used from status_lists where name = ${name} for update`;
  return row;
}

export async function openList(sql: Transaction, name: string): Promise<void> {
  await sql`insert into status_lists (name) values (${name})`;
}

export async function markList(sql: Transaction, name: string, { mark, witness, used }: ListRow): Promise<void> {
  await sql`update status_lists set mark = ${mark}, witness = ${witness}, used = ${used} where name = ${name}`;
}

/** Of these places in a list, those that credentials have. */
export async function takenPlaces(sql: Transaction, list: string, places: readonly number[]): Promise<Set<number>> {
  const rows = await sql<{ place: number }[]>`
    select list_place as place from credentials where list = ${list} and list_place in ${sql(places)}`;
  return new Set(rows.map((row) => row.place));
}

export interface CardFilter {
  /** A credential id. */
  credential?: Uint8Array;
  idNumber?: string;
  state?: CredentialState;
  tier?: Tier;
}

/** Cards in the order they were issued. */
export function findCards(database: Database, filter: CardFilter): AsyncIterable<CardRow[]> {
  const { credential = null, idNumber = null, state = null, tier = null } = filter;
  return database.stream<CardRow>(
    (sql) => sql`
    select id, c.id_number as "idNumber", tier, state::text as state, reason, issued, expires, changed, details, signed
    from credentials c join persons using (id_number)
    where (${credential}::bytea is null or id = ${credential}) and (${idNumber}::text is null or id_number = ${idNumber})
      and (${state}::text is null or state::text = ${state}) and (${tier}::int is null or tier = ${tier})
    order by issued, id`,
  );
}

/** Locks the row; undefined when it is in none of the states. */
export async function changeState(
  sql: Transaction,
  change: { credential: Uint8Array; from: readonly CredentialState[]; to: CredentialState; reason: string },
): Promise<boolean> {
  const result = await sql`
    update credentials set state = ${change.to}, reason = ${change.reason}, changed = now()
    where id = ${change.credential} and state::text in ${sql(change.from)}`;
  return result.count === 1;
}

export interface Publication {
  kind: PublicationKind;
  epoch: number;
  /** Seconds since 1970; of a snapshot, the time of its universe. */
  issued: number;
  expires: number;
}

/**
 * With the next epoch of its kind; snapshots and deltas are numbered together. Epochs are times, so that a database
 * restored from a backup, which knows nothing of those that were given since, never gives one of them again.
 */
export async function openPublication(
  sql: Transaction,
  kind: PublicationKind,
  issued: number,
  expires: number,
): Promise<Publication> {
  await sql`lock table publications in exclusive mode`;
  const epoch = await nextEpoch(sql, kind);
  await sql`insert into publications (kind, epoch, issued, expires)
    values (${kind}, ${epoch}, to_timestamp(${issued}), to_timestamp(${expires}))`;
  return { kind, epoch, issued, expires };
}

/** The epoch that a publication of the kind would have now. */
export async function nextEpoch(sql: Sql | Transaction, kind: PublicationKind): Promise<number> {
  const [row] = await sql<{ last: number }[]>`
    select coalesce(max(epoch), 0) as last from publications where (kind = 'trust-list') = (${kind} = 'trust-list')`;
  return Math.max((row?.last ?? 0) + 1, Math.floor(Date.now() / 1000));
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

/** The last snapshot that was finished: what a delta is about. */
export async function lastSnapshot(sql: Transaction): Promise<{ epoch: number; universe: number } | undefined> {
  const [row] = await sql<{ epoch: number; universe: number }[]>`
    select epoch, extract(epoch from issued)::bigint as universe from publications
    where kind = 'status' and sha256 is not null order by epoch desc limit 1`;
  return row;
}

/** A change is dated by when its transaction began; none takes as long as this. Naming some twice does no harm. */
const LONGEST_CHANGE = 600;

export interface ChangedRow {
  id: Uint8Array;
  state: CredentialState;
}

/** Credentials whose status a snapshot with this universe may not know; new good ones need not be named. */
export async function changedSince(sql: Transaction, universe: number): Promise<ChangedRow[]> {
  return sql<ChangedRow[]>`
    select id, state::text as state from credentials
    where changed > to_timestamp(${universe - LONGEST_CHANGE}) and state <> 'pending'
      and not (state = 'good' and issued > to_timestamp(${universe}))`;
}

export async function countCredentials(sql: Transaction): Promise<number> {
  const [row] = await sql<{ count: number }[]>`select count(*) as count from credentials`;
  return row?.count ?? 0;
}

/** A pending credential answers as a good one: nobody has it yet. A void one may have been signed: it is revoked. */
const STATUS_OF: Readonly<Record<CredentialState, Status>> = {
  pending: Status.GOOD,
  good: Status.GOOD,
  suspended: Status.SUSPENDED,
  revoked: Status.REVOKED,
  void: Status.REVOKED,
};

/** Every credential as records of status-body.ts. The same each time within a repeatable-read transaction. */
export async function* statusRecords(database: Database, transaction: Transaction): AsyncGenerator<Uint8Array> {
  const all = database.stream<{ id: Uint8Array; state: CredentialState; period: number }>(
    (sql) => sql`
      select id, state::text as state, floor(extract(epoch from expires) / ${PERIOD_SECONDS})::int as period
      from credentials`,
    transaction,
  );
  for await (const rows of all) {
    const records = new Uint8Array(rows.length * RECORD_SIZE);
    const view = new DataView(records.buffer);
    for (const [i, { id, state, period }] of rows.entries()) {
      records.set(id, i * RECORD_SIZE);
      view.setUint32(i * RECORD_SIZE + RECORD_PERIOD, period, true);
      view.setUint32(i * RECORD_SIZE + RECORD_STATUS, STATUS_OF[state], true);
    }
    yield records;
  }
}

export interface ListedRow {
  list: string;
  index: number;
  status: Status;
}

/** Every credential that has a place in a Token Status List, by list. */
export async function* listedStatuses(database: Database): AsyncGenerator<ListedRow[]> {
  const all = database.stream<{ list: string; index: number; state: CredentialState }>(
    (sql) => sql`
      select list, list_place as index, state::text as state from credentials
      where list is not null order by list, list_place`,
  );
  for await (const rows of all) yield rows.map(({ state, ...row }) => ({ ...row, status: STATUS_OF[state] }));
}
