import { encodeTrustList, TrustError, type TrustedKey } from "../../src/format/trust/trust-list.js";
import { NOW } from "./make-card.js";
import type { TestKey } from "./keys.js";

/** A signed trust list over `keys`. */
export function trustListOf(root: TestKey, keys: TrustedKey[], epoch = 1): Promise<Uint8Array> {
  const list = {
    authority: "pilot.example",
    epoch,
    issuedAt: NOW - 1000,
    expires: NOW + 100_000,
    keys,
    root: { algorithm: root.algorithm, publicKey: root.publicKey },
  };
  return encodeTrustList(list, (message) => root.sign(message));
}

/** Code of the TrustError that `act` ends in; "accepted" where it ends in none. */
export function trustErrorOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TrustError) return error.code;
    throw error;
  }
  return "accepted";
}
