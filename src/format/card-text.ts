import { MAX_INFLATED_LENGTH } from "../abi/limits.js";
import { decodeBase45 } from "./base45.js";
import { toHex } from "./bytes.js";
import { ItemError } from "./items.js";
import { readSdCwt, type SdCwt } from "./presentation.js";
import { inflate } from "./zlib.js";

/**
 * A presentable card as its authority hands it to its holder: a QR text, with all that may be disclosed. Undefined where it
 * is a static card; rejects with ItemError or ZlibError where it is none, or one that could not be presented.
 */
export async function readCardText(text: string): Promise<SdCwt | undefined> {
  const ZLIB = 0x78; // a window of 32 KiB (RFC 1950 §2.2); no tag 18 begins so
  const bytes = decodeBase45(text.trim());
  if (!(bytes instanceof Uint8Array)) throw new ItemError("not base45");
  const card = readSdCwt(bytes[0] === ZLIB ? await inflate(bytes, MAX_INFLATED_LENGTH) : bytes);
  if (card !== undefined) await refuseStrays(card);
  return card;
}

/** A disclosure whose hash the issuer has not signed would make every presentation with it worthless. */
async function refuseStrays({ disclosures, hashes, open }: SdCwt): Promise<void> {
  for (const { key, item } of disclosures) {
    const hash = await crypto.subtle.digest("SHA-256", item as Uint8Array<ArrayBuffer>);
    if (open.has(key) || !hashes.includes(toHex(new Uint8Array(hash)))) throw new ItemError("a stray disclosure");
  }
}
