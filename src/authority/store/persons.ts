import type { Person } from "../person.js";
import type { Transaction } from "./database.js";

/** Whom it knows, as rows. Each function is one statement; who calls it brings the transaction. */

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
