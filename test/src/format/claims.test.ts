import { encode } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cborToJson, readClaims } from "../../../src/format/claims.js";

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex"));

/** Claims as JSON: no key of one takes the place of another. */
describe("readClaims", () => {
  it.each([
    ["an integer and the text of its digits", "a2 04 6141 6134 6142", { 4: "A", '"4"': "B" }],
    ["that text, and the text that it is quoted as", "a2 6134 6141 63223422 6142", { '"4"': "A", '"\\"4\\""': "B" }],
    ["an integer beyond numbers, and its digits", "a2 1bffffffffffffffff 01 74 3138343436373434303733373039353531363135 02", { "18446744073709551615": 1, '"18446744073709551615"': 2 }], // prettier-ignore
    ["a negative one", "a2 20 01 622d31 02", { "-1": 1, '"-1"': 2 }],
    ["a float beside an integer", "a2 04 6141 f94400 6142", { 4: "A" }],
    ["a tagged key", "a2 04 6141 c104 6142", { 4: "A" }],
    ["true beside its name", "a2 f5 6141 6474727565 6142", { true: "B" }],
    ["bytes beside their base64", "a2 41aa 6141 627167 6142", { qg: "B" }],
    ["an array, a map and null", "a3 8104 01 a0 02 f6 03", {}],
    ["the same inside a claim", "a1 1832 a2 00 6141 f90000 6142", { 50: { 0: "A" } }],
    ["__proto__", "a1 695f5f70726f746f5f5f a1 01 02", JSON.parse('{"__proto__": {"1": 2}}')],
  ])("%s", (_, bytes, json) => {
    expect(readClaims(hex(bytes))).toEqual(json);
    expect(Object.keys(readClaims(hex(bytes)))).toEqual(Object.keys(json as object));
  });

  it("gives every integer and every text a name of its own", () => {
    const digits = fc.stringMatching(/^"?-?[0-9]{1,3}"?$/);
    const keys = fc.uniqueArray(fc.oneof(fc.integer({ min: -999, max: 999 }), digits, fc.string()));
    fc.assert(
      fc.property(keys, (all) => {
        const map = new Map(all.map((key, index) => [key, index]));
        expect(Object.values(cborToJson(encode(map)) as object).sort((a, b) => a - b)).toEqual([...all.keys()]);
      }),
    );
  });
});
