// A kind of QR that only tests know: a credential that its holder has signed whole, by the Ed25519 key in its cnf.
import { wipedSign1 } from "../cose/sign1";
import { Form, readSign1 } from "../cose/cose";
import { finishItem, readKey } from "../cbor/cbor";
import { BYTES, Cursor, CURSOR_SIZE, MAP } from "../cbor/cursor";
import { Code } from "../result";
import { readClaim169 } from "./claim169";
import { Credential, HolderProof } from "./credential";

const cursor = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/** A message, tagged 18, whose protected header is the map of alg and of typ 65001 in this order. */
export function isShown(src: usize, length: i32): bool {
  return length > 10 && load<u64>(src + 2) == 0xe9fd19102701a247;
}

export function readShown(src: usize, length: i32, out: Credential): Code {
  const message = wipedSign1();
  let code = readSign1(src, length, message, Form.CWT);
  if (code == Code.VALID) code = readClaim169(message.payload, message.payloadLength, out);
  if (code != Code.VALID) return code;
  out.format = 200;
  out.holder = HolderProof.ASKED;
  out.holderMessage = changetype<usize>(message);
  cursor.open(out.confirmationKey, out.confirmationKey + out.confirmationKeyLength);
  cursor.readHead();
  if (cursor.major != MAP) return Code.BAD_CWT;
  for (let entries = cursor.argument; entries > 0; entries--) {
    const label = readKey(cursor);
    cursor.readHead();
    if (label == -2 && cursor.major == BYTES && cursor.argument == 32) out.holderKey = cursor.position;
    finishItem(cursor);
  }
  return out.holderKey != 0 && message.algorithm == -8 ? Code.VALID : Code.BAD_CWT;
}
