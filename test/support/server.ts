import { Verifier, type VerifierOptions } from "../../src/engine/verifier.js";
import { Algorithm } from "../../src/abi/batch.js";
import { type ServerOptions, startServer } from "../../src/server/server.js";
import { generateKey } from "./keys.js";
import { coseSign1, identity, jwksOf, makeCard, NOW, payload, qrOf } from "./make-card.js";

/** Cards of every fate, and the verdicts on them at `at`. */
export const issuerKey = generateKey(Algorithm.ED25519);
export const at = new Date(NOW * 1000);
const forged = coseSign1(issuerKey);
forged[forged.length - 1]! ^= 1;
export const card = makeCard(issuerKey);
export const texts = [
  card,
  qrOf(forged),
  makeCard(issuerKey, { payload: payload([[4, NOW - 1]]) }),
  "BB8",
  "not base45",
] as const;
export const codes = ["VALID", "BAD_ISSUER_SIGNATURE", "EXPIRED", "BAD_ZLIB", "BAD_BASE45"] as const;

/** Its claims are as many bytes as a card's may be, and its text is short. */
export const wordy = makeCard(issuerKey, { payload: payload([[169, identity([[4, "张秀英"], [16, new Uint8Array(60_000)]])]]) }); // prettier-ignore

/** The i-th pick of a sequence in which every fate occurs, without a short period. */
export function fate(i: number): number {
  return (i * 7 + (i >> 3)) % texts.length;
}

export interface Station {
  verifier: Verifier;
  port: number;
  url: string;
  stop: () => Promise<void>;
}

/** A real verifier behind the real server, on a free port. */
export async function startStation(
  options: Partial<ServerOptions> = {},
  engine: Partial<VerifierOptions> = {},
): Promise<Station> {
  const verifier = await Verifier.create({ trust: jwksOf([issuerKey]), workers: 1, ...engine });
  const server = await startServer(verifier, { host: "127.0.0.1", port: 0, version: "test", ...options });
  return {
    verifier,
    port: server.port,
    url: `ws://127.0.0.1:${server.port}/v1/stream`,
    stop: async () => {
      await server.close();
      await verifier.close();
    },
  };
}
