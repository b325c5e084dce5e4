import { allocate } from "../arena";

/**
 * A COSE_Sign1 message (RFC 9052 section 4.2) as it was read: addresses into its bytes, nothing copied. An address is 0
 * and a length 0 where the field is absent. It is all that a reader leaves behind besides the Sig_structure, so a
 * message in a header of another is read after it, into a record of its own.
 */
@unmanaged
export class Sign1 {
  /** The protected header's content, and the unprotected header: maps, or of no bytes. */
  header: usize;
  headerLength: i32;
  unprotected: usize;
  unprotectedLength: i32;
  /** COSE algorithm number from the protected header (RFC 9053). */
  algorithm: i32;
  /** Header 4, of the protected header where it stands there. */
  kid: usize;
  kidLength: i32;
  signature: usize;
  /** Whatever the issuer sent; a length the algorithm does not have is a bad signature, not a parse error. */
  signatureLength: i32;
  /** Sig_structure, RFC 9052 section 4.4, written by the parser. */
  toBeSigned: usize;
  toBeSignedLength: i32;
  /** Content of the payload byte string: the claims. */
  payload: usize;
  payloadLength: i32;
}

/** A record of an item's own, every field absent; it lives as long as the item. */
export function wipedSign1(): Sign1 {
  const record = allocate(offsetof<Sign1>());
  memory.fill(record, 0, offsetof<Sign1>());
  return changetype<Sign1>(record);
}
