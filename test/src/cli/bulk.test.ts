import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identity, jwksOf, makeCard, payload } from "../../support/make-card.js";
import { hufuPath } from "../../support/serve.js";
import { at, card, codes, issuerKey, texts } from "../../support/server.js";

const folder = mkdtempSync(join(tmpdir(), "hufu-bulk-"));
const file = (name: string): string => join(folder, name);
writeFileSync(file("trust.json"), jwksOf([issuerKey]));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const named = makeCard(issuerKey, { payload: payload([[169, identity([[4, "欧阳·样例"]])]]) });

function start(input: string, out: string, ...args: string[]) {
  const all = ["bulk", file(input), "--out", file(out), "--trust", file("trust.json"), "--at", at.toISOString(), ...args]; // prettier-ignore
  return spawn(process.execPath, [hufuPath, ...all], { cwd: folder });
}

async function bulk(input: string, out: string, ...args: string[]) {
  const child = start(input, out, ...args);
  const [said, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { status: child.exitCode, said, err };
}

type Table = Record<string, string>[];
const read = (name: string): string => readFileSync(file(name), "utf8");
const table = (name: string, delimiter = ","): Table => parse(read(name), { bom: true, columns: true, delimiter });

describe("hufu bulk", () => {
  it("gives each row again, in its order, with what was found of its card", async () => {
    writeFileSync(file("a.csv"), `no,qr,remark\n${texts.map((qr, i) => `${i},${qr},"a, ""b""\nc"`).join("\n")}`);
    const { status, said, err } = await bulk("a.csv", "a.out");
    expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining("--name and --id") as string });
    expect(table("a.out").map(({ no, qr, code, remark }) => [no, qr, code, remark])).toEqual(
      texts.map((qr, i) => [String(i), qr, codes[i], 'a, "b"\nc']),
    );
    expect(read("a.out").startsWith("\ufeffno,qr,remark,outcome,code,match_id,match_name,reason\r\n0,")).toBe(true);
    expect(table("a.out")[0]).toMatchObject({ outcome: "accepted", reason: "", match_id: "", match_name: "" });
    expect(table("a.out")[1]!["reason"]).toMatch(/did not sign/);
    expect(said).toMatch(/^5 rows in /);
    const again = await bulk("a.csv", "a.out");
    expect(again).toMatchObject({ status: 1, said: said.replace(":", ", 5 of them from before:") });
    rmSync(file("a.out.checkpoint"));
    expect(await bulk("a.csv", "a.out")).toMatchObject({ status: 2, err: expect.stringMatching(/is there already/) as string }); // prettier-ignore
  });

  it("confirms names and numbers, in UTF-8 with a mark or without and in GB 18030", async () => {
    const rows = [
      ["欧阳·样例", "11010519491231002x", "VALID", "true", "match"],
      ["歐陽·样例", "11010519491231002X", "NAME_REVIEW", "true", "review"],
      ["王秀英", "", "IDENTITY_MISMATCH", "false", "differs"],
    ];
    const csv = `姓名;身份证号;二维码\n${rows.map(([name, id]) => `${name};${id};${named}`).join("\n")}\n`;
    writeFileSync(file("b.csv"), csv);
    writeFileSync(file("c.csv"), `\ufeff${csv}`);
    const gb = spawnSync("iconv", ["-f", "UTF-8", "-t", "GB18030"], { input: csv });
    writeFileSync(file("d.csv"), gb.stdout);
    for (const name of ["b", "c", ...(gb.status === 0 ? ["d"] : [])]) {
      const columns = ["--qr", "二维码", "--name", "姓名", "--id", "身份证号"];
      const { status, said, err } = await bulk(`${name}.csv`, `${name}.out`, ...columns, "--json");
      expect({ status, err }).toEqual({ status: 1, err: "" });
      expect(table(`${name}.out`, ";").map((row) => [row["姓名"], row["身份证号"], row["code"], row["match_id"], row["match_name"]])).toEqual(rows); // prettier-ignore
      expect(JSON.parse(said)).toMatchObject({
        encoding: name === "d" ? "gb18030" : "utf-8",
        rows: 3,
        whole: true,
        codes: { VALID: 1, NAME_REVIEW: 1, IDENTITY_MISMATCH: 1 },
        matches: { "id true": 2, "id false": 1, "name match": 1, "name review": 1, "name differs": 1 },
      });
    }
  });

  it("costs a row what is wrong with the row: a stray quotation mark, cells, a number too long, damage", async () => {
    const lines = [
      `1,${card},x`,
      `2,${card},"x`,
      `3,${card},"y, z"`,
      `4,${card}`,
      `5,${card},x,y`,
      `6,${card},a"b`,
      `7,"${card}"x,y`,
      `${"8".repeat(65)},${card},x`,
      `9,${card},"x\r\ny"`,
      "",
      `10,,`,
    ];
    writeFileSync(file("e.csv"), Buffer.concat([Buffer.from(`id,qr,remark\r\n${lines.join("\r\n")}\r\n11,${card},`), Buffer.of(0xff), Buffer.from("中文\r\n")])); // prettier-ignore
    const { status, err } = await bulk("e.csv", "e.out", "--id", "id");
    expect({ status, err }).toMatchObject({ status: 1, err: expect.stringContaining("encoding") as string });
    const found = table("e.out").map(({ id, code, reason }) => `${id!.slice(0, 2)} ${code} ${code === "BAD_REQUEST" ? reason : ""}`); // prettier-ignore
    expect(found).toEqual([
      "1 IDENTITY_MISMATCH ",
      "2 BAD_REQUEST the row opens a quotation mark and does not close it",
      "3 IDENTITY_MISMATCH ",
      "4 BAD_REQUEST the row has 2 cells, and the header names 3",
      "5 BAD_REQUEST the row has 4 cells, and the header names 3",
      "6 IDENTITY_MISMATCH ",
      "7 BAD_REQUEST the row has text after a quotation mark that closes a cell",
      "88 BAD_REQUEST the row has a number of 65 characters, of at most 64",
      "9 IDENTITY_MISMATCH ",
      expect.stringMatching(/^10 BAD_/) as string,
      "11 BAD_REQUEST the row is not UTF-8; \ufffd stands for what is not",
    ]);
    expect(table("e.out")[4]!["remark"]).toBe("x,y");
    expect(table("e.out")[5]!["remark"]).toBe('a"b');
    expect(table("e.out")[8]!["remark"]).toBe("x\r\ny");
  });

  it("says what is wrong with files and columns, and leaves nothing behind", async () => {
    writeFileSync(file("f.csv"), `qr,a,a\n${card},1,2\n`);
    writeFileSync(file("g.csv"), "");
    writeFileSync(file("h.csv"), Buffer.of(0x50, 0x4b, 0x03, 0x04, 1, 2, 3));
    writeFileSync(file("i.csv"), `qr,code\n${card},1\n`);
    mkdirSync(file("folder"), { recursive: true });
    for (const [input, args, message] of [
      ["f.csv", ["--qr", "text"], /no column "text"; there are "qr", "a", "a"/],
      ["f.csv", ["--id", "a"], /two columns "a"/],
      ["g.csv", [], /no line that names its columns/],
      ["h.csv", [], /workbook/],
      ["i.csv", [], /column code already/],
      ["absent.csv", [], /cannot read/],
      ["folder", [], /cannot read|not a file/],
      ["f.csv", ["--encoding", "latin1"], /Allowed choices/],
    ] as const) {
      const { status, err } = await bulk(input, "never.out", ...args);
      expect({ input, status, err }).toMatchObject({ status: 2, err: expect.stringMatching(message) as string });
      expect(existsSync(file("never.out"))).toBe(false);
      expect(existsSync(file("never.out.checkpoint"))).toBe(false);
    }
    expect((await bulk("f.csv", "f.csv")).err).toMatch(/is the input/);
  });
});

describe("hufu bulk of NDJSON", () => {
  it("adds its fields to each object, and refuses a number where digits would be lost", async () => {
    const lines = [
      `{ "qr": ${JSON.stringify(named)}, "name": "欧阳·样例", "id": "11010519491231002X", "n": 1.50 }`,
      `{"qr":${JSON.stringify(named)},"name":"欧阳·样例","id":110105194912310021}`,
      `{"qr":${JSON.stringify(named)},"id":"1"}`,
      `["qr"]`,
      `{"qr":`,
      "",
      `{"qr":"x","name":"","id":"","code":7}`,
      `{}`,
    ];
    writeFileSync(file("j.ndjson"), `\ufeff${lines.join("\n")}`);
    const { status } = await bulk("j.ndjson", "j.out", "--id", "id", "--name", "name");
    expect(status).toBe(1);
    const found = read("j.out").trimEnd().split("\n");
    expect(found[0]).toBe(
      `${lines[0]!.slice(0, -1)},"outcome":"accepted","code":"VALID","match_id":true,"match_name":"match","reason":""}`,
    );
    expect(found[1]).toContain('"id":110105194912310021,');
    expect(found.slice(1).map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
      'the row has a number, and not text, which loses digits, under "id"',
      'the row has no text under "name"',
      "the row is not an object",
      "the row is not JSON",
      'the row has "code" already',
      'the row has no text under "qr"',
    ]);
    expect(JSON.parse(found[4]!)).toMatchObject({ input: '{"qr":', outcome: "refused", code: "BAD_REQUEST" });
  });
});

describe("a job that was killed", () => {
  const ROWS = 40_000;
  const big = (i: number): string => `${i},${texts[(i * 7 + (i >> 3)) % texts.length]!},"${"x".repeat(i % 40)}\n${i}"`;
  beforeAll(() => {
    writeFileSync(file("big.csv"), `no,qr,remark\n${Array.from({ length: ROWS }, (_, i) => big(i)).join("\n")}\n`);
  });

  it("goes on from what is on the disk, whenever it was killed: no row lost or doubled", async () => {
    await bulk("big.csv", "whole.out");
    let kills = 0;
    for (let run = 0; run < 40; run++) {
      const child = start("big.csv", "killed.out", "--json");
      const ended = once(child, "exit");
      const said = text(child.stdout);
      const err = text(child.stderr);
      const before = existsSync(file("killed.out")) ? statSync(file("killed.out")).size : 0;
      // Something is written, then as much again as chance wills.
      while (
        child.exitCode === null &&
        (existsSync(file("killed.out")) ? statSync(file("killed.out")).size : 0) <= before + 1
      ) {
        await sleep(5);
      }
      await sleep(run * 25);
      child.kill("SIGKILL");
      await ended;
      if (child.signalCode === "SIGKILL") kills++;
      else {
        expect({ status: child.exitCode, err: await err }).toMatchObject({ status: 1 });
        expect(JSON.parse(await said)).toMatchObject({ rows: ROWS, whole: true });
        break;
      }
    }
    expect(kills).toBeGreaterThan(0);
    expect(readFileSync(file("killed.out")).equals(readFileSync(file("whole.out")))).toBe(true);
  });

  it("ends by a signal where it stands, and refuses another input, other columns, or a changed output", async () => {
    const child = start("big.csv", "stopped.out");
    while (!existsSync(file("stopped.out"))) await sleep(5);
    child.kill("SIGTERM");
    await once(child, "exit");
    expect(child.exitCode).toBe(143);
    expect(existsSync(file("stopped.out.checkpoint"))).toBe(true);
    writeFileSync(file("other.csv"), `${read("big.csv")}x,y,z\n`);
    expect((await bulk("other.csv", "stopped.out")).err).toMatch(/another input/);
    expect((await bulk("big.csv", "stopped.out", "--id", "no")).err).toMatch(/other options/);
    const { length } = JSON.parse(read("stopped.out.checkpoint")) as { length: number };
    if (length > 0) {
      truncateSync(file("stopped.out"), length - 1);
      expect((await bulk("big.csv", "stopped.out")).err).toMatch(/were written/);
    }
  });

  it("that met a full disk goes on when there is room", async (context) => {
    const disk = file("disk");
    mkdirSync(disk);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]).status === 0;
    if (!mounted) context.skip("no file system of its own can be mounted here");
    try {
      const full = await bulk("big.csv", "disk/out");
      expect(full).toMatchObject({
        status: 2,
        err: expect.stringMatching(/disk is full.*goes on where it ended/) as string,
      });
      spawnSync("mount", ["-o", "remount,size=64m", disk]);
      expect(await bulk("big.csv", "disk/out")).toMatchObject({ status: 1 });
      expect(readFileSync(file("disk/out")).equals(readFileSync(file("whole.out")))).toBe(true);
    } finally {
      spawnSync("umount", [disk]);
    }
  });
});
