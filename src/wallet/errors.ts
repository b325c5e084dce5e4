export type WalletErrorCode =
  /** The text is not a credential's QR, or one that contradicts itself. */
  | "BAD_CARD"
  /** The card is meant to be shown as it is: nobody's key is asked for. */
  | "STATIC_CARD"
  /** The card is bound to another key than the wallet's. */
  | "OTHER_KEY"
  | "NO_CARD"
  /** No key was made yet. */
  | "NO_KEY"
  /** The card is there and its key is not, or signs no more: only a new card helps. */
  | "KEY_LOST"
  /** There is a card, which a new key would take out of use. */
  | "HAS_CARD"
  /** The card has no such claim, neither open nor to be disclosed. */
  | "NO_SUCH_CLAIM"
  /** Not a private key that this platform signs with: Ed25519 or P-256. */
  | "UNSUPPORTED_KEY";

export class WalletError extends Error {
  override readonly name = "WalletError";
  constructor(
    readonly code: WalletErrorCode,
    /** Of NO_SUCH_CLAIM. */
    readonly claim?: number,
  ) {
    super(claim === undefined ? code : `${code} ${claim}`);
  }
}
