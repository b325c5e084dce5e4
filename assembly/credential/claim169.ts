import { Format } from "../../src/abi/batch";
import { Form, readSign1 } from "../cose/cose";
import { Code } from "../result";
import { Credential } from "./credential";
import { readClaims } from "./cwt";
import { readIdentity } from "./identity";

/**
 * Read a static card: a CWT (RFC 8392) in COSE_Sign1 with claim 169. The signature is not judged here, not even its
 * length. VALID when all of it could be read, else what the first stage to refuse says (CBOR, then COSE, then CWT, then
 * claim 169); `out` then has the fields that were read before. See recognise.ts for the parameters.
 */
export function readClaim169(src: usize, length: i32, out: Credential): Code {
  out.format = Format.CLAIM169;
  let code = readSign1(src, length, out, Form.CWT);
  if (code == Code.VALID) code = readClaims(out.payload, out.payloadLength, out);
  return code == Code.VALID ? readIdentity(out) : code;
}
