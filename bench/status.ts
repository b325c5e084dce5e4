import { randomFillSync } from "node:crypto";
import { readFile } from "node:fs/promises";
import { instantiate } from "@assemblyscript/loader";
import filters from "bloom-filters";
import { buildSnapshot } from "../src/authority/snapshot/builder.js";
import { Engine } from "../src/engine/engine.js";
import { loadSnapshot, type StatusExports } from "../src/engine/status.js";
import { Status } from "../src/abi/batch.js";
import { momentOf } from "../src/format/requirements.js";
import type { Snapshot } from "../src/format/status/snapshot.js";
import { CTI_SIZE, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../src/abi/status-body.js";
import { makeDeck } from "./cards.js";
import { type Candidate, measure } from "./measure.js";
import { randomBody } from "./random-body.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";
import { bitsPerFlagged, buildGenerated, claims, humanBytes } from "./status-growth.js";
import { generate, recordsOf } from "./universe.js";

const MEBIBYTE = 2 ** 20;

/** Look-ups in snapshots of several sizes against Bloom filters of the same size, and how fast snapshots are built. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const size of options.quick ? [1] : [1, 8, 24]) results.push(...(await lookUps(size * MEBIBYTE, options)));
  for (const count of options.quick ? [1e4, 1e5] : [1e4, 1e5, 1e6, 1e7, 1.4e8]) {
    const built = await buildGenerated(count);
    const what = `${humanBytes(built.bytes)}, ${bitsPerFlagged(built).toFixed(1)} bits a revocation`;
    const name = `build and check ${count.toLocaleString("en")} credentials, 1 % revoked: ${what}`;
    results.push(row("status", name, "credentials/s", count / built.seconds));
  }
  return results;
}

const PERIOD = 684;
const QUESTIONS = 2 ** 18;

/** The package is asked for fewer ids, as text: that is how one has them in JavaScript. */
function idsOf(records: Uint8Array): string[] {
  const idAt = (at: number): string => Buffer.from(records.subarray(at, at + CTI_SIZE)).toString("hex");
  return Array.from({ length: QUESTIONS / 16 }, (_, i) => idAt(i * RECORD_SIZE));
}

async function lookUps(bytes: number, options: BenchOptions): Promise<BenchResult[]> {
  const wasm = await loadEngine();
  await checkAnswers(wasm);
  loadSnapshot(wasm, 0, {
    header: { ...claims, salt: new Uint8Array(), good: 0, revoked: 0, suspended: 0 },
    body: randomBody(bytes, PERIOD, { ...claims, key: randomFillSync(new Uint8Array(16)) }),
  });

  const records = recordsOf({ count: QUESTIONS, revokedOneIn: 0, suspendedOneIn: 0, months: 1 }, 0, QUESTIONS);
  const view = new DataView(records.buffer);
  for (let i = 0; i < QUESTIONS; i++) view.setUint32(i * RECORD_SIZE + RECORD_PERIOD, PERIOD, true);
  const address = wasm.controlBuffer(records.length + QUESTIONS);
  new Uint8Array(wasm.memory.buffer).set(records, address);

  const ids = idsOf(records);
  const bloom = randomBloomFilter(bytes);
  const blocked = randomBlocks(bytes);
  const words = new Uint32Array(records.buffer);
  let found = 0;
  const verification = await verifications();
  const [together = NaN, single = NaN, bloomFilters = NaN, byHand = NaN, verified = NaN] = await measure(
    [
      {
        name: "together",
        operations: QUESTIONS,
        run: () => {
          wasm.statusOfRecords(0, address, QUESTIONS, address + records.length);
        },
      },
      {
        name: "one by one",
        operations: QUESTIONS,
        run: () => {
          const moment = BigInt(claims.universe);
          const expires = BigInt(PERIOD) * 2629746n;
          for (let i = 0; i < QUESTIONS; i++)
            found += wasm.statusOf(0, address + i * RECORD_SIZE, CTI_SIZE, moment, expires, moment);
        },
      },
      {
        name: "bloom-filters",
        operations: ids.length,
        run: () => {
          for (const id of ids) found += Number(bloom.has(id));
        },
      },
      {
        name: "split blocks by hand",
        operations: QUESTIONS,
        run: () => {
          for (let i = 0; i < words.length; i += RECORD_SIZE / 4)
            found += hasInBlocks(blocked, words[i] ?? 0, words[i + 1] ?? 0);
        },
      },
      verification,
    ],
    options,
  );
  if (!Number.isFinite(found)) throw new Error("the look-ups came to nothing");
  const size = humanBytes(bytes);
  const npm = { name: "bloom-filters (npm)", value: bloomFilters };
  const hand = { name: "split-block Bloom filter by hand in JavaScript", value: byHand };
  return [
    row("status", `look-ups together, ${size}`, "look-ups/s", together, [npm]),
    row("status", `look-ups one by one from JavaScript, ${size}`, "look-ups/s", single, [npm]),
    row("status", `exact look-ups against "perhaps" written by hand, ${size}`, "look-ups/s", together, [hand]),
    row("status", `one look-up's share of a verification (EdDSA, batch 64), ${size}`, "%", (100 * verified) / single),
  ];
}

/** Whole verifications without a status, to weigh a look-up against. */
async function verifications(): Promise<Candidate> {
  const deck = makeDeck(64);
  const engine = await Engine.create({ trust: deck.jwks });
  const requirements = momentOf(new Date());
  return { name: "verification", operations: 64, run: () => engine.verifyAll(deck.bytes, requirements) };
}

async function loadEngine(): Promise<StatusExports> {
  const file = new URL("../src/engine/hufu.wasm", import.meta.url);
  const { exports } = await instantiate<StatusExports & Record<string, unknown>>(await readFile(file), {});
  return exports;
}

/** Before anything is timed: a real snapshot must answer rightly for all of its universe. */
async function checkAnswers(wasm: StatusExports): Promise<void> {
  const universe = { count: 50_000, revokedOneIn: 100, suspendedOneIn: 1000, months: 12 };
  const snapshot: Snapshot = await buildSnapshot(generate(universe), { ...claims, threads: 0 });
  loadSnapshot(wasm, 0, snapshot);
  const records = recordsOf(universe, 0, universe.count);
  const address = wasm.controlBuffer(records.length + universe.count);
  new Uint8Array(wasm.memory.buffer).set(records, address);
  wasm.statusOfRecords(0, address, universe.count, address + records.length);
  const answers = new Uint8Array(wasm.memory.buffer, address + records.length, universe.count);
  answers.forEach((answer, i) => {
    if (answer !== records[i * RECORD_SIZE + RECORD_STATUS])
      throw new Error(`credential ${i} got ${Status[answer] ?? "?"}`);
  });
}

/** The best known package's filter of this size, half of its bits set, with the six hashes that 9 bits an id ask for. */
function randomBloomFilter(bytes: number): filters.BloomFilter {
  const filter = new filters.BloomFilter(bytes * 8, 6);
  const { array } = (filter as unknown as { _filter: { array: Uint8Array } })._filter;
  for (let at = 0; at < array.length; at += 65536) randomFillSync(array.subarray(at, at + 65536));
  return filter;
}

/** What one might write oneself: blocks of 256 bits, one bit in each 32-bit word, and the id's own bits for a hash. */
function randomBlocks(bytes: number): Uint32Array {
  const blocks = new Uint32Array(bytes / 4);
  for (let at = 0; at < blocks.length; at += 16384) randomFillSync(blocks.subarray(at, at + 16384));
  return blocks;
}

const ODD = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31] as const;

function hasInBlocks(blocks: Uint32Array, first: number, second: number): number {
  const block = Math.floor((first / 0x100000000) * (blocks.length / 8)) * 8;
  for (let i = 0; i < 8; i++) {
    const bit = Math.imul(second, ODD[i] ?? 0) >>> 27;
    if ((((blocks[block + i] ?? 0) >>> bit) & 1) === 0) return 0;
  }
  return 1;
}
