import { describe, expect, it } from "vitest";
import { readPeople } from "../../../src/cli/people.js";
import { makeResidentId } from "../../../src/format/resident-id.js";
import { caseNames, casesNote, casesPresent, readCase } from "../../support/cases.js";

/** Names of those who can be enrolled, and what is said of the others. */
interface Outcome {
  names: readonly string[];
  faults?: readonly string[];
  wheres?: readonly string[];
}

function outcomeOf(input: Uint8Array | string): Required<Outcome> {
  const { found, faults } = readPeople(typeof input === "string" ? Buffer.from(input) : input, "the file");
  return { names: found.map(({ person }) => person.name), wheres: found.map(({ where }) => where), faults };
}

function expectOutcome(input: Uint8Array | string, { names, faults = [], wheres }: Outcome): void {
  const outcome = outcomeOf(input);
  expect(outcome.names).toEqual(names);
  expect(outcome.faults).toEqual(faults.map((fault) => expect.stringContaining(fault) as string));
  if (wheres !== undefined) expect(outcome.wheres).toEqual(wheres);
}

const good = (...names: string[]): Outcome => ({ names });
const bad = (...faults: string[]): Outcome => ({ names: [], faults });

const SPREADSHEETS: Readonly<Record<string, Outcome>> = {
  "apostrophe-id.csv": good("测试癸"),
  "blank-rows.csv": good("测试辰"),
  "bom-crlf.csv": good("测试甲"),
  "caps-headers.csv": good("测试壬"),
  "chinese-headers.csv": good("测试辛"),
  "dup-in-file.csv": {
    names: ["测试巳"],
    wheres: ["line 2"],
    faults: ["line 3: id 110105198506120296 stands in line 2"],
  },
  "excel-scientific.csv": bad("line 2: id was turned into 1.10105E+17 by a spreadsheet"),
  "excel-zeros.csv": bad("line 2: it has an id that ends in 000, as spreadsheets leave"),
  "extra-comma.csv": bad("line 2: it has 3 cells where the header has 2"),
  "fullwidth-id.csv": good("测试亥"),
  "gbk.csv": good("王昇"),
  "one-bad-of-300.csv": {
    names: Array.from({ length: 300 }, (_, i) => `批量${i}`).filter((_, i) => i !== 211),
    faults: ["line 213: id has a wrong check character"],
  },
  "quoted-newline.csv": { names: ["测试丙", "测试丁"], wheres: ["line 2", "line 4"] },
  "semicolon.csv": good("测试戊"),
  "short-row.csv": bad("line 2: it has 2 cells where the header has 3"),
  "slash-date.csv": good("测试丑"),
  "tab-separated.csv": good("测试庚"),
  "trailing-space-header.csv": good("测试申"),
  "utf16le-bom.csv": good("王昇"),
  "zwsp-id.csv": good("测试戌"),
};

const PEOPLE: Readonly<Record<string, Outcome>> = {
  "ascii-dot.json": good("古丽米热·艾比布力"),
  "astral.json": good("𬎆𡌴"),
  "born-1800.json": bad("id says a birth on 18000101, before 1900"),
  "bullet-dot.json": good("古丽米热·艾比布力"),
  // Too young, which the authority says.
  "child-11.json": good("小孩"),
  "compat-ideograph.json": good("王\u9686"),
  "digits15.json": bad("id is an old number of 15 digits: give the one of 18"),
  "emoji.json": bad("name has U+1F600 an emoji"),
  "foreign-alpha3.json": bad("nationality is a country of two capital letters"),
  "foreign-pr-9-cn.json": bad("nationality is missing: an ID number that begins with 9"),
  "foreign-pr-9.json": good("SMITH JOHN"),
  "formula.json": good('=HYPERLINK("http://evil.example","x")'),
  "future-birth.json": bad("id says a birth on 20991231, which is yet to come"),
  "hk-810000.json": good("陈大文"),
  "id-number.json": bad("id is a number, not a text, and its last digits are lost"),
  "ivs.json": bad("name has U+E0100 a variation selector"),
  "line-sep.json": bad("name has U+2028 LINE SEPARATOR"),
  "lone-surrogate.json": bad("name has U+D83D half of a character"),
  "lone-surrogate2.json": bad("name has U+D842 half of a character"),
  "long-name.json": bad("name is longer than 100 characters"),
  "lower-x.json": good("测试"),
  "middle-dot.json": good("古丽米热·艾比布力"),
  "name-number.json": bad("name is a number, not a text: write it between quotes"),
  "nul.json": bad("name has U+0000 NULL"),
  "photo-data-uri.json": good("照片2"),
  "photo-jpg-word.json": good("照片4"),
  "photo-newlines.json": good("照片3"),
  "photo-no-format.json": good("照片5"),
  "photo-ok.json": good("照片1"),
  "photo-png-as-jpeg.json": bad("photo is PNG, which cards do not take"),
  "pua-e863.json": bad("name has U+E863 a private-use character"),
  "region-hk.json": good("何小姐"),
  "rlo.json": bad("name has U+202E RIGHT-TO-LEFT OVERRIDE"),
  "roman-ten.json": bad("id has U+2169 ROMAN NUMERAL TEN at place 18: type a digit or the letter X"),
  "times-sign.json": bad("id has U+00D7 MULTIPLICATION SIGN at place 18: type a digit or the letter X"),
  "tw-830000.json": good("林美玲"),
  "unassigned.json": bad("name has U+E0041 a tag character"),
  "zwsp.json": bad("name has U+200B ZERO WIDTH SPACE"),
};

describe.skipIf(!casesPresent)(`people from the field${casesNote}`, () => {
  it("are all known here", () => {
    expect(caseNames("csv")).toEqual(Object.keys(SPREADSHEETS).sort());
    expect(caseNames("people")).toEqual(Object.keys(PEOPLE).sort());
  });
  it.each(Object.entries(SPREADSHEETS))("come out of csv/%s", (name, outcome) => {
    expectOutcome(readCase(`csv/${name}`), outcome);
  });
  it.each(Object.entries(PEOPLE))("come out of people/%s", (name, outcome) => {
    expectOutcome(readCase(`people/${name}`), outcome);
  });
});

const A = "11010519491231002X";
/** One of the few that end in 000 of themselves. */
const REAL =
  Array.from({ length: 999 }, (_, i) => makeResidentId("110105", `19${50 + (i % 50)}0612`, 100 * (1 + (i % 9)))).find(
    (number) => number.endsWith("000"),
  ) ?? "";
const ids = ["110105198506120018", "110105198506120034", "110105198506120050"] as const;

describe("a spreadsheet of people", () => {
  it.each([
    ["tabs and a mark", `\ufeffID_Number\tFull Name\n${ids[0]}\t张三\n`, good("张三")],
    ["sep=", `sep=;\r\nid;name\r\n${ids[0]};张三\r\n`, { names: ["张三"], wheres: ["line 3"] }],
    ["full-width commas", `身份证号，姓名\n${ids[0]}，张三\n`, good("张三")],
    [
      "old line ends",
      `id,name\r${ids[0]},张三\r${ids[1]},李四\r`,
      { names: ["张三", "李四"], wheres: ["line 2", "line 3"] },
    ],
    [
      "notes in the header",
      `序号,姓名（必填）,公民身份号码,性别,出生日期,住址\n1,张三,${ids[0]},男,1985.6.12,路\n`,
      good("张三"),
    ],
    ["blank columns", `id,name,,\n${ids[0]},张三,,\n`, good("张三")],
    ["a formula of text", `id,name\n"=""${ids[0]}""",张三\n`, good("张三")],
    [
      "lines after cells of several",
      `id,name,address\n${ids[0]},张三,"一\n二\n三"\n\n${ids[1]},李四\n${ids[2]},王五,四\n`,
      {
        names: ["张三", "王五"],
        wheres: ["line 2", "line 7"],
        faults: ["line 6: it has 2 cells where the header has 3"],
      },
    ],
    [
      "a quotation mark too many",
      `id,name\n${ids[0]},"张三\n${ids[1]},李四\n`,
      { names: ["李四"], faults: ["line 2: it opens a quotation mark and does not close it"] },
    ],
    [
      "a comma in an address",
      `id,name,address\n${ids[0]},张三,路,1 号\n${ids[1]},李四,"路,2 号"\n`,
      { names: ["李四"], faults: ["line 2: it has 4 cells where the header has 3: one holds a delimiter"] },
    ],
    [
      "the same person in another writing",
      `id,name\n${ids[0]},张三\n'${ids[0]},张三\n`,
      { names: ["张三"], faults: ["line 3: id 110105198506120018 stands in line 2 already"] },
    ],
    [
      "several faults of one row",
      `id,name,phone\n123,,1.38E+10\n${ids[0]},张三,\n`,
      {
        names: ["张三"],
        faults: ["line 2: id has 3 characters", "line 2: name is missing", "line 2: phone was rounded"],
      },
    ],
  ] satisfies [string, string, Outcome][])("is read with %s", (_, text, outcome) => {
    expectOutcome(text, outcome);
  });

  it("may be in GB 18030 of four bytes, and in UTF-16 of either order", () => {
    const text = `\ufeff姓名;身份证号\r\n张三;${ids[0]}\r\n`;
    const bytes = Buffer.from(text, "utf16le");
    expectOutcome(bytes, good("张三"));
    expectOutcome(Buffer.from(bytes).swap16(), good("张三"));
    const gb = [0xd0, 0xd5, 0xc3, 0xfb, 0x2c, 0x69, 0x64, 0x0a, 0xd5, 0xc5, 0xc8, 0xfd, 0x99, 0x31, 0xa6, 0x32, 0x2c];
    expect(outcomeOf(Uint8Array.from([...gb, ...Buffer.from(ids[0])])).names[0]).toMatch(/^张三\p{Script=Han}$/u);
  });

  it.each([
    ["", "has no people"],
    ["\ufeff", "has no people"],
    ["id,name\n", "has no people"],
    ["id,name\n,\n \n", "has no people"],
    ["[]", "has no people"],
    [`${A},张三\n`, 'has a column "11010519491231002X"'],
    ["id,colour\n", 'has a column "colour"'],
    ["id,address\n", "has no column name"],
    ["姓名,name,id\n", "has two columns of name"],
    ['"id,name\n', "line 1 of the file opens a quotation mark"],
    ["{", "is not JSON"],
    [`{"id":"${A}"}\n{"id":`, "is not JSON: line 2 is cut or malformed"],
    ["PK\u0003\u0004\u0014", "is a workbook"],
    ["i\0d\0,\0n\0a\0m\0e\0\n\0", "is UTF-16 without a byte order mark"],
  ])("that cannot be used is refused whole: %j", (text, message) => {
    expect(() => outcomeOf(text)).toThrow(message);
  });

  it("of a rounded number is not believed, though the check character be right by chance", () => {
    for (const damaged of ["110105198506121000", REAL]) {
      expectOutcome(`id,name\n${damaged},张三\n`, bad("line 2: it has an id that ends in 000"));
    }
    // An apostrophe says that it is a text, and JSON texts are none of a spreadsheet's.
    expectOutcome(`id,name\n'${REAL},张三\n`, good("张三"));
    expectOutcome(JSON.stringify({ id: REAL, name: "张三" }), good("张三"));
  });
});

describe("people in JSON", () => {
  it("are told by their line where each has one, and by their place in an array", () => {
    const lines = `{"id":"${A}","name":"张三"}\r\n\r\n{"id":"${ids[0]}","name":"李\u200b四"}\r\n`;
    expectOutcome(lines, { names: ["张三"], wheres: ["line 1"], faults: ["line 3: name has U+200B ZERO WIDTH SPACE"] });
    expectOutcome(`[{"id":"${A}","name":"张三"}, 5]`, { names: ["张三"], faults: ["person 2: it is not an object"] });
    expectOutcome(`\ufeff{"id":"${A}","name":"张三"}`, { names: ["张三"], wheres: ["person 1"] });
  });
});
