import { generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from "node:crypto";
import { opensslVerifications } from "./openssl.js";
import { sm2 } from "sm-crypto-v2";
import { type Candidate, measure } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { loadStages, type Stages } from "./wasm.js";

type Verify = (jobs: number, count: number) => void;
type Load = (slot: number, publicKey: number) => number;

export interface SignatureExports {
  ed25519LoadKnownKey: Load;
  ed25519VerifyKnown: Verify;
  ed25519VerifyOnce: Verify;
  ecdsaLoadKnownKey: Load;
  ecdsaVerifyKnown: Verify;
  ecdsaVerifyOnce: Verify;
  sm2LoadKnownKey: Load;
  sm2VerifyKnown: Verify;
  sm2VerifyOnce: Verify;
}

/** One signed message of the 512 each row works through. */
export interface Signed {
  message: Uint8Array;
  signature: Uint8Array;
}

/** A key pair as the peer handles it, with its prepared form for verification. */
interface KeyPair {
  /** 32 bytes, or x || y. */
  publicKey: Uint8Array;
  sign: (message: Uint8Array) => Uint8Array;
  verify: (signed: Signed) => boolean;
}

interface Subject {
  name: string;
  prefix: "ed25519" | "ecdsa" | "sm2";
  openssl: "ed25519" | "ecdsap256" | "sm2";
  peer: string;
  generate: () => KeyPair;
}

const COUNT = 512;
const MESSAGE_LENGTH = 500;
export const JOB_SIZE = 20;
const UNIT = "verifications/s";
const BATCHES = [64, 1, 512];

const SUBJECTS: readonly Subject[] = [
  {
    name: "Ed25519",
    prefix: "ed25519",
    openssl: "ed25519",
    peer: "node:crypto verify, key prepared",
    generate() {
      const { privateKey, publicKey } = generateKeyPairSync("ed25519");
      return {
        publicKey: rawKey(publicKey, 32),
        sign: (message) => sign(null, message, privateKey),
        verify: ({ message, signature }) => verify(null, message, publicKey, signature),
      };
    },
  },
  {
    name: "P-256",
    prefix: "ecdsa",
    openssl: "ecdsap256",
    peer: "node:crypto verify, key prepared",
    generate() {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const signer = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
      const verifier = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      return {
        publicKey: rawKey(publicKey, 64),
        sign: (message) => sign("sha256", message, signer),
        verify: ({ message, signature }) => verify("sha256", message, verifier, signature),
      };
    },
  },
  {
    name: "SM2",
    prefix: "sm2",
    openssl: "sm2",
    peer: "sm-crypto-v2, key precomputed",
    generate() {
      const pair = sm2.generateKeyPairHex();
      const prepared = sm2.precomputePublicKey(pair.publicKey);
      const options = { hash: true, publicKey: pair.publicKey };
      return {
        publicKey: Buffer.from(pair.publicKey.slice(2), "hex"),
        sign: (message) => Buffer.from(sm2.doSignature(message, pair.privateKey, options), "hex"),
        verify: ({ message, signature }) =>
          sm2.doVerifySignature(message, Buffer.from(signature).toString("hex"), prepared, options),
      };
    },
  },
];

/** Signatures over 500-byte messages, hashing included, one core. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const subject of SUBJECTS) {
    // A memory of its own for each: the messages of all would not fit into one.
    results.push(...(await runSubject(subject, await loadStages<SignatureExports>(), options)));
  }
  return results;
}

async function runSubject(
  subject: Subject,
  stages: Stages<SignatureExports>,
  options: BenchOptions,
): Promise<BenchResult[]> {
  const { name, prefix } = subject;
  const load = stages.exports[`${prefix}LoadKnownKey`];
  const known = stages.exports[`${prefix}VerifyKnown`];
  const once = stages.exports[`${prefix}VerifyOnce`];
  const issuer = subject.generate();
  load(0, stages.put(issuer.publicKey));
  const good = makeSigned(() => issuer);
  const forged = good.map(({ message, signature }) => ({
    message,
    signature: signature.map((byte, i) => (i === 40 ? byte ^ 1 : byte)),
  }));
  const holders = Array.from({ length: COUNT }, subject.generate);
  const holderOf = (i: number): KeyPair => holders[i] ?? issuer;
  const fromHolders = makeSigned(holderOf);
  const keys = holders.map(({ publicKey }) => stages.put(publicKey));
  const jobs = {
    good: layJobs(stages, good, () => 0),
    forged: layJobs(stages, forged, () => 0),
    holders: layJobs(stages, fromHolders, (i) => keys[i] ?? 0),
  };
  const run = { stages, options };
  const issuerTurn: Peer = [subject.peer, (i) => issuer.verify(good[i] ?? NOTHING)];
  const holdersTurn: Peer = [subject.peer, (i) => holderOf(i).verify(fromHolders[i] ?? NOTHING)];
  const results = [
    ...(await rows(`${name} known issuer`, known, jobs.good, { ...run, peer: issuerTurn })),
    ...(await rows(`${name} key seen once`, once, jobs.holders, { ...run, peer: holdersTurn })),
  ];
  return [...results, await forgedRow(name, known, jobs, run), ...againstLibrary(results, subject.openssl, options)];
}

const NOTHING: Signed = { message: new Uint8Array(), signature: new Uint8Array() };

/** What to compare with: its name, and a verification by the index of the message. */
type Peer = [name: string, verify: (index: number) => boolean];

interface RowOptions {
  stages: Stages<SignatureExports>;
  options: BenchOptions;
}

/** A row for each batch size, all against the same turn of the peer. */
async function rows(
  name: string,
  verifyJobs: Verify,
  jobs: number,
  { stages, options, peer }: RowOptions & { peer: Peer },
): Promise<BenchResult[]> {
  check(name, stages, verifyJobs, jobs, 1);
  const ours = BATCHES.map((batch) => turnOf(`batch ${batch}`, verifyJobs, jobs, batch));
  const [peerName, verifyPeer] = peer;
  const turn = 32;
  let next = 0;
  const theirs = {
    name: peerName,
    operations: turn,
    run: () => {
      for (let i = 0; i < turn; i++) verifyPeer((next = (next + 1) % COUNT));
    },
  };
  const measured = await measure([...ours, theirs], options);
  const peers = [{ name: peerName, value: measured[ours.length] ?? NaN }];
  return BATCHES.map((batch, i) => row("signature", `${name}, batch ${batch}`, UNIT, measured[i] ?? NaN, peers));
}

/** Forged signatures beside good ones: an attacker's traffic must not cost more than honest traffic. */
async function forgedRow(
  name: string,
  verifyJobs: Verify,
  jobs: { good: number; forged: number },
  { stages, options }: RowOptions,
): Promise<BenchResult> {
  check(name, stages, verifyJobs, jobs.forged, 0);
  const turns = [turnOf("forged", verifyJobs, jobs.forged, 64), turnOf("good", verifyJobs, jobs.good, 64)];
  const [forged = NaN, good = NaN] = await measure(turns, options);
  return row("signature", `${name} known issuer, all forged, batch 64`, UNIT, forged, [
    { name: "the same, all good", value: good },
  ]);
}

function check(
  name: string,
  { exports }: Stages<SignatureExports>,
  verifyJobs: Verify,
  jobs: number,
  valid: 0 | 1,
): void {
  verifyJobs(jobs, COUNT);
  const view = new DataView(exports.memory.buffer);
  for (let i = 0; i < COUNT; i++) {
    if (view.getInt32(jobs + i * JOB_SIZE + 12, true) !== valid) throw new Error(`${name}: wrong verdict`);
  }
}

function turnOf(name: string, verifyJobs: Verify, jobs: number, batch: number): Candidate {
  return {
    name,
    operations: COUNT,
    run: () => {
      for (let i = 0; i < COUNT; i += batch) verifyJobs(jobs + i * JOB_SIZE, batch);
    },
  };
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
    .map(({ name, ours }) => row("signature", `${name}, C alone`, UNIT, ours, [{ name: "openssl speed", value }])); // prettier-ignore
}

function makeSigned(keyOf: (index: number) => KeyPair): Signed[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const message = new Uint8Array(randomBytes(MESSAGE_LENGTH));
    return { message, signature: new Uint8Array(keyOf(index).sign(message)) };
  });
}

/** Jobs as assembly/signature/job.ts lays them out; `keyOf` gives a slot or the address of a raw key. */
export function layJobs(
  stages: Stages<SignatureExports>,
  list: readonly Signed[],
  keyOf: (index: number) => number,
): number {
  const jobs = stages.space(list.length * JOB_SIZE);
  list.forEach(({ message, signature }, i) => {
    const fields = [stages.put(signature), stages.put(message), message.length, 0, keyOf(i)];
    const view = new DataView(stages.exports.memory.buffer);
    fields.forEach((value, field) => {
      view.setUint32(jobs + i * JOB_SIZE + field * 4, value, true);
    });
  });
  return jobs;
}

/** The key itself: the last bytes of its SubjectPublicKeyInfo (RFC 8410, RFC 5480). */
function rawKey(key: KeyObject, length: 32 | 64): Uint8Array {
  return new Uint8Array(key.export({ type: "spki", format: "der" }).subarray(-length));
}
