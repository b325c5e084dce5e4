import { describe, expect, it } from "vitest";
import { decodeChineseText, decodeText, TextError } from "../../../src/format/text.js";

const words = "姓名,身份证号\r\n张三,11010519491231002X\r\n";

function utf16(text: string, order: "le" | "be", mark: "marked" | "bare"): Uint8Array {
  const bytes = Buffer.from(mark === "marked" ? `\ufeff${text}` : text, "utf16le");
  return new Uint8Array(order === "le" ? bytes : bytes.swap16());
}

/** `words` in GB 18030, as a spreadsheet in China saves them. */
const gb = Uint8Array.from([
  ...[0xd0, 0xd5, 0xc3, 0xfb, 0x2c, 0xc9, 0xed, 0xb7, 0xdd, 0xd6, 0xa4, 0xba, 0xc5, 0x0d, 0x0a],
  ...[0xd5, 0xc5, 0xc8, 0xfd, ...Buffer.from(",11010519491231002X\r\n")],
]);

function faultOf(bytes: Uint8Array, read: (bytes: Uint8Array) => unknown = decodeChineseText): string {
  try {
    read(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(TextError);
    return (error as TextError).code;
  }
  return "";
}

describe("text of a file", () => {
  it.each([
    ["UTF-8", Buffer.from(words)],
    ["UTF-8", Buffer.from(`\ufeff${words}`)],
    ["UTF-16", utf16(words, "le", "marked")],
    ["UTF-16", utf16(words, "be", "marked")],
    ["GB 18030", gb],
  ])("is read from %s", (encoding, bytes) => {
    expect(decodeChineseText(new Uint8Array(bytes))).toEqual({ text: words, encoding });
    if (encoding !== "GB 18030") expect(decodeText(new Uint8Array(bytes))).toBe(words);
  });

  it("is read as UTF-8 wherever it is UTF-8, though GB 18030 would read it too", () => {
    const bytes = new TextEncoder().encode("张三李四,王五赵六");
    expect(() => new TextDecoder("gb18030", { fatal: true }).decode(bytes)).not.toThrow();
    expect(decodeChineseText(bytes)).toEqual({ text: "张三李四,王五赵六", encoding: "UTF-8" });
    expect(decodeText(new Uint8Array())).toBe("");
  });

  it("takes four-byte GB 18030: 𬎆 has no shorter one", () => {
    const bytes = Uint8Array.from([0xd5, 0xc5, 0xc8, 0xfd, 0xc0, 0xee, 0x99, 0x31, 0xa6, 0x32]);
    expect(decodeChineseText(bytes).text).toMatch(/^张三李\p{Script=Han}$/u);
  });

  it.each([
    ["UTF16", utf16(words, "le", "bare")],
    ["UTF16", utf16("id,name\n", "be", "bare")],
    ["UTF32", [0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]],
    ["DAMAGED", utf16(words, "le", "marked").subarray(0, -1)],
    ["DAMAGED", [0xef, 0xbb, 0xbf, 0xd5, 0xc5]],
    ["DAMAGED", [0xff, 0xfe, 0x3d, 0xd8]],
    ["WORKBOOK", [0x50, 0x4b, 0x03, 0x04, 0x14, 0]],
    ["WORKBOOK", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1]],
    ["BINARY", [0x25, 0x50, 0x44, 0x46, 0x2d]],
    ["BINARY", [0x30, 0x59, 0, 0, 0, 0, 0, 0]],
    // UTF-8 that is cut, and UTF-8 with a line of GB 18030 in it.
    ["DAMAGED", new TextEncoder().encode(words).subarray(0, 4)],
    ["DAMAGED", Buffer.concat([Buffer.from(words), gb])],
    // José in Windows-1252, 張三大 in Big5, Hélène in Latin-1.
    ["UNKNOWN_ENCODING", [0x4a, 0x6f, 0x73, 0xe9, 0x2c, 0x31]],
    ["UNKNOWN_ENCODING", [0xb1, 0x69, 0xa4, 0x54, 0xa4, 0x6a]],
    ["UNKNOWN_ENCODING", [0x48, 0xe9, 0x6c, 0xe8, 0x6e, 0x65]],
  ])("is refused as %s", (code, bytes) => {
    expect(faultOf(Uint8Array.from(bytes))).toBe(code);
    expect(faultOf(Uint8Array.from(bytes), decodeText)).toBe(code);
  });

  it("is named as GB 18030 where only Unicode is read", () => {
    expect(faultOf(gb, decodeText)).toBe("GB18030");
  });
});
