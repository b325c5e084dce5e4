import fc from "fast-check";
import { type Question, readClientFrame } from "../../../../src/format/wire/client-frame.js";
import { describe, expect, it } from "vitest";
import {
  type FrameCodec,
  FrameError,
  jsonCodec,
  MAX_FRAME_ITEMS,
  readServerFrame,
  writeRequest,
} from "../../../../src/format/wire/frame.js";
import { MAX_NAME_LENGTH } from "../../../../src/format/wire/request.js";
import { msgpackCodec } from "../../../../src/format/wire/msgpack.js";
import { requests, seqs, serverFrames } from "../../../support/frames.js";

const utf8 = new TextEncoder();

/** What the other side receives. */
function transmit(codec: FrameCodec, frame: Parameters<FrameCodec["encode"]>[0]): unknown {
  const message = codec.encode(frame);
  return codec.decode(typeof message === "string" ? utf8.encode(message) : message);
}

function refusalOf(work: () => unknown): { message: string; seq: number | undefined } | "accepted" {
  try {
    work();
    return "accepted";
  } catch (error) {
    if (!(error instanceof FrameError)) throw error;
    return { message: error.message, seq: error.seq };
  }
}

describe.each([
  ["JSON", jsonCodec, fc.string({ unit: "grapheme" })],
  ["MessagePack", msgpackCodec, fc.oneof(fc.string({ unit: "grapheme" }), fc.uint8Array())],
])("frames in %s", (_, codec, texts: fc.Arbitrary<string | Uint8Array>) => {
  it("a question arrives as it was asked", () => {
    fc.assert(
      fc.property(seqs, fc.array(texts, { minLength: 1, maxLength: 20 }), requests, (seq, qrs, request) => {
        const question = readClientFrame(
          transmit(codec, { type: "verify", seq, items: qrs, ...writeRequest(request) }),
        ) as Question;
        expect(question.seq).toBe(seq);
        expect(question.request).toEqual(request);
        expect(question.qrs).toHaveLength(qrs.length);
        for (const [i, qr] of qrs.entries()) {
          const arrived = question.qrs[i]!;
          // Byte strings come as views of the message.
          if (typeof qr === "string") expect(arrived).toBe(qr);
          else expect(Buffer.from(arrived as Uint8Array).equals(qr)).toBe(true);
        }
      }),
    );
  });

  it("an answer arrives as it was given", () => {
    fc.assert(
      fc.property(serverFrames, (frame) => {
        expect(readServerFrame(transmit(codec, frame))).toEqual(frame);
      }),
    );
  });

  it("bytes that are no frame are refused and nothing worse", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const said = refusalOf(() => readClientFrame(codec.decode(bytes)));
        if (said !== "accepted") expect(said.message).not.toBe("");
      }),
      { numRuns: 2000 },
    );
  });

  it("a frame cut off anywhere is refused", () => {
    const message = codec.encode({ type: "verify", seq: 300, items: ["BB8", "6BF"], claims: true });
    const bytes = typeof message === "string" ? utf8.encode(message) : message;
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(() => codec.decode(bytes.slice(0, length)))).toMatchObject({ seq: undefined });
    }
  });
});

describe("JSON", () => {
  it.each([
    ["nothing", ""],
    ["half a map", '{"type":'],
    ["two maps", "{}{}"],
    ["a word", "verify"],
  ])("%s is not JSON", (_, text) => {
    expect(refusalOf(() => jsonCodec.decode(utf8.encode(text)))).toEqual({
      message: "the frame is not JSON",
      seq: undefined,
    });
  });

  it("wants UTF-8", () => {
    const message = Uint8Array.of(...utf8.encode('{"type":"verify","seq":1,"items":["'), 0xff, ...utf8.encode('"]}'));
    expect(refusalOf(() => jsonCodec.decode(message))).toMatchObject({ message: "the frame is not JSON" });
  });
});

const frame = { type: "verify", seq: 5, items: ["BB8"] };

describe("a verify frame that cannot be told from others ends the connection: no seq", () => {
  it.each([
    ["a number", 5, "a frame is a map"],
    ["nothing", null, "a frame is a map"],
    ["a list", [frame], "a frame is a map"],
    ["bytes", Uint8Array.of(1), "a frame is a map"],
    ["no type", { seq: 5, items: ["BB8"] }, "the type of a frame is hello or verify"],
    ["another type", { ...frame, type: "welcome" }, "the type of a frame is hello or verify"],
    ["no seq", { type: "verify", items: ["BB8"] }, "seq is an integer from 0 to 2^53 - 1"],
    ["a seq below 0", { ...frame, seq: -1 }, "seq is an integer from 0 to 2^53 - 1"],
    ["a seq of 2^53", { ...frame, seq: 2 ** 53 }, "seq is an integer from 0 to 2^53 - 1"],
    ["half a seq", { ...frame, seq: 0.5 }, "seq is an integer from 0 to 2^53 - 1"],
    ["a seq that is no number", { ...frame, seq: NaN }, "seq is an integer from 0 to 2^53 - 1"],
    ["a seq in text", { ...frame, seq: "5" }, "seq is an integer from 0 to 2^53 - 1"],
    ["a seq of another number type", { ...frame, seq: 5n }, "seq is an integer from 0 to 2^53 - 1"],
  ])("%s", (_, value, message) => {
    expect(refusalOf(() => readClientFrame(value))).toEqual({ message, seq: undefined });
  });
});

describe("a verify frame that asks what cannot be is refused by its seq", () => {
  const long = "x".repeat(MAX_NAME_LENGTH + 1);
  const FIELDS = "there are type, seq, items, purpose, region, audience, nonce, scan, at, captured, claims, expect";
  const NO_AUDIENCE = "audience is at most 256 characters";
  it.each([
    ["an unknown field", { purpos: "rail-boarding" }, `"purpos" is not a field here: ${FIELDS}`],
    ["a field of every object", { constructor: 1 }, `"constructor" is not a field here: ${FIELDS}`],
    ["no texts", { items: [] }, "items is a list of 1 to 1000 texts"],
    ["one too many", { items: Array<string>(MAX_FRAME_ITEMS + 1).fill("") }, "items is a list of 1 to 1000 texts"],
    ["items absent", { items: undefined }, "items is a list of 1 to 1000 texts"],
    ["one text for a list", { items: "BB8" }, "items is a list of 1 to 1000 texts"],
    ["bytes for a list", { items: Uint8Array.of(1) }, "items is a list of 1 to 1000 texts"],
    ["a text that is a number", { items: ["BB8", 5] }, "items.1: a QR text is text or bytes, or a map with qr"],
    ["a text that is nothing", { items: [null] }, "items.0: a QR text is text or bytes, or a map with qr"],
    ["a purpose without letters", { purpose: "" }, "purpose is 1 to 256 characters"],
    ["a purpose too long", { purpose: long }, "purpose is 1 to 256 characters"],
    ["a purpose that is null", { purpose: null }, "purpose is 1 to 256 characters"],
    ["a purpose with half a surrogate pair", { purpose: "\ud800" }, "purpose is 1 to 256 characters"],
    ["a purpose that was not UTF-8", { purpose: "rail\ufffd" }, "purpose is 1 to 256 characters"],
    ["an audience that is too long", { audience: "x".repeat(257) }, NO_AUDIENCE],
    ["an empty nonce", { nonce: "" }, "nonce is 1 to 256 characters"],
    ["an audience that is a list", { audience: [] }, NO_AUDIENCE],
    ["5 digits of region", { region: "11010" }, "region is 6 digits"],
    ["7 digits of region", { region: "1101051" }, "region is 6 digits"],
    ["digits of another script", { region: "１１０１０５" }, "region is 6 digits"],
    ["a region that is a number", { region: 110105 }, "region is 6 digits"],
    ["a time without zone", { at: "2026-10-01T08:00:00" }, "at is a time as RFC 3339 writes it"],
    ["a 13th month", { at: "2026-13-01T08:00:00Z" }, "at is a time as RFC 3339 writes it"],
    ["a time in seconds", { at: 1790812800 }, "at is a time as RFC 3339 writes it"],
    ["claims that are 1", { claims: 1 }, "claims is true or false"],
    ["claims that are null", { claims: null }, "claims is true or false"],
  ])("%s", (_, fields, message) => {
    expect(refusalOf(() => readClientFrame({ ...frame, ...fields }))).toEqual({ message, seq: 5 });
  });

  it("a prototype is a field like any other", () => {
    const value = jsonCodec.decode(
      utf8.encode('{"type":"verify","seq":5,"items":["BB8"],"__proto__":{"claims":true}}'),
    );
    expect(refusalOf(() => readClientFrame(value))).toMatchObject({ seq: 5 });
  });
});

describe("a greeting", () => {
  const id = "00112233445566778899aabbccddeeff";
  it.each([
    [{}, { request: {} }],
    [
      { lane: "bulk", purpose: "bank-account", claims: true },
      { lane: "bulk", request: { purpose: "bank-account", claims: true } },
    ],
    [{ session: id }, { session: { told: id, id }, request: {} }],
    [{ session: id.toUpperCase() }, { session: { told: id.toUpperCase(), id }, request: {} }],
    [{ session: "ABEiM0RVZneImaq7zN3u_w" }, { session: { told: "ABEiM0RVZneImaq7zN3u_w", id }, request: {} }],
    [{ session: Uint8Array.from(Buffer.from(id, "hex")) }, { session: { told: id, id }, request: {} }],
  ])("%j", (fields, hello) => {
    expect(readClientFrame({ type: "hello", ...fields })).toEqual({ type: "hello", ...hello });
  });

  it.each([
    [{ lane: "fast" }, "lane is gate or bulk"],
    [{ session: "gate 7" }, "session is 16 bytes, in hex or base64url where it is text"],
    [{ session: new Uint8Array(15) }, "session is 16 bytes, in hex or base64url where it is text"],
    [{ at: "2026-10-01T08:00:00Z" }, /^"at" is not a field here: there are type, session, lane, purpose/],
    [{ seq: 1 }, /^"seq" is not a field here/],
    [{ region: "1" }, "region is 6 digits"],
  ])("%j is none", (fields, message) => {
    const matching = typeof message === "string" ? message : (expect.stringMatching(message) as string);
    expect(refusalOf(() => readClientFrame({ type: "hello", ...fields }))).toEqual({
      message: matching,
      seq: undefined,
    });
  });
});

describe("an item", () => {
  it("may say what is asked of it alone", () => {
    const items = ["BB8", { qr: "BB8" }, { qr: "6BF", scan: "7", nonce: "5", expect: { name: "x" } }];
    const own = new Map([[2, { scan: "7", nonce: "5", expect: { name: "x" } }]]);
    expect(readClientFrame({ ...frame, items })).toEqual({ ...{ type: "verify", seq: 5, request: {} }, qrs: ["BB8", "BB8", "6BF"], own }); // prettier-ignore
  });

  it.each([
    [{ scan: "7" }, "items.0: qr is text or bytes"],
    [
      { qr: "BB8", purpose: "x" },
      /^items\.0: "purpose" is not a field here: there are qr, scan, expect, nonce, at, captured$/,
    ],
    [{ qr: "BB8", expect: {} }, /^items\.0: expect is a map of id/],
  ])("%j is none", (item, message) => {
    const matching = typeof message === "string" ? message : (expect.stringMatching(message) as string);
    expect(refusalOf(() => readClientFrame({ ...frame, items: [item] }))).toEqual({ message: matching, seq: 5 });
  });
});

describe("just inside the limits", () => {
  const longest = "x".repeat(MAX_NAME_LENGTH);
  it.each([
    ["the most texts", { items: Array<string>(MAX_FRAME_ITEMS).fill("") }],
    ["a text without characters", { items: [""] }],
    ["the first seq", { seq: 0 }],
    ["the last seq", { seq: 2 ** 53 - 1 }],
    ["the longest name", { purpose: longest, audience: "" }],
    ["the shortest name", { purpose: "x" }],
    ["a time with an offset", { at: "2026-10-01t08:00:00.5+08:00" }],
  ])("%s", (_, fields) => {
    expect(refusalOf(() => readClientFrame({ ...frame, ...fields }))).toBe("accepted");
  });
});

describe("a server's frame", () => {
  const few = { items: 1, bytes: 0 };
  const welcome = { type: "welcome", server: "1", session: "x", resumed: false, credits: few, limits: few };
  const verdicts = { type: "verdicts", seq: 0, verdicts: [{ outcome: "accepted", code: "VALID" }] };
  const error = { type: "error", seq: 0, code: "BAD_REQUEST", message: "no" };

  it.each([
    ["a greeting", welcome],
    ["verdicts", verdicts],
    ["no verdicts", { ...verdicts, verdicts: [] }],
    ["an error", error],
    ["a drain", { type: "drain", retryAfterMs: 5 }],
    ["a field of a later version", { ...error, later: 1 }],
  ])("%s is taken", (_, value) => {
    expect(readServerFrame(value)).toBe(value);
  });

  it.each([
    ["another type", { ...welcome, type: "verify" }],
    ["a greeting without credits", { ...welcome, credits: { items: 0, bytes: 1 } }],
    ["a greeting without limits", { ...welcome, limits: undefined }],
    ["a greeting that takes no texts", { ...welcome, limits: { items: 0, bytes: 0 } }],
    ["a greeting that takes half a byte", { ...welcome, limits: { items: 1, bytes: 0.5 } }],
    ["a greeting without a version", { ...welcome, server: 1 }],
    ["a greeting without a session", { ...welcome, session: undefined }],
    ["a greeting that does not say whether it goes on", { ...welcome, resumed: undefined }],
    ["a drain without a time", { type: "drain" }],
    ["verdicts without a seq", { ...verdicts, seq: undefined }],
    ["verdicts that are no list", { ...verdicts, verdicts: {} }],
    ["a verdict that is a text", { ...verdicts, verdicts: ["VALID"] }],
    ["a verdict without a code", { ...verdicts, verdicts: [{ outcome: "accepted" }] }],
    ["a verdict without an outcome", { ...verdicts, verdicts: [{ code: "VALID" }] }],
    ["an error below 0", { ...error, seq: -1 }],
    ["an error without a code", { ...error, code: 81 }],
    ["an error without words", { ...error, message: undefined }],
  ])("%s is not", (_, value) => {
    const message = "not a frame that a server of this version sends";
    expect(refusalOf(() => readServerFrame(value))).toEqual({ message, seq: undefined });
  });

  it.each([null, 5, "welcome", [welcome], Uint8Array.of(1)])("%j is no map", (value) => {
    expect(refusalOf(() => readServerFrame(value))).toMatchObject({ message: "a frame is a map" });
  });
});
