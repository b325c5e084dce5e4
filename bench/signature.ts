import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { opensslVerifications } from "./openssl.js";
import { measure } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { loadStages, type Stages } from "./wasm.js";

type Verify = (jobs: number, count: number) => void;

interface SignatureExports {
  ed25519LoadKnownKey: (slot: number, publicKey: number) => number;
  ed25519VerifyKnown: Verify;
  ed25519VerifyOnce: Verify;
}

/** One signed message of the 512 each row works through. */
interface Signed {
  message: Uint8Array;
  signature: Uint8Array;
}

const COUNT = 512;
const MESSAGE_LENGTH = 500;
const JOB_SIZE = 20;

/** Signatures over 500-byte messages, hashing included, one core. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const stages = await loadStages<SignatureExports>();
  return ed25519(stages, options);
}

async function ed25519(stages: Stages<SignatureExports>, options: BenchOptions): Promise<BenchResult[]> {
  const { ed25519LoadKnownKey, ed25519VerifyKnown, ed25519VerifyOnce } = stages.exports;
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  ed25519LoadKnownKey(0, stages.put(rawKey(publicKey)));
  const known = makeSigned((message) => sign(null, message, privateKey));
  const knownJobs = layJobs(stages, known, () => 0);
  const forged = known.map(({ message, signature }) => ({
    message,
    signature: signature.map((b, i) => (i === 40 ? b ^ 1 : b)),
  }));
  const forgedJobs = layJobs(stages, forged, () => 0);

  const holders = Array.from({ length: COUNT }, () => generateKeyPairSync("ed25519"));
  const once = makeSigned((message, i) => sign(null, message, (holders[i] ?? { privateKey }).privateKey));
  const raw = holders.map((holder) => stages.put(rawKey(holder.publicKey)));
  const onceJobs = layJobs(stages, once, (i) => raw[i] ?? 0);

  const peerKnown = known.map(
    ({ message, signature }) =>
      () =>
        verify(null, message, publicKey, signature),
  );
  const peerOnce = once.map(({ message, signature }, i) => {
    const key = (holders[i] ?? { publicKey }).publicKey;
    return () => verify(null, message, key, signature);
  });
  const name = "Ed25519";
  const results = [
    ...(await rows(stages, `${name} known issuer`, ed25519VerifyKnown, knownJobs, peerKnown, [64, 1, 512], options)),
    ...(await rows(stages, `${name} known issuer, all forged`, ed25519VerifyKnown, forgedJobs, [], [64], options)),
    ...(await rows(stages, `${name} key seen once`, ed25519VerifyOnce, onceJobs, peerOnce, [64, 1, 512], options)),
  ];
  return [...results, ...againstLibrary(results, "ed25519", options)];
}

/** A row for each batch size, all against the same turn of the peer. */
async function rows(
  stages: Stages<SignatureExports>,
  name: string,
  verifyJobs: Verify,
  jobs: number,
  peer: readonly (() => boolean)[],
  batches: readonly number[],
  options: BenchOptions,
): Promise<BenchResult[]> {
  const expected = peer.length > 0 ? 1 : 0;
  verifyJobs(jobs, COUNT);
  const view = new DataView(stages.exports.memory.buffer);
  for (let i = 0; i < COUNT; i++) {
    if (view.getInt32(jobs + i * JOB_SIZE + 16, true) !== expected) throw new Error(`${name}: wrong verdict`);
  }
  const ours = batches.map((batch) => ({
    name: `batch ${batch}`,
    operations: COUNT,
    run: () => {
      for (let i = 0; i < COUNT; i += batch) verifyJobs(jobs + i * JOB_SIZE, batch);
    },
  }));
  const turn = 32;
  let next = 0;
  const theirs = {
    name: "node:crypto",
    operations: turn,
    run: () => {
      for (let i = 0; i < turn; i++) peer[(next = (next + 1) % COUNT)]?.();
    },
  };
  const measured = await measure(peer.length > 0 ? [...ours, theirs] : ours, options);
  const peers =
    peer.length > 0 ? [{ name: "node:crypto verify, key prepared", value: measured[ours.length] ?? NaN }] : [];
  return batches.map((batch, i) =>
    row("signature", `${name}, batch ${batch}`, "verifications/s", measured[i] ?? NaN, peers),
  );
}

/** The rows of batch 64 again, beside the C library without a binding, measured in the same minute. */
function againstLibrary(
  results: readonly BenchResult[],
  algorithm: "ed25519" | "ecdsap256" | "sm2",
  { quick }: BenchOptions,
): BenchResult[] {
  const value = quick ? undefined : opensslVerifications(algorithm);
  if (value === undefined) return [];
  return results
    .filter(({ name, peers }) => name.endsWith("batch 64") && peers.length > 0)
    .map(({ name, ours }) => row("signature", `${name}, C alone`, "verifications/s", ours, [{ name: "openssl speed", value }])); // prettier-ignore
}

function makeSigned(signMessage: (message: Uint8Array, index: number) => Uint8Array): Signed[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const message = new Uint8Array(randomBytes(MESSAGE_LENGTH));
    return { message, signature: new Uint8Array(signMessage(message, index)) };
  });
}

/** Jobs as assembly/signature/job.ts lays them out; `keyOf` gives a slot or the address of a raw key. */
function layJobs(stages: Stages<SignatureExports>, list: readonly Signed[], keyOf: (index: number) => number): number {
  const jobs = stages.space(list.length * JOB_SIZE);
  list.forEach(({ message, signature }, i) => {
    const fields = [keyOf(i), stages.put(signature), stages.put(message), message.length, 0];
    const view = new DataView(stages.exports.memory.buffer);
    fields.forEach((value, field) => {
      view.setUint32(jobs + i * JOB_SIZE + field * 4, value, true);
    });
  });
  return jobs;
}

/** The 32 bytes of an Ed25519 key, or x || y. */
function rawKey(key: KeyObject): Uint8Array {
  const spki = key.export({ type: "spki", format: "der" });
  return new Uint8Array(spki.subarray(key.asymmetricKeyType === "ed25519" ? -32 : -64));
}
