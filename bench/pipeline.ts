import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { Engine } from "../src/engine/engine.js";
import { Verifier } from "../src/engine/verifier.js";
import { momentOf } from "../src/format/requirements.js";
import { type CardAlgorithm, type Deck, makeDeck } from "./cards.js";
import { measure, turns } from "./measure.js";
import { PeerVerifier } from "./peer.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";

const BATCH = 64;

/** Whole QR, text to verdict: one instance on one core, then the pool. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  return [
    await oneInstance("ed25519", "EdDSA", options),
    await oneInstance("p256", "ES256", options),
    await wholePool(options),
  ];
}

async function oneInstance(algorithm: CardAlgorithm, name: string, options: BenchOptions): Promise<BenchResult> {
  const deck = makeDeck(512, algorithm);
  const engine = await Engine.create({ trust: deck.jwks });
  const peer = new PeerVerifier(deck.jwks);
  const requirements = momentOf(new Date());
  assertAll(engine.verifyAll(deck.bytes, requirements).map(({ code }) => code === "VALID"));
  assertAll(deck.qrs.map((qr) => peer.verify(qr)));
  const ourTurn = turns(deck.bytes, BATCH);
  const peerTurn = turns(deck.qrs, BATCH);
  const [ours = NaN, theirs = NaN] = await measure(
    [
      { name: "hufu", operations: BATCH, run: () => engine.verifyAll(ourTurn(), requirements) },
      { name: "peer", operations: BATCH, run: () => peerTurn().map((qr) => peer.verify(qr)) },
    ],
    options,
  );
  const length = Math.round(deck.qrs.reduce((sum, qr) => sum + qr.length, 0) / deck.qrs.length);
  return row("pipeline", `whole QR ${name}, ${length} characters, one core, batch ${BATCH}`, "verdicts/s", ours, [
    { name: "base45 + node:zlib + cbor-x + node:crypto", value: theirs },
  ]);
}

async function wholePool(options: BenchOptions): Promise<BenchResult> {
  const deck = makeDeck(2048);
  const workers = availableParallelism();
  const verifier = await Verifier.create({ trust: deck.jwks, workers });
  const piscina = new Piscina<{ jwks: string; qrs: string[] }, boolean[]>({
    filename: fileURLToPath(new URL("./peer-worker.js", import.meta.url)),
    minThreads: workers,
    maxThreads: workers,
  });
  const groups = chunks(deck, 128);
  const ask = async (): Promise<boolean[]> =>
    (await Promise.all(groups.map((qrs) => piscina.run({ jwks: deck.jwks, qrs })))).flat();
  assertAll((await verifier.verifyBatch(deck.bytes)).map(({ code }) => code === "VALID"));
  assertAll(await ask());
  const [ours = NaN, theirs = NaN] = await measure(
    [
      { name: "hufu", operations: deck.qrs.length, run: () => verifier.verifyBatch(deck.bytes) },
      { name: "peer", operations: deck.qrs.length, run: ask },
    ],
    options,
  );
  await verifier.close();
  await piscina.destroy();
  return row("pool", `whole QR EdDSA, ${workers} workers, 2,048 at once`, "verdicts/s", ours, [
    { name: "the same in a piscina pool", value: theirs },
  ]);
}

function chunks(deck: Deck, size: number): string[][] {
  const count = Math.ceil(deck.qrs.length / size);
  return Array.from({ length: count }, (_, i) => deck.qrs.slice(i * size, (i + 1) * size));
}

function assertAll(verdicts: readonly boolean[]): void {
  if (!verdicts.every(Boolean)) throw new Error("a good card was not accepted: the benchmark would measure nonsense");
}
