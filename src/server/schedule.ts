import { TEXT_CAPACITY } from "../abi/batch.js";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import type { VerifierStats } from "../engine/verifier.js";
import type { Lane } from "../format/wire/frame.js";
import { MAX_CONTEXT_TEXTS_LENGTH } from "../format/requirements.js";
import { Census } from "./census.js";
import { type Owner, Turns } from "./turns.js";

/** Texts that somebody wants answered, to be handed to the ring as a whole or part by part. */
export interface Work {
  readonly count: number;
  /** Bytes that are kept of it while it waits. */
  readonly bytes: number;
  /** Hand over the texts from `from` to before `to`, and call `done` once they are answered. Must not throw. */
  submit(from: number, to: number, done: () => void): void;
  /** Answer each of them that there is no room; nothing of it has been handed over. Must not throw. */
  refuse(refusal: Refusal): void;
}

/** Why nothing is asked now, and in how many milliseconds to try again. */
export interface Refusal {
  readonly because: "no-room" | "quota";
  readonly retryAfterMs: number;
}

/** What the schedule asks of the ring. */
export type Ring = Pick<VerifierStats, "workers" | "slabs" | "slabsFree">;

/** Texts of one session that are handed over at its turn: a batch of the engine. */
export const TURN = 128;
/** Turns of bulk work that are with the engine, for each worker: one at work, one at hand, one being filled. */
const TURNS_PER_WORKER = 3;
/**
 * Turns that are taken before sockets are read again. Who is answered asks anew: so what one look at all sockets finds is
 * what these were, however many banks there are, and a gate's frame among it is not far behind.
 */
const TURNS_A_LOOP = 4;
/** Texts that one slab surely takes, however long they and their requests are. */
const TEXTS_PER_SLAB = Math.floor(TEXT_CAPACITY / (MAX_SCANNED_LENGTH + MAX_CONTEXT_TEXTS_LENGTH)) - 1;
/** Of the slabs this part is for bulk work, the rest is left to gates: a bank never makes a gate hear BUSY. */
export const BULK_SHARE = 3 / 4;
/** Bytes of all work that waits. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Texts of gates that are with the engine, for each worker: what it answers within some 4 ms. */
const GATE_TEXTS_PER_WORKER = 2 * TURN;
/** A scan that has found no room for so long is BUSY: who stands at the gate shows the card again. */
export const GATE_WAIT_MS = 5;
/** But the one whose turn it is among those of its address waits longer: nobody else's flood makes it hear BUSY. */
export const FIRST_WAIT_MS = 50;
const NO_ROOM: Refusal = { because: "no-room", retryAfterMs: 20 };
/** Where nothing of ours is in the ring and yet it is full, nobody tells when that changes. */
const AGAIN_MS = 20;

/** What one owner has waiting: first come, first served, the first perhaps handed over in part. */
interface Queue {
  readonly works: Work[];
  /** Texts of the first that have been handed over. */
  begun: number;
}

/** A gate's scans, and since when they wait (performance.now). */
interface Scans {
  readonly work: Work;
  readonly since: number;
}

/**
 * Stands between those who ask and the ring, with two lanes. What a gate asks goes into the ring at once, as long as
 * gates have no more there than workers soon answer; then it waits for a moment. Bulk work waits here, and only as much of
 * it is in the ring as keeps the workers busy: so that a gate's scan finds a short way before it, and a bank waits instead
 * of hearing BUSY. In both lanes owners take turns, those of bulk work of TURN texts, whatever their frames are.
 */
export class Schedule {
  /** Texts that wait. */
  readonly waiting = new Census();
  readonly #queues = new Turns<Queue>();
  readonly #gates = new Turns<Scans[]>();
  /** Bulk work of parties that have asked all that they may for now. */
  readonly #stalled = new Map<Owner, Queue>();
  readonly #ring: () => Ring;
  /** Texts of bulk work in the ring. */
  #inRing = 0;
  /** Texts of gates in the ring. */
  #gatesInRing = 0;
  /** Has a gate's scan gone into the ring in this turn of the event loop? Its slab takes more. */
  #isFilling = false;
  #isWatching = false;
  #bytes = 0;
  #turning = false;
  #turnsOfLoop = 0;
  #isYielding = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  readonly #observe: (lane: Lane, work: Work) => Work;

  /** `observe`: work as it is to be kept, so that its way is told. */
  constructor(ring: () => Ring, observe: (lane: Lane, work: Work) => Work = (_, work) => work) {
    this.#ring = ring;
    this.#observe = observe;
  }

  /** Let `work` wait for its turn in a lane; what is too much to be kept is refused at once. */
  ask(lane: Lane, owner: Owner, asked: Work): void {
    const work = this.#observe(lane, asked);
    const wait = lane === "gate" ? (owner.quota?.waitFor(work.count) ?? 0) : 0;
    if (wait > 0) work.refuse({ because: "quota", retryAfterMs: wait });
    else if (lane === "gate") this.#gate(owner, work);
    else if (this.#bytes + work.bytes <= MAX_WAITING_BYTES) this.#bulk(owner, work);
    else work.refuse(NO_ROOM);
  }

  /** Now, before all bulk work, or in turns with other gates; refused where there is no room for too long. */
  #gate(owner: Owner, work: Work): void {
    owner.quota?.take(work.count);
    if (this.#gates.isEmpty && this.#hasGateRoom()) {
      this.#submitGate(owner, work);
      return;
    }
    const scans = { work, since: performance.now() };
    const queue = this.#gates.of(owner);
    if (queue === undefined) this.#gates.enter(owner, [scans]);
    else queue.push(scans);
    this.waiting.enter(work.count);
    this.#watchGates();
  }

  /** After what `owner` has waiting already, in turns with the others. */
  #bulk(owner: Owner, work: Work): void {
    const queue = this.#stalled.get(owner) ?? this.#queues.of(owner);
    if (queue === undefined) this.#queues.enter(owner, { works: [work], begun: 0 });
    else queue.works.push(work);
    this.waiting.enter(work.count);
    this.#bytes += work.bytes;
    this.#takeTurns();
  }

  /** Forget what `owner` has waiting: nobody is there to hear it. */
  leave(owner: Owner): void {
    for (const { work } of this.#gates.of(owner)?.splice(0) ?? []) {
      this.waiting.leave(work.count);
      owner.quota?.give(work.count);
    }
    this.#gates.leave(owner);
    const queue = this.#stalled.get(owner) ?? this.#queues.of(owner);
    if (queue === undefined) return;
    this.#stalled.delete(owner);
    this.#queues.leave(owner);
    const works = queue.works.splice(0);
    for (const { bytes } of works) this.#bytes -= bytes;
    this.waiting.leave(works.reduce((texts, { count }) => texts + count, -queue.begun));
  }

  /** Not from within itself: texts may be answered while they are handed over. */
  #takeTurns(): void {
    if (this.#turning) return;
    this.#turning = true;
    this.#takeGates();
    this.#takeUpStalled();
    while (!this.#queues.isEmpty && this.#isInTurn()) {
      const room = this.#room();
      // Crumbs of turns would go to whoever happens to be next.
      if (room < TURN && this.#inRing > 0) break;
      if (room <= 0) {
        this.#tryAgain();
        break;
      }
      const [owner, queue] = this.#queues.next() ?? [];
      if (owner === undefined || queue === undefined) break;
      const allowed = owner.quota?.room ?? Infinity;
      this.#turnsOfLoop++;
      if (allowed > 0) this.#turn(owner, queue, Math.min(TURN, room, allowed));
      else this.#stalled.set(owner, queue);
      if (queue.works.length === 0 || allowed <= 0) this.#queues.leave(owner);
    }
    const waits = Array.from(this.#stalled.keys(), ({ quota }) => quota?.waitFor(1) ?? 0);
    if (waits.length > 0) this.#tryAgain(Math.min(...waits));
    this.#turning = false;
  }

  /** After so many turns the others wait until sockets were read. */
  #isInTurn(): boolean {
    if (this.#turnsOfLoop < TURNS_A_LOOP) return true;
    if (this.#isYielding) return false;
    this.#isYielding = true;
    setImmediate(() => {
      this.#isYielding = false;
      this.#turnsOfLoop = 0;
      this.#takeTurns();
    });
    return false;
  }

  #takeUpStalled(): void {
    for (const [owner, queue] of [...this.#stalled]) {
      if ((owner.quota?.room ?? 1) <= 0) continue;
      this.#stalled.delete(owner);
      this.#queues.enter(owner, queue);
    }
  }

  #takeGates(): void {
    while (!this.#gates.isEmpty && this.#hasGateRoom()) {
      const [owner, queue] = this.#gates.next() ?? [];
      const scans = queue?.shift();
      if (owner !== undefined && queue?.length === 0) this.#gates.leave(owner);
      if (owner === undefined || scans === undefined) continue;
      this.waiting.leave(scans.work.count);
      this.#submitGate(owner, scans.work);
    }
  }

  #submitGate(owner: Owner, work: Work): void {
    this.#gatesInRing += work.count;
    if (!this.#isFilling) {
      this.#isFilling = true;
      setImmediate(() => {
        this.#isFilling = false;
      });
    }
    work.submit(0, work.count, () => {
      this.#gatesInRing -= work.count;
      owner.quota?.give(work.count);
      this.#takeTurns();
    });
  }

  #hasGateRoom(): boolean {
    const { workers, slabsFree } = this.#ring();
    return this.#gatesInRing < workers * GATE_TEXTS_PER_WORKER && (slabsFree > 0 || this.#isFilling);
  }

  #watchGates(): void {
    // What has been answered in the meantime is heard of before anybody is refused.
    if (this.#isWatching) return;
    this.#isWatching = true;
    setTimeout(() => {
      setImmediate(() => {
        this.#isWatching = false;
        this.#takeTurns();
        this.#refuseLate();
        if (!this.#gates.isEmpty) this.#watchGates();
      });
    }, GATE_WAIT_MS);
  }

  #refuseLate(): void {
    const now = performance.now();
    const firsts = new Set(this.#gates.firsts());
    for (const [owner, queue] of [...this.#gates]) {
      const patience = firsts.has(owner) ? FIRST_WAIT_MS : GATE_WAIT_MS;
      const inTime = queue.findIndex(({ since }) => since + patience > now);
      const late = queue.splice(0, inTime === -1 ? queue.length : inTime);
      if (queue.length === 0) this.#gates.leave(owner);
      for (const { work } of late) {
        this.waiting.leave(work.count);
        owner.quota?.give(work.count);
        work.refuse(NO_ROOM);
      }
    }
  }

  /** Texts that may be handed over now. */
  #room(): number {
    const { workers, slabs, slabsFree } = this.#ring();
    const free = slabsFree - Math.floor(slabs * (1 - BULK_SHARE));
    return Math.min(workers * TURNS_PER_WORKER * TURN - this.#inRing, free * TEXTS_PER_SLAB);
  }

  #turn(owner: Owner, queue: Queue, most: number): void {
    let left = most;
    for (let [work] = queue.works; work !== undefined && left > 0; [work] = queue.works) {
      const from = queue.begun;
      const count = Math.min(left, work.count - from);
      left -= count;
      queue.begun += count;
      if (queue.begun === work.count) {
        queue.works.shift();
        queue.begun = 0;
        this.#bytes -= work.bytes;
      }
      this.waiting.leave(count);
      this.#inRing += count;
      owner.quota?.take(count);
      work.submit(from, from + count, () => {
        this.#inRing -= count;
        owner.quota?.give(count);
        this.#takeTurns();
      });
    }
  }

  #tryAgain(ms = AGAIN_MS): void {
    if (this.#again !== undefined) return;
    this.#again = setTimeout(() => {
      this.#again = undefined;
      this.#takeTurns();
    }, ms).unref();
  }
}
