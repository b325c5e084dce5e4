import fc from "fast-check";
import { readClientFrame } from "../../../../src/format/wire/client-frame.js";
import { describe, expect, it } from "vitest";
import { type ClientFrame, FrameError, type ServerFrame } from "../../../../src/format/wire/frame.js";
import { msgpackCodec } from "../../../../src/format/wire/msgpack.js";
import { seqs, serverFrames } from "../../../support/frames.js";

/**
 * A reader written after the MessagePack specification and nothing else: no extension types, and every byte counts. What
 * it understands, any library does.
 */
function readPlain(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (count: number): number => (at += count) - count;
  const length = (size: number): number => {
    const start = take(size);
    return size === 1 ? view.getUint8(start) : size === 2 ? view.getUint16(start) : view.getUint32(start);
  };
  const blob = (count: number): Uint8Array => new Uint8Array(bytes.subarray(take(count), at));
  const text = (count: number): string => new TextDecoder("utf-8", { fatal: true }).decode(blob(count));
  const list = (count: number): unknown[] => Array.from({ length: count }, item);
  const map = (count: number): unknown => Object.fromEntries(Array.from({ length: count }, () => [item(), item()]));
  const readers = new Map<number, () => unknown>([
    [0xc0, () => null],
    [0xc2, () => false],
    [0xc3, () => true],
    ...[0, 1, 2].map((i): [number, () => unknown] => [0xc4 + i, () => blob(length(1 << i))]),
    [0xca, () => view.getFloat32(take(4))],
    [0xcb, () => view.getFloat64(take(8))],
    ...[0, 1, 2].map((i): [number, () => unknown] => [0xcc + i, () => length(1 << i)]),
    [0xcf, () => Number(view.getBigUint64(take(8)))],
    [0xd0, () => view.getInt8(take(1))],
    [0xd1, () => view.getInt16(take(2))],
    [0xd2, () => view.getInt32(take(4))],
    [0xd3, () => Number(view.getBigInt64(take(8)))],
    ...[0, 1, 2].map((i): [number, () => unknown] => [0xd9 + i, () => text(length(1 << i))]),
    ...[0, 1].map((i): [number, () => unknown] => [0xdc + i, () => list(length(2 << i))]),
    ...[0, 1].map((i): [number, () => unknown] => [0xde + i, () => map(length(2 << i))]),
  ]);
  function item(): unknown {
    const first = view.getUint8(take(1));
    if (first < 0x80) return first;
    if (first < 0x90) return map(first & 15);
    if (first < 0xa0) return list(first & 15);
    if (first < 0xc0) return text(first & 31);
    if (first >= 0xe0) return first - 256;
    const reader = readers.get(first);
    if (reader === undefined) throw new Error(`0x${first.toString(16)} is an extension`);
    return reader();
  }
  const value = item();
  expect(at).toBe(bytes.length);
  return value;
}

function encode(frame: ClientFrame | ServerFrame): Uint8Array {
  return msgpackCodec.encode(frame) as Uint8Array;
}

describe("what is sent", () => {
  it("is plain MessagePack: a reader made from the specification understands every answer", () => {
    fc.assert(
      fc.property(serverFrames, (frame) => {
        expect(readPlain(encode(frame))).toEqual(frame);
      }),
    );
  });

  it("and every question, texts as bytes included", () => {
    fc.assert(
      fc.property(seqs, fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 40 }), (seq, qrs) => {
        const frame = { type: "verify" as const, seq, items: qrs, at: "2026-10-01T00:00:00Z" };
        expect(readPlain(encode(frame))).toEqual(frame);
      }),
    );
  });
});

describe("what is received", () => {
  const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
  const [type, seq, qrs] = ["a474797065 a6766572696679", "a3736571", "a56974656d73"];

  it.each([
    ["the shortest forms", `83 ${type} ${seq} 05 ${qrs} 91 a3424238`, 5],
    ["a map of 16 bits", `de0003 ${type} ${seq} 05 ${qrs} 91 a3424238`, 5],
    ["a map of 32 bits", `df00000003 ${type} ${seq} 05 ${qrs} 91 a3424238`, 5],
    ["a list of 32 bits", `83 ${type} ${seq} 05 ${qrs} dd00000001 a3424238`, 5],
    ["a text of 32 bits", `83 ${type} ${seq} 05 ${qrs} 91 db00000003424238`, 5],
    ["a number of 64 bits", `83 ${type} ${seq} cf001fffffffffffff ${qrs} 91 a3424238`, 2 ** 53 - 1],
    ["a signed number", `83 ${type} ${seq} d300000000000000ff ${qrs} 91 a3424238`, 255],
    ["a whole number as a float", `83 ${type} ${seq} cb4014000000000000 ${qrs} 91 a3424238`, 5],
  ])("%s", (_, bytes, number) => {
    expect(readClientFrame(msgpackCodec.decode(hex(bytes)))).toMatchObject({ seq: number, qrs: ["BB8"] });
  });

  it.each([
    ["nothing", ""],
    ["a text that is cut off", "a5 41"],
    ["a list that is cut off", "92 01"],
    ["bytes behind the frame", `83 ${type} ${seq} 05 ${qrs} 91 a3424238 c0`],
    ["a list of four billion", "dd ffffffff"],
    ["a map of four billion", "df ffffffff"],
    ["a text of four billion", "db ffffffff 41"],
    ["nesting without end", "91".repeat(100_000)],
  ])("%s is not MessagePack", (_, bytes) => {
    expect(() => msgpackCodec.decode(hex(bytes))).toThrow(new FrameError("the frame is not MessagePack"));
  });

  it.each([
    ["a number beyond 2^53", `83 ${type} ${seq} cf0020000000000001 ${qrs} 91 a3424238`],
    ["the byte that is never used", "c1"],
    ["a timestamp", "d6ff00000001"],
    ["an extension for undefined", "d40000"],
  ])("%s is no frame", (_, bytes) => {
    expect(() => readClientFrame(msgpackCodec.decode(hex(bytes)))).toThrow(FrameError);
  });

  it("an extension where a text belongs is refused by the frame's seq", () => {
    for (const extension of ["d4424101", "d6ff00000001", "c0", "c3", "81a14101"]) {
      let seen: unknown;
      try {
        readClientFrame(msgpackCodec.decode(hex(`83 ${type} ${seq} 05 ${qrs} 91 ${extension}`)));
      } catch (error) {
        seen = error;
      }
      expect(seen).toBeInstanceOf(FrameError);
    }
  });
});
