import {
  KEY_ALGORITHM,
  KEY_ISSUER,
  KEY_NAMELESS,
  KEY_NOT_AFTER,
  KEY_NOT_BEFORE,
  KEY_PROMISES_STATUS,
  KEY_PUBLIC,
  KEY_SIZE,
  KEY_TIERS,
  KEY_TRUST_UNTIL,
  NAME_KEY,
  NAME_KID,
  NAME_LENGTH,
  NAME_SIZE,
} from "../abi/key-table.js";
import { toHex } from "../format/bytes.js";
import { MAX_TRUSTED_KEYS } from "../abi/limits.js";
import { issuerId, type TrustedKey } from "../format/trust/trust-list.js";
import type { KeyName } from "./verdict.js";

/** Who the keys in force belong to. */
export interface IssuerTable {
  /** Index of each issuer by `issuerId`; the keys of JWK sets and PEM files that name none share one. */
  ids: ReadonlyMap<string, number>;
  /** By key index, as results name keys. */
  names: readonly KeyName[];
}

const ALL_TIERS = 0xff;
const FOREVER = 2n ** 63n - 1n;

/** Write the credential keys of a list at the addresses given; the layout is src/abi/key-table.ts. */
export function writeKeyTable(
  { keys: all }: { keys: readonly TrustedKey[] },
  view: DataView,
  keysAt: number,
  namesAt: number,
): { keyCount: number; nameCount: number; issuers: IssuerTable } {
  const keys = all.filter((key) => key.use === "credential");
  if (keys.length > MAX_TRUSTED_KEYS) {
    throw new RangeError(`${keys.length} keys in the trust list; at most ${MAX_TRUSTED_KEYS} can be trusted at once`);
  }
  const ids = new Map<string, number>();
  const told = toldOfKeys(keys);
  let nameCount = 0;
  keys.forEach((key, index) => {
    const said = told.get(publicKeyOf(key)) ?? key;
    const issuer = issuerId(said);
    if (!ids.has(issuer)) ids.set(issuer, ids.size);
    writeKey(view, keysAt + index * KEY_SIZE, { ...key, ...said }, ids.get(issuer) ?? 0);
    for (const kid of key.kids) {
      writeName(view, namesAt + nameCount++ * NAME_SIZE, kid, index);
    }
  });
  return { keyCount: keys.length, nameCount, issuers: { ids, names: keys.map(nameOf) } };
}

/** What a signed list says of a key beyond what the key itself is. */
type Said = Pick<TrustedKey, "root" | "issuer" | "promisesStatus" | "trustUntil">;

/**
 * What is said of each key by whichever source says more: where one key comes in a JWK set and in a signed list too, its
 * cards have the issuer, the promise and the expiry of the list, whatever entry is tried first.
 */
function toldOfKeys(keys: readonly TrustedKey[]): Map<string, Said> {
  const told = new Map<string, Said>();
  for (const key of keys) {
    const before = told.get(publicKeyOf(key));
    const { root, issuer } = before?.issuer === undefined ? key : before;
    const trustUntil = Math.min(before?.trustUntil ?? Infinity, key.trustUntil ?? Infinity);
    told.set(publicKeyOf(key), {
      ...(root !== undefined && { root }),
      ...(issuer !== undefined && { issuer }),
      promisesStatus: before?.promisesStatus === true || key.promisesStatus,
      ...(trustUntil !== Infinity && { trustUntil }),
    });
  }
  return told;
}

function publicKeyOf(key: TrustedKey): string {
  return `${key.algorithm}:${toHex(key.publicKey)}`;
}

function writeKey(view: DataView, at: number, key: TrustedKey, issuer: number): void {
  new Uint8Array(view.buffer, at, KEY_SIZE).fill(0);
  view.setUint8(at + KEY_ALGORITHM, key.algorithm);
  view.setUint8(at + KEY_TIERS, key.tiers?.reduce<number>((mask, tier) => mask | (1 << tier), 0) ?? ALL_TIERS);
  view.setUint16(at + KEY_ISSUER, issuer, true);
  view.setUint8(at + KEY_NAMELESS, key.kids.length === 0 ? 1 : 0);
  view.setUint8(at + KEY_PROMISES_STATUS, key.promisesStatus ? 1 : 0);
  view.setBigInt64(at + KEY_NOT_BEFORE, key.notBefore === undefined ? -FOREVER : BigInt(key.notBefore), true);
  view.setBigInt64(at + KEY_NOT_AFTER, key.notAfter === undefined ? FOREVER : BigInt(key.notAfter), true);
  view.setBigInt64(at + KEY_TRUST_UNTIL, key.trustUntil === undefined ? FOREVER : BigInt(key.trustUntil), true);
  new Uint8Array(view.buffer, at + KEY_PUBLIC, 64).set(key.publicKey.subarray(0, 64));
}

function writeName(view: DataView, at: number, kid: Uint8Array, key: number): void {
  view.setUint16(at + NAME_KEY, key, true);
  view.setUint16(at + NAME_LENGTH, kid.length, true);
  new Uint8Array(view.buffer, at + NAME_KID, kid.length).set(kid);
}

function nameOf(key: TrustedKey): KeyName {
  const name: KeyName = {};
  const [kid] = key.kids;
  if (kid !== undefined) name.kid = toHex(kid);
  if (key.issuer !== undefined) name.issuer = key.issuer;
  return name;
}
