import { encode } from "cborg";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeCard, sampleClaims, sampleIdentity, sampleProtectedHeader } from "../../support/cards.js";
import { loadParser, type Parser } from "../../support/parse.js";

/** What the parser may answer; the support throws when it answers no code at all, and a trap throws too. */
const CODES = ["VALID", "BAD_CBOR", "TOO_DEEP", "BAD_COSE", "BAD_CWT", "MISSING_CLAIM", "UNSUPPORTED_ALGORITHM", "BAD_IDENTITY"]; // prettier-ignore

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

const good = encodeCard();
const wrapped = encodeCard({ payload: sampleClaims(encode(sampleIdentity())), tags: [61, 18] });

describe("hostile cards", () => {
  it.each([
    ["a map", good],
    ["a byte string", wrapped],
  ])("refuses each truncation, claim 169 being %s", (_, card) => {
    // prettier-ignore
    expect(parser.card(card).code).toBe("VALID");
    for (let length = 0; length < card.length; length++) {
      expect([length, parser.card(card.subarray(0, length)).code]).toEqual([length, "BAD_CBOR"]);
    }
  });

  it("refuses each truncation of what byte strings wrap", () => {
    const header = encode(sampleProtectedHeader());
    for (let length = 1; length < header.length; length++) {
      expect(parser.card(encodeCard({ protectedHeader: header.subarray(0, length) })).code).toBe("BAD_CBOR");
    }
    const payload = encode(sampleClaims());
    for (let length = 0; length < payload.length; length++) {
      expect(parser.card(encodeCard({ payload: payload.subarray(0, length) })).code).toBe("BAD_CBOR");
    }
    const identity = encode(sampleIdentity());
    for (let length = 0; length < identity.length; length++) {
      expect(parser.card(encodeCard({ payload: sampleClaims(identity.subarray(0, length)) })).code).toBe("BAD_CBOR");
    }
  });

  it("answers a known code for every value of every byte, and signs other bytes when it accepts", () => {
    const toBeSigned = Buffer.from(parser.card(good).bytes("toBeSigned") ?? []);
    const signatureStart = good.length - 64;
    for (let at = 0; at < signatureStart; at++) {
      for (const flip of [1, 2, 4, 8, 16, 32, 64, 128, 0xff]) {
        const card = Uint8Array.from(good);
        card[at] = good[at]! ^ flip;
        const { code, bytes } = parser.card(card);
        expect(CODES).toContain(code);
        // Nothing that is accepted says something else over the same signed bytes.
        if (code === "VALID") expect(Buffer.compare(bytes("toBeSigned") ?? new Uint8Array(), toBeSigned)).not.toBe(0);
      }
    }
  });

  it("answers a known code for arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(CODES).toContain(parser.card(bytes).code);
      }),
      { numRuns: 5000 },
    );
  });

  it("answers a known code for cards with several bytes changed, at every level", () => {
    const change = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const seen = new Set<string>();
    fc.assert(
      fc.property(change, fc.constantFrom("card", "header", "payload", "identity"), (changes, level) => {
        const mutate = (bytes: Uint8Array) => {
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
          return bytes;
        };
        const card = {
          card: () => mutate(encodeCard()),
          header: () => encodeCard({ protectedHeader: mutate(encode(sampleProtectedHeader())) }),
          payload: () => encodeCard({ payload: mutate(encode(sampleClaims())) }),
          identity: () => encodeCard({ payload: sampleClaims(mutate(encode(sampleIdentity()))) }),
        }[level]();
        const { code, fields } = parser.card(card);
        seen.add(code);
        expect(CODES).toContain(code);
        for (const length of [fields.kidLength, fields.issuerLength, fields.identityLength, fields.payloadLength]) {
          expect(length).toBeGreaterThanOrEqual(0);
          expect(length).toBeLessThanOrEqual(card.length);
        }
      }),
      { numRuns: 10_000 },
    );
    expect([...seen].sort()).toEqual(
      expect.arrayContaining(["BAD_CBOR", "BAD_COSE", "BAD_CWT", "BAD_IDENTITY", "VALID"]),
    );
  });

  it("reads nothing beyond the card", () => {
    // The same card, once before zeros and once before bytes that would go on: the answers are the same.
    for (let length = 0; length <= good.length; length++) {
      const code = parser.card(good.subarray(0, length)).code;
      for (const byte of [0x00, 0x81, 0xff]) {
        parser.card(Uint8Array.from([...good.subarray(0, length), ...new Uint8Array(64).fill(byte)]));
        expect(parser.card(good.subarray(0, length)).code).toBe(code);
      }
    }
  });
});
