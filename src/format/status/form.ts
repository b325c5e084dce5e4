import { fromHex } from "../bytes.js";
import { StatusError } from "./error.js";

/** CBOR tags 17, 18 and 61 in their shortest form, and the head of an array of four. */
const [TAG_MAC0, TAG_SIGN1, ARRAY_OF_FOUR] = [0xd1, 0xd2, 0x84];
const TAG_CWT = [0xd8, 0x3d] as const;

/** Of a file that is not a COSE_Sign1, for `fault`: what it is instead, as far as its beginning shows it. */
export function refuseForm(bytes: Uint8Array, fault: string): StatusError {
  const [first, second] = bytes;
  if (first === undefined) return new StatusError("UNKNOWN_FORMAT", "it is empty");
  if (first === TAG_CWT[0] && second === TAG_CWT[1]) {
    return foreign("it is wrapped in tag 61 (CWT), in which a Token Status List never is");
  }
  if (first === TAG_MAC0) return foreign("it is a COSE_Mac0, of which only who made it knows that it is genuine");
  if (first === ARRAY_OF_FOUR) return foreign("it is not tagged as COSE_Sign1 (18)");
  if (first === TAG_SIGN1) return new StatusError("BAD_HEADER", `it is a damaged COSE_Sign1, or cut off: ${fault}`);
  const text = new TextDecoder("utf-8").decode(bytes.subarray(0, 4096)).trim();
  if (/^<(?:!doctype|html|\?xml|head|body)/i.test(text)) {
    return new StatusError("WEB_PAGE", "it is a web page (HTML), perhaps of a network that wants a sign-in");
  }
  if (/^eyJ[\w-]*\.[\w-]*\./.test(text)) {
    return foreign("it is a JWT (statuslist+jwt), and the form that is read is the CWT");
  }
  if (isHex(text)) return foreign("it is written in hexadecimal, and its bytes are wanted");
  if (/^[\w+/=-]{16,}$/.test(text)) return foreign("it is written in base64, and its bytes are wanted");
  if (/^[{[]/.test(text)) return foreign("it is JSON, and the form that is read is the CWT");
  return new StatusError("UNKNOWN_FORMAT", "it is neither a status snapshot, nor a delta, nor a Token Status List");
}

function isHex(text: string): boolean {
  const digits = text.replaceAll(/\s/g, "");
  return digits.length >= 8 && fromHex(digits.slice(0, digits.length & ~1)) !== undefined;
}

function foreign(what: string): StatusError {
  return new StatusError("FOREIGN_FORMAT", what);
}
