import { Code } from "../result";
import { readClaim169 } from "./claim169";
import { clearCredential, Credential } from "./credential";
import { readBareSdCwt, readPresentation, Type, typeOf } from "./presentation";

/**
 * The kinds of QR, and the only place that knows them all: which one some bytes are is told by what is inside. A kind
 * is a file beside this one and a line here, before the last.
 *
 * Read the `length` bytes at `src`, as they come out of inflation, into `out`; nothing but Sig_structures is copied. A
 * reader sets `out.format` and returns VALID or the code of the stage that refuses; it judges no signature. No input
 * traps.
 */
export function readCredential(src: usize, length: i32, out: Credential): Code {
  clearCredential(out);
  const type = typeOf(src, length);
  if (type == Type.KB_CWT) return readPresentation(src, length, out);
  if (type == Type.SD_CWT) return readBareSdCwt(src, length, out);
  return readClaim169(src, length, out);
}
