import { TEXT_CAPACITY } from "../abi/batch.js";
import { MAX_SCANNED_LENGTH } from "../abi/limits.js";
import type { VerifierStats } from "../engine/verifier.js";
import { MAX_CONTEXT_TEXTS_LENGTH } from "../format/requirements.js";
import { Census } from "./census.js";

/** Texts that somebody wants answered, to be handed to the ring as a whole or part by part. */
export interface Work {
  readonly count: number;
  /** Bytes that are kept of it while it waits. */
  readonly bytes: number;
  /** Hand over the texts from `from` to before `to`, and call `done` once they are answered. Must not throw. */
  submit(from: number, to: number, done: () => void): void;
}

/** What the schedule asks of the ring. */
export type Ring = Pick<VerifierStats, "workers" | "slabs" | "slabsFree">;

/** Texts of one session that are handed over at its turn: a batch of the engine. */
export const TURN = 128;
/** Turns of bulk work that are with the engine, for each worker: one at work, one at hand, one being filled. */
const TURNS_PER_WORKER = 3;
/** Texts that one slab surely takes, however long they and their requests are. */
const TEXTS_PER_SLAB = Math.floor(TEXT_CAPACITY / (MAX_SCANNED_LENGTH + MAX_CONTEXT_TEXTS_LENGTH)) - 1;
/** Of so many slabs one is left to gates: a bank never makes a gate hear BUSY. */
const RESERVED_ONE_IN = 4;
/** Bytes of all work that waits. */
const MAX_WAITING_BYTES = 256 * 1024 * 1024;
/** Where nothing of ours is in the ring and yet it is full, nobody tells when that changes. */
const AGAIN_MS = 20;

/** What one owner has waiting: first come, first served, the first perhaps handed over in part. */
interface Queue {
  readonly works: Work[];
  /** Texts of the first that have been handed over. */
  begun: number;
}

/**
 * Stands between those who ask and the ring, with two lanes. What a gate asks goes into the ring at once. Bulk work waits
 * here, and only as much of it is in the ring as keeps the workers busy: so that a gate's scan finds a short way before
 * it, and a bank waits instead of hearing BUSY. Owners of bulk work take turns of TURN texts, whatever their frames are.
 */
export class Schedule {
  /** Texts of bulk work that wait. */
  readonly waiting = new Census();
  /** Owners with work that waits, the next to have a turn first. */
  readonly #queues = new Map<object, Queue>();
  readonly #ring: () => Ring;
  /** Texts of bulk work in the ring. */
  #inRing = 0;
  #bytes = 0;
  #turning = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(ring: () => Ring) {
    this.#ring = ring;
  }

  /** May so many bytes wait? */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= MAX_WAITING_BYTES;
  }

  /** Now, before whatever waits. */
  gate(work: Work): void {
    work.submit(0, work.count, () => {
      this.#takeTurns();
    });
  }

  /** After what `owner` has waiting already, in turns with the others. The caller has looked at `hasRoom`. */
  bulk(owner: object, work: Work): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined) this.#queues.set(owner, { works: [work], begun: 0 });
    else queue.works.push(work);
    this.waiting.enter(work.count);
    this.#bytes += work.bytes;
    this.#takeTurns();
  }

  /** Forget what `owner` has waiting: nobody is there to hear it. */
  leave(owner: object): void {
    const queue = this.#queues.get(owner);
    if (queue === undefined) return;
    this.#queues.delete(owner);
    const works = queue.works.splice(0);
    for (const { bytes } of works) this.#bytes -= bytes;
    this.waiting.leave(works.reduce((texts, { count }) => texts + count, -queue.begun));
  }

  /** Not from within itself: texts may be answered while they are handed over. */
  #takeTurns(): void {
    if (this.#turning) return;
    this.#turning = true;
    for (let [next] = this.#queues; next !== undefined; [next] = this.#queues) {
      const room = this.#room();
      if (room <= 0) {
        if (this.#inRing === 0) this.#tryAgain();
        break;
      }
      const [owner, queue] = next;
      this.#turn(queue, Math.min(TURN, room));
      // Behind the others, if anything is left.
      this.#queues.delete(owner);
      if (queue.works.length > 0) this.#queues.set(owner, queue);
    }
    this.#turning = false;
  }

  /** Texts that may be handed over now. */
  #room(): number {
    const { workers, slabs, slabsFree } = this.#ring();
    const free = slabsFree - Math.floor(slabs / RESERVED_ONE_IN);
    return Math.min(workers * TURNS_PER_WORKER * TURN - this.#inRing, free * TEXTS_PER_SLAB);
  }

  #turn(queue: Queue, most: number): void {
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
      work.submit(from, from + count, () => {
        this.#inRing -= count;
        this.#takeTurns();
      });
    }
  }

  #tryAgain(): void {
    if (this.#again !== undefined) return;
    this.#again = setTimeout(() => {
      this.#again = undefined;
      this.#takeTurns();
    }, AGAIN_MS).unref();
  }
}
