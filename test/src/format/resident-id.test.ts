import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isCalendarDate, makeResidentId, parseResidentId } from "../../../src/format/resident-id.js";

describe("the resident identity number", () => {
  it("reads the examples of GB 11643", () => {
    expect(parseResidentId("11010519491231002X")).toEqual({
      region: "110105",
      birthDate: "19491231",
      sequence: "002",
      sex: "female",
    });
    expect(parseResidentId("440524188001010014")).toMatchObject({ region: "440524", sex: "male" });
  });

  it("names the first fault", () => {
    expect(parseResidentId("11010519491231002")).toEqual({ fault: "length" });
    expect(parseResidentId("11010519491231002x")).toEqual({ fault: "characters" });
    expect(parseResidentId("1101051949123100２X")).toEqual({ fault: "characters" });
    expect(parseResidentId("11010519490229002X")).toEqual({ fault: "birth-date" });
    expect(parseResidentId("110105194912310021")).toEqual({ fault: "check-character" });
  });

  const date = fc
    .date({ min: new Date("1880-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
    .map((day) => day.toISOString().slice(0, 10).replaceAll("-", ""));
  const number = fc
    .tuple(fc.integer({ min: 110000, max: 829999 }), date, fc.integer({ min: 0, max: 999 }))
    .map(([region, birthDate, sequence]) => makeResidentId(String(region), birthDate, sequence));

  it("reads back what it makes", () => {
    fc.assert(fc.property(number, (text) => !("fault" in parseResidentId(text))));
  });

  it("meets ISO 7064: the weighted sum is 1 modulo 11", () => {
    const sum = (text: string) =>
      Array.from(text).reduce((total, c, i) => total + (c === "X" ? 10 : Number(c)) * (2 ** (17 - i) % 11), 0);
    fc.assert(fc.property(number, (text) => sum(text) % 11 === 1));
  });

  it("notices every single wrong digit", () => {
    fc.assert(
      fc.property(number, fc.nat(16), fc.integer({ min: 1, max: 9 }), (text, position, shift) => {
        const digit = (Number(text[position]) + shift) % 10;
        return "fault" in parseResidentId(text.slice(0, position) + String(digit) + text.slice(position + 1));
      }),
    );
  });

  it("knows the calendar", () => {
    expect(["20000229", "20240229", "19000228"].every(isCalendarDate)).toBe(true);
    expect(["19000229", "20230229", "20231301", "20230631", "2023-1-1", "", "00000000"].some(isCalendarDate)).toBe(
      false,
    );
  });
});
