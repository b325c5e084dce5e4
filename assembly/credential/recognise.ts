import { Code } from "../result";
import { readClaim169 } from "./claim169";
import { clearCredential, Credential } from "./credential";

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
  return readClaim169(src, length, out);
}
