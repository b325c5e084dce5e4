import { isDeepStrictEqual } from "node:util";
import { CloseCode, type Credits, type Lane, type ServerFrame } from "../format/wire/frame.js";
import type { Question } from "../format/wire/client-frame.js";
import type { Requirements } from "../format/requirements.js";
import type { Verdict, VerifyRequest } from "../format/verdict.js";
import { Answers, workOf } from "./asking.js";
import { type Allotment, GATE_CREDITS } from "./credits.js";
import type { Quota, Quotas } from "./quota.js";
import type { Schedule, Work } from "./schedule.js";
import type { Tally } from "./tally.js";
import { outOfScope, type Scope } from "./token.js";
import { Unread } from "./unread.js";

/** What carries a session's frames to its client. */
export interface Carrier {
  /** False: it will not arrive. */
  send(frame: ServerFrame): boolean;
  /** Bytes it was given to send, and those of them that the client has taken: at least all that it has read. */
  readonly written: number;
  taken(): number;
  close(code: CloseCode, reason: string): void;
  /** Told when an answer has been handed over. */
  settled?(): void;
}

/** A client that is told of fewer credits may have sent what the old ones allowed (milliseconds). */
const GRACE_MS = 10_000;

/** Why a client that asks so is not listened to any longer. */
export interface Fault {
  code: CloseCode;
  reason: string;
}

/** What sessions stand on. */
export interface Desk {
  readonly tally: Tally;
  readonly schedule: Schedule;
  readonly quotas: Quotas;
  /** What bulk sessions may have unanswered. */
  readonly allotment: Pick<Allotment, "enter" | "leave" | "of">;
  /** Of the newest status snapshot; null where there is none. */
  epoch(): number | null;
}

/** What a session is, as it was opened. */
export interface SessionTerms {
  /** Who asks, as TokenCheck names it. */
  readonly party: string;
  /** 16 bytes in hex, its own among those of the party. */
  readonly id: string;
  readonly lane: Lane;
  readonly address: string;
  /** What is asked of every text, unless its frame or itself says otherwise. */
  readonly request: VerifyRequest;
}

/** A frame that was taken, until its answer has been handed to a carrier. */
class Owed extends Answers {
  constructor(
    readonly question: Question,
    readonly bytes: number,
    readonly came: number,
  ) {
    super(question.qrs.length);
  }
}

/**
 * What a client and the server owe each other, whatever connection carries it: a session has one carrier at a time, or
 * none, and then it keeps its answers, which its credits bound, for the next.
 */
export class Session {
  readonly party: string;
  readonly id: string;
  readonly lane: Lane;
  /** What it may have unanswered, as its client was told. */
  #credits: Credits;
  /** What it may have for as long, because it could not know. */
  #grace: { readonly credits: Credits; readonly until: number } | undefined;
  request: VerifyRequest;
  /** Whence the connection came that carries it, or did last. */
  address: string;
  readonly quota: Quota | undefined;
  readonly #desk: Desk;
  /** By the client's number, in the order in which they were asked. */
  readonly #owed = new Map<number, Owed>();
  /** What was owed when the present carrier came: it is on its way over that one, though the client may ask again. */
  #inherited = new Map<number, Question>();
  #items = 0;
  #bytes = 0;
  /** Answers that the present carrier was given and may not have delivered: they still cost their credits. */
  #unread = new Unread();
  /** Bytes of claims in answers that nobody has fetched. */
  #kept = 0;
  #isOver = false;
  #carrier: Carrier | undefined;

  constructor(
    readonly scope: Scope,
    { party, id, lane, address, request }: SessionTerms,
    desk: Desk,
  ) {
    this.#desk = desk;
    this.party = party;
    this.id = id;
    this.lane = lane;
    this.address = address;
    this.request = request;
    this.quota = desk.quotas.of(scope);
    this.#credits = this.#limited(GATE_CREDITS);
    this.enter();
  }

  get credits(): Credits {
    return this.#credits;
  }

  /** From now on it has a part of what bulk sessions share. */
  enter(): void {
    if (this.lane !== "bulk") return;
    this.#desk.allotment.enter(this);
    this.#credits = this.#limited(this.#desk.allotment.of(this));
  }

  /** A party's concurrency holds for all its sessions, and so for each. */
  #limited({ items, bytes }: Credits): Credits {
    return { items: Math.min(items, this.scope.concurrency ?? Infinity), bytes };
  }

  /** What it may have unanswered is this from now on. */
  allot(allotted: Credits): void {
    const credits = this.#limited(allotted);
    if (isDeepStrictEqual(credits, this.#credits)) return;
    if (credits.items < this.#credits.items) {
      this.#grace = { credits: this.#allowed, until: performance.now() + GRACE_MS };
    }
    this.#credits = credits;
    this.#carrier?.send({ type: "credits", credits });
  }

  get #allowed(): Credits {
    const { credits, until } = this.#grace ?? { credits: this.#credits, until: 0 };
    return performance.now() < until && credits.items > this.#credits.items ? credits : this.#credits;
  }

  /** Items taken whose verdicts have not been handed to a carrier. */
  get owed(): number {
    return this.#items;
  }

  /** It has ended, or more than its credits would have to be kept for it. */
  get isOver(): boolean {
    return this.#isOver || this.#kept > this.#credits.bytes;
  }

  get carrier(): Carrier | undefined {
    return this.#carrier;
  }

  /** From now on `carrier` carries the session, first of all what could not be delivered before. */
  attach(carrier: Carrier): void {
    this.#carrier = carrier;
    this.#unread = new Unread();
    this.#inherited = new Map([...this.#owed].map(([seq, { question }]) => [seq, question]));
    for (const owed of [...this.#owed.values()]) this.#deliver(owed);
  }

  /** `carrier` carries nothing any more; another may have taken its place already. */
  detach(carrier: Carrier): void {
    if (this.#carrier !== carrier) return;
    this.#carrier = undefined;
    // What it is owed still has its credits.
    if (this.#owed.size === 0) this.#desk.allotment.leave(this);
  }

  /** Nobody comes back for the answers: what has not been begun is not asked. */
  end(): void {
    this.#isOver = true;
    this.#carrier = undefined;
    this.#desk.schedule.leave(this);
    this.#desk.allotment.leave(this);
    this.#owed.clear();
    this.#inherited.clear();
    [this.#items, this.#bytes, this.#kept] = [0, 0, 0];
  }

  /**
   * Take a frame of `bytes` bytes, which are kept until it is answered, and which `came` when performance.now() said so.
   * One that is unanswered and asked again, as after a lost connection, is answered once.
   */
  ask(question: Question, bytes: number, came: number): Fault | "other-question" | undefined {
    const { schedule } = this.#desk;
    const { seq, qrs } = question;
    const before = this.#owed.get(seq);
    if (before !== undefined) return isSame(before.question, question) ? undefined : "other-question";
    const inherited = this.#inherited.get(seq);
    this.#inherited.delete(seq);
    if (inherited !== undefined && isSame(inherited, question)) return undefined;
    const requests = requestsOf(question, this.request);
    for (const request of new Set(requests)) {
      const reason = outOfScope(this.scope, request);
      if (reason !== undefined) return { code: CloseCode.SCOPE, reason };
    }
    if (!this.#affords(qrs.length, bytes)) {
      const { items, bytes: most } = this.#credits;
      return { code: CloseCode.OVER_CREDIT, reason: `more than ${items} items or ${most} bytes unanswered or unread` };
    }
    this.#items += qrs.length;
    this.#bytes += bytes;
    const owed = new Owed(question, bytes, came);
    this.#owed.set(seq, owed);
    schedule.ask(this.lane, this, this.#workOf(owed, requests));
    return undefined;
  }

  #affords(items: number, bytes: number): boolean {
    const fits = (): boolean =>
      this.#items + this.#unread.items + items <= this.#allowed.items &&
      this.#bytes + this.#unread.bytes + bytes <= this.#allowed.bytes;
    if (fits()) return true;
    // What was read is looked for only where it matters.
    this.#unread.taken(this.#carrier?.taken() ?? 0);
    return fits();
  }

  #workOf(owed: Owed, requests: readonly VerifyRequest[]): Work {
    const { tally } = this.#desk;
    const { seq, qrs } = owed.question;
    const known = new Map<VerifyRequest, Requirements>();
    const requirementsOf = (index: number): Requirements => {
      const request = requests[index] ?? this.request;
      const requirements = known.get(request) ?? tally.requirementsOf(this.scope, request);
      known.set(request, requirements);
      return requirements;
    };
    // A text that has a scan of its own is known by that alone, at whatever door and in whatever session.
    const isAlone = (index: number) => qrs.length === 1 || owed.question.own?.get(index)?.scan !== undefined;
    const scanOf = (index: number): string => {
      const scan = requests[index]?.scan;
      const own = scan === undefined ? [this.id, seq, index] : isAlone(index) ? [scan] : [scan, index];
      return JSON.stringify([this.party, ...own]);
    };
    const asked = { door: "stream" as const, lane: this.lane, party: this.party, qrs, requirementsOf, scanOf };
    return workOf(tally, asked, owed.bytes, (from, part) => {
      this.#answer(owed, from, part);
    });
  }

  #answer(owed: Owed, from: number, part: readonly Verdict[]): void {
    owed.take(from, part);
    if (owed.isWhole) this.#desk.tally.metrics.took("stream", owed.came);
    if (this.#carrier === undefined) this.#kept += sizeOf(part);
    this.#deliver(owed);
  }

  #deliver(owed: Owed): void {
    const { seq } = owed.question;
    const carrier = this.#carrier;
    if (!owed.isWhole || carrier === undefined || this.#owed.get(seq) !== owed) return;
    // What a slow reader's line has dropped was never sent: the next connection gets it.
    if (!carrier.send({ type: "verdicts", seq, epoch: this.#desk.epoch(), verdicts: owed.verdicts })) return;
    const items = owed.question.qrs.length;
    this.#owed.delete(seq);
    this.#items -= items;
    this.#bytes -= owed.bytes;
    this.#unread.add(carrier.written, { items, bytes: owed.bytes });
    if (this.#owed.size === 0) this.#kept = 0;
    carrier.settled?.();
  }
}

/** What is asked of each text: its own before the frame's before the session's; one object for all that ask the same. */
function requestsOf({ qrs, request, own }: Question, session: VerifyRequest): VerifyRequest[] {
  const common = Object.keys(session).length === 0 ? request : { ...session, ...request };
  return qrs.map((_, index) => {
    const mine = own?.get(index);
    return mine === undefined ? common : { ...common, ...mine };
  });
}

function isSame(one: Question, other: Question): boolean {
  const texts = ({ qrs }: Question): string[] => qrs.map((qr) => Buffer.from(qr).toString("latin1"));
  return isDeepStrictEqual([texts(one), one.request, one.own], [texts(other), other.request, other.own]);
}

/** Bytes of claims, roughly; the rest of a verdict is small, and bounded by the credits for items. */
function sizeOf(verdicts: readonly Verdict[]): number {
  return verdicts.reduce((sum, { claims }) => sum + (claims === undefined ? 0 : JSON.stringify(claims).length), 0);
}
