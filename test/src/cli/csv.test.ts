import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { csvLine, csvRows, unneutralised } from "../../../src/cli/csv.js";

describe("rows of CSV", () => {
  it("are told by the line on which they begin", () => {
    const rows = [...csvRows('a,b\r\n"1\r\n2","x""y"\r\n\r\n,\n3,4\r5,6', ",")];
    expect(rows).toEqual([
      { line: 1, cells: ["a", "b"] },
      { line: 2, cells: ["1\r\n2", 'x"y'] },
      { line: 6, cells: ["3", "4"] },
      { line: 7, cells: ["5", "6"] },
    ]);
  });

  it("lose one line, not all that follow, to a quotation mark that is not closed", () => {
    const rows = [...csvRows('a\n"b\nc\n"d\n"e"\n', ",")];
    const fault = "opens a quotation mark and does not close it";
    expect(rows).toEqual([
      { line: 1, cells: ["a"] },
      { line: 2, cells: ["b\nc\nd"] },
      { line: 5, cells: ["e"] },
    ]);
    expect([...csvRows('a\n"b\nc\nd"e\n', ",")].map(({ line }) => line)).toEqual([1, 2]);
    expect([...csvRows('a\n"b\nc\n', ",")]).toEqual([
      { line: 1, cells: ["a"] },
      { line: 2, cells: [], fault },
      { line: 3, cells: ["c"] },
    ]);
  });

  it("are those that csv-parse reads", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", "张", '"', ",", "\n", "\r\n", " ", ";"), maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell), { minLength: 1 }),
        fc.constantFrom(",", ";", "\t" as const),
        (rows, delimiter) => {
          const quote = (text: string) => `"${text.replaceAll('"', '""')}"`;
          const text = rows.map((cells) => cells.map(quote).join(delimiter)).join("\r\n");
          const theirs = parse(text, { delimiter, relax_column_count: true }).filter((cells) =>
            cells.some((one) => one.trim() !== ""),
          );
          expect(Array.from(csvRows(text, delimiter as ","), ({ cells }) => cells)).toEqual(theirs);
        },
      ),
    );
  });
});

describe("a line of CSV", () => {
  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", "＝1", "＋1", "＠x"])(
    "has no formula in %j, and is read back as it was",
    (cell) => {
      const [row] = csvRows(csvLine([cell, "x"]), ",");
      expect(row?.cells[0]?.[0]).toBe("'");
      expect(unneutralised(row?.cells[0] ?? "")).toBe(cell);
    },
  );

  it("leaves other cells alone", () => {
    expect(csvLine(["张三", "'t Hooft", "1-2", "a,b", 'say "x"'])).toBe(`张三,'t Hooft,1-2,"a,b","say ""x"""`);
    expect(unneutralised("'t Hooft")).toBe("'t Hooft");
  });

  it("is read back whatever it holds", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" }), { minLength: 1 }), (cells) => {
        fc.pre(cells.some((cell) => cell.trim() !== ""));
        const [row] = csvRows(csvLine(cells), ",");
        expect(row?.cells.map(unneutralised)).toEqual(cells);
      }),
    );
  });
});
