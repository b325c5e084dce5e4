import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../../../src/format/bytes.js";
import { readTrust } from "../../../../src/format/trust/trust.js";
import { TrustError, type TrustErrorCode } from "../../../../src/format/trust/trust-list.js";
import { caseNames, casePath, casesNote, casesPresent, readCase } from "../../../support/cases.js";
import { verifyElsewhere } from "../../../support/keys.js";

/** What a file comes to: how many keys, and what is said of those passed over, or why none is left. */
interface Outcome {
  keys?: number;
  warns?: readonly RegExp[];
  code?: TrustErrorCode;
  says?: RegExp;
}

const EXPECTED: Readonly<Record<string, Outcome>> = {
  "bundle-with-rsa.pem": { keys: 2, warns: [/^block 2 is an RSA key/] },
  "cert-utf8.pem": { keys: 1 },
  "cert-with-text.pem": { keys: 1 },
  "cert.cer": { keys: 1 },
  "cert.p7b": { code: "FOREIGN_FORMAT", says: /PKCS#7.* openssl pkcs7 -in FILE -print_certs/ },
  "cert.pem": { keys: 1 },
  "did-document.json": { keys: 1 },
  "ec-params-then-pub.pem": { keys: 1 },
  "jwk-33-bytes.jwks": { code: "BAD_JWKS", says: /33 bytes as y/ },
  "jwk-good.jwks": { keys: 1 },
  "jwk-leading-zero-stripped.jwks": { code: "BAD_JWKS", says: /31 bytes as x/ },
  "jwk-numeric-kid.jwks": { code: "BAD_JWKS", says: /kid that is not a text/ },
  "jwk-use-enc.jwks": { code: "NOT_FOR_SIGNING", says: /\("gate-2026"\) is for encryption/ },
  "jwks-akp-beside.jwks": { keys: 1, warns: [/^key 1 \("pq"\) is of another kind \(AKP\)/] },
  "jwks-bare-array.json": { keys: 1 },
  "jwks-bom.jwks": { keys: 1 },
  "jwks-duplicate-kid.jwks": { keys: 2 },
  "jwks-one-malformed.jwks": { keys: 1, warns: [/^key 2 \("no-y"\) has no y$/] },
  "jwks-private.jwks": { code: "PRIVATE_KEY", says: /key 1 is a private or secret key.*let nobody else see/ },
  "jwks-utf16.jwks": { keys: 1 },
  "pub-compressed.pem": { keys: 1 },
  "pub-crlf-bom.pem": { keys: 1 },
  "pub-explicit-params.pem": { code: "UNSUPPORTED_KEY", says: /explicit parameters.* openssl ec -pubin -in FILE/ },
  "pub-literal-newlines.pem": { keys: 1 },
  "pub-no-armour.txt": { keys: 1 },
  "pub-one-line.pem": { keys: 1 },
  "pub.der": { keys: 1 },
  "pub.pem": { keys: 1 },
  "req.pem": { code: "FOREIGN_FORMAT", says: /CSR.* openssl req -in FILE -noout -pubkey/ },
};

function outcomeOf(bytes: Uint8Array): { list?: ReturnType<typeof readTrust>; error?: TrustError } {
  try {
    return { list: readTrust(bytes, verifyElsewhere) };
  } catch (error) {
    if (error instanceof TrustError) return { error };
    throw error;
  }
}

describe.skipIf(!casesPresent)("cases of keys" + casesNote, () => {
  it("are all known", () => {
    expect(Object.keys(EXPECTED).sort()).toEqual(caseNames("trust"));
  });

  it.each(Object.entries(EXPECTED))("%s", (name, { keys, warns = [], code, says }) => {
    const { list, error } = outcomeOf(readCase(`trust/${name}`));
    expect(list?.keys.length).toBe(keys);
    expect(list?.warnings?.length ?? 0).toBe(warns.length);
    warns.forEach((what, index) => { expect(list!.warnings![index]!.message).toMatch(what); }); // prettier-ignore
    expect(error?.code).toBe(code);
    if (says !== undefined) expect(`${error!.message}; ${error!.remedy ?? ""}`).toMatch(says);
  });

  it("never show anything of a private key", () => {
    const { error } = outcomeOf(readCase("trust/jwks-private.jwks"));
    const { keys } = JSON.parse(readFileSync(casePath("trust/jwks-private.jwks"), "utf8")) as { keys: { d: string }[] };
    expect(`${error!.message} ${error!.remedy}`).not.toContain(keys[0]!.d.slice(0, 8));
  });
});

const openssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!openssl)(`what openssl writes${openssl ? "" : " (skipped: no openssl here)"}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "hufu-keys-"));
    sh("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem");
    sh("openssl req -new -x509 -key key.pem -subj /CN=A -out cert.pem");
    sh("openssl req -new -key key.pem -subj /CN=A -out req.pem");
    sh("openssl req -in req.pem -outform DER -out req.der");
    sh("openssl crl2pkcs7 -nocrl -certfile cert.pem -out cert.p7b");
    sh("openssl crl2pkcs7 -nocrl -certfile cert.pem -outform DER -out cert.p7c");
    sh("openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass: -out cert.p12");
    sh("openssl ec -in key.pem -pubout -param_enc explicit -out explicit.pem");
    sh("openssl x509 -in cert.pem -outform DER -out cert.der");
    sh("openssl pkey -in key.pem -outform DER -out key.der");
    sh("openssl ec -in key.pem -out sec1.pem");
    sh("openssl ec -in key.pem -outform DER -out sec1.der");
    sh("openssl pkcs8 -topk8 -in key.pem -passout pass:x -outform DER -out encrypted.der");
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function sh(command: string): void {
    const { status, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
  }
  const read = (name: string): ReturnType<typeof outcomeOf> => outcomeOf(readFileSync(join(folder, name)));

  it.each(["req.pem", "req.der", "cert.p7b", "cert.p7c", "cert.p12", "explicit.pem"])(
    "%s is named, and the command that is told makes it a file that is read",
    (name) => {
      const { error } = read(name);
      expect(error?.code).toMatch(/^(FOREIGN_FORMAT|UNSUPPORTED_KEY)$/);
      const command = /openssl [^;]*/.exec(error!.remedy!)![0].replace("FILE", name);
      sh(name.endsWith(".p12") ? `${command} -passin pass:` : command);
      const [key] = read("issuer.pem").list!.keys;
      expect(toHex(key!.publicKey)).toBe(toHex(read("cert.der").list!.keys[0]!.publicKey));
    },
  );

  it.each(["key.pem", "key.der", "sec1.pem", "sec1.der", "encrypted.der"])("%s is refused as private", (name) => {
    const { error } = read(name);
    expect(error?.code).toBe("PRIVATE_KEY");
    expect(error?.remedy).toMatch(/let nobody else see that file/);
  });

  it("is read beside other blocks, which are named", () => {
    copyFileSync(join(folder, "cert.pem"), join(folder, "all.pem"));
    const parts = ["req.pem", "cert.p7b", "explicit.pem", "cert.pem"].map((name) => readFileSync(join(folder, name), "utf8")); // prettier-ignore
    writeFileSync(join(folder, "all.pem"), parts.join(""));
    const { list } = read("all.pem");
    expect(list?.keys).toHaveLength(1);
    expect(list?.warnings?.map(({ code }) => code)).toEqual(["FOREIGN_FORMAT", "FOREIGN_FORMAT", "UNSUPPORTED_KEY"]);
  });
});

describe("files of other kinds", () => {
  const said = (bytes: string | Uint8Array): string => {
    const { error } = outcomeOf(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    return `${error?.code} ${error?.message}; ${error?.remedy ?? ""}`;
  };

  it("are named, with what helps", () => {
    const { publicKey } = generateKeyPairSync("ed25519");
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    expect(said("<!DOCTYPE html><html>Sign in</html>")).toMatch(/^UNKNOWN_FORMAT it is a web page/);
    expect(said("ssh-ed25519 AAAAC3Nza a@b")).toMatch(/^FOREIGN_FORMAT .*SSH.*ssh-keygen -e -m PKCS8/);
    expect(said(Uint8Array.of(0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1))).toMatch(/Java key store.*keytool/);
    expect(said(Buffer.from(pem, "utf16le"))).toMatch(/UTF-16 without a byte order mark; save it as UTF-8/);
    expect(said("-----BEGIN PGP PUBLIC KEY BLOCK-----\nxx\n-----END PGP PUBLIC KEY BLOCK-----")).toMatch(/PGP/);
    expect(said("")).toMatch(/^UNKNOWN_FORMAT/);
    for (const text of [
      `\ufeff${pem}`,
      Buffer.from(`\ufeff${pem}`, "utf16le"),
      pem.replaceAll("\n", "\\n"),
      pem.replaceAll("\n", "\\r\\n"),
      pem.replaceAll("\n", "\r\n"),
    ]) {
      // prettier-ignore
      expect(outcomeOf(typeof text === "string" ? new TextEncoder().encode(text) : text).list?.keys).toHaveLength(1);
    }
  });
});
