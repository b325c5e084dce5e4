import { encode } from "cborg";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type ClaimMap, encodeCard, sampleClaims } from "../../support/cards.js";
import { ABSENT_DATE, ABSENT_EXPIRES, FIELDS_SIZE } from "../../support/credential.js";
import { loadParser, type Parsed, type Parser } from "../../support/parse.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

/** A card's claims with one replaced or added; undefined removes it. */
function withClaim(claim: number | string, value: unknown): Parsed {
  const claims = sampleClaims();
  if (value === undefined) claims.delete(claim);
  else claims.set(claim, value);
  return parser.claims(encode(claims));
}

/** Claims of one entry, the value given as CBOR in hex. */
const single = (key: string, value: string) => parser.claims(Buffer.from(`a1${key}${value}`, "hex"));
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

describe("credential", () => {
  it("lies in memory as the tests read it", () => {
    expect(parser.credentialSize()).toBe(FIELDS_SIZE);
  });

  it("has every field of a full card", () => {
    const { code, fields, bytes } = parser.card(encodeCard());
    expect(code).toBe("VALID");
    expect(text(bytes("issuer"))).toBe("https://id.example.cn");
    expect(fields.expires).toBe(1_787_912_445n);
    expect(fields.notBefore).toBe(1_756_376_445n);
    expect(fields.issuedAt).toBe(1_756_376_445n);
    expect(bytes("cti")).toEqual(new Uint8Array(16).fill(9));
    const holderKey = (sampleClaims().get(8) as Map<number, unknown>).get(1);
    expect(bytes("confirmationKey")).toEqual(encode(holderKey));
    expect(fields.statusIndex).toBe(4711n);
    expect(text(bytes("statusUri"))).toBe("https://id.example.cn/status/1");
    expect(bytes("identity")).toEqual(encode(sampleClaims().get(169)));
    expect([fields.tier, fields.dateOfBirth]).toEqual([2, 19491231]);
  });

  it("has no field of the card before", () => {
    parser.card(encodeCard());
    const bare: ClaimMap = new Map([[169, new Map()]]);
    const { code, fields } = parser.card(encodeCard({ protectedHeader: new Map([[1, -7]]), payload: bare }));
    expect(code).toBe("VALID");
    expect(fields).toMatchObject({
      algorithm: -7,
      kid: 0,
      kidLength: 0,
      issuer: 0,
      issuerLength: 0,
      cti: 0,
      ctiLength: 0,
    });
    expect(fields).toMatchObject({ confirmationKey: 0, confirmationKeyLength: 0, statusUri: 0, statusUriLength: 0 });
    expect(fields).toMatchObject({ expires: ABSENT_EXPIRES, notBefore: ABSENT_DATE, issuedAt: ABSENT_DATE });
    expect(fields).toMatchObject({ statusIndex: -1n, tier: 0, dateOfBirth: 0 });
  });

  it("keeps what was read before the stage that refuses", () => {
    const { code, fields, bytes } = parser.card(encodeCard({ payload: new Map([[1, "issuer"]]) }));
    expect(code).toBe("MISSING_CLAIM");
    expect([fields.algorithm, text(bytes("issuer"))]).toEqual([-8, "issuer"]);
  });
});

describe("claims", () => {
  it("must be a map", () => {
    expect(parser.claims(encode([1])).code).toBe("BAD_CWT");
    expect(parser.claims(encode(1)).code).toBe("BAD_CWT");
    expect(parser.claims(Uint8Array.of(0xc1, 0xa0)).code).toBe("BAD_CWT");
    expect(parser.claims(new Uint8Array()).code).toBe("BAD_CBOR");
    expect(parser.claims(Uint8Array.of(0xa0, 0)).code).toBe("BAD_CBOR");
  });

  it("count their depth anew inside the payload", () => {
    const nest = (depth: number) => Buffer.from("81".repeat(depth) + "00", "hex");
    const payload = (depth: number) => Uint8Array.from([0xa2, 0x18, 169, 0xa0, 0, ...nest(depth)]);
    expect(parser.card(encodeCard({ payload: payload(15) })).code).toBe("VALID");
    expect(parser.card(encodeCard({ payload: payload(16) })).code).toBe("TOO_DEEP");
  });

  it("need claim 169", () => {
    expect(withClaim(169, undefined).code).toBe("MISSING_CLAIM");
    expect(parser.claims(Uint8Array.of(0xa0)).code).toBe("MISSING_CLAIM");
  });

  it.each([
    [1, [1, null, new Uint8Array(3), ["iss"]]],
    [2, [1, null, new Uint8Array(3)]],
    [4, ["1787912445", null, true, new Uint8Array(4), [1], NaN, Infinity, -Infinity, 2 ** 63, -(2 ** 63), 1e300]],
    [5, ["1", null, false, NaN, Infinity, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n) - 1n, -(2n ** 64n)]],
    [6, ["1", null, NaN, -Infinity, 2n ** 63n, new Map()]],
    [7, ["id", 1, null]],
    [8, [1, new Uint8Array(3), [1], null, new Map([[1, 1]]), new Map([[1, new Uint8Array(32)]])]],
    [65535, [1, "x", [1], new Map([["status_list", 1]]), new Map([["status_list", [1, "x"]]])]],
  ])("refuse another type of claim %i", (claim, values) => {
    for (const value of values) expect([value, withClaim(claim, value).code]).toEqual([value, "BAD_CWT"]);
  });

  it.each([1, 2, 4, 5, 6, 7, 8, 65535, 3, 38, 40, -1, -70000, 2 ** 40, "iss", "unknown"])("may lack %s", (claim) => {
    expect(withClaim(claim, undefined).code).toBe("VALID");
  });

  it.each([0, 3, 39, 168, 170, 65534, 65536, 2 ** 32 + 1, -1, -2, -5, "exp", ""])("may have %s, unknown", (claim) => {
    for (const value of [0, "x", null, [[], new Map([[4, "x"]])], new Uint8Array(70)]) {
      const { code, fields } = withClaim(claim, value);
      expect([code, fields.expires]).toEqual(["VALID", 1_787_912_445n]);
    }
  });

  it("may come with keys of any kind and in longer forms than needed", () => {
    const { code, fields } = parser.claims(Buffer.from("a4190004182af40082f60100 1900a9a0".replaceAll(" ", ""), "hex"));
    expect([code, fields.expires]).toEqual(["VALID", 42n]);
  });

  it("refuse a repeated claim", () => {
    expect(parser.claims(Buffer.from("a304011804021 8a9a0".replaceAll(" ", ""), "hex")).code).toBe("BAD_CBOR");
  });
});

describe("NumericDate", () => {
  it.each([
    ["00", 0n],
    ["20", -1n],
    ["1b7ffffffffffffffe", 2n ** 63n - 2n],
    ["3b7ffffffffffffffe", -(2n ** 63n) + 1n],
    ["f90000", 0n],
    ["f98000", 0n], // -0
    ["f93e00", 1n], // 1.5
    ["f9be00", -2n], // -1.5
    ["f90001", 0n], // the least half above 0
    ["f98001", -1n],
    ["f97bff", 65504n],
    ["fa4f000000", 2_147_483_648n],
    ["fb41d584367c200000", 1_443_944_944n], // 1443944944.5
    ["fb43dfffffffffffff", 2n ** 63n - 1024n],
    ["fbc3dfffffffffffff", -(2n ** 63n) + 1024n],
  ])("reads %s as %s", (value, seconds) => {
    for (const [key, field] of [
      ["04", "expires"],
      ["05", "notBefore"],
      ["06", "issuedAt"],
    ] as const) {
      // prettier-ignore
      const { code, fields } = single(key, value);
      expect([code, fields[field]]).toEqual(["MISSING_CLAIM", seconds]);
    }
  });

  it.each([
    "1b7fffffffffffffff",
    "1b8000000000000000",
    "3b7fffffffffffffff",
    "3bffffffffffffffff",
    "f97e00",
    "f97c00",
    "f9fc00",
    "fa7f800000",
    "fa7fc00000",
    "fb7ff8000000000000",
    "fbfff0000000000000",
    "fb43e0000000000000",
    "fbc3e0000000000000",
    "c100",
    "c1fb41d584367c200000",
    "f4",
    "f6",
    "f8ff",
    "40",
    "6131",
  ])(
    // prettier-ignore
    "refuses %s",
    (value) => {
      for (const key of ["04", "05", "06"]) expect(single(key, value).code).toBe("BAD_CWT");
    },
  );

  it("rounds any float down", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (seconds) => {
        expect(withClaim(4, seconds).fields.expires).toBe(BigInt(Math.floor(seconds)));
      }),
    );
  });
});

describe("cnf", () => {
  it("may hold a key in another way, which is passed over", () => {
    const { code, fields } = withClaim(8, new Map([[3, new Uint8Array(8)]]));
    expect([code, fields.confirmationKey]).toEqual(["VALID", 0]);
  });

  it("is found among other members", () => {
    const key = new Map([[1, 1]]);
    const cnf = new Map<number | string, unknown>([[3, new Uint8Array(4)], ["x", [1]], [1, key]]); // prettier-ignore
    expect(withClaim(8, cnf).bytes("confirmationKey")).toEqual(encode(key));
  });
});

describe("status", () => {
  const status = (list: unknown) => withClaim(65535, new Map([["status_list", list]]));
  const list = (idx: unknown, uri: unknown) => new Map<string, unknown>([["idx", idx], ["uri", uri]]); // prettier-ignore

  it("is an index and a URI", () => {
    for (const idx of [0, 1, 2 ** 31, 2 ** 32, 2n ** 63n - 1n]) {
      const { code, fields, bytes } = status(list(idx, "u"));
      expect([code, fields.statusIndex, text(bytes("statusUri"))]).toEqual(["VALID", BigInt(idx), "u"]);
    }
  });

  it("may have members that are not known, on both levels", () => {
    const entries: [number | string, unknown][] = [
      [1, 1],
      ["ttl", [1]],
      ["uri", "u"],
      ["idx", 3],
      ["idy", null],
    ];
    const inner = status(new Map(entries));
    expect([inner.code, inner.fields.statusIndex]).toEqual(["VALID", 3n]);
    const other = new Map<number | string, unknown>([["identifier_list", [1]], [4, 4]]); // prettier-ignore
    const outer = withClaim(65535, other);
    expect([outer.code, outer.fields.statusIndex]).toEqual(["VALID", -1n]);
  });

  it.each([
    ["no index", new Map([["uri", "u"]])],
    ["no URI", new Map([["idx", 1]])],
    ["a negative index", list(-1, "u")],
    ["an index beyond 63 bits", list(2n ** 63n, "u")],
    ["an index in text", list("1", "u")],
    ["an index that is a float", list(1.5, "u")],
    ["a URI in bytes", list(1, new Uint8Array(1))],
    ["nothing", new Map()],
  ])("is refused with %s", (_, value) => {
    expect(status(value).code).toBe("BAD_CWT");
  });
});

describe.skipIf(!vectorsPresent)("third-party claims" + vectorsNote, () => {
  it("gives hostile dates the code expected", () => {
    const cases = readVectorJson("cbor/dos-and-profile.json") as { name: string; hex: string; expect: string }[];
    const dates = cases.filter(({ name }) => /^float|^exp /.test(name));
    expect(dates).toHaveLength(5);
    for (const { name, hex } of dates) {
      const { code, fields } = parser.claims(Buffer.from(hex, "hex"));
      if (name === "exp negative") expect([code, fields.expires]).toEqual(["MISSING_CLAIM", -1n]);
      else expect([name, code]).toEqual([name, "BAD_CWT"]);
    }
  });

  it.each(["A_3", "A_7"])("reads the claims of RFC 8392 appendix %s", (name) => {
    const { input } = readVectorJson(`cose/CWT/${name}.json`) as { input: { plaintext_hex: string } };
    const { code, fields } = parser.claims(Buffer.from(input.plaintext_hex, "hex"));
    expect(code).toBe("MISSING_CLAIM");
    expect(fields.issuedAt).toBe(1_443_944_944n);
    expect(fields.expires).toBe(name === "A_3" ? 1_444_064_944n : ABSENT_EXPIRES);
  });
});
