import type { Transaction } from "./database.js";

/** Token Status Lists, as rows. Each function is one statement; who calls it brings the transaction. */

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
