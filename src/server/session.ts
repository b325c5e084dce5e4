import { randomUUID } from "node:crypto";
import { Code } from "../abi/code.js";
import { bareVerdict } from "../engine/verdict.js";
import { CloseCode, type Question, type ServerFrame } from "../format/wire/frame.js";
import type { Verdict } from "../format/verdict.js";
import type { Schedule, Work } from "./schedule.js";
import type { Tally } from "./tally.js";
import { outOfScope, type Scope } from "./token.js";

/** What carries a session's frames to its client. */
export interface Carrier {
  send(frame: ServerFrame): void;
}

/** Why a client that asks so is not listened to any longer. */
export interface Fault {
  code: CloseCode;
  reason: string;
}

/** What sessions stand on. */
export interface Desk {
  readonly tally: Tally;
  readonly schedule: Schedule;
  /** Items that one session may have unanswered. */
  readonly credits: number;
}

/** Who has no more texts than this unanswered stands at a gate, and waits for nobody's bulk work. */
export const GATE_ITEMS = 4;

/** A frame that was taken, until its answer has been handed to a carrier. */
class Owed {
  readonly verdicts: Verdict[];
  #left: number;

  constructor(
    readonly seq: number,
    readonly items: number,
  ) {
    this.verdicts = new Array<Verdict>(items);
    this.#left = items;
  }

  get isAnswered(): boolean {
    return this.#left === 0;
  }

  /** The verdicts from `from` on. */
  answer(from: number, part: readonly Verdict[]): void {
    part.forEach((verdict, index) => (this.verdicts[from + index] = verdict));
    this.#left -= part.length;
  }
}

/**
 * What a client and the server owe each other, whatever connection carries it: a session has one carrier at a time, or
 * none, and then it keeps its answers, which its credits bound, for the next.
 */
export class Session {
  readonly #desk: Desk;
  /** By which a presentation that is shown again is told from one that is asked about again. */
  readonly #id = randomUUID();
  /** In the order in which they were asked. */
  readonly #owed = new Set<Owed>();
  #items = 0;
  #carrier: Carrier | undefined;

  constructor(
    readonly scope: Scope,
    /** Who asks, as TokenCheck names it. */
    readonly party: string,
    desk: Desk,
  ) {
    this.#desk = desk;
  }

  /** Items taken whose verdicts have not been handed to a carrier. */
  get owed(): number {
    return this.#items;
  }

  /** From now on `carrier` carries the session, first of all what could not be delivered before. */
  attach(carrier: Carrier): void {
    this.#carrier = carrier;
    for (const owed of [...this.#owed]) this.#deliver(owed);
  }

  /** `carrier` carries nothing any more; another may have taken its place already. */
  detach(carrier: Carrier): void {
    if (this.#carrier === carrier) this.#carrier = undefined;
  }

  /** Nobody comes back for the answers: what has not been begun is not asked. */
  end(): void {
    this.#carrier = undefined;
    this.#desk.schedule.leave(this);
    this.#owed.clear();
    this.#items = 0;
  }

  /** Take a frame of `bytes` bytes, which are kept until it is answered. */
  ask({ seq, qrs, request }: Question, bytes: number): Fault | undefined {
    const { schedule, credits } = this.#desk;
    const reason = outOfScope(this.scope, request);
    if (reason !== undefined) return { code: CloseCode.SCOPE, reason };
    if (this.#items + qrs.length > credits) {
      return { code: CloseCode.OVER_CREDIT, reason: `more than ${credits} items unanswered` };
    }
    this.#items += qrs.length;
    const owed = new Owed(seq, qrs.length);
    this.#owed.add(owed);
    const work = this.#workOf(owed, { seq, qrs, request }, bytes);
    if (this.#items <= GATE_ITEMS) schedule.gate(work);
    else if (schedule.hasRoom(bytes)) schedule.bulk(this, work);
    else
      this.#answer(
        owed,
        0,
        Array.from(qrs, () => bareVerdict(Code.BUSY)),
      );
    return undefined;
  }

  #workOf(owed: Owed, { seq, qrs, request }: Question, bytes: number): Work {
    const { tally } = this.#desk;
    const requirements = tally.requirementsOf(this.scope, request);
    const scan = request.scan === undefined ? [this.#id, seq] : [request.scan];
    const isScan = request.scan !== undefined && qrs.length === 1;
    const submit = (from: number, to: number, done: () => void): void => {
      const question = {
        door: "stream" as const,
        party: this.party,
        qrs: to - from === qrs.length ? qrs : qrs.slice(from, to),
        requirementsOf: () => requirements,
        // A scan of one text is known by its number alone, as at the HTTP door.
        scanOf: (index: number) => JSON.stringify([this.party, ...scan, ...(isScan ? [] : [from + index])]),
      };
      tally.ask(question, (verdicts) => {
        this.#answer(owed, from, verdicts);
        done();
      });
    };
    return { count: qrs.length, bytes, submit };
  }

  #answer(owed: Owed, from: number, part: readonly Verdict[]): void {
    owed.answer(from, part);
    this.#deliver(owed);
  }

  #deliver(owed: Owed): void {
    if (!owed.isAnswered || this.#carrier === undefined || !this.#owed.delete(owed)) return;
    this.#items -= owed.items;
    this.#carrier.send({ type: "verdicts", seq: owed.seq, verdicts: owed.verdicts });
  }
}
