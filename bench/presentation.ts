import { Engine } from "../src/engine/engine.js";
import { momentOf, type Requirements } from "../src/format/requirements.js";
import { measure, turns } from "./measure.js";
import { PresentationPeer } from "./presentation-peer.js";
import { AUDIENCE, makeCrowd, presentAll, type Crowd, type HolderAlgorithm } from "./presented.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { JOB_SIZE, layJobs, type SignatureExports } from "./signature.js";
import { loadStages } from "./wasm.js";

const BATCH = 64;
const COUNT = 512;
const PEER = "base45 + cbor-x + node:crypto + hashes in JavaScript";

/** Number and name; and a hotel's: these and the birth. */
const THREE = [1, 4, 8];
/** All that a presentable card of the crowd has hashes of, in the order in which a relying party would ask. */
const REDACTED = [1, 4, 8, 9, 13, 10, 21, 19];

/** Presentations, text to verdict on one core; what their two signatures alone cost; and how long their texts are. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const crowds = { "Ed25519": await makeCrowd(COUNT, "Ed25519"), "P-256": await makeCrowd(COUNT, "P-256") } as const; // prettier-ignore
  await warmUp(crowds["P-256"]);
  const results: BenchResult[] = [];
  for (const algorithm of ["P-256", "Ed25519"] as const) {
    for (const claims of [THREE, []]) results.push(await verdicts(algorithm, crowds[algorithm], claims, options));
    results.push(await signaturesAlone(algorithm, crowds[algorithm], options));
  }
  return [...results, ...(await sizes(crowds["P-256"]))];
}

/** WebAssembly is compiled again, and better, while it runs: the first row must not pay for that of all. */
async function warmUp(crowd: Crowd): Promise<void> {
  const texts = await presentAll(crowd, THREE, Date.now());
  const engine = await Engine.create({ trust: crowd.jwks, status: "none" });
  for (let round = 0; round < 20; round++) engine.verifyBatch(texts, { audience: AUDIENCE });
}

/** Texts are made anew for each row: they are fresh for a minute. */
async function verdicts(algorithm: HolderAlgorithm, crowd: Crowd, claims: number[], options: BenchOptions) {
  const now = Date.now();
  const texts = await presentAll(crowd, claims, now);
  const bytes = texts.map((text) => new TextEncoder().encode(text));
  const engine = await Engine.create({ trust: crowd.jwks, status: "none" });
  const requirements: Requirements = { ...momentOf(new Date(now)), audience: AUDIENCE };
  const peer = new PresentationPeer(crowd.issuerKey, AUDIENCE);
  const good = engine.verifyAll(bytes, requirements).every(({ code }) => code === "VALID");
  const isRead = texts.map((text) => peer.verify(text)).every((identity) => identity?.size === claims.length + 2);
  if (!good || !isRead) throw new Error("a good presentation was not accepted: the benchmark would measure nonsense");
  const [ourTurn, peerTurn] = [turns(bytes, BATCH), turns(texts, BATCH)];
  const [ours = NaN, theirs = NaN] = await measure(
    [
      { name: "hufu", operations: BATCH, run: () => engine.verifyAll(ourTurn(), requirements) },
      { name: "peer", operations: BATCH, run: () => peerTurn().map((text) => peer.verify(text)) },
    ],
    options,
  );
  const name = `${algorithm} holder, ${claims.length} of 8 claims, ${meanLength(texts)} characters, batch ${BATCH}`;
  return row("presentation", name, "verdicts/s", ours, [{ name: PEER, value: theirs }]);
}

/** The issuer's by a known key and the holder's by one seen once, over the very messages, hashing included. */
async function signaturesAlone(algorithm: HolderAlgorithm, crowd: Crowd, options: BenchOptions): Promise<BenchResult> {
  await presentAll(crowd, [], Date.now());
  const stages = await loadStages<SignatureExports>();
  const { exports } = stages;
  exports.ed25519LoadKnownKey(0, stages.put(crowd.issuerKey));
  const keys = crowd.holders.map(({ key }) => stages.put(key.publicKey));
  const issued = layJobs(stages, crowd.issued, () => 0);
  const held = layJobs(stages, crowd.holders.map(({ signed }) => signed), (i) => keys[i] ?? 0); // prettier-ignore
  const once = algorithm === "P-256" ? exports.ecdsaVerifyOnce : exports.ed25519VerifyOnce;
  const next = turns(
    crowd.issued.map((_, i) => i),
    BATCH,
  );
  const both = (): void => {
    const [first = 0] = next();
    exports.ed25519VerifyKnown(issued + first * JOB_SIZE, BATCH);
    once(held + first * JOB_SIZE, BATCH);
  };
  both();
  const view = new DataView(exports.memory.buffer);
  for (const jobs of [issued, held]) {
    if (view.getInt32(jobs + 12, true) !== 1) throw new Error("a good signature was not accepted");
  }
  const [ours = NaN] = await measure([{ name: "signatures", operations: BATCH, run: both }], options);
  return row("presentation", `the two signatures alone, ${algorithm} holder, batch ${BATCH}`, "verdicts/s", ours);
}

/** Characters of the QR by how many claims are disclosed, eight hashes in all. */
async function sizes(crowd: Crowd): Promise<BenchResult[]> {
  const rows: BenchResult[] = [];
  for (let count = 0; count <= REDACTED.length; count++) {
    const texts = await presentAll(crowd, REDACTED.slice(0, count), Date.now());
    rows.push(row("presentation", `QR with 8 hashes, ${count} disclosed`, "characters", meanLength(texts)));
  }
  return rows;
}

function meanLength(texts: readonly string[]): number {
  return Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
}
