import { decode, encode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import { MAX_KID_LENGTH } from "../../../src/abi/limits.js";
import { type CardParts, type ClaimMap, encodeCard, sampleProtectedHeader } from "../../support/cards.js";
import { loadParser, type Parsed, type Parser } from "../../support/parse.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

const read = (parts: CardParts): Parsed => parser.sign1(encodeCard(parts));
const header = (entries: [number | string, unknown][]): ClaimMap => new Map(entries);
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");

describe("COSE_Sign1", () => {
  it("finds the parts of a good card", () => {
    const payload = Uint8Array.of(1, 2, 3);
    const { code, fields, bytes } = read({ payload, signature: new Uint8Array(64).fill(5) });
    expect(code).toBe("VALID");
    expect(fields.algorithm).toBe(-8);
    expect(hex(bytes("kid"))).toBe("0102030405060708");
    expect(bytes("payload")).toEqual(payload);
    expect(bytes("signature")).toEqual(new Uint8Array(64).fill(5));
  });

  it.each([[[18]], [[61, 18]], [[]]])("reads tags %j", (tags) => {
    expect(read({ tags }).code).toBe("VALID");
  });

  it.each([[[61]], [[18, 18]], [[18, 61]], [[61, 61, 18]], [[98]], [[16]], [[17]], [[61, 16]], [[24]]])(
    "refuses tags %j",
    (tags) => {
      expect(read({ tags }).code).toBe("BAD_COSE");
    },
  );

  it("reads a tag that is not in its shortest form", () => {
    expect(parser.sign1(Uint8Array.from([0xd9, 0, 18, ...encodeCard({ tags: [] })])).code).toBe("VALID");
  });

  it.each([
    ["an array of three", encode([new Uint8Array(), new Map(), new Uint8Array()])],
    ["an array of five", encode([encode(new Map([[1, -8]])), new Map(), new Uint8Array(), new Uint8Array(), 0])],
    ["a map", encode(new Map([[1, 2]]))],
    ["an integer", encode(1)],
    ["an unwrapped protected header", encode([new Map([[1, -8]]), new Map(), new Uint8Array(), new Uint8Array()])],
    [
      "an unprotected header that is no map",
      encode([encode(new Map([[1, -8]])), [], new Uint8Array(), new Uint8Array()]),
    ],
    ["a signature that is text", encode([encode(new Map([[1, -8]])), new Map(), new Uint8Array(), "signature"])],
    ["a payload that is text", encode([encode(new Map([[1, -8]])), new Map(), "payload", new Uint8Array()])],
  ])("refuses %s", (_, bytes) => {
    expect(parser.sign1(bytes).code).toBe("BAD_COSE");
  });

  it("refuses a detached payload", () => {
    expect(read({ payload: null }).code).toBe("BAD_COSE");
  });

  it("puts CBOR before COSE: bytes after the message", () => {
    expect(parser.sign1(Uint8Array.from([...encodeCard(), 0])).code).toBe("BAD_CBOR");
    expect(parser.sign1(new Uint8Array()).code).toBe("BAD_CBOR");
  });

  it("does not judge the signature's length", () => {
    for (const length of [0, 1, 63, 65, 300]) {
      const { code, fields } = read({ signature: new Uint8Array(length) });
      expect([code, fields.signatureLength]).toEqual(["VALID", length]);
    }
  });
});

describe("Sig_structure", () => {
  it("has the shortest heads for every length of payload and header", () => {
    for (const length of [0, 1, 23, 24, 255, 256, 65535, 65536, 70000]) {
      const payload = new Uint8Array(length).fill(length);
      const pad = new Uint8Array(length % 65536).fill(1);
      const protectedHeader = encode(header([[1, -8], [99, pad]])); // prettier-ignore
      const { code, bytes } = read({ payload, protectedHeader });
      expect(code).toBe("VALID");
      const expected = encode(["Signature1", protectedHeader, new Uint8Array(), payload]);
      expect(Buffer.compare(bytes("toBeSigned") ?? new Uint8Array(), expected)).toBe(0);
    }
  });

  it("takes the payload and header as they were encoded, shortest or not", () => {
    const protectedHeader = Uint8Array.of(0xb8, 1, 0x18, 1, 0x38, 7);
    const { code, fields, bytes } = read({ payload: Uint8Array.of(0), protectedHeader });
    expect([code, fields.algorithm]).toEqual(["VALID", -8]);
    expect(bytes("toBeSigned")).toEqual(encode(["Signature1", protectedHeader, new Uint8Array(), Uint8Array.of(0)]));
  });
});

describe("header parameters", () => {
  it.each([-8, -19, -7, -9, -65537])("supports algorithm %i", (algorithm) => {
    const { code, fields } = read({ protectedHeader: header([[1, algorithm]]) });
    expect([code, fields.algorithm]).toEqual(["VALID", algorithm]);
  });

  it.each([0, 1, 7, -6, -35, -36, -47, -65536, -65538, -8 - 2 ** 32, 2n ** 64n - 1n, -(2n ** 64n), 2 ** 40])(
    "does not know algorithm %s",
    (algorithm) => {
      expect(read({ protectedHeader: header([[1, algorithm]]) }).code).toBe("UNSUPPORTED_ALGORITHM");
    },
  );

  it.each([
    ["none", { protectedHeader: header([[4, new Uint8Array(8)]]) }],
    ["one in the unprotected header alone", { protectedHeader: header([]), unprotectedHeader: header([[1, -8]]) }],
    [
      "one where the protected header is empty",
      { protectedHeader: new Uint8Array(), unprotectedHeader: header([[1, -8]]) },
    ],
    ["a float", { protectedHeader: Uint8Array.of(0xa1, 1, 0xf9, 0xc8, 0) }],
  ])("refuses as algorithm %s", (_, parts) => {
    expect(read(parts).code).toBe("BAD_COSE");
  });

  it.each([
    ["alg", header([[1, -8]])],
    ["typ", header([[16, "application/cwt"]])],
  ])("refuses %s in both headers", (_, unprotectedHeader) => {
    expect(read({ unprotectedHeader }).code).toBe("BAD_COSE");
  });

  it("refuses any other label in both headers, in whatever form", () => {
    const twice = (label: number | string) => ({
      protectedHeader: header([[1, -8], [label, 1]]), // prettier-ignore
      unprotectedHeader: header([[3, 0], [label, 2]]), // prettier-ignore
    });
    for (const label of [5, -3, 1000, "x", "a longer label"]) expect(read(twice(label)).code).toBe("BAD_COSE");
    const wide = encodeCard({ protectedHeader: header([[1, -8], [33, 1]]), tags: [], payload: new Uint8Array() }); // prettier-ignore
    const at = wide.indexOf(0xa0);
    expect(parser.sign1(wide).code).toBe("VALID");
    const other = [...wide.subarray(0, at), 0xa1, 0x19, 0, 33, 0, ...wide.subarray(at + 1)];
    expect(parser.sign1(Uint8Array.from(other)).code).toBe("BAD_COSE");
  });

  it("refuses a label that is neither integer nor text", () => {
    expect(read({ unprotectedHeader: new Map([[new Uint8Array(1), 0]]) as unknown as ClaimMap }).code).toBe("BAD_COSE");
    expect(read({ protectedHeader: Uint8Array.of(0xa2, 1, 0x27, 0xf5, 0) }).code).toBe("BAD_COSE");
  });

  it("passes over labels it does not know", () => {
    const unprotectedHeader = header([[33, [new Uint8Array(40), { a: [1, 2] }]], ["x", null], [-70000, 1]]); // prettier-ignore
    expect(read({ unprotectedHeader }).code).toBe("VALID");
  });

  it("refuses a protected header that is no map or not CBOR", () => {
    expect(read({ protectedHeader: encode([1]) }).code).toBe("BAD_COSE");
    expect(read({ protectedHeader: Uint8Array.of(0xa1, 1) }).code).toBe("BAD_CBOR");
    expect(read({ protectedHeader: Uint8Array.of(0xa1, 1, 0x27, 0) }).code).toBe("BAD_CBOR");
    expect(read({ protectedHeader: Uint8Array.of(0xa2, 1, 0x27, 1, 0x27) }).code).toBe("BAD_CBOR");
    expect(read({ protectedHeader: Uint8Array.from([0xa1, ...Buffer.alloc(17, 0x81), 0]) }).code).toBe("TOO_DEEP");
  });

  it("lets the kid of the protected header win", () => {
    const inside = Uint8Array.of(1);
    const outside = Uint8Array.of(2, 2);
    const kids = (first?: Uint8Array, second?: Uint8Array) =>
      read({
        protectedHeader: header(first === undefined ? [[1, -8]] : [[1, -8], [4, first]]), // prettier-ignore
        unprotectedHeader: header(second === undefined ? [] : [[4, second]]),
      });
    expect(kids(inside, outside).bytes("kid")).toEqual(inside);
    expect(kids(inside).bytes("kid")).toEqual(inside);
    expect(kids(undefined, outside).bytes("kid")).toEqual(outside);
    expect(kids().bytes("kid")).toBeUndefined();
    expect(kids(new Uint8Array(), outside).bytes("kid")).toEqual(new Uint8Array());
  });

  it("limits the kid, in either header", () => {
    for (const place of ["protectedHeader", "unprotectedHeader"] as const) {
      const withKid = (kid: unknown) => {
        const rest: [number, unknown][] = place === "protectedHeader" ? [[1, -8]] : [];
        return read({ protectedHeader: header([[1, -8]]), [place]: header([...rest, [4, kid]]) }).code;
      };
      expect(withKid(new Uint8Array(MAX_KID_LENGTH))).toBe("VALID");
      expect(withKid(new Uint8Array(MAX_KID_LENGTH + 1))).toBe("BAD_COSE");
      expect(withKid("11")).toBe("BAD_COSE");
      expect(withKid(11)).toBe("BAD_COSE");
    }
  });
});

describe("crit", () => {
  const withCrit = (crit: unknown, more: [number, unknown][] = []) =>
    read({ protectedHeader: new Map([...sampleProtectedHeader(), [2, crit], ...more]) }).code;

  it("may name labels that are understood and present", () => {
    expect(withCrit([1])).toBe("VALID");
    expect(withCrit([16, 4, 1, 2])).toBe("VALID");
  });

  it.each([
    ["an unknown label", [13]],
    ["an unknown label that is present", [5]],
    ["a known and an unknown label", [1, 99]],
    ["a text label", ["alg"]],
    ["a label far out of range", [2 ** 33 + 1]],
    ["a negative label", [-1]],
    ["no label", []],
    ["no array", 1],
    ["an array of arrays", [[1]]],
  ])("refuses %s", (_, crit) => {
    expect(withCrit(crit, [[5, new Uint8Array(8)]])).toBe("BAD_COSE");
  });

  it("refuses a label that is understood but absent, and crit in the unprotected header", () => {
    expect(read({ protectedHeader: header([[1, -8], [2, [16]]]) }).code).toBe("BAD_COSE"); // prettier-ignore
    expect(read({ unprotectedHeader: header([[2, [1]]]) }).code).toBe("BAD_COSE");
  });
});

interface CoseVector {
  title: string;
  input: { sign0?: { external?: string }; plaintext_hex?: string };
  intermediates?: { ToBeSign_hex?: string };
  output: { cbor: string };
}

describe.skipIf(!vectorsPresent)("COSE working group examples" + vectorsNote, () => {
  const load = (name: string) => {
    const vector = readVectorJson(`cose/${name}.json`) as CoseVector;
    return { vector, parsed: parser.sign1(Buffer.from(vector.output.cbor, "hex")) };
  };

  it.each([
    ["sign1-tests/sign-pass-03", "VALID"],
    ["ecdsa-examples/ecdsa-sig-01", "VALID"],
    ["eddsa-examples/eddsa-sig-01", "VALID"],
    ["eddsa-examples/eddsa-sig-02", "VALID"],
    ["RFC8152/Appendix_C_2_1", "VALID"],
    ["CWT/A_3", "VALID"],
    ["ecdsa-examples/ecdsa-sig-02", "UNSUPPORTED_ALGORITHM"], // ES384
    ["ecdsa-examples/ecdsa-sig-03", "UNSUPPORTED_ALGORITHM"], // ES512
    ["ecdsa-examples/ecdsa-sig-04", "UNSUPPORTED_ALGORITHM"],
    ["sign1-tests/sign-pass-01", "BAD_COSE"], // the algorithm is in the unprotected header alone
  ])("%s: %s, and the Sig_structure is theirs", (name, code) => {
    const { vector, parsed } = load(name);
    expect(parsed.code).toBe(code);
    expect(hex(parsed.bytes("toBeSigned"))).toBe(vector.intermediates?.ToBeSign_hex?.toLowerCase());
  });

  it.each([
    ["sign1-tests/sign-fail-01", "BAD_COSE"], // tag 998
    ["sign1-tests/sign-fail-02", "VALID"], // the signature is wrong, which is not for the parser to see
    ["sign1-tests/sign-fail-03", "UNSUPPORTED_ALGORITHM"], // algorithm -999
    ["sign1-tests/sign-fail-04", "UNSUPPORTED_ALGORITHM"], // algorithm "unknown"
    ["sign1-tests/sign-fail-06", "VALID"],
    ["sign1-tests/sign-fail-07", "VALID"],
    ["sign1-tests/sign-pass-02", "VALID"], // signed with external data, so their Sig_structure differs
    ["CWT/A_4", "BAD_COSE"], // COSE_Mac0
    ["CWT/A_5", "BAD_COSE"], // COSE_Encrypt0
    ["CWT/A_6", "BAD_COSE"],
    ["CWT/A_7", "BAD_COSE"],
  ])("%s: %s", (name, code) => {
    expect(load(name).parsed.code).toBe(code);
  });

  it("leaves the altered messages with a Sig_structure of their own", () => {
    for (const name of ["sign1-tests/sign-fail-06", "sign1-tests/sign-fail-07"]) {
      const { vector, parsed } = load(name);
      const [label, , external] = decode(parsed.bytes("toBeSigned") ?? new Uint8Array()) as unknown[];
      expect([label, external]).toEqual(["Signature1", new Uint8Array()]);
      expect(hex(parsed.bytes("toBeSigned"))).not.toBe(vector.intermediates?.ToBeSign_hex?.toLowerCase());
    }
  });
});
