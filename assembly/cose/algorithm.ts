import { Algorithm } from "../../src/abi/batch";

/** Algorithm that a COSE number names (RFC 9053, RFC 9864; SM2 is private use), or 0. */
export function algorithmOf(cose: i32): Algorithm {
  if (cose == -8 || cose == -19) return Algorithm.ED25519;
  if (cose == -7 || cose == -9) return Algorithm.P256;
  if (cose == -65537) return Algorithm.SM2;
  return 0;
}
