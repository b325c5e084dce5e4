import { type Credits, MAX_FRAME_LENGTH } from "../format/wire/frame.js";
import { BULK_SHARE, type Ring, TURN } from "./schedule.js";
import { type Owner, Turns } from "./turns.js";

/** A gate has few scans open, and asks again only those that are still fresh. */
export const GATE_CREDITS: Credits = { items: 4, bytes: 64 * 1024 };
/** What bulk work may have however many share: a frame of HufuClient. */
const LEAST_ITEMS = TURN;
const BYTES_PER_ITEM = 4 * 1024;
const MOST_BYTES = 16 * 1024 * 1024;

/** Who has credits for bulk work, and is told when they change. */
export interface Holder extends Owner {
  allot(credits: Credits): void;
}

/**
 * Shares out what banks may have unanswered: all credits for bulk work together are what the ring holds beside the slabs
 * that are left to gates, in equal parts for parties, within a party for its addresses, and there for its sessions. Parts
 * are powers of two, so that few are told of one more or less.
 */
export class Allotment {
  readonly #holders = new Turns<Holder>();
  readonly #ring: () => Pick<Ring, "slabs">;
  readonly #most: number;
  #isTelling = false;

  /** `most`: items that one session may have. */
  constructor(ring: () => Pick<Ring, "slabs">, most: number) {
    this.#ring = ring;
    this.#most = most;
  }

  /** Items that all may have unanswered at this moment. */
  get items(): number {
    return [...this.#holders].reduce((sum, [owner]) => sum + this.of(owner).items, 0);
  }

  /** From now on `holder` has a part; what of it the others lose they are told in a turn of its own. */
  enter(holder: Holder): void {
    if (this.#holders.of(holder) !== undefined) return;
    this.#holders.enter(holder, holder);
    this.#tellSoon();
  }

  leave(holder: Holder): void {
    if (this.#holders.of(holder) === undefined) return;
    this.#holders.leave(holder);
    this.#tellSoon();
  }

  /** The part of one that has entered. */
  of(owner: Owner): Credits {
    const share = this.#ring().slabs * TURN * BULK_SHARE * this.#holders.partOf(owner);
    const part = 2 ** Math.floor(Math.log2(Math.max(share, LEAST_ITEMS)));
    const items = Math.min(this.#most, part);
    return { items, bytes: Math.min(Math.max(items * BYTES_PER_ITEM, MAX_FRAME_LENGTH), MOST_BYTES) };
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      for (const [, holder] of [...this.#holders]) holder.allot(this.of(holder));
    });
  }
}
