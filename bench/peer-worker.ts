import { workerData } from "node:worker_threads";
import { PeerVerifier } from "./peer.js";

/** What a worker of the peer is told once, where it must know of status. */
export interface PeerData {
  revoked: readonly string[];
}

let peer: PeerVerifier | undefined;

/** The peer as a user would put it into a piscina pool: texts in, booleans out. */
export default function verifyAll({ jwks, qrs }: { jwks: string; qrs: string[] }): boolean[] {
  peer ??= new PeerVerifier(jwks, new Set((workerData as PeerData | null)?.revoked));
  const verifier = peer;
  return qrs.map((qr) => verifyOne(verifier, qr));
}

function verifyOne(verifier: PeerVerifier, qr: string): boolean {
  try {
    return verifier.verify(qr);
  } catch {
    // Whatever cannot be read.
    return false;
  }
}
