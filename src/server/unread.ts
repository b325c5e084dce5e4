import type { Credits } from "../format/wire/frame.js";

/** Answers that a client may not have read: what they cost is not given back before. */
export class Unread {
  /** In the order in which they were sent. */
  #answers: { readonly end: number; readonly cost: Credits }[] = [];
  #items = 0;
  #bytes = 0;

  get items(): number {
    return this.#items;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** An answer was sent that ends after so many bytes of all. */
  add(end: number, cost: Credits): void {
    this.#answers.push({ end, cost });
    this.#count(cost, 1);
  }

  /** So many bytes of all have been taken. */
  taken(bytes: number): void {
    const first = this.#answers.findIndex(({ end }) => end > bytes);
    const read = this.#answers.splice(0, first === -1 ? this.#answers.length : first);
    for (const { cost } of read) this.#count(cost, -1);
  }

  #count({ items, bytes }: Credits, sign: 1 | -1): void {
    this.#items += sign * items;
    this.#bytes += sign * bytes;
  }
}
