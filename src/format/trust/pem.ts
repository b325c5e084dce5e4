import { fromBase64 } from "../bytes.js";
import { derRead, foreignFile, type KeyEntry, type KeysRead, readDer, readEach } from "./key-files.js";
import { TrustError, type TrustedKey } from "./trust-list.js";
import { readCertificate, readSpki } from "./x509.js";

/** Blocks that say nothing of a key: openssl writes the curve before a key as well as within it. */
const IDLE = ["EC PARAMETERS", "SM2 PARAMETERS", "DH PARAMETERS"];

/** Keys of every block of PEM (RFC 7468). Throws TrustError where one is private. */
export function readPem(given: string): KeysRead {
  // Of a file that went through an environment variable or JSON the line ends are two characters.
  const text = given.replaceAll(/\\r|\\n/g, "\n");
  return readEach(blocksOf(text));
}

function* blocksOf(text: string): Generator<KeyEntry> {
  let position = 0;
  for (const begin of text.matchAll(/-----BEGIN ([^\r\n-]*)-----/g)) {
    const label = begin[1] ?? "";
    position++;
    if (IDLE.includes(label)) continue;
    const rest = text.slice(begin.index + begin[0].length);
    yield { name: `block ${position}`, read: () => readBlock(label, rest) };
  }
}

function readBlock(label: string, rest: string): TrustedKey {
  if (label.endsWith("PRIVATE KEY")) throw new TrustError("PRIVATE_KEY", "is a private key");
  const [, body, endLabel] = /^([^-]*)-----END ([^\r\n-]*)-----/.exec(rest) ?? [];
  if (body === undefined) throw bad("is not closed");
  if (label !== endLabel) throw bad(`begins as ${label} and ends as another`);
  switch (label) {
    case "PUBLIC KEY":
      return derRead(() => ({ kids: [], ...readSpki(bytesOf(body)), use: "credential", promisesStatus: false }));
    case "CERTIFICATE":
    case "X509 CERTIFICATE":
      return derRead(() => readCertificate(bytesOf(body)));
    case "CERTIFICATE REQUEST":
    case "NEW CERTIFICATE REQUEST":
      throw foreignFile("request", "PEM");
    case "PKCS7":
    case "CMS":
      throw foreignFile("pkcs7", "PEM");
    case "RSA PUBLIC KEY":
      throw new TrustError("UNSUPPORTED_KEY", "is an RSA key; cards are signed with Ed25519, P-256 or SM2");
    default:
      throw bad(`is a ${label}, neither PUBLIC KEY nor CERTIFICATE`);
  }
}

function bytesOf(body: string): Uint8Array {
  const bytes = fromBase64(body.replaceAll(/[ \t\r\n]/g, ""));
  if (bytes === undefined) throw bad("is not base64");
  return bytes;
}

/** The key of base64 without armour, undefined where the text is not that. Throws TrustError. */
export function readBareBase64(text: string): KeysRead | undefined {
  const body = text.replaceAll(/[ \t\r\n]/g, "");
  const bytes = body.startsWith("M") ? fromBase64(body) : undefined;
  return bytes && readEach([{ name: "the key", read: () => readDer(bytes) }]);
}

function bad(why: string): TrustError {
  return new TrustError("BAD_PEM", why);
}
