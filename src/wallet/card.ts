import { readCardText } from "../format/card-text.js";
import { cborToJson } from "../format/claims.js";
import { ItemError } from "../format/items.js";
import { writePresentation, type Disclosure, type SdCwt } from "../format/presentation.js";
import type { ClaimValue } from "../format/verdict.js";
import { ZlibError } from "../format/zlib.js";
import { WalletError } from "./errors.js";
import { coseAlgorithm, isKeyOf, type HolderKey } from "./key.js";

/** A card that its holder's key presents, and presentations of it. */
export type Card = SdCwt;

/** What a relying party asks to be shown, and in which words it asked. */
export interface PresentationRequest {
  /** The relying party's own name, or `purpose:` and the purpose. */
  audience: string;
  /** Keys of claim 169. What is not named and not always open stays unseen. */
  claims: readonly number[];
  /** What the gate shows, to be signed. */
  nonce?: string;
}

/** What a presentation would show of claim 169, by key, and what it would not. */
export interface Preview {
  shown: Record<string, ClaimValue>;
  withheld: number[];
}

/** The card that an authority gave out as a QR text. Rejects with nothing but WalletError. */
export async function readCard(text: string): Promise<Card> {
  try {
    const card = await readCardText(text);
    if (card === undefined) throw new WalletError("STATIC_CARD");
    return card;
  } catch (error) {
    if (error instanceof ItemError || error instanceof ZlibError) throw new WalletError("BAD_CARD");
    throw error;
  }
}

/** Throws WalletError unless the card is bound to the key. */
export function checkBinding(card: Card, key: HolderKey): void {
  let isBound: boolean;
  try {
    isBound = isKeyOf(card.holderKey, key);
  } catch (error) {
    if (error instanceof ItemError) throw new WalletError("BAD_CARD");
    throw error;
  }
  if (!isBound) throw new WalletError("OTHER_KEY");
}

/** What anyone who scans a presentation with these claims is shown. */
export function preview(card: Card, claims: readonly number[]): Preview {
  const disclosed = disclosuresFor(card, claims);
  const shown = [...card.open, ...disclosed.map(({ key, value }) => [key, value] as const)];
  return {
    shown: Object.fromEntries(shown.map(([key, value]) => [key, cborToJson(value)])),
    withheld: card.disclosures.filter((one) => !disclosed.includes(one)).map(({ key }) => key),
  };
}

/** A new presentation, with an id of its own. `at`: milliseconds since 1970. */
export function present(card: Card, key: HolderKey, request: PresentationRequest, at: number): Promise<string> {
  const { audience, claims, nonce } = request;
  const token = {
    algorithm: coseAlgorithm(key),
    audience,
    issuedAt: Math.floor(at / 1000),
    id: crypto.getRandomValues(new Uint8Array(16)),
    ...(nonce !== undefined && { nonce }),
  };
  return writePresentation(card, disclosuresFor(card, claims), token, key.sign);
}

function disclosuresFor({ disclosures, open }: Card, claims: readonly number[]): Disclosure[] {
  const stranger = claims.find((claim) => !open.has(claim) && !disclosures.some(({ key }) => key === claim));
  if (stranger !== undefined) throw new WalletError("NO_SUCH_CLAIM", stranger);
  return disclosures.filter(({ key }) => claims.includes(key));
}
