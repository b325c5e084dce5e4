import { describe, expect, it } from "vitest";
import { nameOfCharacter, plainSpaces, registeredName, unheldCharacter } from "../../../src/authority/characters.js";

describe("characters of a register", () => {
  it.each([
    [0x00, "U+0000 NULL"],
    [0x1b, "U+001B a control character"],
    [0x85, "U+0085 a control character"],
    [0xad, "U+00AD SOFT HYPHEN"],
    [0x200b, "U+200B ZERO WIDTH SPACE"],
    [0x200f, "U+200F RIGHT-TO-LEFT MARK"],
    [0x202e, "U+202E RIGHT-TO-LEFT OVERRIDE"],
    [0x2028, "U+2028 LINE SEPARATOR"],
    [0x2029, "U+2029 PARAGRAPH SEPARATOR"],
    [0x2064, "U+2064 an invisible format character"],
    [0x3164, "U+3164 HANGUL FILLER"],
    [0xd83d, "U+D83D half of a character"],
    [0xe000, "U+E000 a private-use character"],
    [0x10fffd, "U+10FFFD a private-use character"],
    [0x0378, "U+0378 an unassigned code point"],
    [0xffff, "U+FFFF an unassigned code point"],
    [0xfffd, "U+FFFD REPLACEMENT CHARACTER"],
    [0xfe0f, "U+FE0F a variation selector"],
    [0xe0100, "U+E0100 a variation selector"],
    [0xe0041, "U+E0041 a tag character"],
    [0x1f600, "U+1F600 an emoji"],
    [0x1f1e8, "U+1F1E8 an emoji"],
    [0x2764, "U+2764 an emoji"],
    [0x20e3, "U+20E3 COMBINING ENCLOSING KEYCAP"],
  ])("are not %i, which is named", (code, name) => {
    expect(unheldCharacter(`张${String.fromCodePoint(code)}三`)).toContain(`has ${name}`);
  });

  it.each([
    "张三",
    "𬎆𡌴",
    "古丽米热·艾比布力",
    "O'Brien-Müller",
    "ジョン・スミス",
    "〇々䶮",
    "ᠮᠣᠩᠭᠣᠯ᠋",
    "Nguyễn Thị",
    "№ 3（二单元）",
  ])("are those of %s", (text) => {
    expect(unheldCharacter(text)).toBeUndefined();
  });

  it("are not what software leaves of those that it lost", () => {
    expect(new TextDecoder("gb18030").decode(new TextEncoder().encode("\ufffd\ufffd"))).toBe("锟斤拷");
    expect(unheldCharacter("张锟斤拷")).toContain("software has lost characters");
  });

  it("are suggested where older systems kept them for private use", () => {
    expect(unheldCharacter("王\ue863")).toContain("䶮 (U+4DAE)");
    expect(unheldCharacter("王\ue815")).toContain("(U+2E81)");
    expect(unheldCharacter("王\ue814")).toContain("household register");
    expect(unheldCharacter("王\ue865")).toContain("household register");
    expect(nameOfCharacter("*")).toBe('U+002A "*"');
  });
});

describe("a name as registers write it", () => {
  it.each(Array.from("·•‧∙⋅●․・･.．。﹒｡\u0387⸱"))("has U+00B7 for %j between parts in Han", (dot) => {
    expect(registeredName(`古丽米热${dot}艾比布力`)).toBe("古丽米热·艾比布力");
    expect(registeredName(` 古丽米热 ${dot}${dot} 艾比布力 `)).toBe("古丽米热·艾比布力");
  });

  it("keeps the full stops of other scripts, and the dot of Katakana", () => {
    expect(registeredName("J. R. SMITH JR.")).toBe("J. R. SMITH JR.");
    expect(registeredName("ジョン・スミス")).toBe("ジョン・スミス");
    expect(registeredName("JOSÉ•MARÍA")).toBe("JOSÉ·MARÍA");
    expect(registeredName("JOSÉ・MARÍA")).toBe("JOSÉ·MARÍA");
  });

  it("is NFC, with plain spaces", () => {
    expect(registeredName("王\uf9dc")).toBe("王隆");
    expect(plainSpaces("\u3000张\u00a0\u2003三 ")).toBe("张 三");
  });
});
