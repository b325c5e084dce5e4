import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../../src/abi/batch.js";
import { Engine } from "../../../../src/engine/engine.js";
import { isAcceptablePoint } from "../../../../src/format/trust/acceptable.js";
import { fromSec1 } from "../../../../src/format/trust/point.js";
import { readTrust } from "../../../../src/format/trust/trust.js";
import { encodeTrustList } from "../../../../src/format/trust/trust-list.js";
import { ALGORITHMS_UNDER_TEST, generateKey, verifyElsewhere, type TestKey } from "../../../support/keys.js";
import { trusted } from "../../../support/make-card.js";
import { trustErrorOf } from "../../../support/trust.js";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string) => readTrust(bytesOf(text), verifyElsewhere);
const pemOf = (key: TestKey): string => key.spki.export({ type: "spki", format: "pem" }).toString();
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

function jwkOf(key: TestKey): Record<string, string> {
  // node:crypto writes the JWK where it can; it knows no name for SM2's curve.
  if (key.algorithm !== Algorithm.SM2) return key.spki.export({ format: "jwk" }) as Record<string, string>;
  return {
    kty: "EC",
    crv: "SM2",
    x: base64url(key.publicKey.subarray(0, 32)),
    y: base64url(key.publicKey.subarray(32)),
  };
}

describe("a JWK set", () => {
  it.each(ALGORITHMS_UNDER_TEST)("gives its keys of algorithm %i", (algorithm) => {
    const key = generateKey(algorithm);
    const { keys } = read(JSON.stringify({ keys: [{ ...jwkOf(key), kid: "key one" }] }));
    expect(keys).toEqual([trusted(key, { kids: [bytesOf("key one")] })]);
  });

  it("gives a kid as text and as the bytes it may stand for", () => {
    const key = jwkOf(generateKey(Algorithm.ED25519));
    expect(read(JSON.stringify({ ...key, kid: "AQIDBAUGBwg" })).keys[0]?.kids).toEqual([
      bytesOf("AQIDBAUGBwg"),
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    ]);
    expect(read(JSON.stringify({ ...key, kid: "no/url" })).keys[0]?.kids).toEqual([bytesOf("no/url")]);
    expect(read(JSON.stringify(key)).keys[0]?.kids).toEqual([]);
  });

  it("passes over keys of other kinds and uses", () => {
    const key = jwkOf(generateKey(Algorithm.P256));
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
    const { keys, warnings } = read(
      JSON.stringify({ keys: [rsa, { ...key, use: "enc" }, { ...key, key_ops: ["sign"] }, { ...key, key_ops: ["verify"] }, 7] }), // prettier-ignore
    );
    expect(keys).toHaveLength(1);
    expect(warnings?.map(({ code }) => code)).toEqual([
      ...["UNSUPPORTED_KEY", "NOT_FOR_SIGNING", "NOT_FOR_SIGNING", "BAD_JWKS"],
    ]);
    expect(warnings?.map(({ message }) => message.slice(0, 6))).toEqual(["key 1 ", "key 2 ", "key 3 ", "key 5 "]);
    expect(trustErrorOf(() => read(JSON.stringify({ keys: [rsa] })))).toBe("UNSUPPORTED_KEY");
    expect(trustErrorOf(() => read(JSON.stringify({ keys: [rsa, { ...key, use: "enc" }] })))).toBe("NO_KEYS");
    expect(trustErrorOf(() => read(JSON.stringify({ keys: [] })))).toBe("NO_KEYS");
  });

  it("says of each key why it was not taken, where none is left", () => {
    const key = jwkOf(generateKey(Algorithm.P256));
    const said = (keys: unknown[]): string => {
      try {
        read(JSON.stringify({ keys }));
      } catch (error) {
        return String(error);
      }
      return "";
    };
    expect(
      said([
        { ...key, y: undefined, kid: "one" },
        { ...key, use: "enc" },
      ]),
    ).toMatch(/key 1 \("one"\) has no y; key 2 is for encryption/);
    expect(said(Array(20).fill(7))).toMatch(/key 8 is not an object; and 12 more$/);
  });

  it("may be an array of keys or a DID document", () => {
    const key = generateKey(Algorithm.P256);
    const jwk = { ...jwkOf(key), kid: "k" };
    expect(read(JSON.stringify([jwk])).keys).toHaveLength(1);
    const method = { id: "did:web:a.example#1", type: "JsonWebKey2020", publicKeyJwk: jwk };
    const multibase = { id: "did:web:a.example#2", type: "Multikey", publicKeyMultibase: "z6Mk" };
    const { keys, warnings } = read(
      JSON.stringify({ id: "did:web:a.example", verificationMethod: [multibase, method] }),
    );
    expect(keys.map(({ publicKey }) => publicKey)).toEqual([key.publicKey]);
    expect(warnings).toMatchObject([{ code: "FOREIGN_FORMAT" }]);
    expect(trustErrorOf(() => read(JSON.stringify({ verificationMethod: [{ publicKeyJwk: { ...jwk, d: "AA" } }] })))).toBe("PRIVATE_KEY"); // prettier-ignore
  });

  it("loses a key that no engine would take, and no other with it", async () => {
    const good = generateKey(Algorithm.ED25519);
    const jwk = jwkOf(good);
    // Edwards25519's neutral element and a point of order 8, a y without a point, one that is not reduced.
    const lowOrder = ["0100000000000000000000000000000000000000000000000000000000000000", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "0200000000000000000000000000000000000000000000000000000000000000", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"]; // prettier-ignore
    const offCurve = { ...jwkOf(generateKey(Algorithm.P256)), x: base64url(new Uint8Array(32).fill(1)) };
    for (const x of lowOrder) {
      const bad = { ...jwk, x: base64url(Buffer.from(x, "hex")) };
      const text = JSON.stringify({ keys: [bad, jwk, offCurve] });
      expect(
        read(text).keys.map(({ publicKey }) => publicKey),
        x,
      ).toEqual([good.publicKey]);
      expect((await Engine.create({ trust: text })).trustWarnings).toHaveLength(1);
      expect(trustErrorOf(() => read(JSON.stringify(bad)))).toBe("UNSUPPORTED_KEY");
    }
    for (const algorithm of ALGORITHMS_UNDER_TEST) {
      for (let i = 0; i < 20; i++) expect(isAcceptablePoint(algorithm, generateKey(algorithm).publicKey)).toBe(true);
    }
  });

  it("refuses secrets, keys bound elsewhere and malformed coordinates", () => {
    const key = jwkOf(generateKey(Algorithm.ED25519));
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, d: key["x"] })))).toBe("PRIVATE_KEY");
    expect(trustErrorOf(() => read(JSON.stringify({ kty: "oct", k: "AAAA" })))).toBe("PRIVATE_KEY");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, alg: "ES256" })))).toBe("BAD_JWKS");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, x: `${key["x"]}AA` })))).toBe("BAD_JWKS");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, x: `${key["x"]}=` })))).toBe("BAD_JWKS");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, kid: "" })))).toBe("BAD_JWKS");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, kid: "k".repeat(65) })))).toBe("BAD_JWKS");
    expect(trustErrorOf(() => read(JSON.stringify({ ...key, kid: "k".repeat(64) })))).toBe("accepted");
    expect(trustErrorOf(() => read("{"))).toBe("BAD_JWKS");
  });

  it("never ends in another error than its own", () => {
    const field = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constant(null),
      fc.constantFrom("OKP", "EC", "Ed25519", "SM2"),
    );
    const jwk = fc.dictionary(fc.constantFrom("kty", "crv", "x", "y", "kid", "alg", "use", "d"), field);
    fc.assert(
      fc.property(fc.oneof(fc.array(fc.oneof(jwk, fc.jsonValue())), fc.jsonValue()), (keys) => {
        expect(["BAD_JWKS", "NO_KEYS", "PRIVATE_KEY", "UNSUPPORTED_KEY", "NOT_FOR_SIGNING"]).toContain(
          trustErrorOf(() => read(JSON.stringify({ keys }))),
        );
      }),
    );
    fc.assert(
      fc.property(fc.string(), (tail) => {
        expect(trustErrorOf(() => read(`{${tail}`))).toMatch(/^(BAD_JWKS|PRIVATE_KEY)$/);
      }),
    );
  });
});

describe("PEM public keys", () => {
  it.each(ALGORITHMS_UNDER_TEST)("are read for algorithm %i", (algorithm) => {
    const key = generateKey(algorithm);
    expect(read(pemOf(key))).toEqual({
      epoch: 0,
      keys: [trusted(key, { kids: [] })],
    });
  });

  it("may be several in one file, with words around them", () => {
    const keys = ALGORITHMS_UNDER_TEST.map(generateKey);
    const text = `Keys of the district\n${keys.map(pemOf).join("\nand\r\n")}`;
    expect(read(text).keys.map((key) => key.publicKey)).toEqual(keys.map((key) => key.publicKey));
  });

  it("are refused when private, cut short, of another kind, or not PEM", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(trustErrorOf(() => read(privateKey.export({ type: "pkcs8", format: "pem" }).toString()))).toBe(
      "PRIVATE_KEY",
    );
    expect(trustErrorOf(() => read(pem.slice(0, -10)))).toBe("BAD_PEM");
    expect(read(pem + pem.slice(0, -10))).toMatchObject({ keys: { length: 1 }, warnings: [{ code: "BAD_PEM" }] });
    expect(trustErrorOf(() => read(pem + privateKey.export({ type: "pkcs8", format: "pem" }).toString()))).toBe(
      "PRIVATE_KEY",
    );
    expect(trustErrorOf(() => read(pem.replaceAll("PUBLIC KEY", "X509 CRL")))).toBe("BAD_PEM");
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ type: "spki", format: "pem" });
    expect(trustErrorOf(() => read(rsa.toString()))).toBe("UNSUPPORTED_KEY");
    const x25519 = generateKeyPairSync("x25519").publicKey.export({ type: "spki", format: "pem" });
    expect(trustErrorOf(() => read(x25519.toString()))).toBe("UNSUPPORTED_KEY");
    expect(trustErrorOf(() => read("hello"))).toBe("UNKNOWN_FORMAT");
    expect(trustErrorOf(() => read(""))).toBe("UNKNOWN_FORMAT");
    expect(trustErrorOf(() => read(" ".repeat(4194305)))).toBe("TOO_LARGE");
  });

  it("never end in another error than their own, whatever the DER", () => {
    const der = new Uint8Array(generateKey(Algorithm.P256).spki.export({ type: "spki", format: "der" }));
    const wrap = (bytes: Uint8Array, label: string) =>
      `-----BEGIN ${label}-----\n${Buffer.from(bytes).toString("base64")}\n-----END ${label}-----\n`;
    const label = fc.constantFrom("PUBLIC KEY", "CERTIFICATE");
    fc.assert(
      fc.property(label, fc.uint8Array({ maxLength: 120 }), (name, bytes) => {
        expect(trustErrorOf(() => read(wrap(bytes, name)))).toMatch(/^(BAD_PEM|BAD_DER|UNSUPPORTED_KEY)$/);
      }),
    );
    fc.assert(
      fc.property(fc.nat(26), fc.integer({ min: 1, max: 255 }), (position, flip) => {
        const bytes = der.slice();
        bytes[position]! ^= flip;
        // All but the coordinates: each of these bytes is fixed by DER and the curve.
        expect(trustErrorOf(() => read(wrap(bytes, "PUBLIC KEY")))).toMatch(/^(BAD_PEM|BAD_DER|UNSUPPORTED_KEY)$/);
      }),
    );
    for (let length = 0; length < der.length; length++) {
      expect(trustErrorOf(() => read(wrap(der.subarray(0, length), "PUBLIC KEY")))).toBe("BAD_DER");
    }
  });
});

const openssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!openssl)(`certificates by openssl${openssl ? "" : " (skipped: no openssl here)"}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "hufu-pem-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function run(...args: string[]): void {
    const { status, stderr } = spawnSync("openssl", args, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }

  const kinds: [Algorithm, string[]][] = [
    [Algorithm.ED25519, ["-algorithm", "ed25519"]],
    [Algorithm.P256, ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
    [Algorithm.SM2, ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2"]],
  ];

  it.each(kinds)("give key, name and validity (%i)", (algorithm, options) => {
    run("genpkey", ...options, "-out", "key.pem");
    run(
      "req",
      "-new",
      "-x509",
      "-key",
      "key.pem",
      "-subj",
      "/C=CN/O=Pilot/CN=Pilot District",
      "-days",
      "30",
      "-out",
      "c.pem",
    );
    run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem");
    const before = Math.floor(Date.now() / 1000);
    const fromCertificate = read(readFileSync(join(folder, "c.pem"), "utf8")).keys[0]!;
    const fromKey = read(readFileSync(join(folder, "public.pem"), "utf8")).keys[0]!;
    expect(fromCertificate.publicKey).toEqual(fromKey.publicKey);
    expect(fromCertificate.algorithm).toBe(algorithm);
    expect(fromCertificate.issuer).toBe("Pilot District");
    expect(Math.abs(fromCertificate.notBefore! - before)).toBeLessThan(60);
    expect(fromCertificate.notAfter! - fromCertificate.notBefore!).toBe(30 * 86_400);
  });

  it.each(kinds.slice(1))("read compressed points (%i)", (algorithm, options) => {
    for (let i = 0; i < 4; i++) {
      run("genpkey", ...options, "-out", "key.pem");
      run("pkey", "-in", "key.pem", "-pubout", "-out", "public.pem");
      run("ec", "-in", "key.pem", "-pubout", "-conv_form", "compressed", "-out", "compressed.pem");
      const [whole, compressed] = ["public.pem", "compressed.pem"].map((name) =>
        read(readFileSync(join(folder, name), "utf8")),
      );
      expect(compressed).toEqual(whole);
      expect(compressed?.keys[0]?.algorithm).toBe(algorithm);
    }
  });
});

describe("a compressed point", () => {
  it("is refused where x is on no point or not reduced", () => {
    const counts = { good: 0, bad: 0 };
    for (let x = 0; x < 64; x++) {
      const point = new Uint8Array(33);
      point[0] = 2;
      point[32] = x;
      counts[fromSec1(Algorithm.P256, point) === undefined ? "bad" : "good"]++;
    }
    expect(counts.good).toBeGreaterThan(10);
    expect(counts.bad).toBeGreaterThan(10);
    expect(fromSec1(Algorithm.SM2, new Uint8Array(33).fill(0xff).fill(2, 0, 1))).toBeUndefined();
  });
});

describe("our trust list", () => {
  it("is told from the other forms", async () => {
    const root = generateKey(Algorithm.ED25519);
    const list = {
      authority: "A",
      epoch: 1,
      issuedAt: 1,
      expires: 2,
      keys: [trusted(root, { kids: [Uint8Array.of(1)] })],
      root: { algorithm: root.algorithm, publicKey: root.publicKey },
    };
    const bytes = await encodeTrustList(list, (message) => root.sign(message));
    const keys = list.keys.map((key) => ({ ...key, trustUntil: 2 }));
    expect(readTrust(bytes, verifyElsewhere)).toEqual({ ...list, keys });
    const empty = await encodeTrustList({ ...list, keys: [] }, (message) => root.sign(message));
    expect(trustErrorOf(() => readTrust(empty, verifyElsewhere))).toBe("NO_KEYS");
  });
});
