/** How much each network address has of something that is shared. */
export class PerAddress {
  readonly #counts = new Map<string, number>();

  /** `most`: what one address may have. */
  constructor(readonly most: number) {}

  isFull(address: string): boolean {
    return (this.#counts.get(address) ?? 0) >= this.most;
  }

  enter(address: string): void {
    this.#counts.set(address, (this.#counts.get(address) ?? 0) + 1);
  }

  leave(address: string): void {
    const left = (this.#counts.get(address) ?? 1) - 1;
    if (left > 0) this.#counts.set(address, left);
    else this.#counts.delete(address);
  }
}
