import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { AuthorityError } from "../errors.js";
import { clusterUser, startOrJoin, stopAfterLastClient } from "./embedded.js";

/** The one file that knows the PostgreSQL client. */
export type Sql = postgres.Sql<{ bigint: number }>;
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

export interface Database {
  sql: Sql;
  /** Waits for the advisory lock. Returns what lets go; it rejects where the lock had been lost. */
  hold(lock: number): Promise<() => Promise<void>>;
  /** Leaves; the embedded server is stopped when nobody else uses it. */
  close(): Promise<void>;
}

/** What the client, the system and the server (SQLSTATE class 57P) say of a connection that is gone. */
const LOST = /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNRE(FUSED|SET)|ENOENT|EPIPE|57P0[1-3])$/;

/** Whether work failed for want of the database, and not for what was asked of it. */
export function isLost(error: unknown): boolean {
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return code !== undefined && LOST.test(code) && (code !== "ENOENT" || syscall === "connect");
}

export interface DatabaseOptions {
  /** Folder of the embedded cluster, used without `url`. */
  folder: string;
  /** A PostgreSQL server of one's own, as HUFU_DATABASE_URL gives it. */
  url?: string;
}

/** Connections for queries. All are opened at the start: a server that is about to stop admits no new ones. */
const CONNECTIONS = 4;
/** And for locks: that of a run, that of a publication, and that of its files. */
const KEEPERS = 3;
/** Seconds that leaving may take. The client would wait for ever where a connection was lost while it was in use. */
const GOODBYE = { timeout: 1 };
/** Numbers of advisory locks in our database; those of issuing runs are small. */
export const PRESENCE_LOCK = 0x68756675_01;
export const MIGRATION_LOCK = 0x68756675_02;
export const PUBLICATION_LOCK = 0x68756675_03;
export const FILES_LOCK = 0x68756675_04;
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
  const keepers = new Keepers(() => postgres(url, { ...COMMON, max: 1 }));
  return {
    sql,
    hold: (lock) => keepers.hold(lock),
    close: async () => {
      await Promise.all([sql.end(GOODBYE), keepers.end()]);
    },
  };
}

async function openEmbedded(folder: string): Promise<Database> {
  for (let attempt = 0; ; attempt++) {
    const endpoint = await startOrJoin(folder);
    const options = { ...COMMON, ...endpoint, user: clusterUser(), database: "postgres" };
    const alone = (): Sql => postgres({ ...options, max: 1 });
    const [sql, presence, keepers] = [postgres(options), alone(), new Keepers(alone)];
    try {
      await Promise.all(Array.from({ length: CONNECTIONS }, () => sql`select pg_sleep(0.01)`));
      await keepers.connect(KEEPERS);
      await presence`select pg_advisory_lock_shared(${PRESENCE_LOCK})`;
      const close = async () => {
        const last = await leave(presence);
        await Promise.all([sql.end(GOODBYE), presence.end(GOODBYE), keepers.end()]);
        if (last) await stopAfterLastClient(folder);
      };
      return { sql, hold: (lock) => keepers.hold(lock), close };
    } catch (error) {
      // The server was stopping: its last client left as this one came. Start it again.
      await Promise.all([sql.end(GOODBYE), presence.end(GOODBYE), keepers.end()]);
      if (attempt === 20) throw unavailable(error);
      await sleep(50);
    }
  }
}

/**
 * Clients of one connection each, for advisory locks, which belong to connections. One that is reserved out of a pool
 * would not do: when it is lost, the client never settles what is asked on it.
 */
class Keepers {
  readonly #all: Sql[] = [];
  readonly #free: Sql[] = [];

  constructor(private readonly make: () => Sql) {}

  async connect(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const keeper = this.#add();
        await keeper`select 1`;
        this.#free.push(keeper);
      }),
    );
  }

  async hold(lock: number): Promise<() => Promise<void>> {
    const keeper = this.#free.pop() ?? this.#add();
    await keeper`select pg_advisory_lock(${lock})`;
    return async () => {
      const [row] = await keeper<{ held: boolean }[]>`select pg_advisory_unlock(${lock}) as held`;
      if (row?.held !== true) throw unavailable(new Error("a lock was lost with its connection"));
      this.#free.push(keeper);
    };
  }

  async end(): Promise<void> {
    await Promise.all(this.#all.map((keeper) => keeper.end(GOODBYE)));
  }

  #add(): Sql {
    const keeper = this.make();
    this.#all.push(keeper);
    return keeper;
  }
}

/**
 * Everyone present shares a lock. Whoever can have it alone is the last: of several that leave at once, one can. Nobody
 * is when the server is gone already.
 */
async function leave(presence: Sql): Promise<boolean> {
  try {
    await presence`select pg_advisory_unlock_shared(${PRESENCE_LOCK})`;
    const [row] = await presence<{ last: boolean }[]>`select pg_try_advisory_lock(${PRESENCE_LOCK}) as last`;
    return row?.last === true;
  } catch {
    return false;
  }
}

function unavailable(error: unknown): AuthorityError {
  const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  return new AuthorityError("STORE_UNAVAILABLE", `PostgreSQL cannot be reached: ${why}`, "check HUFU_DATABASE_URL");
}
