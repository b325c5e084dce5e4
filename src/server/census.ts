/** Counts what is at work, and tells when nothing is. */
export class Census {
  #count = 0;
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#count;
  }

  enter(count: number): void {
    this.#count += count;
  }

  leave(count: number): void {
    this.#count -= count;
    if (this.#count > 0) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves when nothing is at work, or `within` milliseconds have passed. */
  async idle(within: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, within);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
