import { randomBytes } from "node:crypto";
import { CloseCode } from "../format/wire/frame.js";
import type { Hello } from "../format/wire/client-frame.js";
import { type Desk, Session } from "./session.js";
import type { Scope } from "./token.js";

/** A session outlives its connection so long (milliseconds). */
export const KEPT_MS = 60_000;
/** Sessions that nothing carries; with more the oldest end. */
const MOST_KEPT = 10_000;

/** Who asks, by a token. */
export interface Party {
  readonly scope: Scope;
  /** As TokenCheck names it. */
  readonly name: string;
}

/** A session as a connection is let into it. */
export interface Opened {
  readonly session: Session;
  readonly resumed: boolean;
  /** Its id as the client writes it. */
  readonly told: string;
}

/** The sessions there are: those that a connection carries, and for a while those that nothing does. */
export class Sessions {
  readonly #desk: Desk;
  readonly #sessions = new Map<string, Session>();
  /** Without a connection, the oldest first. */
  readonly #kept = new Map<Session, ReturnType<typeof setTimeout>>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Sessions that nothing carries. */
  get kept(): number {
    return this.#kept.size;
  }

  /** The session that `hello` names, which the party's token alone opens, or a new one. */
  open(party: Party, address: string, hello: Omit<Hello, "type">): Opened {
    const random = randomBytes(16).toString("hex");
    const { id, told } = hello.session ?? { id: random, told: random };
    const key = `${party.name} ${id}`;
    const lane = hello.lane ?? party.scope.lane ?? "gate";
    const before = this.#sessions.get(key);
    if (before?.lane === lane && !before.isOver) {
      before.carrier?.close(CloseCode.REPLACED, "another connection carries this session");
      this.#unkeep(before);
      before.request = hello.request;
      before.address = address;
      before.enter();
      return { session: before, resumed: true, told };
    }
    if (before !== undefined) this.#end(before);
    const session = new Session(
      party.scope,
      { party: party.name, id, lane, address, request: hello.request },
      this.#desk,
    );
    this.#sessions.set(key, session);
    return { session, resumed: false, told };
  }

  /** Nothing carries the session any more: what it is owed is kept for whoever says hello in time. */
  leave(session: Session): void {
    if (session.carrier !== undefined || this.#kept.has(session)) return;
    const timer = setTimeout(() => {
      this.#end(session);
    }, KEPT_MS).unref();
    this.#kept.set(session, timer);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#end(oldest);
  }

  /** Sessions of tokens that are good no more. */
  endIf(isStranger: (scope: Scope) => boolean): void {
    for (const session of [...this.#kept.keys()]) if (isStranger(session.scope)) this.#end(session);
  }

  #unkeep(session: Session): void {
    clearTimeout(this.#kept.get(session));
    this.#kept.delete(session);
  }

  #end(session: Session): void {
    session.carrier?.close(CloseCode.REPLACED, "another connection carries this session");
    this.#unkeep(session);
    session.end();
    const key = `${session.party} ${session.id}`;
    if (this.#sessions.get(key) === session) this.#sessions.delete(key);
  }
}
