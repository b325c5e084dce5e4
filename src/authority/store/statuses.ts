import { Status } from "../../abi/batch.js";
import { PERIOD_SECONDS, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../../abi/status-body.js";
import type { CredentialState } from "./credentials.js";
import type { Database, Transaction } from "./database.js";
import type { LastSnapshot } from "./publications.js";

/** The status of every credential, as snapshots, deltas and lists tell it. Each function is one statement; who calls it brings the transaction. */

/** A change is dated by when its transaction began; none takes as long as this (seconds). Naming some twice does no harm. */
const LONGEST_CHANGE = 600;

export interface ChangedRow {
  id: Uint8Array;
  state: CredentialState;
}

/** Credentials whose status the snapshot may not know; new good ones need not be named. */
export async function changedSince(sql: Transaction, { universe, begun }: LastSnapshot): Promise<ChangedRow[]> {
  return sql<ChangedRow[]>`
    select id, state::text as state from credentials
    where changed > ${begun}::timestamptz - make_interval(secs => ${LONGEST_CHANGE}) and state <> 'pending'
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
