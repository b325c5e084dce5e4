import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BulkError } from "../../../../src/bulk/error.js";
import type { Row } from "../../../../src/bulk/form.js";
import { inspectBytes } from "../../../../src/bulk/input.js";
import { openParquet } from "../../../../src/bulk/parquet/form.js";
import { makeResidentId } from "../../../../src/format/resident-id.js";
import { identity, jwksOf, makeCard, payload } from "../../../support/make-card.js";
import { hufuPath } from "../../../support/serve.js";
import { at, codes, fate, issuerKey, texts } from "../../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-parquet-"));
const file = (name: string): string => join(folder, name);
writeFileSync(file("trust.json"), jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

// Of several pages, row groups and codecs; make.py says what is in them.
const PAGES = ["pages-1.parquet", "pages-2.parquet"].map((name) => fileURLToPath(new URL(name, import.meta.url)));
const ROWS = 3_000;

async function rowsOf(
  path: string,
  columns: { qr: string; name?: string; id?: string; captured?: string },
  from?: number,
): Promise<Row[]> {
  const form = await openParquet(await inspectBytes(path), columns);
  const all: Row[] = [];
  for await (const rows of form.rows(from)) all.push(...rows);
  return all;
}

function start(input: string, out: string, ...args: string[]) {
  const all = ["bulk", file(input), "--out", file(out), "--trust", file("trust.json"), "--at", at.toISOString(), ...args]; // prettier-ignore
  return spawn(process.execPath, [hufuPath, ...all], { cwd: folder });
}

async function bulk(input: string, out: string, ...args: string[]) {
  const child = start(input, out, ...args);
  const [said, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status: child.exitCode, said, err };
}

/** With another reader than the one that is tested, and its own idea of the schema. */
async function objects(path: string): Promise<Record<string, unknown>[]> {
  const bytes = Uint8Array.from(readFileSync(path)).buffer;
  return parquetReadObjects({ file: bytes, compressors });
}

describe("numbers of a Parquet file", () => {
  for (const path of PAGES) {
    it(`come out digit for digit, with nulls and from any row on (${path.slice(-15)})`, async () => {
      for (const id of ["int64", "uint64", "decimal18", "decimal20_2", "decimal38", "text", "dictionary"]) {
        for (const from of [0, 1, 1_299, 1_300, 2_047, ROWS - 1, ROWS]) {
          const rows = await rowsOf(path, { qr: "qr", name: "name", id }, from);
          const wanted = Array.from({ length: ROWS - from }, (_, i) => rowOf(from + i, id));
          const found = rows.map(({ next, qr, expect, fault }) => {
            return { next, ...(fault === undefined ? { qr: Buffer.from(qr).toString(), expect } : { fault }) };
          });
          expect(found).toEqual(wanted);
        }
      }
    });

    it(`stand beside times of capture (${path.slice(-15)})`, async () => {
      const time = (i: number): Date => new Date(Date.UTC(2020, 0, 1) + i * 1_000);
      const moments = await rowsOf(path, { qr: "qr", captured: "moment" }, 6);
      expect(moments.slice(0, 50).map(({ captured }) => captured)).toEqual(Array.from({ length: 50 }, (_, i) => time(i + 6))); // prettier-ignore
      const written = await rowsOf(path, { qr: "qr", captured: "written" }, 6);
      expect(written.slice(0, 2).map(({ captured }) => captured)).toEqual([undefined, time(7)]);
      const faulty = await rowsOf(path, { qr: "qr", captured: "local" });
      expect(faulty[0]).toMatchObject({ fault: 'has a time without a zone under "local"' });
      expect((await rowsOf(path, { qr: "qr", captured: "name" }))[0]).toMatchObject({ fault: expect.stringMatching(/time of capture that is not written as/) as string }); // prettier-ignore
      expect((await rowsOf(path, { qr: "qr", captured: "no" }))[0]).toMatchObject({ fault: 'has an INT32, and not text, under "no"' }); // prettier-ignore
    });

    it(`that lose digits are refused by name, and what is no number too (${path.slice(-15)})`, async () => {
      for (const [id, fault] of [
        ["double", 'has a DOUBLE, which loses digits of a number, under "double"'],
        ["float", 'has a FLOAT, which loses digits of a number, under "float"'],
        ["moment", 'has a date or a time, and not text, under "moment"'],
        ["fraction", 'has a number with a fraction under "fraction"'],
        ["bytes", 'has what is not UTF-8 under "bytes"'],
      ] as const) {
        expect((await rowsOf(path, { qr: "qr", id }))[1]).toMatchObject({ fault });
      }
      expect((await rowsOf(path, { qr: "no" }))[0]).toMatchObject({ fault: 'has an INT32, and not text, under "no"' });
      const name = 'has a DECIMAL, and not text, under "decimal18"';
      expect((await rowsOf(path, { qr: "qr", name: "decimal18" }))[1]).toMatchObject({ fault: name });
      for (const qr of ["group", "list", "a", "none"]) {
        await expect(rowsOf(path, { qr })).rejects.toMatchObject({ code: "COLUMN_MISSING" });
      }
    });
  }
});

function rowOf(i: number, id: string) {
  const next = i + 1;
  if (i % 101 === 5) return { next, fault: 'has nothing under "qr"' };
  if (i % 11 === 0) return { next, fault: `has nothing under "${id}"` };
  const digits = String(110105194900000000n + 7n * BigInt(i));
  const isText = id === "text" || id === "dictionary";
  const number = isText && i % 13 === 0 ? `${digits.slice(0, -1)}X` : digits;
  return { next, qr: `QR${String(i).padStart(6, "0")}`, expect: { id: number, name: `姓名${i % 37}` } };
}

// A number that has no X, and so may be one.
const idNumber = Array.from({ length: 20 }, (_, i) => makeResidentId("110105", "19491231", 2 * i)).find((id) => /^\d+$/.test(id))!; // prettier-ignore
const named = makeCard(issuerKey, { payload: payload([[169, identity([[1, idNumber], [4, "欧阳·样例"]])]]) }); // prettier-ignore

describe("hufu bulk of Parquet", () => {
  it("keeps every column as it was, and adds the results", async () => {
    for (const [i, path] of PAGES.entries()) {
      copyFileSync(path, file(`a${i}.parquet`));
      const { status, said, err } = await bulk(`a${i}.parquet`, `b${i}.parquet`, "--id", "decimal18", "--json");
      expect({ status, err }).toEqual({ status: 1, err: "" });
      expect(JSON.parse(said)).toMatchObject({ rows: ROWS, whole: true, codes: { BAD_REQUEST: 300 } });
      const [before, after] = [await objects(path), await objects(file(`b${i}.parquet`))];
      const results = ["outcome", "code", "match_id", "match_name", "reason"];
      expect(Object.keys(after[0]!)).toEqual([...Object.keys(before[0]!), ...results]);
      const kept = after.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !results.includes(name)))); // prettier-ignore
      expect(kept).toEqual(before);
      expect(after[5]).toMatchObject({ code: "BAD_REQUEST", reason: 'the row has nothing under "qr"' });
      expect(existsSync(file(`b${i}.parquet.rows`))).toBe(false);
      // What was encoded is copied, and nothing else is said of it.
      const [old, made] = [path, file(`b${i}.parquet`)].map((one) => parquetMetadata(readFileSync(one)));
      for (const [g, group] of old!.row_groups.entries()) {
        for (const [c, { meta_data: meta }] of group.columns.entries()) {
          const { meta_data: copy } = made!.row_groups[g]!.columns[c]!;
          expect({ ...copy, data_page_offset: 0, dictionary_page_offset: 0 }).toEqual({ ...meta, data_page_offset: 0, dictionary_page_offset: 0 }); // prettier-ignore
        }
      }
    }
  });

  it("confirms numbers that are numbers", async () => {
    const ids = [BigInt(idNumber), 110105194912310029n, null];
    const columnData = [
      { name: "qr", type: "STRING" as const, data: ids.map(() => named) },
      { name: "id", type: "INT64" as const, nullable: true, data: ids },
      { name: "name", type: "STRING" as const, data: ["欧阳·样例", "歐陽·样例", "王秀英"] },
    ];
    writeFileSync(file("c.parquet"), Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 2 })));
    const { status, said } = await bulk("c.parquet", "d.parquet", "--id", "id", "--name", "name");
    expect({ status, said }).toMatchObject({ status: 1, said: expect.stringMatching(/^3 rows in /) as string });
    const result = { outcome: "accepted", code: "VALID", match_id: true, match_name: "match", reason: "" };
    expect(await objects(file("d.parquet"))).toMatchObject([
      { id: ids[0], name: "欧阳·样例", ...result },
      { id: ids[1], name: "歐陽·样例", outcome: "refused", code: "IDENTITY_MISMATCH", match_id: false, match_name: "review", reason: expect.any(String) as string }, // prettier-ignore
      { id: null, name: "王秀英", outcome: "refused", code: "BAD_REQUEST", match_id: null, match_name: null, reason: 'the row has nothing under "id"' }, // prettier-ignore
    ]);
  });

  it("takes a file without a row", async () => {
    const columnData = [{ name: "qr", type: "STRING" as const, data: [] }];
    writeFileSync(file("empty.parquet"), Buffer.from(parquetWriteBuffer({ columnData })));
    expect(await bulk("empty.parquet", "nothing.parquet")).toMatchObject({ status: 0 });
    expect(parquetMetadata(readFileSync(file("nothing.parquet"))).schema.map(({ name }) => name)).toContain("match_id");
    expect(await objects(file("nothing.parquet"))).toEqual([]);
  });

  it("says what is wrong with a file, whatever it is, and leaves nothing behind", async () => {
    const whole = readFileSync(PAGES[1]!);
    const taken = [{ name: "qr", type: "STRING" as const, data: ["x"] }, { name: "code", type: "STRING" as const, data: ["x"] }]; // prettier-ignore
    writeFileSync(file("taken.parquet"), Buffer.from(parquetWriteBuffer({ columnData: taken })));
    writeFileSync(file("cut.parquet"), whole.subarray(0, whole.length >> 1));
    writeFileSync(file("short.parquet"), "PAR1");
    writeFileSync(file("text.csv"), "qr\nx\n");
    for (const [input, out, args, message] of [
      ["taken.parquet", "never.parquet", [], /column code already/],
      ["cut.parquet", "never.parquet", [], /does not end as a Parquet file does/],
      ["short.parquet", "never.parquet", [], /does not end as a Parquet file does/],
      ["taken.parquet", "never.csv", [], /let the name of --out end in .parquet/],
      ["text.csv", "never.parquet", [], /let the name of --out not end in .parquet/],
      ["taken.parquet", "never.parquet", ["--encoding", "utf-8"], /--encoding is for text/],
    ] as const) {
      const { status, err } = await bulk(input, out, ...args);
      expect({ input, status, err }).toMatchObject({ status: 2, err: expect.stringMatching(message) as string });
      for (const end of ["", ".rows", ".checkpoint"]) expect(existsSync(file(out + end))).toBe(false);
    }
  });

  it("reads damaged files, or says that it cannot", async () => {
    const whole = readFileSync(PAGES[0]!);
    const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
    let read = 0;
    for (let i = 0; i < 300; i++) {
      const bytes = Buffer.from(whole);
      // Half of them in what the file says of itself.
      const from = i % 2 === 0 ? 4 : footer;
      bytes[from + ((i * 7_919) % (bytes.length - from))]! ^= 1 << (i % 8);
      writeFileSync(file("damaged.parquet"), bytes);
      try {
        const rows = await rowsOf(file("damaged.parquet"), { qr: "qr", name: "name", id: "dictionary" });
        expect(rows.map(({ next }) => next)).toEqual(rows.map((_, i) => i + 1));
        read++;
      } catch (error) {
        expect(error).toBeInstanceOf(BulkError);
      }
    }
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(300);
  });
});

describe("a job of Parquet that was killed", () => {
  const COUNT = 60_000;
  beforeAll(() => {
    const all = Array.from({ length: COUNT }, (_, i) => i);
    const columnData = [
      { name: "no", type: "INT32" as const, data: all },
      { name: "qr", type: "STRING" as const, data: all.map((i) => texts[fate(i)]!) },
      // Not alike, so that it takes time to copy.
      { name: "remark", type: "STRING" as const, data: all.map((i) => `${Math.sin(i)}`.repeat(10)) },
    ];
    writeFileSync(file("big.parquet"), Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: 25_000 })));
  });

  it("goes on from what is on the disk, whenever it was killed: no row lost or doubled", async () => {
    await bulk("big.parquet", "whole.parquet");
    let kills = 0;
    const written = (): number => {
      const path = file("killed.parquet.rows");
      return existsSync(path) ? statSync(path).size : 0;
    };
    for (let run = 0; run < 40; run++) {
      const before = written();
      const child = start("big.parquet", "killed.parquet", "--json");
      const ended = once(child, "exit");
      const said = text(child.stdout);
      while (child.exitCode === null && written() <= before) await sleep(5);
      await sleep(run * 25);
      child.kill("SIGKILL");
      await ended;
      if (child.signalCode === "SIGKILL") kills++;
      else {
        expect(JSON.parse(await said)).toMatchObject({ rows: COUNT, whole: true });
        break;
      }
    }
    expect(kills).toBeGreaterThan(0);
    expect(readFileSync(file("killed.parquet")).equals(readFileSync(file("whole.parquet")))).toBe(true);
    const found = await objects(file("killed.parquet"));
    expect(found.every(({ no, code }, i) => no === i && code === codes[fate(i)])).toBe(true);
    // Of a job that is done it tells the result, and makes the output anew where it was taken away.
    expect(await bulk("big.parquet", "killed.parquet")).toMatchObject({ status: 1, err: expect.stringContaining("--name") as string }); // prettier-ignore
    rmSync(file("killed.parquet"));
    expect(await bulk("big.parquet", "killed.parquet")).toMatchObject({ status: 1 });
    expect(readFileSync(file("killed.parquet")).equals(readFileSync(file("whole.parquet")))).toBe(true);
  });

  it("that met a full disk goes on when there is room, whether rows were written or joined", async (context) => {
    const disk = file("disk");
    mkdirSync(disk);
    const mount = (...args: string[]): boolean => spawnSync("mount", [...args, disk]).status === 0;
    if (!mount("-t", "tmpfs", "-o", "size=2m", "tmpfs")) context.skip("no file system of its own can be mounted here");
    try {
      // Room for the rows, and not for what is made of them as well.
      const little = `${statSync(file("whole.parquet")).size >> 10}k`;
      for (const size of [little, "64m"]) {
        const full = await bulk("big.parquet", "disk/out.parquet");
        expect(full).toMatchObject({ status: 2, err: expect.stringMatching(/disk is full.*goes on where/) as string });
        expect(existsSync(file("disk/out.parquet.new"))).toBe(false);
        mount("-o", `remount,size=${size}`);
      }
      expect(await bulk("big.parquet", "disk/out.parquet")).toMatchObject({ status: 1 });
      expect(readFileSync(file("disk/out.parquet")).equals(readFileSync(file("whole.parquet")))).toBe(true);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
