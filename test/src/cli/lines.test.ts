import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readLines } from "../../../src/cli/lines.js";
import { temporaryFolder } from "../../support/authority.js";

const folder = temporaryFolder();
afterAll(() => {
  folder.remove();
});

async function linesOf(contents: string | Uint8Array): Promise<[number, string][]> {
  const path = join(folder.path, "texts");
  writeFileSync(path, contents);
  const lines: [number, string][] = [];
  for await (const group of readLines(path)) {
    for (const { number, bytes } of group) lines.push([number, Buffer.from(bytes).toString("latin1")]);
  }
  return lines;
}

describe("lines of QR texts", () => {
  it("are numbered as they stand in the file, blank ones too", async () => {
    expect(await linesOf("A\n\r\n \t\r\nB\nC")).toEqual([
      [1, "A"],
      [4, "B"],
      [5, "C"],
    ]);
  });

  it("are one at least, or it is said that there is none", async () => {
    for (const nothing of ["", "\n", "\ufeff", " \r\n\t\n", Uint8Array.of(0xff, 0xfe, 0x0a, 0)]) {
      await expect(linesOf(nothing), JSON.stringify(nothing)).rejects.toThrow("has not a single QR text");
    }
  });
});
