import { Algorithm } from "../../abi/batch.js";
import { equalBytes, fromHex } from "../bytes.js";
import type { PublicKey } from "../cose-key.js";
import {
  DER_GENERALIZED_TIME,
  DER_INTEGER,
  DER_OID,
  DER_PRINTABLE_STRING,
  DER_SEQUENCE,
  DER_SET,
  DER_UTC_TIME,
  DER_UTF8_STRING,
  DerError,
  DerReader,
} from "./der.js";
import { fromSec1 } from "./point.js";
import { TrustError, type TrustedKey } from "./trust-list.js";

/**
 * Public keys (RFC 5280 §4.1.2.7 SubjectPublicKeyInfo) and X.509 certificates in DER. A certificate is read for its
 * key, name and validity; who signed it is not asked, for the file itself is what the reader trusts.
 */

const ED25519 = oid("2b6570"); // 1.3.101.112, RFC 8410
const EC_PUBLIC_KEY = oid("2a8648ce3d0201"); // 1.2.840.10045.2.1, RFC 5480
const CURVES = [
  { algorithm: Algorithm.P256, oid: oid("2a8648ce3d030107") }, // 1.2.840.10045.3.1.7
  { algorithm: Algorithm.SM2, oid: oid("2a811ccf5501822d") }, // 1.2.156.10197.1.301
] as const;
const COMMON_NAME = oid("550403"); // 2.5.4.3

/** Kinds of keys that are not ours, by what they are called. */
const OTHER_KEYS = [
  { name: "an RSA key", oid: oid("2a864886f70d010101") },
  { name: "an RSA key", oid: oid("2a864886f70d01010a") },
  { name: "an X25519 key, which signs nothing", oid: oid("2b656e") },
  { name: "an Ed448 key", oid: oid("2b6571") },
  { name: "a DSA key", oid: oid("2a8648ce380401") },
];

/** The key of a SubjectPublicKeyInfo in DER. Throws DerError, and TrustError for a key of a kind we do not use. */
export function readSpki(bytes: Uint8Array): PublicKey {
  const outer = new DerReader(bytes);
  const info = outer.inside();
  outer.end();
  return readPublicKey(info);
}

/** `info`: inside of a SubjectPublicKeyInfo. */
function readPublicKey(info: DerReader): PublicKey {
  const identifier = info.inside();
  const kind = identifier.content(DER_OID);
  const key = info.bits();
  info.end();
  if (equalBytes(kind, ED25519)) {
    identifier.end();
    if (key.length !== 32) throw new DerError("an Ed25519 key that has not 32 bytes");
    return { algorithm: Algorithm.ED25519, publicKey: key };
  }
  if (equalBytes(kind, EC_PUBLIC_KEY)) return readPoint(identifier, key);
  const other = OTHER_KEYS.find((candidate) => equalBytes(candidate.oid, kind))?.name ?? "a key of another kind";
  throw unsupported(`is ${other}; cards are signed with Ed25519, P-256 or SM2`);
}

function readPoint(parameters: DerReader, key: Uint8Array): PublicKey {
  // RFC 5480 §2.1.1: a name. Parameters written out may be those of P-256 but for the base point (CVE-2020-0601).
  if (parameters.nextTag === DER_SEQUENCE) {
    throw new TrustError("UNSUPPORTED_KEY", "writes its curve out (explicit parameters) and does not name it", {
      remedy: "convert it: openssl ec -pubin -in FILE -pubout -param_enc named_curve -out issuer.pem",
    });
  }
  const name = parameters.content(DER_OID);
  parameters.end();
  const curve = CURVES.find((candidate) => equalBytes(candidate.oid, name));
  if (curve === undefined) throw unsupported("is on another curve than P-256 and SM2");
  const publicKey = fromSec1(curve.algorithm, key);
  if (publicKey === undefined) throw new DerError("a key that is not a point of its curve");
  return { algorithm: curve.algorithm, publicKey };
}

/** Certificate of RFC 5280 §4.1. Throws DerError, and TrustError for a key of a kind we do not use. */
export function readCertificate(bytes: Uint8Array): TrustedKey {
  const outer = new DerReader(bytes);
  const certificate = outer.inside();
  outer.end();
  const content = certificate.inside();
  if (content.nextTag === 0xa0) content.any(); // version
  content.content(DER_INTEGER); // serial number
  content.content(DER_SEQUENCE); // signature algorithm
  content.content(DER_SEQUENCE); // issuer
  const validity = content.inside();
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  validity.end();
  const issuer = readCommonName(content.inside());
  const key = readPublicKey(content.inside());
  // Unique identifiers, extensions, and the signature of whoever issued the certificate follow.
  const named = issuer === undefined ? {} : { issuer };
  return { kids: [], ...key, ...named, notBefore, notAfter, use: "credential", promisesStatus: false };
}

/** Name of the subject, as far as it has one that is plain text. */
function readCommonName(name: DerReader): string | undefined {
  while (!name.done) {
    const attributes = name.inside(DER_SET);
    while (!attributes.done) {
      const attribute = attributes.inside();
      const kind = attribute.content(DER_OID);
      const { tag, content } = attribute.any();
      const isText = tag === DER_UTF8_STRING || tag === DER_PRINTABLE_STRING;
      if (isText && equalBytes(kind, COMMON_NAME)) return new TextDecoder().decode(content);
    }
  }
  return undefined;
}

/** Seconds since 1970 of a Time in the form RFC 5280 §4.1.2.5 demands: UTC, with seconds. */
function readTime(reader: DerReader): number {
  const { tag, content } = reader.any();
  const text = new TextDecoder("latin1").decode(content);
  // UTCTime has two digits of the year: 50..99 are of the twentieth century.
  const long = tag === DER_UTC_TIME ? (text < "50" ? "20" : "19") + text : text;
  const iso = long.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6.000Z");
  const time = new Date(iso);
  const real = !Number.isNaN(time.getTime()) && time.toISOString() === iso;
  if ((tag !== DER_UTC_TIME && tag !== DER_GENERALIZED_TIME) || !real) throw new DerError("a malformed time");
  return Math.max(0, time.getTime() / 1000);
}

function unsupported(what: string): TrustError {
  return new TrustError("UNSUPPORTED_KEY", what);
}

function oid(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}
