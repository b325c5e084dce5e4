/** What has bytes that wait for its reader. */
export interface Reader {
  getBufferedAmount(): number;
}

/** The bytes that wait for all readers together: one reader may be slow, but not all at once fill the memory. */
export class Unsent<R extends Reader> {
  readonly #amounts = new Map<R, number>();
  #total = 0;

  /** `most`: bytes that may wait. */
  constructor(readonly most: number) {}

  /** As they were when each was last looked at. */
  get total(): number {
    return this.#total;
  }

  look(reader: R): void {
    const amount = reader.getBufferedAmount();
    this.#total += amount - (this.#amounts.get(reader) ?? 0);
    if (amount > 0) this.#amounts.set(reader, amount);
    else this.#amounts.delete(reader);
  }

  /** Nothing waits for it any more. */
  forget(reader: R): void {
    this.#total -= this.#amounts.get(reader) ?? 0;
    this.#amounts.delete(reader);
  }

  /** Where more waits than may: the one for which most does, which must go. */
  tooSlow(): R | undefined {
    if (this.#total <= this.most) return undefined;
    for (const reader of [...this.#amounts.keys()]) this.look(reader);
    if (this.#total <= this.most) return undefined;
    return [...this.#amounts].reduce((one, other) => (other[1] > one[1] ? other : one))[0];
  }
}
