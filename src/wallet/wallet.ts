import { toBase64Url } from "../format/bytes.js";
import { writeEnrolmentProof } from "../format/enrolment.js";
import { checkBinding, present, preview, readCard, type Card, type PresentationRequest, type Preview } from "./card.js";
import { Display, type DisplayOptions, type Draw } from "./display.js";
import { WalletError } from "./errors.js";
import { coseAlgorithm, makeKey, publicJwk, readKey, type HolderKey, type PublicJwk } from "./key.js";
import type { OpenStore } from "./store.js";

export { WalletError, type WalletErrorCode } from "./errors.js";
export { indexedDbStore, memoryStore, type OpenStore, type WalletStore } from "./store.js";
export { Display, type DisplayOptions, type Draw, type Screen } from "./display.js";
export type { PresentationRequest, Preview } from "./card.js";
export type { PublicJwk } from "./key.js";

const CARD = "card";
const OFFSET = "offset";

export interface WalletOptions {
  store: OpenStore;
  /** Milliseconds since 1970 by this phone; Date.now when absent. */
  clock?: () => number;
}

/** One holder's half of the tally: a key that never leaves the phone, and the card that is bound to it. */
export class Wallet {
  #key: HolderKey | undefined;
  #card: Card | undefined;
  /** Milliseconds by which the authority's clock is ahead of the phone's. */
  #offset: number;

  private constructor(
    private readonly options: WalletOptions,
    { key, card, offset }: { key: HolderKey | undefined; card: Card | undefined; offset: number },
  ) {
    this.#key = key;
    this.#card = card;
    this.#offset = offset;
  }

  /** What was kept. Rejects with KEY_LOST where there is a card whose key signs no more. */
  static async open(options: WalletOptions): Promise<Wallet> {
    const key = await readKey(options.store);
    const store = await options.store();
    try {
      const [text, offset] = [await store.get(CARD), await store.get(OFFSET)];
      if (text !== undefined && key === undefined) throw new WalletError("KEY_LOST");
      const card = typeof text === "string" ? await readCard(text) : undefined;
      return new Wallet(options, { key, card, offset: typeof offset === "number" ? offset : 0 });
    } finally {
      store.close();
    }
  }

  /** A key for a new card. Its public half goes to the authority with the proof of `enrolment`. */
  async makeKey(): Promise<PublicJwk> {
    if (this.#card !== undefined) throw new WalletError("HAS_CARD");
    this.#key = await makeKey(this.options.store);
    return publicJwk(this.#key);
  }

  /** Proof for the authority of this root key (its fingerprint, hex) that the key is this phone's: base64url. */
  async enrolment({ root, idNumber }: { root: string; idNumber: string }): Promise<string> {
    const key = this.#presentKey();
    const number = new TextEncoder().encode(idNumber.toUpperCase());
    const idNumberHash = new Uint8Array(await crypto.subtle.digest("SHA-256", number));
    const issuedAt = Math.floor(this.now() / 1000);
    const proof = { algorithm: coseAlgorithm(key), audience: root.toLowerCase(), issuedAt, idNumberHash };
    return toBase64Url(await writeEnrolmentProof(proof, key.sign));
  }

  /** Keeps the card, which must be bound to this wallet's key; a newer one takes the place of the one before. */
  async keep(text: string): Promise<void> {
    const card = await readCard(text);
    checkBinding(card, this.#presentKey());
    await this.#put(CARD, text);
    this.#card = card;
  }

  /** Seconds since 1970 at which the card was issued: the authority's time, where it has come this moment. */
  get issuedAt(): number {
    return this.#presentCard().issuedAt;
  }

  /** What the authority's clock says now, in seconds since 1970: presentations bear its time, however wrong the phone's. */
  async learnTime(now: number): Promise<void> {
    this.#offset = now * 1000 - this.#clock();
    await this.#put(OFFSET, this.#offset);
  }

  /** Milliseconds since 1970 by the authority's clock, as far as the wallet knows it. */
  now(): number {
    return this.#clock() + this.#offset;
  }

  /** What a presentation with these claims will show, before it is shown. */
  preview(claims: readonly number[]): Preview {
    return preview(this.#presentCard(), claims);
  }

  /** The text of a QR for this audience, made now. */
  async present(request: PresentationRequest): Promise<string> {
    return present(this.#presentCard(), this.#presentKey(), request, this.now());
  }

  /** Draws presentations, each for half a minute, until the display is stopped. */
  show(request: PresentationRequest, draw: Draw, options?: DisplayOptions): Display {
    return new Display(() => this.present(request), draw, options);
  }

  #clock(): number {
    return (this.options.clock ?? Date.now)();
  }

  #presentKey(): HolderKey {
    if (this.#key === undefined) throw new WalletError("NO_KEY");
    return this.#key;
  }

  #presentCard(): Card {
    if (this.#card === undefined) throw new WalletError("NO_CARD");
    return this.#card;
  }

  async #put(name: string, value: unknown): Promise<void> {
    const store = await this.options.store();
    try {
      await store.put(name, value);
    } finally {
      store.close();
    }
  }
}
