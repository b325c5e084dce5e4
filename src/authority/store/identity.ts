import { MIGRATION_LOCK, type Sql, type Transaction } from "./database.js";

/** What the authority is, as its row. Each function is one statement; who calls it brings the transaction. */

export interface AuthorityRow {
  name: string;
  region: string | null;
  /** Where Token Status Lists are published; null where credentials name none. */
  statusLists: string | null;
}

/** Until the transaction ends nobody else founds one, or alters the tables. */
export async function lockFounding(sql: Transaction): Promise<void> {
  await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
}

export async function readAuthority(sql: Sql | Transaction): Promise<AuthorityRow | undefined> {
  const [row] = await sql<AuthorityRow[]>`select name, region, status_lists as "statusLists" from authority`;
  return row;
}

export async function insertAuthority(sql: Transaction, row: AuthorityRow): Promise<void> {
  const { name, region, statusLists } = row;
  await sql`insert into authority (name, region, status_lists) values (${name}, ${region}, ${statusLists})`;
}
