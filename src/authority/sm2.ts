import { sm2 } from "sm-crypto-v2";
import { toHex, fromHex } from "../format/bytes.js";

/**
 * SM2 with SM3 (GM/T 0003.2), ZA with the default identifier, signature r||s. node:crypto makes SM2 keys, but can
 * neither set the identifier nor write r||s.
 */

/** `scalar` 32 bytes, `publicKey` x||y of 64 bytes. */
export function signSm2(message: Uint8Array, scalar: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const options = { hash: true, publicKey: `04${toHex(publicKey)}` };
  const signature = fromHex(sm2.doSignature(message, toHex(scalar), options));
  if (signature?.length !== 64) throw new Error("sm-crypto-v2 gave a signature of another form");
  return signature;
}
