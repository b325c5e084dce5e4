import { CloseCode, type FrameCodec } from "../format/wire/frame.js";
import type { StreamSocket } from "../http/sockets/seam.js";
import type { Carrier, Session } from "./session.js";
import type { Party } from "./sessions.js";

/** One WebSocket: it frames what a session says and hears. */
export interface Connection {
  readonly codec: FrameCodec;
  readonly address: string;
  /** Absent: the token was missing or wrong. */
  readonly party: Party | undefined;
  /** Absent before the client has said hello, or asked. */
  session: Session | undefined;
  /** The socket, as the session knows it. */
  carrier: Carrier | undefined;
  /** Has a frame come? */
  spoken: boolean;
  /** When it is welcomed though it says nothing. */
  greeting: ReturnType<typeof setTimeout> | undefined;
  /** performance.now() of the last frame. */
  heard: number;
  /** Watches in a row in which nothing came that shows a living peer. */
  silent: number;
  open: boolean;
  /** Bytes that it was given to send. */
  written: number;
  /** Frames that were refused since it was last looked at. */
  refused: number;
  /** How it is closed once what waits for its reader is read. */
  ending: Ending | undefined;
}

export interface Ending {
  readonly code: CloseCode;
  readonly reason: string;
  /** Watches for which the reader has not read it all. */
  watches: number;
  /** Frames that came all the same. */
  frames: number;
}

export type Socket = StreamSocket<Connection>;

/** Bytes of all that was sent which the client's system has, or at least all that it has read. */
export function takenOf(socket: Socket): number {
  const { open, written } = socket.getUserData();
  return open ? written - socket.getBufferedAmount() : written;
}

/**
 * Take and send no more, and close it once its reader has what was sent. A reason has 123 bytes at most (RFC 6455 section
 * 5.5), none of them the half of a character.
 */
export function close(socket: Socket, code: CloseCode, reason: string): void {
  const connection = socket.getUserData();
  if (!connection.open) return;
  connection.open = false;
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(123));
  connection.ending = { code, reason: reason.slice(0, read), watches: 0, frames: 0 };
  endIfRead(socket);
}

/** Where uWebSockets.js has said the end of a connection it keeps what was not read, uncounted: so it is not said before. */
export function endIfRead(socket: Socket): void {
  const { ending } = socket.getUserData();
  // Who goes away waits for nobody.
  const isRead = ending?.code === CloseCode.GOING_AWAY || socket.getBufferedAmount() === 0;
  if (ending !== undefined && isRead) socket.end(ending.code, ending.reason);
}
