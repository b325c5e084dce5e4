import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectSecure, type ConnectionOptions } from "node:tls";

/**
 * The wire to PostgreSQL, made here and handed to the client, which does not survive the end of one it made itself: when
 * a connection closes it forgets its socket, and whatever is asked on it next (the ROLLBACK of a transaction that has
 * just failed, the next rows of a cursor) is a TypeError that nobody can catch. So it never learns that a socket has
 * closed. It is told of an error instead, and of another one for each thing it goes on to write. What it leaves unanswered
 * even so, `Clients` in database.ts answers.
 */

/** Where and how, as the client has read it from an address and the environment. */
export interface Wire {
  host: readonly string[];
  port: readonly number[];
  /** Of a Unix socket. */
  path?: string | false | undefined;
  /** As the client takes it: a word such as "require", or what node:tls knows. */
  ssl?: string | boolean | object | undefined;
  sslnegotiation?: string | null | undefined;
}

/** A server that does not answer within this time is as good as none (milliseconds). */
const ANSWER_TIMEOUT = 30_000;
/** SSLRequest (PostgreSQL, protocol 3.0, message formats). */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/** What the client is told of a connection that is gone. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  readonly code = "CONNECTION_CLOSED";
  constructor(message = "the connection was closed") {
    super(message);
  }
}

/** Connects to the first host that answers. `onClose` is told when the connection has ended, by whomever. */
export async function connectWire(wire: Wire, onClose: (socket: Socket) => void): Promise<Socket> {
  let failure: Error | undefined;
  for (const [i, host] of wire.host.entries()) {
    try {
      const socket = await reach(wire, host, wire.port[i] ?? 5432);
      return shield(socket, onClose);
    } catch (error) {
      failure ??= error as Error;
    }
  }
  throw failure ?? new ConnectionLost("no host is named");
}

async function reach({ path, ssl, sslnegotiation }: Wire, host: string, port: number): Promise<Socket> {
  const plain = path ? connectPlain(path) : connectPlain(port, host);
  await happening(plain, "connect");
  if (!ssl || path) return plain;
  const direct = sslnegotiation === "direct";
  if (!direct) {
    plain.write(SSL_REQUEST);
    const [answer] = (await happening(plain, "data")) as [Buffer];
    if (answer[0] !== 0x53) {
      if (ssl === "prefer") return plain;
      plain.destroy();
      throw new Error(`${host} does not offer TLS`);
    }
  }
  const options: ConnectionOptions = { socket: plain, ...(direct && { ALPNProtocols: ["postgresql"] }) };
  if (isIP(host) === 0) options.servername = host;
  if (ssl === "require" || ssl === "allow" || ssl === "prefer") options.rejectUnauthorized = false;
  const secure = connectSecure(typeof ssl === "object" ? { ...options, ...ssl } : options);
  await happening(secure, "secureConnect");
  return secure;
}

/** The event's arguments. Rejects where the connection fails, ends or is silent first. */
function happening(socket: Socket, event: "connect" | "data" | "secureConnect"): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      socket.off("error", fail).off("close", closed).off(event, succeed);
      act();
    };
    const succeed = (...values: unknown[]) => {
      settle(() => {
        resolve(values);
      });
    };
    const fail = (error: Error) => {
      settle(() => {
        // Whatever else it still has to say, nobody asks it any more.
        socket.on("error", () => undefined).destroy();
        reject(error);
      });
    };
    const closed = () => {
      fail(new ConnectionLost());
    };
    const timer = setTimeout(() => {
      fail(silent());
    }, ANSWER_TIMEOUT);
    socket.once("error", fail).once("close", closed).once(event, succeed);
  });
}

function silent(): Error {
  return Object.assign(new Error(`nothing was answered for ${ANSWER_TIMEOUT / 1000} s`), { code: "CONNECT_TIMEOUT" });
}

function shield(socket: Socket, onClose: (socket: Socket) => void): Socket {
  const emit = socket.emit.bind(socket) as (event: string | symbol, ...values: unknown[]) => boolean;
  const write = socket.write.bind(socket) as (...values: unknown[]) => boolean;
  let gone = false;
  const timer = setTimeout(() => {
    emit("error", silent());
    socket.destroy();
  }, ANSWER_TIMEOUT);
  socket.once("data", () => {
    clearTimeout(timer);
  });
  const tell = () => {
    if (socket.listenerCount("error") > 0) emit("error", new ConnectionLost());
  };
  socket.emit = (event: string | symbol, ...values: unknown[]): boolean => {
    if (event !== "close") return emit(event, ...values);
    gone = true;
    clearTimeout(timer);
    onClose(socket);
    tell();
    return true;
  };
  socket.write = (...values: unknown[]): boolean => {
    if (!gone) return write(...values);
    // Not before the client has noted down what it is about to write.
    setImmediate(tell);
    return true;
  };
  return socket;
}
