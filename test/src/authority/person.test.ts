import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ageOn, holderKeyOf, identityOf, parsePerson } from "../../../src/authority/person.js";
import { Algorithm } from "../../../src/format/batch.js";
import { person } from "../../support/authority.js";
import { generateKey } from "../../support/keys.js";

const zhang = { id: "11010519491231002X", name: "张三" };

function faultsOf(value: unknown): string[] {
  const result = parsePerson(value);
  return "faults" in result ? result.faults.map(({ field, message }) => `${field} ${message}`) : [];
}

describe("a person's record", () => {
  it("takes birth date, gender and region from the ID number", () => {
    expect(person({ ...zhang, id: " 11010519491231002x " })).toEqual({
      ...zhang,
      nationality: "CN",
      birthDate: "19491231",
      gender: 2,
    });
    expect(identityOf(person(zhang))).toMatchObject({ locationCode: "110105", fullName: "张三", language: "zho" });
  });

  it("agrees with the ID number when the nationality is CN", () => {
    expect(faultsOf({ ...zhang, birthDate: "1949-12-30" })).toEqual([
      "birthDate disagrees with the ID number, which says 19491231",
    ]);
    expect(faultsOf({ ...zhang, gender: "男" })).toEqual(["gender disagrees with the ID number, which says female"]);
    expect(faultsOf({ ...zhang, gender: "F", birthDate: "1949-12-31" })).toEqual([]);
    expect(faultsOf({ ...zhang, gender: "male", nationality: "FR" })).toEqual([]);
  });

  it.each([
    [{ name: "张三" }, "id is missing"],
    [{ id: zhang.id }, "name is missing"],
    [{ ...zhang, name: "  " }, "name is empty"],
    [{ ...zhang, name: "a\u0000b" }, "name has control characters"],
    [{ ...zhang, id: "110105194912310021" }, "id has a wrong check character: a digit was mistyped"],
    [{ ...zhang, id: "123" }, "id has not 18 characters"],
    [{ ...zhang, birthDate: "1949-02-30" }, "birthDate is no date: write YYYY-MM-DD"],
    [{ ...zhang, gender: "x" }, "gender is male, female or other"],
    [{ ...zhang, nationality: "China" }, "nationality is a country of two capital letters, such as CN"],
    [{ ...zhang, email: "nobody" }, "email is no e-mail address"],
    [{ ...zhang, region: "1101" }, "region is a GB/T 2260 code of 6 digits"],
    [{ ...zhang, photo: "AAAA" }, "photoFormat goes with photo, and photo with it"],
    [{ ...zhang, photo: "!", photoFormat: "jpeg" }, "photo is not base64 of up to 1600 bytes"],
    [{ ...zhang, colour: "red" }, " has unknown fields: colour"],
    [5, " is no object of fields"],
  ])("says what is wrong with %j", (value, fault) => {
    expect(faultsOf(value)[0]).toBe(fault);
  });

  it("never throws", () => {
    const field = fc.constantFrom("id", "name", "birthDate", "gender", "photo", "photoFormat", "holderKey", "email");
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue())), (value) => {
        expect("faults" in parsePerson(value)).toBe(true);
      }),
    );
  });

  it("brings the key of the holder's phone", () => {
    const key = generateKey(Algorithm.P256);
    const jwk = key.spki.export({ format: "jwk" });
    expect(holderKeyOf(person({ ...zhang, holderKey: { ...jwk } }))).toEqual({
      algorithm: Algorithm.P256,
      publicKey: key.publicKey,
    });
    expect(faultsOf({ ...zhang, holderKey: { kty: "RSA" } })[0]).toContain("holderKey is a key of another kind");
    expect(faultsOf({ ...zhang, holderKey: { ...jwk, d: "AA" } })[0]).toContain("secret");
  });

  it("counts the birthday as the first day of an age", () => {
    expect([ageOn("20261123", "20101123"), ageOn("20261123", "20101124"), ageOn("20280229", "20120229")]).toEqual([
      16, 15, 16,
    ]);
  });
});
