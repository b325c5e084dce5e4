import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeCbor } from "../../../src/format/cbor.js";
import {
  arrayItem,
  bytesItem,
  contentOf,
  elementsOf,
  entriesOf,
  integerItem,
  integerOf,
  ItemError,
  mapItem,
  tagItem,
  textItem,
  untagged,
} from "../../../src/format/items.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

const integer = fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, 23, 24, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, -1, -24, -25)); // prettier-ignore

describe("CBOR item by item", () => {
  it("is written as a library writes it", () => {
    fc.assert(
      fc.property(integer, fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 300 }), (number, bytes, text) => {
        expect(integerItem(number)).toEqual(encodeCbor(number));
        expect(bytesItem(bytes)).toEqual(encodeCbor(bytes));
        expect(textItem(text)).toEqual(encodeCbor(text));
        expect(arrayItem([integerItem(number), textItem(text)])).toEqual(encodeCbor([number, text]));
      }),
    );
  });

  it("has the entries of a map in deterministic order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(integer, { maxLength: 30 }), (keys) => {
        const entries = keys.map((key) => [integerItem(key), textItem("x")] as const);
        expect(mapItem(entries)).toEqual(encodeCbor(new Map(keys.map((key) => [key, "x"]))));
      }),
    );
  });

  it("is taken apart into what it was made of", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(integer, fc.uint8Array())), (pairs) => {
        const entries = pairs.map(([key, value]) => [integerItem(key), tagItem(18, bytesItem(value))] as const);
        const found = entriesOf(mapItem(entries));
        const read = found.map(([key, value]) => [integerOf(key), contentOf(untagged(18, value))] as const);
        const byKey = (a: readonly [number, unknown], b: readonly [number, unknown]): number => a[0] - b[0];
        expect([...read].sort(byKey)).toEqual([...pairs].sort(byKey));
        expect(elementsOf(arrayItem(found.map(([key]) => key)))).toEqual(found.map(([key]) => key));
      }),
    );
  });

  it.each(["", "18", "5f4100ff", "9f00ff", "82", "8200", "830102", "5803ffff", "1c", "9bffffffffffffffff", "810000"])(
    "refuses %s",
    (hex) => {
      expect(() => elementsOf(new Uint8Array(Buffer.from(hex, "hex")))).toThrow(ItemError);
      expect(() => contentOf(new Uint8Array(Buffer.from(hex, "hex")))).toThrow(ItemError);
    },
  );

  it("refuses what is nested deeper than 16, however deep", () => {
    const nested = (depth: number): Uint8Array => new Uint8Array(depth).fill(0x81).map((byte, i) => (i === depth - 1 ? 0x80 : byte)); // prettier-ignore
    expect(elementsOf(nested(16))).toHaveLength(1);
    for (const depth of [17, 1_000_000]) expect(() => elementsOf(nested(depth))).toThrow(ItemError);
  });

  it.runIf(vectorsPresent)(`refuses what is not well-formed by RFC 8949 appendix F ${vectorsNote}`, () => {
    const vectors = readVectorJson("cbor/rfc8949-appendix-f.json") as { hex: string; category: string }[];
    // Simple values are passed over as they come: none is read here.
    const heads = vectors.filter(({ category }) => !/simple/i.test(category));
    expect(heads.length).toBeGreaterThan(50);
    for (const { hex } of heads) {
      const array = Uint8Array.of(0x81, ...Buffer.from(hex, "hex"));
      expect(() => elementsOf(array), hex).toThrow(ItemError);
    }
  });
});
