import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ageOn, holderKeyOf, identityOf, parsePerson } from "../../../src/authority/person.js";
import { Algorithm } from "../../../src/abi/batch.js";
import { makeResidentId } from "../../../src/format/resident-id.js";
import { person } from "../../support/authority.js";
import { generateKey } from "../../support/keys.js";

const zhang = { id: "11010519491231002X", name: "张三" };

function faultsOf(value: unknown): string[] {
  const result = parsePerson(value, new Date());
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
    [
      { ...zhang, name: "a\u0000b" },
      "name has U+0000 NULL, which no register holds: delete what stands there and type it again",
    ],
    [{ ...zhang, id: "110105194912310021" }, "id has a wrong check character: a digit was mistyped"],
    [{ ...zhang, id: "123" }, "id has 3 characters, and not 18"],
    [{ ...zhang, birthDate: "1949-02-30" }, "birthDate is not a date: write YYYY-MM-DD"],
    [{ ...zhang, gender: "x" }, "gender is male, female or other"],
    [{ ...zhang, nationality: "China" }, "nationality is a country of two capital letters, such as CN"],
    [{ ...zhang, email: "nobody" }, "email is not an e-mail address"],
    [{ ...zhang, region: "1101" }, "region is a GB/T 2260 code of 6 digits"],
    [{ ...zhang, photo: "AAAA" }, "photo is not a picture of a known format: save it as JPEG, JPEG 2000, AVIF or WebP"],
    [
      { ...zhang, photo: "!", photoFormat: "jpeg" },
      "photo is not base64: encode the bytes of the picture, not its name or address",
    ],
    [{ ...zhang, colour: "red" }, " has unknown fields: colour"],
    [5, " is not an object of fields"],
  ])("says what is wrong with %j", (value, fault) => {
    expect(faultsOf(value)[0]).toBe(fault);
  });

  it.each([
    ["440115199002030014", "has a wrong check character: a digit was mistyped"],
    ["1.10105E+17", "was turned into 1.10105E+17 by a spreadsheet"],
    ["1,10105198506123E+17", "was turned into 1,10105198506123E+17 by a spreadsheet"],
    ["110105198506123000", "was rounded to 15 digits by a spreadsheet, so that it ends in 000"],
    ["110105198506123000.00", "was rounded to 15 digits by a spreadsheet"],
    ["110,105,198,506,123,000", "was rounded to 15 digits by a spreadsheet"],
    [
      "440115900203001",
      "is an old number of 15 digits: give the one of 18 that replaced it, which ought to be 44011519",
    ],
    ["44011519900203059\u2169", "has U+2169 ROMAN NUMERAL TEN at place 18: type a digit or the letter X"],
    ["44011519900203059\u00d7", "has U+00D7 MULTIPLICATION SIGN at place 18"],
    ["44011519900203059\u0425", "has U+0425 CYRILLIC CAPITAL LETTER HA at place 18"],
    ["44011519900203059*", 'has U+002A "*" at place 18'],
    ["44O115199002030595", 'has U+004F "O" at place 3: type a digit'],
    ["", "is empty"],
    ["110105180001010010", "says a birth on 18000101, before 1900"],
    ["110105209912310010", "says a birth on 20991231, which is yet to come"],
    [Number("440115199002030014"), "is a number, not a text, and its last digits are lost: write it between quotes"],
  ])("says what is wrong with the number %s", (id, fault) => {
    expect(faultsOf({ id, name: "张三" })[0]).toContain(`id ${fault}`);
  });

  it.each([
    "'11010519491231002x",
    "１１０１０５１９４９１２３１００２Ｘ",
    "\u200b110105 19491231 002X\ufeff",
    '="11010519491231002X"',
  ])("reads the number %j", (id) => {
    expect(person({ id, name: "张三" }).id).toBe(zhang.id);
  });

  it("dates a birth by China's clock", () => {
    const id = makeResidentId("110105", "20261127", 1);
    const born = (now: string) => "person" in parsePerson({ id, name: "新生" }, new Date(now));
    expect([born("2026-11-26T15:59:59Z"), born("2026-11-26T16:00:00Z")]).toEqual([false, true]);
  });

  it.each([
    "1985/6/12",
    "1985-06-12",
    "1985.6.12",
    "19850612",
    "1985年6月12日",
    "1985/6/12 0:00",
    "１９８５／６／１２",
  ])("reads the date %s", (birthDate) => {
    expect(person({ id: "110105198506120210", name: "张三", birthDate }).birthDate).toBe("19850612");
  });

  it.each(["12/6/1985", "85/6/12", "31210", "1985-13-01", "1985年6月"])(
    "does not guess at the date %s",
    (birthDate) => {
      expect(faultsOf({ id: "110105198506120210", name: "张三", birthDate })).toEqual([
        "birthDate is not a date: write YYYY-MM-DD",
      ]);
    },
  );

  it("asks a foreigner's number for its nationality, and takes no region from it", () => {
    const smith = { id: "911124198108030024", name: "SMITH JANE" };
    expect(identityOf(person({ ...smith, nationality: "ca" }))).toEqual({
      ...{ id: smith.id, language: "zho", fullName: "SMITH JANE", dateOfBirth: "19810803", nationality: "CA" },
    });
    for (const nationality of [undefined, "CN", "中国"]) {
      expect(faultsOf({ ...smith, nationality })[0]).toContain("nationality is missing");
    }
    expect(faultsOf({ ...smith, nationality: "US" })).toEqual([
      "nationality disagrees with the ID number, which says CA",
    ]);
    expect(faultsOf({ ...smith, nationality: "CAN" })[0]).toContain("country of two capital letters");
    expect(faultsOf({ ...smith, nationality: "CA", birthDate: "1981-08-04" })[0]).toContain("birthDate disagrees");
    expect(faultsOf({ ...zhang, region: "911124" })).toEqual(["region is a GB/T 2260 code of 6 digits"]);
  });

  it("is read again as it was read", () => {
    const photo = `data:image/jpeg;base64,${Buffer.from("\xff\xd8\xff\xe0", "latin1").toString("base64")}`;
    for (const record of [
      { ...zhang, name: "古丽米热.艾比布力", address: "路\n1 号", gender: "女", photo },
      { id: "911124198108030024", name: "SMITH JANE", nationality: "CA", gender: "F" },
    ]) {
      expect(person(person(record))).toEqual(person(record));
    }
  });

  it("takes a field that is null for absent", () => {
    expect(person({ ...zhang, address: null } as never)).toEqual(person(zhang));
  });

  it("never throws", () => {
    const field = fc.constantFrom("id", "name", "birthDate", "gender", "photo", "photoFormat", "holderKey", "email");
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(field, fc.jsonValue())), (value) => {
        expect("faults" in parsePerson(value, new Date())).toBe(true);
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
    expect(faultsOf({ ...zhang, holderKey: { kty: "RSA" } })[0]).toContain("holderKey is of another kind");
    expect(faultsOf({ ...zhang, holderKey: { ...jwk, d: "AA" } })[0]).toContain("secret");
  });

  it("counts the birthday as the first day of an age", () => {
    expect([ageOn("20261123", "20101123"), ageOn("20261123", "20101124"), ageOn("20280229", "20120229")]).toEqual([
      16, 15, 16,
    ]);
  });
});
