import { PeerVerifier } from "./peer.js";

let peer: PeerVerifier | undefined;

/** The peer as a user would put it into a piscina pool: texts in, booleans out. */
export default function verifyAll({ jwks, qrs }: { jwks: string; qrs: string[] }): boolean[] {
  peer ??= new PeerVerifier(jwks);
  const verifier = peer;
  return qrs.map((qr) => verifier.verify(qr));
}
