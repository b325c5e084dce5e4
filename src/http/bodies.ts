import { PerAddress } from "./per-address.js";
import { Problem } from "./problem.js";

/** Bytes of bodies that are held at once: of all requests, and of those from one address. */
const MOST = 64 * 1024 * 1024;
const MOST_PER_ADDRESS = 16 * 1024 * 1024;

/** What the bodies of all requests may take, so that neither one large sender nor many fill the memory. */
export class BodyBudget {
  readonly #addresses = new PerAddress(MOST_PER_ADDRESS);
  #held = 0;

  /** Take `length` bytes for a request from `address`, to be given back whatever this says. */
  take(address: string, length: number): Problem | undefined {
    this.#held += length;
    this.#addresses.enter(address, length);
    if (this.#addresses.of(address) > MOST_PER_ADDRESS) {
      return new Problem("TOO_MANY_CONNECTIONS", "too many large requests at once from one address", AGAIN);
    }
    return this.#held > MOST ? new Problem("BUSY", "too many large requests at once", AGAIN) : undefined;
  }

  give(address: string, length: number): void {
    this.#held -= length;
    if (length > 0) this.#addresses.leave(address, length);
  }
}

const AGAIN = { "Retry-After": "1" };
