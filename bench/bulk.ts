import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse";
import { openCsv } from "../src/bulk/csv.js";
import type { Row } from "../src/bulk/form.js";
import { inspectInput } from "../src/bulk/input.js";
import { jobName, runJob } from "../src/bulk/run.js";
import { Verifier } from "../src/engine/verifier.js";
import type { Verdict } from "../src/format/verdict.js";
import { type Deck, holderOf, makeDeck } from "./cards.js";
import { median } from "./measure.js";
import { type BenchOptions, type BenchResult, row } from "./result.js";

const CARDS = 4_096;
const GROUP = 512;
const IN_FLIGHT = 16;
const COLUMNS = { qr: "qr", name: "name", id: "id" };

type Asked = Pick<Row, "qr" | "expect">;
type Judge = (rows: readonly Asked[]) => Promise<readonly Verdict[]>;

/** A file of customers, name and number confirmed, CSV to CSV, beside what the pool does with the same rows in memory. */
export async function run({ quick }: BenchOptions): Promise<BenchResult[]> {
  const count = quick ? 8_192 : Number(process.env["HUFU_BENCH_ROWS"] ?? 200_000);
  const deck = makeDeck(CARDS);
  const folder = await mkdtemp(join(tmpdir(), "hufu-bench-bulk-"));
  const verifier = await Verifier.create({ trust: deck.jwks, workers: availableParallelism() });
  const judge: Judge = (rows) => {
    const common = verifier.requirementsOf({});
    return verifier.verifyEach(
      rows.map(({ qr }) => qr),
      (index) => ({ ...common, expect: rows[index]?.expect ?? {} }),
    );
  };
  try {
    const path = join(folder, "in.csv");
    await writeBook(path, deck, count);
    const rates: [number[], number[], number[]] = [[], [], []];
    const time = async (into: number[], work: () => Promise<number>): Promise<void> => {
      const start = performance.now();
      const accepted = await work();
      if (accepted !== count) throw new Error(`${accepted} of ${count} rows were accepted`);
      into.push((count * 1000) / (performance.now() - start));
    };
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      await time(rates[0], () => ours(path, join(folder, `${round}.csv`), judge));
      await time(rates[1], () => inMemory(deck, count, judge));
      await time(rates[2], () => withCsvParse(path, join(folder, `${round}-peer.csv`), judge));
    }
    const [bulk, pool, peer] = rates.map(median);
    const size = `${count} rows, CSV to CSV`;
    return [
      row("bulk", `name and number confirmed, ${size}`, "rows/s", bulk ?? NaN, [
        { name: "the same with csv-parse", value: peer ?? NaN },
      ]),
      row("bulk", "the same beside the pool alone", "rows/s", bulk ?? NaN, [
        { name: "rows in memory, nothing written", value: pool ?? NaN },
      ]),
    ];
  } finally {
    await verifier.close();
    await rm(folder, { recursive: true });
  }
}

async function writeBook(path: string, { qrs }: Deck, count: number): Promise<void> {
  const file = await open(path, "w");
  await file.write("customer,name,id,branch,qr\n");
  for (let start = 0; start < count; start += CARDS) {
    const lines = qrs.slice(0, count - start).map((qr, index) => {
      const { id, name } = holderOf(index);
      return `C${start + index},${name},${id},北京朝阳支行,${qr}\n`;
    });
    await file.write(lines.join(""));
  }
  await file.close();
}

async function ours(path: string, out: string, judge: Judge): Promise<number> {
  const input = await inspectInput(path);
  const form = await openCsv(input, COLUMNS);
  const { outcomes } = await runJob({ input, form, out, name: jobName(input, COLUMNS, {}), judge });
  return outcomes["accepted"] ?? 0;
}

async function inMemory({ bytes }: Deck, count: number, judge: Judge): Promise<number> {
  const rows = bytes.map((qr, index) => ({ qr, expect: holderOf(index) }));
  const waiting: Promise<readonly Verdict[]>[] = [];
  let accepted = 0;
  const take = async (): Promise<void> => {
    accepted += (await waiting.shift())?.filter(({ code }) => code === "VALID").length ?? 0;
  };
  for (let start = 0; start < count; start += GROUP) {
    const from = start % CARDS;
    waiting.push(judge(rows.slice(from, from + Math.min(GROUP, count - start))));
    if (waiting.length === IN_FLIGHT) await take();
  }
  while (waiting.length > 0) await take();
  return accepted;
}

/** What one would write with the usual library around the same pool. */
async function withCsvParse(path: string, out: string, judge: Judge): Promise<number> {
  const file = await open(out, "w");
  const waiting: { rows: string[][]; verdicts: Promise<readonly Verdict[]> }[] = [];
  let accepted = 0;
  const write = async (): Promise<void> => {
    const oldest = waiting.shift();
    const verdicts = (await oldest?.verdicts) ?? [];
    accepted += verdicts.filter(({ code }) => code === "VALID").length;
    const lines = verdicts.map(({ outcome, code, matches }, i) => [...(oldest?.rows[i] ?? []), outcome, code, matches?.id, matches?.name, ""].join(",")); // prettier-ignore
    await file.write(`${lines.join("\n")}\n`);
  };
  let rows: string[][] = [];
  const submit = async (): Promise<void> => {
    const asked = rows.map(([, name = "", id = "", , qr = ""]) => ({ qr, expect: { id, name } }));
    waiting.push({ rows, verdicts: judge(asked) });
    rows = [];
    if (waiting.length === IN_FLIGHT) await write();
  };
  for await (const record of createReadStream(path).pipe(parse({ from: 2 })) as AsyncIterable<string[]>) {
    if (rows.push(record) === GROUP) await submit();
  }
  if (rows.length > 0) await submit();
  while (waiting.length > 0) await write();
  await file.close();
  return accepted;
}
