import { setTimeout as sleep } from "node:timers/promises";
import { AuthorityError, type StoreHolder } from "../errors.js";
import { Clients, isLost, isOf, type Sql, type StreamedQuery, type Transaction } from "./client.js";
import { INSUFFICIENT_PRIVILEGE, LOCK_NOT_AVAILABLE, TOO_MANY_CONNECTIONS } from "./client.js";
import { ACCOUNT, joinRunning, logFile, OWNER, startOrJoin, stopAfterLastClient, whilePresent } from "./embedded.js";

export { isLost, type Sql, type Transaction } from "./client.js";

/**
 * Locks last as long as transactions and connections are never got back: so all of this works through a pooler that
 * gives each transaction another server (PgBouncer in transaction mode). A database of which one connection was lost is
 * lost as a whole: nothing that is asked of it later succeeds, and nobody who held a lock believes that he still does.
 */
export interface Database {
  /** Single statements: a transaction is begun by `transaction`, which bounds its waits. */
  ask<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** `mode` as in BEGIN. What waits too long for a lock ends as STORE_BUSY. */
  transaction<T>(work: (sql: Transaction) => Promise<T>, mode?: string): Promise<T>;
  /** All rows of a query, some at a time; it ends early only by throwing. Within a transaction where one is given. */
  stream<Row>(query: StreamedQuery, within?: Transaction): AsyncGenerator<Row[]>;
  /** Waits for the advisory lock, but not for ever. */
  hold(lock: number): Promise<Held>;
  /** Whether its account could alter what is meant to be final. Undefined where it cannot. */
  warning: string | undefined;
  /** Leaves; the embedded server is stopped when nobody else uses it. */
  close(): Promise<void>;
}

/** An advisory lock that is ours. Both reject where it was lost with its connection. */
export interface Held {
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface DatabaseOptions {
  /** Folder of the embedded cluster, used without `url`. */
  folder: string;
  /** A PostgreSQL server of one's own, as HUFU_DATABASE_URL gives it. */
  url?: string;
  /** For the same database, the account that owns the schema, where that is another. */
  ownerUrl?: string;
  /** How long anything may wait for a lock, in milliseconds. */
  lockTimeout?: number;
}

/** Brings the schema up to date as its owner, and lets the account work with it. */
export type Migrate = (owner: Sql, account: string) => Promise<void>;

/** Connections for queries. All are opened at the start: a server that is about to stop admits no new ones. */
const CONNECTIONS = 4;
/** And for locks: that of a run or of a publication's files, and that of the publication. */
const KEEPERS = 2;
/** As many as may be held at once: one that had to wait for another's connection could wait for itself. */
const MOST_KEEPERS = 32;
const LOCK_TIMEOUT = 30_000;
/** A pooler's servers do not know what was prepared on another. */
const UNPREPARED = { prepare: false };
const AS_OWNER = { max: 1, user: OWNER, database: "postgres" };
/** Rows of a stream that are in memory at once. */
const ROWS = 5_000;
/** Numbers of advisory locks in our database; those of issuing runs are small. */
export const PRESENCE_LOCK = 0x68756675_01;
export const MIGRATION_LOCK = 0x68756675_02;
export const PUBLICATION_LOCK = 0x68756675_03;
export const FILES_LOCK = 0x68756675_04;
export async function openDatabase(options: DatabaseOptions, migrate: Migrate): Promise<Database> {
  return options.url === undefined
    ? openEmbedded(options, migrate)
    : openServer({ ...options, url: options.url }, migrate);
}

async function openServer(
  { url, ownerUrl, lockTimeout = LOCK_TIMEOUT }: DatabaseOptions & { url: string },
  migrate: Migrate,
): Promise<Database> {
  const clients = new Clients();
  try {
    const open = (max: number): Sql => clients.open(url, { max, ...UNPREPARED });
    const sql = open(CONNECTIONS);
    const [row] = await sql<{ account: string }[]>`select current_user as account`;
    const account = row?.account ?? "";
    if (ownerUrl === undefined) await migrate(sql, account);
    else await asOwner((owners) => migrate(owners.open(ownerUrl, { max: 1, ...UNPREPARED }), account));
    const keepers = open(MOST_KEEPERS);
    const warning = await warningOf(sql);
    return { ...working(clients, sql, keepers, lockTimeout), warning, close: () => clients.end() };
  } catch (error) {
    await clients.end();
    throw error instanceof AuthorityError ? error : unavailable(error);
  }
}

/** The owner's connection ends when it has done its work: what is not there cannot be misused. */
async function asOwner(work: (owners: Clients) => Promise<void>): Promise<void> {
  const owners = new Clients();
  try {
    await owners.orLost(work(owners));
  } finally {
    await owners.end();
  }
}

async function openEmbedded(
  { folder, lockTimeout = LOCK_TIMEOUT }: DatabaseOptions,
  migrate: Migrate,
): Promise<Database> {
  const leftBehind = whilePresent(folder);
  for (let attempt = 0; ; attempt++) {
    const clients = new Clients();
    try {
      const endpoint = await startOrJoin(folder);
      const open = (max: number): Sql =>
        clients.open(undefined, { ...endpoint, max, user: ACCOUNT, database: "postgres" });
      // The owner comes first: until it has been here there may be no account.
      await asOwner((owners) => migrate(owners.open(undefined, { ...endpoint, ...AS_OWNER }), ACCOUNT));
      const [sql, keepers, presence] = [open(CONNECTIONS), open(MOST_KEEPERS), open(1)];
      const reach = (client: Sql, count: number) => Array.from({ length: count }, () => client`select pg_sleep(0.01)`);
      await Promise.all([...reach(sql, CONNECTIONS), ...reach(keepers, KEEPERS)]);
      await presence`select pg_advisory_lock_shared(${PRESENCE_LOCK})`;
      let closed: Promise<void> | undefined;
      const close = async () => {
        const last = await leave(presence).catch(() => "unknown" as const);
        await clients.end();
        if (last === "unknown") await leaveBehind(folder);
        else if (last) await stopAfterLastClient(folder);
        leftBehind();
      };
      return { ...working(clients, sql, keepers, lockTimeout), warning: undefined, close: () => (closed ??= close()) };
    } catch (error) {
      // The server was stopping: its last client left as this one came. Start it again.
      await clients.end();
      if ((isLost(error) || isOf(error, TOO_MANY_CONNECTIONS)) && attempt < 20) {
        await sleep(50);
        continue;
      }
      await leaveBehind(folder);
      leftBehind();
      throw error instanceof AuthorityError ? error : unavailable(error, logFile(folder));
    }
  }
}

type Working = Pick<Database, "ask" | "transaction" | "stream" | "hold">;

/** `keepers`: a client whose connections are kept for long. */
function working(clients: Clients, sql: Sql, keepers: Sql, limit: number): Working {
  const explained = async <T>(work: Promise<T>, lock?: number): Promise<T> => {
    try {
      return await clients.orLost(work);
    } catch (error) {
      if (isOf(error, LOCK_NOT_AVAILABLE)) throw await busy(sql, limit, lock);
      throw error;
    }
  };
  let streams = 0;
  const bound = (begun: Transaction) => begun`select set_config('lock_timeout', ${String(limit)}, true)`;
  return {
    ask: (work) => clients.orLost(work(sql)),
    transaction<T>(work: (sql: Transaction) => Promise<T>, mode = ""): Promise<T> {
      const done = sql.begin(mode, async (begun) => {
        await bound(begun);
        return work(begun);
      });
      return explained(done as Promise<T>);
    },
    async *stream<Row>(query: StreamedQuery, within?: Transaction): AsyncGenerator<Row[]> {
      const name = `stream_${++streams}`;
      const kept = within === undefined ? await keep(keepers, "read only") : undefined;
      const reader = within ?? kept?.transaction;
      if (reader === undefined) return;
      try {
        await clients.orLost(toPromise(reader`declare ${reader(name)} no scroll cursor for ${query(reader)}`));
        for (;;) {
          const rows = await clients.orLost(
            toPromise(reader<object[]>`fetch ${reader.unsafe(String(ROWS))} from ${reader(name)}`),
          );
          if (rows.length > 0) yield [...rows] as Row[];
          if (rows.length < ROWS) break;
        }
        await clients.orLost(toPromise(reader`close ${reader(name)}`));
      } finally {
        if (kept !== undefined) await clients.orLost(kept.end()).catch(() => undefined);
      }
    },
    async hold(lock) {
      const kept = await clients.orLost(keep(keepers, ""));
      const { transaction } = kept;
      try {
        // A server may be set to end transactions that are idle or long.
        await transaction`select set_config(name, '0', true) from pg_settings
          where name in ('idle_in_transaction_session_timeout', 'transaction_timeout')`;
        await bound(transaction);
        await explained(toPromise(transaction`select pg_advisory_xact_lock(${lock})`), lock);
      } catch (error) {
        void kept.end().catch(() => undefined);
        throw error;
      }
      return {
        check: async () => {
          await clients.orLost(toPromise(transaction`select 1`));
        },
        release: () => clients.orLost(kept.end()),
      };
    },
  };
}

interface Kept {
  transaction: Transaction;
  /** Commits. */
  end(): Promise<void>;
}

/** A transaction that lasts until it is ended. */
async function keep(client: Sql, mode: string): Promise<Kept> {
  let letGo = (): void => undefined;
  const wanted = new Promise<void>((resolve) => (letGo = resolve));
  let ended: Promise<unknown> = Promise.resolve();
  const transaction = await new Promise<Transaction>((resolve, reject) => {
    ended = client.begin(mode, async (sql) => {
      resolve(sql);
      await wanted;
    });
    ended.catch(reject);
  });
  return {
    transaction,
    end: async () => {
      letGo();
      await ended;
    },
  };
}

/** A query is asked only when somebody waits for it. */
async function toPromise<T>(query: PromiseLike<T>): Promise<T> {
  return query;
}

/** Who holds the lock; where none is named, or nobody does, who has been in a transaction for longest. */
async function busy(sql: Sql, limit: number, lock = 0): Promise<AuthorityError> {
  const [holder] = await sql<StoreHolder[]>`
    select pid as session, application_name as application, extract(epoch from now() - coalesce(xact_start, state_change))::int as seconds
    from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
    order by pid in (
      select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1
        and (classid::bigint << 32) + objid::bigint = ${lock}) desc, xact_start nulls last limit 1`;
  return new AuthorityError({ code: "STORE_BUSY", seconds: Math.round(limit / 1000), ...(holder && { holder }) });
}

/**
 * Everyone present shares a lock. Whoever can have it alone is the last: of several that leave at once, one can. It
 * belongs to the connection and not to a transaction: nothing stands between us and the embedded server.
 */
async function leave(presence: Sql): Promise<boolean> {
  await presence`select pg_advisory_unlock_shared(${PRESENCE_LOCK})`;
  return isAlone(presence);
}

async function isAlone(client: Sql): Promise<boolean> {
  const [row] = await client<{ alone: boolean }[]>`select pg_try_advisory_lock(${PRESENCE_LOCK}) as alone`;
  return row?.alone === true;
}

/**
 * Stops the server if nobody uses it, for whom it is not certain that the server knows of their leaving: it takes a
 * moment to see that a process is gone.
 */
export async function leaveBehind(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const clients = new Clients();
    try {
      const endpoint = await joinRunning(folder);
      if (endpoint === undefined) return;
      const alone = await isAlone(clients.open(undefined, { ...endpoint, ...AS_OWNER }));
      await clients.end();
      if (alone) await stopAfterLastClient(folder);
      if (alone) return;
    } catch {
      await clients.end();
    }
    await sleep(100);
  }
}

/** An account that could alter the audit is a promise that others must take on trust. */
async function warningOf(sql: Sql): Promise<string | undefined> {
  const [row] = await sql<{ account: string; able: string | null }[]>`
    select current_user as account, case when rolsuper then 'is a superuser'
      when pg_has_role(current_user, relowner, 'member') then 'owns the tables' end as able
    from pg_roles, pg_class where rolname = current_user and pg_class.oid = 'audit_events'::regclass`;
  if (typeof row?.able !== "string") return undefined;
  return `the database account ${row.account} ${row.able} and could alter the audit; give hufu an account of its own`;
}

/** Whether the account may not do what was asked. */
export function isForbidden(error: unknown): boolean {
  return isOf(error, INSUFFICIENT_PRIVILEGE);
}

/** `log`: the embedded server's. */
function unavailable(error: unknown, log?: string): AuthorityError {
  const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  return new AuthorityError({ code: "STORE_UNAVAILABLE", is: "unreachable", why, ...(log !== undefined && { log }) });
}
