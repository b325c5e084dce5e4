import { decode, encode } from "cborg";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_CBOR_DEPTH, MAX_MAP_ENTRIES } from "../../../src/abi/limits.js";
import { loadParser, type Parser } from "../../support/parse.js";
import { referenceCheck } from "../../support/reference-cbor.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

const check = (hex: string) => parser.checkCbor(Buffer.from(hex, "hex"));

describe.skipIf(!vectorsPresent)("third-party CBOR" + vectorsNote, () => {
  it("refuses every item of RFC 8949 appendix F", () => {
    const cases = readVectorJson("cbor/rfc8949-appendix-f.json") as { hex: string; category: string }[];
    expect(cases.length).toBeGreaterThan(90);
    expect(cases.filter(({ hex }) => check(hex) !== "BAD_CBOR")).toEqual([]);
  });

  it("accepts appendix A, the indefinite lengths excepted", () => {
    const cases = readVectorJson("cbor/appendix_a.json") as { hex: string }[];
    expect(cases.length).toBeGreaterThan(70);
    for (const { hex } of cases) {
      // simple(24) of RFC 7049 is no longer well-formed; a string or container that ends in a break is indefinite.
      const refused = hex === "f818" || /^[57-9ab].*ff(820405)?$/.test(hex);
      expect([hex, check(hex)]).toEqual([hex, refused ? "BAD_CBOR" : "VALID"]);
    }
  });

  it("gives hostile items the code expected", () => {
    const cases = readVectorJson("cbor/dos-and-profile.json") as { name: string; hex: string; expect: string }[];
    const bare = cases.filter(({ name }) => !/^float|^exp /.test(name));
    expect(bare).toHaveLength(cases.length - 5);
    for (const { name, hex, expect: expected } of bare) {
      const code = check(hex);
      if (/^(ok|no trap)/.test(expected)) expect([name, code]).toEqual([name, "VALID"]);
      else expect([name, expected.split(" or ")]).toEqual([name, expect.arrayContaining([code])]);
    }
  });
});

describe("limits", () => {
  const nested = (depth: number, head: number[]) =>
    Uint8Array.from([...Array.from({ length: depth }, () => head).flat(), 0]);
  const openers = { array: [0x81], "map by value": [0xa1, 0x00], "map by key": [0xa1], tag: [0xc1] };
  for (const [name, head] of Object.entries(openers)) {
    it(`counts depth through ${name}`, () => {
      const tail = (depth: number) => (name === "map by key" ? new Uint8Array(depth) : new Uint8Array(0));
      const item = (depth: number) => Uint8Array.from([...nested(depth, head), ...tail(depth)]);
      expect(parser.checkCbor(item(MAX_CBOR_DEPTH))).toBe("VALID");
      expect(parser.checkCbor(item(MAX_CBOR_DEPTH + 1))).toBe("TOO_DEEP");
    });
  }

  it("counts a container that is empty", () => {
    expect(check("81".repeat(MAX_CBOR_DEPTH - 1) + "80")).toBe("VALID");
    expect(check("81".repeat(MAX_CBOR_DEPTH) + "a0")).toBe("TOO_DEEP");
  });

  it("counts depth anew in siblings", () => {
    const chain = "81".repeat(MAX_CBOR_DEPTH - 1) + "00";
    expect(check("84" + chain.repeat(4))).toBe("VALID");
  });

  it("allows a map its limit of entries, of any kind of key", () => {
    const mapOf = (size: number, key: (n: number) => unknown) => {
      const entries = Array.from({ length: size }, (_, n) => [...encode(key(n)), 0]);
      return Uint8Array.from([0xb9, size >> 8, size & 0xff, ...entries.flat()]);
    };
    for (const key of [(n: number) => n, (n: number) => -1 - n, (n: number) => `key ${n}`, (n: number) => [n, "x"]]) {
      expect(parser.checkCbor(mapOf(MAX_MAP_ENTRIES, key))).toBe("VALID");
      expect(parser.checkCbor(mapOf(MAX_MAP_ENTRIES + 1, key))).toBe("BAD_CBOR");
    }
  });

  it("holds the keys of the fullest maps at every depth at once", () => {
    let item: unknown = 0;
    for (let depth = 0; depth < MAX_CBOR_DEPTH; depth++) {
      const entries = Array.from({ length: MAX_MAP_ENTRIES - 1 }, (_, n): [unknown, unknown] => [1000 + n, 0]);
      item = new Map([...entries, ["last", item]]);
    }
    expect(parser.checkCbor(encode(item))).toBe("VALID");
  });
});

describe("duplicate keys", () => {
  it.each([
    ["an integer in two widths", "a201001900 0100".replaceAll(" ", "")],
    ["an integer above 63 in two widths", "a218640019006400"],
    ["a negative integer", "a220003800 00".replaceAll(" ", "")],
    ["text in two widths of length", "a261610078016100"],
    ["a byte string", "a241610041 6100".replaceAll(" ", "")],
    ["an array", "a2820102008201180200"],
    ["a tagged item", "a2c10100c1180100"],
    ["a float in two widths", "a2f93c0000fa3f80000000"],
    ["a simple value", "a2f500f500"],
    ["false, not next to each other", "a3f4000100f400"],
    ["a map", "a2a1010200a1011802 00".replaceAll(" ", "")],
    ["in a nested map, as a value", "a10aa200000000"],
    ["in a nested map, as a key", "a1a20000000000"],
  ])("refuses %s", (_, hex) => {
    expect(check(hex)).toBe("BAD_CBOR");
  });

  it("tells integers apart, and finds each of them again, near every boundary of their encoding", () => {
    const edges = [0, 23, 24, 63, 64, 127, 128, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 2];
    const keys = edges.flatMap((edge) => [edge, -1 - edge]).flatMap((edge) => [edge, edge + 1]);
    const unique = [...new Set(keys)];
    const map = (list: number[]) => Uint8Array.from([0xb8, list.length, ...list.flatMap((n) => [...encode(n), 0])]);
    expect(parser.checkCbor(map(unique))).toBe("VALID");
    for (const key of unique) expect(parser.checkCbor(map([...unique, key]))).toBe("BAD_CBOR");
  });

  it.each([
    ["an integer and its float", "a20100f93c0000"],
    ["text and bytes alike", "a2616100416100"],
    ["an integer and its text", "a20100613100"],
    ["1 and -2, which share an argument", "a201002100"],
    ["simple(32) and 32", "a2f82000182000"],
    ["false and true", "a2f400f500"],
    ["the same in two sibling maps", "82a10000a10000"],
    ["the same in a map and the map it holds", "a100a10000"],
    ["the same above 63 in a map and the map it holds", "a21864a118640018650 0".replaceAll(" ", "")],
    ["arrays that start alike", "a281010082010200"],
  ])("keeps %s apart", (_, hex) => {
    expect(check(hex)).toBe("VALID");
  });
});

describe("UTF-8", () => {
  it("agrees with TextDecoder on short random bytes in long ASCII", () => {
    const lead = fc.constantFrom(0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff, 0x41);
    const next = fc.constantFrom(0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0x41);
    const bytes = fc.tuple(fc.nat(40), lead, fc.array(next, { maxLength: 4 }), fc.nat(40));
    fc.assert(
      fc.property(bytes, ([before, first, rest, after]) => {
        const text = Uint8Array.from([...Buffer.alloc(before, "a"), first, ...rest, ...Buffer.alloc(after, "b")]);
        expect(parser.isUtf8(text)).toBe(isUtf8(text));
      }),
      { numRuns: 3000 },
    );
  });

  it("accepts every text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
        expect(parser.isUtf8(new TextEncoder().encode(text))).toBe(true);
      }),
    );
  });
});

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Values within the profile, as cborg takes them. */
const value = fc.letrec<{ item: unknown; key: unknown }>((tie) => ({
  key: fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.string({ unit: "binary", maxLength: 12 })),
  item: fc.oneof(
    { depthSize: "small", maxDepth: 10 },
    fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }), fc.double(), fc.boolean()),
    fc.oneof(fc.constant(null), fc.uint8Array({ maxLength: 300 }), fc.string({ unit: "binary", maxLength: 70 })),
    fc.array(tie("item"), { maxLength: 30 }),
    fc
      .uniqueArray(fc.tuple(tie("key"), tie("item")), { maxLength: 30, selector: ([key]) => key })
      .map((entries) => new Map(entries)),
  ),
})).item;

describe("agreement with other decoders", () => {
  it("accepts what cborg encodes", () => {
    fc.assert(
      fc.property(value, (item) => {
        expect(parser.checkCbor(encode(item))).toBe("VALID");
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with the pseudocode of RFC 8949 appendix C on mutated items", () => {
    const codes = new Set<string>();
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), fc.boolean(), (item, where, byte, cut) => {
        const bytes = encode(item);
        const at = where % bytes.length;
        bytes[at] = byte;
        const mutated = cut ? bytes.subarray(0, at + 1) : bytes;
        const code = parser.checkCbor(mutated);
        codes.add(code);
        expect([hexOf(mutated), code]).toEqual([hexOf(mutated), referenceCheck(mutated)]);
      }),
      { numRuns: 5000 },
    );
    expect(codes).toContain("VALID");
    expect(codes).toContain("BAD_CBOR");
  });

  it("agrees with it on arbitrary bytes, many of them heads", () => {
    const head = fc.constantFrom(
      0x00,
      0x18,
      0x20,
      0x41,
      0x61,
      0x80,
      0x81,
      0x82,
      0xa0,
      0xa1,
      0xa2,
      0xc0,
      0xf4,
      0xf8,
      0xf9,
    );
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 4, arbitrary: head }, fc.nat(255)), { maxLength: 40 }), (array) => {
        const bytes = Uint8Array.from(array);
        expect([hexOf(bytes), parser.checkCbor(bytes)]).toEqual([hexOf(bytes), referenceCheck(bytes)]);
      }),
      { numRuns: 20_000 },
    );
  });

  it("accepts only what cborg accepts, save what cborg does not know", () => {
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (item, where, byte) => {
        const bytes = encode(item);
        bytes[where % bytes.length] = byte;
        if (parser.checkCbor(bytes) !== "VALID") return;
        try {
          decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true, allowIndefinite: false, strict: false });
        } catch (error) {
          expect(String(error)).toMatch(/tag|simple|float|unknown|integers/i);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
