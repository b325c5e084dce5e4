import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { decode as decodeWithCborg } from "cborg";
import { Decoder } from "cbor-x";
import { makeDeck } from "./cards.js";
import { measure } from "./measure.js";
import { decodeBase45 } from "./peer.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { loadStages, type Stages } from "./wasm.js";

interface StageExports {
  decodeBase45(text: number, length: number, out: number): number;
  inflateZlib(src: number, length: number, out: number, capacity: number): number;
  parseCard(src: number, length: number, out: number): number;
  credentialSize(): number;
  sha512(prefix: number, prefixLength: number, message: number, length: number, digest: number): void;
  sha256(prefix: number, prefixLength: number, message: number, length: number, digest: number): void;
}

/** Distinct inputs, so that no branch predictor learns one of them by heart. */
const COUNT = 256;

/** Each stage before the signature, one item a call, as the pipeline calls it. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const stages = await loadStages<StageExports>();
  const deck = makeDeck(COUNT);
  const compressed = deck.qrs.map(decodeBase45);
  const inflated = compressed.map((bytes) => new Uint8Array(inflateSync(bytes)));
  return [
    await base45(stages, deck, options),
    await inflate(stages, compressed, options),
    await parse(stages, inflated, options),
    await hash(stages, "sha512", options),
    await hash(stages, "sha256", options),
  ];
}

async function base45(
  stages: Stages<StageExports>,
  deck: { qrs: string[]; bytes: Uint8Array[] },
  options: BenchOptions,
): Promise<BenchResult> {
  const texts = deck.bytes.map((bytes) => ({ at: stages.put(bytes), length: bytes.length }));
  const out = stages.space(4096);
  const [ours = NaN, table = NaN] = await measure(
    [
      {
        name: "hufu",
        operations: COUNT,
        run: () => {
          for (const { at, length } of texts) stages.exports.decodeBase45(at, length, out);
        },
      },
      {
        name: "table",
        operations: COUNT,
        run: () => {
          for (const qr of deck.qrs) decodeBase45(qr);
        },
      },
    ],
    options,
  );
  return row("stages", "base45 of a card", "texts/s", ours, [
    { name: "table-driven loop in JavaScript", value: table },
  ]);
}

async function inflate(
  stages: Stages<StageExports>,
  compressed: Uint8Array[],
  options: BenchOptions,
): Promise<BenchResult> {
  const streams = compressed.map((bytes) => ({ at: stages.put(bytes), length: bytes.length }));
  const out = stages.space(65536 + 64);
  const [ours = NaN, zlib = NaN] = await measure(
    [
      {
        name: "hufu",
        operations: COUNT,
        run: () => {
          for (const { at, length } of streams) stages.exports.inflateZlib(at, length, out, 65536);
        },
      },
      {
        name: "node:zlib",
        operations: COUNT,
        run: () => {
          for (const bytes of compressed) inflateSync(bytes);
        },
      },
    ],
    options,
  );
  return row("stages", "zlib of a card", "streams/s", ours, [{ name: "node:zlib inflateSync", value: zlib }]);
}

async function parse(stages: Stages<StageExports>, cards: Uint8Array[], options: BenchOptions): Promise<BenchResult> {
  const inputs = cards.map((bytes) => ({ at: stages.put(bytes), length: bytes.length }));
  const credential = stages.space(stages.exports.credentialSize());
  const cbor = new Decoder({ mapsAsObjects: false, useRecords: false });
  const readWith = (decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void => {
    const [header, , payload] = decode(bytes.subarray(1)) as Uint8Array[];
    if (header === undefined || payload === undefined) throw new Error("not a card");
    decode(header);
    decode(payload);
  };
  const [ours = NaN, cborX = NaN, cborg = NaN] = await measure(
    [
      {
        name: "hufu",
        operations: COUNT,
        run: () => {
          for (const { at, length } of inputs) stages.exports.parseCard(at, length, credential);
        },
      },
      {
        name: "cbor-x",
        operations: COUNT,
        run: () => {
          for (const bytes of cards) readWith((item) => cbor.decode(item), bytes);
        },
      },
      {
        name: "cborg",
        operations: COUNT,
        run: () => {
          for (const bytes of cards) readWith((item) => decodeWithCborg(item, { useMaps: true }), bytes);
        },
      },
    ],
    options,
  );
  return row("stages", "COSE, CWT and claim 169 of a card", "cards/s", ours, [
    { name: "cbor-x", value: cborX },
    { name: "cborg", value: cborg },
  ]);
}

async function hash(
  stages: Stages<StageExports>,
  name: "sha512" | "sha256",
  options: BenchOptions,
): Promise<BenchResult> {
  const messages = Array.from({ length: COUNT }, (_, i) => new Uint8Array(500).fill(i));
  const inputs = messages.map((bytes) => stages.put(bytes));
  const digest = stages.space(64);
  const [ours = NaN, node = NaN] = await measure(
    [
      {
        name: "hufu",
        operations: COUNT,
        run: () => {
          for (const at of inputs) stages.exports[name](at, 0, at, 500, digest);
        },
      },
      {
        name: "node:crypto",
        operations: COUNT,
        run: () => {
          for (const message of messages) createHash(name).update(message).digest();
        },
      },
    ],
    options,
  );
  return row("stages", `${name} of 500 bytes, one at a time`, "hashes/s", ours, [{ name: "node:crypto", value: node }]);
}
