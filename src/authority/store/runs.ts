import type { Sql, Transaction } from "./database.js";

/** Runs of the issuing cycle. Each function is one statement; who calls it brings the transaction. */

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

/** Whether nobody is at work on the run any more; until the transaction ends nobody else says so. */
export async function isOver(sql: Transaction, run: number): Promise<boolean> {
  const [row] = await sql<{ free: boolean }[]>`select pg_try_advisory_xact_lock(${run}) as free`;
  return row?.free === true;
}
