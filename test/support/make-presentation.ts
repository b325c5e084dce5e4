import { createHash, randomBytes } from "node:crypto";
import { encode } from "cborg";
import { encodeBase45 } from "./base45.js";
import { generateKey, type TestKey } from "./keys.js";
import { COSE_ALG, coseSign1, identity, kidOf, payload } from "./make-card.js";
import { Algorithm } from "../../src/abi/batch.js";

/** Presentations made by hand (draft-ietf-spice-sd-cwt), with none of the project's own encoders. */
export interface Holder {
  key: TestKey;
  /** The SD-CWT, tagged 18, with its disclosures left out. */
  credential: (disclosures: readonly Uint8Array[]) => Uint8Array;
  /** By key of claim 169. */
  disclosures: ReadonlyMap<number, Uint8Array>;
}

const REDACTED_KEYS = Uint8Array.of(0xf8, 59);

/** A credential whose holder may keep name, number, birth and gender to himself. */
export function issueTo(
  issuer: TestKey,
  changes: [number, unknown][] = [],
  { inHeader, hidden = [] }: { inHeader?: Map<number, unknown>; hidden?: readonly Uint8Array[] } = {},
): Holder {
  const key = generateKey(Algorithm.ED25519);
  const disclosures = new Map<number, Uint8Array>();
  const open = new Map<number, unknown>();
  for (const [claim, value] of identity()) {
    if ([1, 4, 8, 9].includes(claim)) disclosures.set(claim, encode([new Uint8Array(randomBytes(16)), value, claim]));
    else open.set(claim, value);
  }
  const hashes = [...disclosures.values()].map((one) => createHash("sha256").update(encode(one)).digest());
  const cnf = new Map([[1, new Map<number, unknown>([[1, 1], [-1, 6], [-2, key.publicKey]])]]); // prettier-ignore
  const claims = payload([[7, new Uint8Array(randomBytes(16))], [8, cnf], [169, new Map()], ...changes]); // prettier-ignore
  const bytes = withHidden(
    withIdentity(
      encode(claims),
      open,
      hashes.map((hash) => new Uint8Array(hash)),
    ),
    hidden,
  );
  const header = new Map<number, unknown>([[1, COSE_ALG[issuer.algorithm]], [4, kidOf(issuer)], [16, 293]]); // prettier-ignore
  if (inHeader !== undefined) header.set(15, inHeader);
  const credential = (list: readonly Uint8Array[]): Uint8Array =>
    coseSign1(issuer, { protected: header, payload: bytes, unprotected: new Map(list.length > 0 ? [[17, list]] : []) });
  return { key, credential, disclosures };
}

/** Claim 169, which is encoded last and as an empty map (a0) so far, becomes the open claims and simple(59) with the hashes. */
function withIdentity(claims: Uint8Array, open: Map<number, unknown>, hashes: Uint8Array[]): Uint8Array {
  const at = claims.lastIndexOf(0xa0);
  const entries = [...open].map(([claim, value]) => Buffer.concat([encode(claim), encode(value)]));
  const map = Buffer.concat([Uint8Array.of(0xa0 | (open.size + 1)), ...entries, REDACTED_KEYS, encode(hashes)]);
  return Uint8Array.from([...claims.subarray(0, at), ...map, ...claims.subarray(at + 1)]);
}

/** The map gets simple(59) with these hashes, of which nothing is ever disclosed. */
function withHidden(map: Uint8Array, hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return map;
  const [head = 0, ...entries] = map;
  return Uint8Array.from([head + 1, ...entries, ...REDACTED_KEYS, ...encode(hashes)]);
}

export interface Showing {
  audience: string;
  /** Seconds since 1970. */
  at: number;
  claims?: readonly number[];
  nonce?: string;
  cti?: Uint8Array;
  by?: TestKey;
}

/** The text that the holder's phone shows. */
export function present(
  holder: Holder,
  { audience, at, claims = [1, 4], nonce, cti, by = holder.key }: Showing,
): string {
  const shown = claims.map((claim) => holder.disclosures.get(claim) ?? new Uint8Array());
  const header = Buffer.concat([
    Uint8Array.of(0xa3, 0x01), encode(COSE_ALG[by.algorithm]), Uint8Array.of(0x0d), holder.credential(shown),
    Uint8Array.of(0x10), encode(294),
  ]); // prettier-ignore
  const token = new Map<number, unknown>([[3, audience], [6, at], [7, cti ?? new Uint8Array(randomBytes(16))]]); // prettier-ignore
  if (nonce !== undefined) token.set(39, new TextEncoder().encode(nonce));
  const body = encode(token);
  const protectedBytes = new Uint8Array(header);
  const signature = by.sign(encode(["Signature1", protectedBytes, new Uint8Array(), body]));
  return encodeBase45(Uint8Array.from([0xd2, ...encode([protectedBytes, new Map(), body, signature])]));
}
