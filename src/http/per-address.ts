/** How much each network address has of something that is shared. */
export class PerAddress {
  readonly #amounts = new Map<string, number>();

  /** `most`: what one address may have. */
  constructor(readonly most: number) {}

  isFull(address: string): boolean {
    return this.of(address) >= this.most;
  }

  of(address: string): number {
    return this.#amounts.get(address) ?? 0;
  }

  enter(address: string, amount = 1): void {
    this.#amounts.set(address, this.of(address) + amount);
  }

  leave(address: string, amount = 1): void {
    const left = this.of(address) - amount;
    if (left > 0) this.#amounts.set(address, left);
    else this.#amounts.delete(address);
  }
}
