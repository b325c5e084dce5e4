import { Algorithm } from "../../src/abi/batch";
import { allocate } from "../arena";
import { integerOf, valueUnder } from "../cbor/cbor";
import { BYTES, Cursor, CURSOR_SIZE, NEGATIVE, SIMPLE } from "../cbor/cursor";
import { Code } from "../result";
import { algorithmOf } from "../cose/algorithm";
import { Credential } from "./credential";

// Parameters of a COSE_Key (RFC 9052 section 7.1, RFC 9053 section 7).
const KTY: i64 = 1;
const ALG: i64 = 3;
const CRV: i64 = -1;
const X: i64 = -2;
const Y: i64 = -3;

const item = changetype<Cursor>(memory.data(CURSOR_SIZE, 8));

/**
 * Take the holder's key, which the claims reader has located (cnf), for signatures by the COSE algorithm `signedBy`. A key
 * without its coordinates, 32 bytes each, leaves `holderKey` 0: no signature holds by it. Returns VALID, MISSING_CLAIM,
 * UNSUPPORTED_ALGORITHM or ALGORITHM_MISMATCH. Whether the point may be trusted is looked at with the signature.
 */
export function readHolderKey(out: Credential, signedBy: i32): Code {
  if (out.confirmationKey == 0) return Code.MISSING_CLAIM;
  const start = out.confirmationKey;
  const limit = start + <usize>out.confirmationKeyLength;
  const algorithm = algorithmOfCurve(integerUnder(start, limit, KTY), integerUnder(start, limit, CRV));
  if (algorithm == 0) return Code.UNSUPPORTED_ALGORITHM;
  if (algorithm != Algorithm.ED25519 && isBoolean(valueUnder(start, limit, Y), limit))
    return Code.UNSUPPORTED_ALGORITHM; // a compressed point
  if (valueUnder(start, limit, ALG) != 0) {
    const named = integerUnder(start, limit, ALG);
    if (named != <i64>(<i32>named) || algorithmOf(<i32>named) != algorithm) return Code.ALGORITHM_MISMATCH;
  }
  if (algorithmOf(signedBy) != algorithm) return Code.ALGORITHM_MISMATCH;
  const key = allocate(64);
  if (!copyCoordinate(key, valueUnder(start, limit, X), limit)) return Code.VALID;
  if (algorithm != Algorithm.ED25519 && !copyCoordinate(key + 32, valueUnder(start, limit, Y), limit))
    return Code.VALID;
  out.holderKey = key;
  return Code.VALID;
}

/** By key type and curve; the curve of SM2 is of the private-use range. */
function algorithmOfCurve(kty: i64, crv: i64): Algorithm {
  if (kty == 1) return crv == 6 ? Algorithm.ED25519 : 0;
  if (kty != 2) return 0;
  return crv == 1 ? Algorithm.P256 : crv == -65537 ? Algorithm.SM2 : 0;
}

/** An integer parameter; 0, which names nothing, where it is not there or another. */
function integerUnder(start: usize, limit: usize, label: i64): i64 {
  const at = valueUnder(start, limit, label);
  if (at == 0) return 0;
  item.open(at, limit);
  item.readHead();
  return item.major <= NEGATIVE ? integerOf(item) : 0;
}

function isBoolean(at: usize, limit: usize): bool {
  if (at == 0) return false;
  item.open(at, limit);
  item.readHead();
  return item.major == SIMPLE && (item.argument == 20 || item.argument == 21) && item.info < 24;
}

function copyCoordinate(to: usize, at: usize, limit: usize): bool {
  if (at == 0) return false;
  item.open(at, limit);
  item.readHead();
  if (item.major != BYTES || item.argument != 32) return false;
  memory.copy(to, item.position, 32);
  return true;
}
