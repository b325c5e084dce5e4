import { ALGORITHMS } from "../format/algorithm.js";
import { Algorithm } from "../abi/batch.js";
import { concat, equalBytes, fromBase64Url, toBase64Url } from "../format/bytes.js";
import { contentOf, entriesOf, integerOf, ItemError } from "../format/items.js";
import type { Sign } from "../format/sign1.js";
import { WalletError } from "./errors.js";
import type { OpenStore } from "./store.js";

/** The holder's key, by WebCrypto: whoever gets at the page, or at the store, gets signatures at most, never the key. */
export interface HolderKey {
  algorithm: Algorithm.ED25519 | Algorithm.P256;
  /** 32 bytes for Ed25519, 64 (x||y) for P-256. */
  publicKey: Uint8Array;
  sign: Sign;
}

/** As enrolment takes it (RFC 7517). */
export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y?: string;
}

const PARAMETERS = {
  [Algorithm.ED25519]: { make: { name: "Ed25519" }, sign: { name: "Ed25519" } },
  [Algorithm.P256]: {
    make: { name: "ECDSA", namedCurve: "P-256" },
    sign: { name: "ECDSA", hash: "SHA-256" },
  },
} as const;
type HolderAlgorithm = keyof typeof PARAMETERS;

/** As a store keeps it: browsers copy a CryptoKey without ever showing what is in it. */
interface Kept {
  algorithm: HolderAlgorithm;
  publicKey: Uint8Array;
  privateKey: CryptoKey;
}

const KEY = "key";
const PROBE = new TextEncoder().encode("hufu probe");

/**
 * Makes a key that is there when the store is opened again, and signs. Ed25519, and P-256 where the platform has it not or
 * cannot keep it; never an extractable key.
 */
export async function makeKey(open: OpenStore): Promise<HolderKey> {
  for (const algorithm of [Algorithm.ED25519, Algorithm.P256] as const) {
    const key = await makeAndReadBack(open, algorithm).catch(() => undefined);
    if (key !== undefined) return key;
  }
  throw new WalletError("UNSUPPORTED_KEY");
}

async function makeAndReadBack(open: OpenStore, algorithm: HolderAlgorithm): Promise<HolderKey | undefined> {
  const { make } = PARAMETERS[algorithm];
  const { privateKey, publicKey } = (await crypto.subtle.generateKey(make, false, ["sign", "verify"])) as CryptoKeyPair;
  // Of P-256 an 04 comes before x and y (SEC 1 §2.3.3).
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const kept: Kept = { algorithm, privateKey, publicKey: raw.slice(algorithm === Algorithm.P256 ? 1 : 0) };
  const store = await open();
  try {
    await store.put(KEY, kept);
  } finally {
    store.close();
  }
  const key = await readKey(open);
  return key !== undefined && equalBytes(key.publicKey, kept.publicKey) ? key : undefined;
}

/** The key that was kept; undefined where there is none or it does not sign any more. */
export async function readKey(open: OpenStore): Promise<HolderKey | undefined> {
  const store = await open();
  try {
    const kept = (await store.get(KEY)) as Kept | undefined;
    if (kept === undefined) return undefined;
    const key = holderKey(kept);
    await key.sign(PROBE);
    return key;
  } catch {
    return undefined;
  } finally {
    store.close();
  }
}

/** A private JWK (RFC 7518 §6.2, RFC 8037 §2), for tests and integrators: a phone's key has never been outside. */
export async function importKey(jwk: unknown): Promise<HolderKey> {
  const { kty, crv, x, y, d } = (typeof jwk === "object" && jwk !== null ? jwk : {}) as Record<string, unknown>;
  const algorithm = ([Algorithm.ED25519, Algorithm.P256] as const).find((one) => ALGORITHMS[one].jwk.crv === crv);
  const [left, right] = [x, algorithm === Algorithm.P256 ? y : ""].map((part) =>
    typeof part === "string" ? fromBase64Url(part) : undefined,
  );
  if (algorithm === undefined || left === undefined || right === undefined || typeof d !== "string") {
    throw new WalletError("UNSUPPORTED_KEY");
  }
  const members = { kty, crv, x, d, ...(algorithm === Algorithm.P256 && { y }) } as JsonWebKey;
  try {
    const privateKey = await crypto.subtle.importKey("jwk", members, PARAMETERS[algorithm].make, false, ["sign"]);
    return holderKey({ algorithm, publicKey: concat(left, right), privateKey });
  } catch {
    throw new WalletError("UNSUPPORTED_KEY");
  }
}

function holderKey({ algorithm, publicKey, privateKey }: Kept): HolderKey {
  const sign = async (message: Uint8Array): Promise<Uint8Array> => {
    const parameters = PARAMETERS[algorithm].sign;
    return new Uint8Array(await crypto.subtle.sign(parameters, privateKey, message as Uint8Array<ArrayBuffer>));
  };
  return { algorithm, publicKey, sign };
}

/** By COSE number. */
export function coseAlgorithm({ algorithm }: HolderKey): number {
  return ALGORITHMS[algorithm].cose[0];
}

export function publicJwk({ algorithm, publicKey }: HolderKey): PublicJwk {
  const { kty, crv } = ALGORITHMS[algorithm].jwk;
  const x = toBase64Url(publicKey.subarray(0, 32));
  return algorithm === Algorithm.P256 ? { kty, crv, x, y: toBase64Url(publicKey.subarray(32)) } : { kty, crv, x };
}

/** Labels of COSE_Key (RFC 9052 §7.1, RFC 9053 §7). */
const KTY = 1;
const CRV = -1;
const X = -2;
const Y = -3;

/** Whether a COSE_Key, encoded, is the public half. */
export function isKeyOf(coseKey: Uint8Array, { algorithm, publicKey }: HolderKey): boolean {
  const parameters = new Map(entriesOf(coseKey).map(([label, value]) => [integerOf(label), value]));
  const integer = (label: number): number => integerOf(parameters.get(label) ?? missing());
  const coordinate = (label: number): Uint8Array => contentOf(parameters.get(label) ?? missing());
  const { kty, crv } = ALGORITHMS[algorithm];
  if (integer(KTY) !== kty || integer(CRV) !== crv) return false;
  return equalBytes(publicKey, algorithm === Algorithm.P256 ? concat(coordinate(X), coordinate(Y)) : coordinate(X));
}

function missing(): never {
  throw new ItemError("a parameter of the key is missing");
}
