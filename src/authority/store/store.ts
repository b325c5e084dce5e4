import type { Algorithm } from "../../format/batch.js";
import { Status, Tier } from "../../format/batch.js";
import { PERIOD_SECONDS, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../format/status-body.js";
import type { KeyUse } from "../../format/trust-list.js";
import type { Person } from "../person.js";
import type { Sql, Transaction } from "./database.js";

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
  listPlace: number | undefined;
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

export interface AuditEvent {
  actor: string;
  action: "initialise" | "record" | "issue" | "supersede" | "void" | "revoke" | "suspend" | "reinstate" | "publish";
  credential?: Uint8Array;
  detail?: Record<string, string | number>;
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

export async function audit(sql: Transaction, events: readonly AuditEvent[]): Promise<void> {
  if (events.length === 0) return;
  const rows = events.map(({ actor, action, credential, detail }) => ({
    actor,
    action,
    credential: credential ?? null,
    detail: sql.json(detail ?? {}),
  }));
  await sql`insert into audit_events ${sql(rows, "actor", "action", "credential", "detail")}`;
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
    list_place: row.listPlace ?? null,
  }));
  const inserted = await sql<{ idNumber: string }[]>`
    insert into credentials
      ${sql(values, "id", "id_number", "tier", "state", "kid", "issued", "expires", "run", "payload", "list_place")}
    on conflict do nothing returning id_number as "idNumber"`;
  return new Set(inserted.map((row) => row.idNumber));
}

/** Of these people, who has a credential that works (or is suspended) at the time. */
export async function inForce(sql: Transaction, idNumbers: readonly string[], at: Date): Promise<Set<string>> {
  const rows = await sql<{ idNumber: string }[]>`
    select id_number as "idNumber" from credentials
    where id_number in ${sql(idNumbers)} and state in ('good', 'suspended') and expires > ${at}`;
  return new Set(rows.map((row) => row.idNumber));
}

export async function deletePending(sql: Transaction, run: number, idNumbers: readonly string[]): Promise<void> {
  await sql`delete from credentials where state = 'pending' and run = ${run} and id_number in ${sql(idNumbers)}`;
}

/** Takes out of force what these people have; returns the ids. */
export async function supersede(sql: Transaction, idNumbers: readonly string[]): Promise<Uint8Array[]> {
  const rows = await sql<{ id: Uint8Array }[]>`
    update credentials set state = 'revoked', reason = 'superseded', changed = now()
    where id_number in ${sql(idNumbers)} and state in ('good', 'suspended') returning id`;
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

/** The next `count` places in Token Status Lists. */
export async function nextListPlaces(sql: Sql, count: number): Promise<number[]> {
  const rows = await sql<{ place: number }[]>`
    select nextval('list_places') as place from generate_series(1, ${count})`;
  return rows.map((row) => row.place);
}

export interface CardFilter {
  /** A credential id. */
  credential?: Uint8Array;
  idNumber?: string;
  state?: CredentialState;
  tier?: Tier;
}

/** Cards in the order they were issued, a few hundred at a time. */
export function findCards(sql: Sql | Transaction, filter: CardFilter): AsyncIterable<CardRow[]> {
  const { credential = null, idNumber = null, state = null, tier = null } = filter;
  return sql<CardRow[]>`
    select id, c.id_number as "idNumber", tier, state::text as state, reason, issued, expires, changed, details, signed
    from credentials c join persons using (id_number)
    where (${credential}::bytea is null or id = ${credential}) and (${idNumber}::text is null or id_number = ${idNumber})
      and (${state}::text is null or state::text = ${state}) and (${tier}::int is null or tier = ${tier})
    order by issued, id`.cursor(500);
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

/** The next epoch of its kind; snapshots and deltas are numbered together. */
export async function openPublication(
  sql: Sql,
  kind: PublicationKind,
  issued: number,
  expires: number,
): Promise<Publication> {
  return sql.begin(async (transaction) => {
    await transaction`lock table publications in exclusive mode`;
    const [row] = await transaction<{ epoch: number }[]>`
      insert into publications (kind, epoch, issued, expires)
      select ${kind}, coalesce(max(epoch), 0) + 1, to_timestamp(${issued}), to_timestamp(${expires})
      from publications where (kind = 'trust-list') = (${kind} = 'trust-list') returning epoch`;
    return { kind, epoch: row?.epoch ?? 0, issued, expires };
  });
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
export async function* statusRecords(sql: Transaction): AsyncGenerator<Uint8Array> {
  const cursor = sql<{ id: Uint8Array; state: CredentialState; period: number }[]>`
    select id, state::text as state, floor(extract(epoch from expires) / ${PERIOD_SECONDS})::int as period
    from credentials`.cursor(5000);
  for await (const rows of cursor) {
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
  place: number;
  status: Status;
}

/** Every credential that has a place in a Token Status List, by place, a few thousand at a time. */
export async function* listedStatuses(sql: Sql): AsyncGenerator<ListedRow[]> {
  const cursor = sql<{ place: number; state: CredentialState }[]>`
    select list_place as place, state::text as state from credentials
    where list_place is not null order by list_place`.cursor(5000);
  for await (const rows of cursor) yield rows.map(({ place, state }) => ({ place, status: STATUS_OF[state] }));
}
