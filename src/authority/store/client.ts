import type { Socket } from "node:net";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import { ConnectionLost, connectWire } from "./connection.js";

/** The one file that knows the PostgreSQL client. */
export type Sql = postgres.Sql<{ bigint: number }>;
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

/** Makes the query on the connection it is given. */
export type StreamedQuery = (sql: Transaction) => postgres.Fragment;

/** What the client, the system and the server (SQLSTATE classes 08 and 57P) say of a connection that is gone. */
const LOST = /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNRE(FUSED|SET)|ENOENT|EPIPE|57P0[1-3]|08...)$/;

/** Whether work failed for want of the database, and not for what was asked of it. */
export function isLost(error: unknown): boolean {
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  return code !== undefined && LOST.test(code) && (code !== "ENOENT" || syscall === "connect");
}

/** SQLSTATEs. */
export const LOCK_NOT_AVAILABLE = "55P03";
export const TOO_MANY_CONNECTIONS = "53300";
export const INSUFFICIENT_PRIVILEGE = "42501";
/** Within this time an end that was asked for has come (milliseconds). */
const GOODBYE = 1_000;
/** Type numbers (pg_type.dat). An int8 here counts rows or epochs, which a number holds exactly up to 2^53. */
const INT8 = 20;
const BYTEA = 17;

const COMMON = {
  idle_timeout: 0,
  max_lifetime: null,
  connect_timeout: 0, // connection.ts has its own
  fetch_types: false, // a failure of that would be nobody's
  onnotice: () => undefined,
  connection: { application_name: `hufu, process ${process.pid} on ${hostname()}`.slice(0, 63) },
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

type ClientOptions = postgres.Options<(typeof COMMON)["types"]>;

/** All clients of one database. They are lost together. */
export class Clients {
  readonly #clients: Sql[] = [];
  readonly #sockets = new Set<Socket>();
  /** Who waits for what will never be answered. */
  readonly #waiting = new Set<(error: Error) => void>();
  #ended: Promise<unknown> | undefined;

  open(url: string | undefined, options: ClientOptions): Sql {
    const all: ClientOptions = { ...COMMON, ...options };
    // What an address and the environment say, as the client reads it; this one is never asked for anything.
    const { host, port, path, ssl, ...rest } = (url === undefined ? postgres(all) : postgres(url, all)).options;
    const { sslnegotiation } = rest as { sslnegotiation?: string | null };
    const socket = async (): Promise<Socket> => {
      const made = await connectWire({ host, port, path, ssl, sslnegotiation }, (closed) => {
        this.#sockets.delete(closed);
        void this.#lose();
      });
      this.#sockets.add(made);
      if (this.#ended !== undefined) made.destroy();
      return made;
    };
    const [firstHost = "", firstPort = 5432] = [host[0], port[0]];
    const made = { ...all, socket, ssl: false, host: firstHost, port: firstPort };
    const client = url === undefined ? postgres(made) : postgres(url, made);
    this.#clients.push(client);
    return client;
  }

  /** What the work comes to, or a rejection when the database is lost: the client does not answer all it was asked. */
  orLost<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(new ConnectionLost());
      else this.#waiting.add(reject);
      void work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  async end(): Promise<void> {
    await this.#lose();
    const deadline = Date.now() + GOODBYE;
    while (this.#sockets.size > 0 && Date.now() < deadline) await sleep(5);
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Whatever was asked is refused, and nothing can be asked any more. */
  #lose(): Promise<unknown> {
    if (this.#ended === undefined) {
      this.#ended = Promise.all(this.#clients.map((client) => client.end({ timeout: 0 })));
      for (const reject of this.#waiting) reject(new ConnectionLost());
    }
    return this.#ended;
  }
}

export function isOf(error: unknown, state: string): boolean {
  return error instanceof postgres.PostgresError && error.code === state;
}
