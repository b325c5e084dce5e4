import { readdirSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { decode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase45 } from "../../support/base45.js";
import { loadParser, type Parser } from "../../support/parse.js";
import { readVectorJson, vectorPath, vectorsNote, vectorsPresent } from "../../support/vectors.js";

interface CardVector {
  name: string;
  qr_data: string;
  expected_claim169?: { id: string; fullName: string; dateOfBirth?: string };
  expected_cwt_meta?: { issuer?: string; expiresAt?: number; notBefore?: number; issuedAt?: number };
  signing_key?: { algorithm: string };
}

let parser: Parser;
beforeAll(async () => {
  parser = await loadParser("debug");
});

function inflate(name: string): { vector: CardVector; bytes: Uint8Array } {
  const vector = readVectorJson(`claim169/test-vectors/${name}.json`) as CardVector;
  return { vector, bytes: inflateSync(decodeBase45(vector.qr_data)) };
}

function namesIn(folder: string): string[] {
  const names = vectorsPresent ? readdirSync(vectorPath(`claim169/test-vectors/${folder}`)) : [];
  return names.map((name) => `${folder}/${name.replace(".json", "")}`);
}

describe.skipIf(!vectorsPresent)("third-party Claim 169 cards" + vectorsNote, () => {
  const readable = [...namesIn("valid").filter((name) => !name.includes("encrypted")), ...namesIn("edge")];

  it.each(readable)("reads %s", (name) => {
    const { vector, bytes } = inflate(name);
    const { code, fields, bytes: bytesOf } = parser.card(bytes);
    expect(code).toBe("VALID");

    const meta = vector.expected_cwt_meta ?? {};
    const issuer = bytesOf("issuer");
    if (meta.issuer !== undefined) expect(Buffer.from(issuer ?? []).toString()).toBe(meta.issuer);
    if (meta.expiresAt !== undefined) expect(fields.expires).toBe(BigInt(meta.expiresAt));
    if (meta.notBefore !== undefined) expect(fields.notBefore).toBe(BigInt(meta.notBefore));
    if (meta.issuedAt !== undefined) expect(fields.issuedAt).toBe(BigInt(meta.issuedAt));

    const expected = vector.expected_claim169;
    const identity = decode(bytesOf("identity") ?? new Uint8Array(), { useMaps: true }) as Map<number, unknown>;
    expect(identity.get(1)).toBe(expected?.id);
    expect(identity.get(4)).toBe(expected?.fullName);
    expect(fields.dateOfBirth).toBe(Number((expected?.dateOfBirth ?? "0").replaceAll("-", "")));
    expect(fields.tier).toBe(0);
    expect(fields.algorithm).toBe(vector.signing_key?.algorithm === "ES256" ? -7 : -8);
    expect(fields.signatureLength).toBe(vector.signing_key === undefined ? 0 : 64);
  });

  it("reads ten readable cards and more", () => {
    expect(readable.length).toBeGreaterThan(10);
  });

  it.each(namesIn("valid").filter((name) => name.includes("encrypted")))("refuses %s, a COSE_Encrypt0", (name) => {
    expect(parser.card(inflate(name).bytes).code).toBe("BAD_COSE");
  });

  it("refuses a card without claim 169 and one that is no COSE", () => {
    expect(parser.card(inflate("invalid/missing-169").bytes).code).toBe("MISSING_CLAIM");
    expect(parser.card(inflate("invalid/not-cose").bytes).code).toBe("BAD_COSE");
  });
});
