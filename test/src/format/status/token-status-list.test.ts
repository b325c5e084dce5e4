import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { deflateRawSync, deflateSync, gzipSync, inflateSync } from "node:zlib";
import { decode, encode } from "cborg";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Algorithm, Status } from "../../../../src/abi/batch.js";
import { encodeSign1 } from "../../../../src/format/cose.js";
import type { StatusError } from "../../../../src/format/status/error.js";
import type { StatusTrust } from "../../../../src/format/status/envelope.js";
import {
  encodeStatusList,
  listedStatus,
  openStatusList,
  packStatuses,
  STATUS_LIST_TYPE,
  type TokenStatusList,
} from "../../../../src/format/status/token-status-list.js";
import { statusSigner } from "../../../support/universe.js";
import { readVectorJson, readVectorText, vectorsNote, vectorsPresent } from "../../../support/vectors.js";

const { signer, trust } = statusSigner("issuer");
const statuses = [Status.GOOD, Status.REVOKED, Status.SUSPENDED, Status.GOOD, Status.SUSPENDED];
const list: TokenStatusList = {
  uri: "https://id.example/status/7",
  issuedAt: 1_790_000_000,
  expires: 1_790_086_400,
  timeToLive: 3600,
  bits: 2,
  statuses: packStatuses(statuses, 2),
};

async function codeOf(bytes: Uint8Array, by = trust): Promise<string> {
  return openStatusList(bytes, by).then(
    () => "accepted",
    (error: unknown) => {
      expect(error).toMatchObject({ name: "StatusError" });
      return (error as { code: string }).code;
    },
  );
}

describe("token status list", () => {
  it("opens as it was written, and names whose key signed it", async () => {
    expect(await openStatusList(await encodeStatusList(list, signer), trust)).toEqual({
      ...list,
      signer: trust.keys[0],
    });
    const { expires, timeToLive, ...bare } = list;
    expect([expires, timeToLive]).toEqual([1_790_086_400, 3600]);
    expect(await openStatusList(await encodeStatusList(bare, signer), trust)).toEqual({
      ...bare,
      signer: trust.keys[0],
    });
  });

  it("gives back every status that was packed, and nothing beyond", () => {
    const anyStatus = fc.constantFrom(Status.GOOD, Status.REVOKED, Status.SUSPENDED);
    fc.assert(
      fc.property(fc.array(anyStatus), fc.constantFrom(2, 4, 8), (all, bits) => {
        const packed = { ...list, bits, statuses: packStatuses(all, bits) };
        expect(all.map((_, index) => listedStatus(packed, index))).toEqual(all);
        expect(listedStatus(packed, packed.statuses.length * (8 / bits))).toBeUndefined();
      }),
    );
    const packed = { ...list, bits: 1 as const, statuses: packStatuses([Status.REVOKED, Status.GOOD], 1) };
    expect([0, 1, 7, 8].map((index) => listedStatus(packed, index))).toEqual([
      Status.REVOKED,
      Status.GOOD,
      Status.GOOD,
      undefined,
    ]);
    expect(() => packStatuses([Status.SUSPENDED], 1)).toThrow(RangeError);
    expect(() => packStatuses([Status.STALE], 8)).toThrow(RangeError);
  });

  it("knows no status of the application's own", () => {
    const own = { ...list, bits: 4 as const, statuses: Uint8Array.of(0x30, 0xf2) };
    expect([0, 1, 2, 3].map((index) => listedStatus(own, index))).toEqual([
      Status.GOOD,
      undefined,
      Status.SUSPENDED,
      undefined,
    ]);
  });

  it("is refused with any bit flipped and at any other length", async () => {
    const file = await encodeStatusList(list, signer);
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      damaged[at]! ^= 1 << (at % 8);
      expect(await codeOf(damaged), `byte ${at}`).not.toBe("accepted");
      expect(await codeOf(file.subarray(0, at)), `${at} bytes`).not.toBe("accepted");
    }
    expect(await codeOf(file, { ...trust, keys: [] })).toBe("UNKNOWN_KEY");
    expect(await codeOf(file, statusSigner("issuer").trust)).toBe("UNKNOWN_KEY");
  });

  const lst = deflateSync(Uint8Array.of(1));
  const good = { bits: 1, lst };
  const claims = (changes: [number | string, unknown][] = []): Map<number | string, unknown> =>
    new Map<number | string, unknown>([
      [2, "https://id.example/status/7"],
      [6, 1_790_000_000],
      [65533, good],
      ...changes,
    ]);
  async function said(payload: Map<number | string, unknown>): Promise<string> {
    const headers = new Map<number, unknown>([
      [1, -8],
      [4, signer.kid],
      [16, STATUS_LIST_TYPE],
    ]);
    const file = await encodeSign1({ protected: headers, payload: encode(payload) }, signer.sign);
    return openStatusList(file, trust).then(
      ({ issuedAt }) => `accepted ${issuedAt}`,
      (error: unknown) => `${(error as StatusError).code} ${(error as StatusError).message}`,
    );
  }

  it.each<[string, RegExp, unknown]>([
    ["three bits", /^BAD_HEADER .* 3 bits/, { bits: 3, lst }],
    ["bits that are no number", /^BAD_HEADER .* no number of bits/, { bits: "1", lst }],
    ["no list", /^BAD_HEADER .* has no lst/, { bits: 1 }],
    ["a list in base64url", /^BAD_HEADER .* lst is a text/, { bits: 1, lst: "eJw" }],
    ["no map", /^BAD_HEADER .* is not a map/, 7],
    ["what is not zlib", /^BAD_BODY .* not compressed with zlib/, { bits: 1, lst: Uint8Array.of(1, 2, 3) }],
    ["no byte", /^BAD_BODY/, { bits: 1, lst: new Uint8Array() }],
    ["gzip", /^BAD_BODY .* gzip, not zlib/, { bits: 1, lst: gzipSync(new Uint8Array(9)) }],
    ["raw deflate", /^BAD_BODY .* without the frame of zlib/, { bits: 1, lst: deflateRawSync(new Uint8Array(9)) }],
    ["a list cut off", /^BAD_BODY .* damaged/, { bits: 1, lst: deflateSync(new Uint8Array(100)).subarray(0, 8) }],
    ["a byte behind it", /^BAD_BODY .* follows/, { bits: 1, lst: Buffer.concat([lst, Uint8Array.of(0)]) }],
    ["its checksum behind it", /^BAD_BODY .* follows/, { bits: 1, lst: Buffer.concat([lst, lst.subarray(-4)]) }],
    ["another list behind it", /^BAD_BODY .* follows/, { bits: 1, lst: Buffer.concat([lst, lst]) }],
    ["a list too large", /^TOO_LARGE/, { bits: 1, lst: deflateSync(new Uint8Array(33_554_433)) }],
  ])("is refused with %s", async (_what, expected, content) => {
    expect(await said(claims([[65533, content]]))).toMatch(expected);
  });

  it.each<[string, RegExp, [number | string, unknown][]]>([
    ["no address", /^BAD_HEADER .* address \(sub, claim 2\)/, [[2, undefined]]],
    ["no issue time", /^BAD_HEADER .* when it was issued/, [[6, undefined]]],
    ["an issue time after its expiry", /^BAD_HEADER .* \(iat\) is after its expiry/, [[4, 1_789_999_999]]],
    ["milliseconds", /^BAD_HEADER .*iat.*1790000000000, is in milliseconds/, [[6, 1_790_000_000_000]]],
    ["an expiry in milliseconds", /^BAD_HEADER .* exp.* in milliseconds/, [[4, 1_790_086_400_000]]],
    ["a time before 1970", /^BAD_HEADER .* out of range/, [[6, -1]]],
    ["NaN", /^BAD_HEADER .* not a number of seconds/, [[6, NaN]]],
    ["an expiry that is infinite", /^BAD_HEADER .* not a number of seconds/, [[4, Infinity]]],
    ["a time in text", /^BAD_HEADER .* not a number of seconds/, [[6, "2026-09-21"]]],
    ["no time to live", /^BAD_HEADER .* \(ttl, claim 65534\) is 0/, [[65534, 0]]],
    ["the claim of credentials", /^BAD_HEADER .* claim 65533, but has one in 65535/, [[65533, undefined], [65535, good]]], // prettier-ignore
    ["the name that JSON has", /^BAD_HEADER .* but has one in "status_list"/, [[65533, undefined], ["status_list", good]]], // prettier-ignore
  ])("names the claim at fault: %s", async (_what, expected, changes) => {
    const payload = claims(changes.filter(([, value]) => value !== undefined));
    for (const [label, value] of changes) if (value === undefined) payload.delete(label);
    expect(await said(payload)).toMatch(expected);
  });

  it("takes times as integers and floats", async () => {
    expect(await said(claims([[6, 1_790_000_000.75], [4, 1_790_000_001.5]]))).toBe("accepted 1790000000"); // prettier-ignore
    expect(await said(claims([[4, 1_790_000_000]]))).toBe("accepted 1790000000");
  });
});

/** An example of the draft: hex in lines, after an optional `encoded:`. */
function example(name: string): Uint8Array {
  const text = readVectorText(`token-status-list/examples/${name}.md`).replace(/^[^]*encoded:/, "");
  return new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
}

/** The entries `status[i] = 0b...` of the section for this many bits. */
function expectedEntries(bits: number): [index: number, value: number][] {
  const section = readVectorText("token-status-list/test-vectors-section.md").split(/^## /m);
  const text = section.find((part) => part.startsWith(`${bits}-bit`)) ?? "";
  return [...text.matchAll(/status\[(\d+)\] ?= ?0b([01]+)/g)].map(([, index, value]) => [
    Number(index),
    Number.parseInt(value ?? "", 2),
  ]);
}

describe.skipIf(!vectorsPresent)("token status list of the draft" + vectorsNote, () => {
  const jwk = vectorsPresent ? (readVectorJson("token-status-list/key-12.pub.jwk.json") as JsonWebKey) : {};
  const draftTrust: StatusTrust = {
    keys: [
      {
        kids: [new TextEncoder().encode("12")],
        algorithm: Algorithm.P256,
        publicKey: Buffer.concat([Buffer.from(jwk.x ?? "", "base64url"), Buffer.from(jwk.y ?? "", "base64url")]),
        use: "credential",
        promisesStatus: false,
      },
    ],
    verify: (_algorithm, _key, message, signature) =>
      verify(
        "sha256",
        message,
        { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
        signature,
      ),
  };

  it("opens, signature checked", async () => {
    expect(await openStatusList(example("status_list_cwt"), draftTrust)).toEqual({
      uri: "https://example.com/statuslists/1",
      issuedAt: 1686920170,
      expires: 2291720170,
      timeToLive: 43200,
      bits: 1,
      statuses: Uint8Array.of(0xb9, 0xa3),
      signer: draftTrust.keys[0],
    });
  });

  it("is refused with any byte changed", async () => {
    const file = example("status_list_cwt");
    // The key id lies in the unprotected header: another one there leads to no key.
    for (let at = 0; at < file.length; at++) {
      const damaged = file.slice();
      damaged[at]! ^= 0x40;
      expect(await codeOf(damaged, draftTrust), `byte ${at}`).not.toBe("accepted");
    }
  });

  it.each([
    [1, "status_list_encoding1_long_cbor"],
    [2, "status_list_encoding2_long_cbor"],
    [4, "status_list_encoding4_cbor"],
    [8, "status_list_encoding8_cbor"],
  ] as const)("of %d bits has the statuses of the test vectors and no others", (bits, name) => {
    const { bits: said, lst } = decode(example(name)) as { bits: number; lst: Uint8Array };
    expect(said).toBe(bits);
    const draftList = { ...list, bits, statuses: new Uint8Array(inflateSync(lst)) };
    expect(draftList.statuses.length).toBe((2 ** 20 * bits) / 8);
    const entries = new Map(expectedEntries(bits));
    expect(entries.size).toBeGreaterThan(10);
    const meaning = [Status.GOOD, Status.REVOKED, Status.SUSPENDED];
    for (let index = 0; index < 2 ** 20; index++) {
      if (listedStatus(draftList, index) !== meaning[entries.get(index) ?? 0]) {
        expect(listedStatus(draftList, index), `status ${index}`).toBe(meaning[entries.get(index) ?? 0]);
      }
    }
  });
});
