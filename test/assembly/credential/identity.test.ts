import { encode } from "cborg";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type ClaimMap, encodeCard, sampleClaims, sampleIdentity } from "../../support/cards.js";
import { loadParser, type Parsed, type Parser } from "../../support/parse.js";

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

const read = (identity: unknown): Parsed => parser.card(encodeCard({ payload: sampleClaims(identity) }));

/** The identity of a foreign citizen, with some entries replaced or added. */
const foreign = (...entries: [number | string, unknown][]) =>
  read(new Map<number | string, unknown>([[1, "ID-1"], [4, "Jane Doe"], [13, "IN"], ...entries])); // prettier-ignore

/** The identity of the sample's Chinese citizen, with some entries replaced; undefined removes one. */
function chinese(...entries: [number, unknown][]): Parsed {
  const identity: ClaimMap = sampleIdentity();
  for (const [key, value] of entries) {
    if (value === undefined) identity.delete(key);
    else identity.set(key, value);
  }
  return read(identity);
}

/** GB 11643 as the standard writes it: a table of weights, and a table of check characters. */
function checkCharacter(digits: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return "10X98765432"[weights.reduce((sum, weight, i) => sum + weight * Number(digits[i]), 0) % 11] ?? "";
}
const withCheck = (digits: string) => digits + checkCharacter(digits);

describe("claim 169", () => {
  it("is a map or a byte string that wraps it", () => {
    for (const identity of [sampleIdentity(), encode(sampleIdentity())]) {
      const { code, fields, bytes } = read(identity);
      expect([code, fields.tier, fields.dateOfBirth]).toEqual(["VALID", 2, 19491231]);
      expect(bytes("identity")).toEqual(encode(sampleIdentity()));
    }
  });

  it.each([
    ["text", "x"],
    ["an integer", 1],
    ["an array", [new Map()]],
    ["nil", null],
  ])("is refused as %s", (_, value) => {
    // prettier-ignore
    expect(read(value).code).toBe("BAD_IDENTITY");
    expect(read(encode(value)).code).toBe("BAD_IDENTITY");
  });

  it("is refused as a byte string within a byte string, or one that is not CBOR", () => {
    expect(read(encode(encode(new Map()))).code).toBe("BAD_IDENTITY");
    expect(read(new Uint8Array()).code).toBe("BAD_CBOR");
    expect(read(Uint8Array.of(0xa1, 1)).code).toBe("BAD_CBOR");
    expect(read(Uint8Array.of(0xa0, 0)).code).toBe("BAD_CBOR");
    expect(read(Uint8Array.of(0xa2, 1, 0x60, 1, 0x60)).code).toBe("BAD_CBOR");
    expect(read(Buffer.from("a101".repeat(17) + "00", "hex")).code).toBe("TOO_DEEP");
  });

  it("may be empty", () => {
    const { code, fields } = read(new Map());
    expect([code, fields.tier, fields.dateOfBirth]).toEqual(["VALID", 0, 0]);
  });

  it("names its tier", () => {
    expect(foreign([75, 1]).fields.tier).toBe(1);
    expect(foreign([75, 2]).fields.tier).toBe(2);
    expect(foreign().fields.tier).toBe(0);
    for (const tier of [0, 3, -1, 257, 2 ** 32 + 1, "1", null, 1.5, [1]]) {
      expect([tier, foreign([75, tier]).code]).toEqual([tier, "BAD_IDENTITY"]);
    }
  });

  it("has text as ID number and full name", () => {
    for (const key of [1, 4]) {
      for (const value of [1, null, ["x"], new Uint8Array(3)]) expect(foreign([key, value]).code).toBe("BAD_IDENTITY");
    }
  });

  it("is read in the dialects of the field", () => {
    const finger = new Map<number, unknown>([[0, new Uint8Array(30)], [1, 1], [2, "sub"], [3, "issuer"]]); // prettier-ignore
    const textFinger = new Map<number, unknown>([[0, "RklSAQ=="]]);
    for (const biometrics of [finger, [finger], [finger, textFinger], textFinger, []]) {
      expect(foreign([50, biometrics], [62, biometrics], [65, biometrics]).code).toBe("VALID");
    }
    for (const version of [1, 1.2, "1.2.0"]) expect(foreign([2, version]).code).toBe("VALID");
  });

  it("may have keys that are not known, and other forms of what is not used", () => {
    const unknown: [number | string, unknown][] = [
      [99, "x"],
      [-1, 1],
      ["key", [1]],
      [2 ** 40, null],
      [0, new Map()],
    ];
    expect(foreign(...unknown).code).toBe("VALID");
    for (const key of [2, 3, 5, 8, 9, 10, 13, 16, 18, 21]) {
      for (const value of [1, "x", null, new Uint8Array(30), [1, [2]], new Map([[1, 2]])]) {
        expect([key, value, foreign([key, value]).code]).toEqual([key, value, "VALID"]);
      }
    }
  });
});

describe("keys of claim 169", () => {
  const map = (...entries: string[]): Uint8Array => {
    const bytes = Buffer.from(entries.join("").replaceAll(" ", ""), "hex");
    return Uint8Array.of(0xa0 + entries.length, ...bytes);
  };
  it.each([
    ["a float", "f94400"],
    ["a double", "fb4010000000000000"],
    ["not a number", "f97e00"],
    ["a tagged integer", "c104"],
    ["a tagged text", "c1 6134"],
    ["true", "f5"],
    ["null", "f6"],
    ["a simple value", "e4"],
    ["bytes", "41aa"],
    ["an array", "8104"],
    ["a map", "a10404"],
  ])("are not %s", (_, key) => {
    expect(read(map("04 645245414c")).code).toBe("VALID");
    expect(read(map("04 645245414c", `${key} 644556494c`)).code).toBe("BAD_IDENTITY");
    // Inside a claim they are nobody's business but its reader's.
    expect(read(map("04 645245414c", `1863 a1${key}01`)).code).toBe("VALID");
  });
});

describe("date of birth", () => {
  it.each([
    ["19900515", 19900515],
    ["1990-05-15", 19900515],
    [19900515, 19900515],
    ["20000229", 20000229],
    ["00010101", 10101],
    [99991231, 99991231],
    ["19000229", 0],
    ["19900431", 0],
    ["19901301", 0],
    ["19900001", 0],
    ["19900500", 0],
    ["00000101", 0],
    ["1990-0515", 0],
    ["1990/05/15", 0],
    ["1990051x", 0],
    ["-9900515", 0],
    ["199005155", 0],
    ["", 0],
    [19900532, 0],
    [100000101, 0],
    [2 ** 32 + 19900515, 0],
    [-19900515, 0],
    [19900515.5, 0],
    [null, 0],
  ])("%s is %i", (value, expected) => {
    const { code, fields } = foreign([8, value]);
    expect([code, fields.dateOfBirth]).toEqual(["VALID", expected]);
  });

  it("knows the calendar as JavaScript does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(14), fc.nat(33), (year, month, day) => {
        const date = new Date(0);
        date.setUTCFullYear(year, month - 1, day);
        const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        expect(parser.isDate(year * 10000 + month * 100 + day)).toBe(real);
        expect(parser.isDate((year + 10_000) * 10000 + month * 100 + day)).toBe(false);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("resident ID number", () => {
  it.each(["11010519491231002X", "440524188001010014"])("accepts %s, an example of the standard", (id) => {
    expect(checkCharacter(id)).toBe(id[17]);
    expect(parser.isResidentId(id)).toBe(true);
  });

  it("accepts one check character in eleven", () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.nat(36_000), fc.nat(999), (region, days, sequence) => {
        const birth = new Date(Date.UTC(1900, 0, 1 + days)).toISOString().slice(0, 10).replaceAll("-", "");
        const digits = String(region).padStart(6, "0") + birth + String(sequence).padStart(3, "0");
        const accepted = Array.from("0123456789Xx:/W").filter((check) => parser.isResidentId(digits + check));
        expect(accepted).toEqual([checkCharacter(digits)]);
      }),
    );
  });

  it.each([
    ["a small x", "11010519491231002x"],
    ["17 digits", "11010519491231002"],
    ["19 characters", "11010519491231002XX"],
    ["the 15 digits of old", "110105491231002"],
    ["nothing", ""],
    ["a letter", withCheck("11010519491231002").replace("1", "A")],
    ["an X inside", "1101051949123100XX"],
    ["30 February", withCheck("11010519490230002")],
    ["month 13", withCheck("11010519491331002")],
    ["29 February of 1900", withCheck("11010519000229002")],
  ])("refuses %s", (_, id) => {
    expect(parser.isResidentId(id)).toBe(false);
  });

  it("must be whole and agree with the card, when the nationality is Chinese", () => {
    for (const nationality of ["CN", "CHN"]) {
      const agree = (...entries: [number, unknown][]) => chinese([13, nationality], ...entries).code;
      expect(agree()).toBe("VALID");
      expect(agree([8, 19491231])).toBe("VALID");
      expect(agree([8, "1949-12-31"])).toBe("VALID");
      expect(agree([8, undefined])).toBe("VALID");
      expect(agree([8, "19491230"])).toBe("BAD_IDENTITY");
      expect(agree([8, "unknown"])).toBe("BAD_IDENTITY");
      expect(agree([9, 1])).toBe("BAD_IDENTITY");
      expect(agree([9, 3])).toBe("VALID");
      expect(agree([9, undefined])).toBe("VALID");
      expect(agree([1, withCheck("11010519491231003")])).toBe("BAD_IDENTITY"); // odd: male
      expect(agree([1, withCheck("11010519491231003")], [9, 1])).toBe("VALID");
      expect(agree([1, "110105194912310020"])).toBe("BAD_IDENTITY");
      expect(agree([1, "E12345678"])).toBe("BAD_IDENTITY");
      expect(agree([1, undefined])).toBe("VALID");
    }
  });

  it("is any ID number, when the nationality is not Chinese", () => {
    for (const nationality of ["IN", "cn", "C", "CNN", "", "CHINA", undefined, 156]) {
      expect(chinese([13, nationality], [1, "E12345678"], [9, 1]).code).toBe("VALID");
    }
  });

  it("is compared whatever the order of the entries", () => {
    const reversed = (identity: ClaimMap) => {
      const entries = [...identity].reverse().flatMap(([key, value]) => [...encode(key), ...encode(value)]);
      return read(Uint8Array.from([0xa0 | identity.size, ...entries]));
    };
    expect(reversed(sampleIdentity()).code).toBe("VALID");
    expect(reversed(sampleIdentity().set(9, 1)).code).toBe("BAD_IDENTITY");
  });
});
