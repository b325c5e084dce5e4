import { DER_BIT_STRING, DER_INTEGER, DER_OCTET_STRING, DER_OID, DER_SEQUENCE, DerError, DerReader } from "./der.js";
import { TrustError, type TrustedKey, type TrustWarning } from "./trust-list.js";
import { readCertificate, readSpki } from "./x509.js";

/** What was read of a file of several keys: those that are taken, and why others are not. */
export interface KeysRead {
  keys: TrustedKey[];
  warnings: TrustWarning[];
}

/** One of them, by the name it has in the file ("key 2"), not read yet. */
export interface KeyEntry {
  name: string;
  read: () => TrustedKey;
}

/**
 * Read each key for itself: one that is malformed or of a kind that is not used is passed over and named, and takes no
 * other's trust away. Throws TrustError where one is private, because then the file is in the wrong hands.
 */
export function readEach(entries: Iterable<KeyEntry>): KeysRead {
  const keys: TrustedKey[] = [];
  const warnings: TrustWarning[] = [];
  for (const { name, read } of entries) {
    try {
      keys.push(read());
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      const { code, message, remedy } = error;
      if (code === "PRIVATE_KEY") throw new TrustError(code, `${name} ${message}`, { remedy: remedy ?? PUBLIC_PART });
      warnings.push({ code, message: `${name} ${message}`, ...(remedy !== undefined && { remedy }) });
    }
  }
  return { keys, warnings };
}

const PUBLIC_PART =
  "let nobody else see that file, and give the public part: openssl pkey -in FILE -pubout -out issuer.pem";

const inform = (encoding: "PEM" | "DER"): string => (encoding === "DER" ? " -inform DER" : "");

/** What else is exchanged beside keys and certificates, and how to get those out of it. */
export function foreignFile(kind: "request" | "pkcs7" | "pkcs12", encoding: "PEM" | "DER"): TrustError {
  const [what, remedy] = {
    request: [
      "is a certificate request (CSR), which nobody has confirmed",
      `give the certificate, or take the key out of it: openssl req${inform(encoding)} -in FILE -noout -pubkey -out issuer.pem`,
    ],
    pkcs7: [
      "is PKCS#7 (.p7b), certificates in an envelope",
      `take them out of it: openssl pkcs7${inform(encoding)} -in FILE -print_certs -out issuer.pem; leave in only those that sign cards`,
    ],
    pkcs12: [
      "is PKCS#12 (.p12, .pfx), which is for private keys",
      "take the certificate out of it: openssl pkcs12 -in FILE -nokeys -clcerts -out issuer.pem",
    ],
  }[kind] as [string, string];
  return new TrustError("FOREIGN_FORMAT", what, { remedy });
}

/** The key of a public key or certificate in DER. Throws TrustError. */
export function readDer(bytes: Uint8Array): TrustedKey {
  switch (kindOfDer(bytes)) {
    case "private":
      throw new TrustError("PRIVATE_KEY", "is a private key");
    case "request":
      throw foreignFile("request", "DER");
    case "pkcs7":
      throw foreignFile("pkcs7", "DER");
    case "pkcs12":
      throw foreignFile("pkcs12", "DER");
    case "certificate":
      return derRead(() => readCertificate(bytes));
    case "key":
      return derRead(() => ({ kids: [], ...readSpki(bytes), use: "credential", promisesStatus: false }));
  }
}

/** What `read` gives, with a fault of the DER told as one of the key. */
export function derRead(read: () => TrustedKey): TrustedKey {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) throw new TrustError("BAD_DER", `is malformed (DER): ${error.message}`);
    throw error;
  }
}

type DerKind = "key" | "certificate" | "request" | "pkcs7" | "pkcs12" | "private";

/** By the tags of the outermost elements; what is none of them is read as a key, to be told what is wrong with it. */
function kindOfDer(bytes: Uint8Array): DerKind {
  const tags = tagsInside(bytes);
  const begins = (...start: number[]): boolean => start.every((tag, i) => tags[i] === tag);
  if (begins(DER_OID, 0xa0)) return "pkcs7"; // RFC 2315 §7
  if (begins(DER_SEQUENCE, DER_OCTET_STRING)) return "private"; // RFC 5958 §3, encrypted
  // RFC 5958 §2 and RFC 5915 §3. PKCS#12 (RFC 7292 §4) has an envelope in the place of the algorithm.
  if (begins(DER_INTEGER, DER_SEQUENCE, DER_OCTET_STRING) || begins(DER_INTEGER, DER_OCTET_STRING)) return "private";
  if (begins(DER_INTEGER, DER_SEQUENCE)) return "pkcs12";
  if (!begins(DER_SEQUENCE, DER_SEQUENCE, DER_BIT_STRING)) return "key";
  // RFC 2986 §4.1: version, name, key, attributes. A certificate has a version tagged 0, or a serial number and more.
  const inner = tagsInside(bytes, 1);
  return inner.length === 4 && inner[0] === DER_INTEGER && inner[3] === 0xa0 ? "request" : "certificate";
}

/** Tags of what the outermost SEQUENCE contains, or the first element of that; none where it is not DER. */
function tagsInside(bytes: Uint8Array, depth = 0): number[] {
  const tags: number[] = [];
  try {
    let reader = new DerReader(bytes).inside();
    for (let i = 0; i < depth; i++) reader = reader.inside();
    while (!reader.done) tags.push(reader.any().tag);
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
  }
  return tags;
}
