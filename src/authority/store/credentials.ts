import type { Tier } from "../../abi/batch.js";
import type { Person } from "../person.js";
import type { Database, Transaction } from "./database.js";

/** What it has issued and is about to issue, as rows. Each function is one statement; who calls it brings the transaction. */

export type CredentialState = "pending" | "good" | "suspended" | "revoked" | "void";

/** A place in a Token Status List: no two credentials have the same. */
export interface ListPlace {
  list: string;
  index: number;
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
