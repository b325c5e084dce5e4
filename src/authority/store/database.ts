import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { AuthorityError } from "../errors.js";
import { clusterUser, startOrJoin, stopAfterLastClient } from "./embedded.js";

/** The one file that knows the PostgreSQL client. */
export type Sql = postgres.Sql<{ bigint: number }>;
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

export interface Database {
  sql: Sql;
  /** Leaves; the embedded server is stopped when nobody else uses it. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  /** Folder of the embedded cluster, used without `url`. */
  folder: string;
  /** A PostgreSQL server of one's own, as HUFU_DATABASE_URL gives it. */
  url?: string;
}

/** Connections of one process. All are opened at the start: a server that is about to stop admits no new ones. */
const CONNECTIONS = 5;
/** Numbers of advisory locks in our database; those of issuing runs are small. */
export const PRESENCE_LOCK = 0x68756675_01;
export const MIGRATION_LOCK = 0x68756675_02;
export const PUBLICATION_LOCK = 0x68756675_03;
/** Type numbers (pg_type.dat). An int8 here counts rows or epochs, which a number holds exactly up to 2^53. */
const INT8 = 20;
const BYTEA = 17;

const COMMON = {
  max: CONNECTIONS,
  idle_timeout: 0,
  max_lifetime: null,
  connect_timeout: 30,
  onnotice: () => undefined,
  types: {
    bigint: { to: INT8, from: [INT8], serialize: String, parse: Number },
    // A Uint8Array of its own, as everywhere else here, and not a Buffer.
    bytea: {
      to: BYTEA,
      from: [BYTEA],
      serialize: (bytes: Uint8Array) =>
        `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}`,
      parse: (text: string) => new Uint8Array(Buffer.from(text.slice(2), "hex")),
    },
  },
} satisfies postgres.Options<Record<string, postgres.PostgresType>>;

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  return options.url === undefined ? openEmbedded(options.folder) : openServer(options.url);
}

async function openServer(url: string): Promise<Database> {
  let sql: Sql;
  try {
    sql = postgres(url, COMMON);
    await sql`select 1`;
  } catch (error) {
    throw unavailable(error);
  }
  return { sql, close: () => sql.end() };
}

async function openEmbedded(folder: string): Promise<Database> {
  for (let attempt = 0; ; attempt++) {
    const endpoint = await startOrJoin(folder);
    const sql: Sql = postgres({ ...COMMON, ...endpoint, user: clusterUser(), database: "postgres" });
    try {
      await Promise.all(Array.from({ length: CONNECTIONS }, () => sql`select pg_sleep(0.01)`));
      const presence = await sql.reserve();
      await presence`select pg_advisory_lock_shared(${PRESENCE_LOCK})`;
      return { sql, close: () => leave(folder, sql, presence) };
    } catch (error) {
      // The server was stopping: its last client left as this one came. Start it again.
      await sql.end();
      if (attempt === 20) throw unavailable(error);
      await sleep(50);
    }
  }
}

/** Everyone present shares a lock. Whoever can have it alone is the last: of several that leave at once, one can. */
async function leave(folder: string, sql: Sql, presence: postgres.ReservedSql<{ bigint: number }>): Promise<void> {
  await presence`select pg_advisory_unlock_shared(${PRESENCE_LOCK})`;
  const [row] = await presence<{ last: boolean }[]>`select pg_try_advisory_lock(${PRESENCE_LOCK}) as last`;
  presence.release();
  await sql.end();
  if (row?.last === true) await stopAfterLastClient(folder);
}

function unavailable(error: unknown): AuthorityError {
  const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  return new AuthorityError("STORE_UNAVAILABLE", `PostgreSQL cannot be reached: ${why}`, "check HUFU_DATABASE_URL");
}
