import { createHash } from "node:crypto";
import type { PublicKey } from "../format/cose-key.js";
import { TrustError } from "../format/trust/trust-list.js";
import { thumbprintOf } from "./memory.js";
import type { StateFolder } from "./state-folder.js";

/**
 * The roots whose trust lists count: those of lists that were named by hand; where there are none, the root of the first
 * list that came from where one was awaited, now or before a restart.
 */
export class Pins {
  readonly #pinned = new Set<string>();
  /** What is still to come: by root, or by another name where no list tells. */
  readonly #awaited = new Set<string>();

  constructor(
    readonly folder: StateFolder | undefined,
    readonly place: string | undefined,
  ) {}

  /** COSE Key Thumbprints (RFC 9679), hexadecimal. */
  get pinned(): readonly string[] {
    return [...this.#pinned];
  }

  get awaits(): boolean {
    return this.#awaited.size > 0;
  }

  await(what: string): void {
    this.#awaited.add(what);
  }

  addByHand(root: PublicKey): void {
    this.#pinned.add(thumbprintOf(root));
  }

  /** Where nobody named a root by hand: those of the place before the restart. Rejects with StateError. */
  async recall(): Promise<void> {
    if (this.#pinned.size > 0 || this.place === undefined) return;
    for (const thumbprint of (await this.folder?.read(nameOf(this.place)))?.keys() ?? []) this.#pinned.add(thumbprint);
  }

  /** Throws TrustError where lists of this root do not count. */
  check(root: PublicKey): void {
    const thumbprint = thumbprintOf(root);
    if (this.#pinned.has(thumbprint) || (this.#pinned.size === 0 && this.place !== undefined)) return;
    const pinned = this.#pinned.size === 0 ? "no root is pinned" : `pinned is ${this.pinned.join(", ")}`;
    throw new TrustError("OTHER_ROOT", `it is signed by the root key ${thumbprint}, and ${pinned}`);
  }

  /** A list of this root has come. Rejects with StateError where that cannot be kept over a restart. */
  async add(root: PublicKey, now: number): Promise<void> {
    const thumbprint = thumbprintOf(root);
    if (this.#pinned.has(thumbprint)) return;
    this.#pinned.add(thumbprint);
    if (this.place !== undefined) await this.folder?.raise(nameOf(this.place), new Map([[thumbprint, now]]));
  }

  /** Is anything still to come, now that a list of this root has? */
  stillAwaits(root: string): boolean {
    this.#awaited.delete(root);
    this.#awaited.delete("feed");
    return this.awaits;
  }
}

/** Addresses may hold a password, and are of any length. */
function nameOf(place: string): string {
  return `feed-${createHash("sha256").update(place).digest("hex")}`;
}
