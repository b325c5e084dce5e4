import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { deflateSync } from "node:zlib";
import { encode } from "cborg";

/** Distinct cards of one issuer for benchmarks, made with libraries only: about 400 characters each. */
export interface Deck {
  qrs: string[];
  /** The same texts as bytes, as they come from a socket. */
  bytes: Uint8Array[];
  publicKey: KeyObject;
  /** What the cards call the key by. */
  kid: Buffer<ArrayBuffer>;
  /** What each card is known by in status files. */
  ctis: Uint8Array[];
  /** Trust source that names the issuer's key. */
  jwks: string;
}

export type CardAlgorithm = "ed25519" | "p256";

/** With the `kid` of another deck its cards are that issuer's, forged. `expiresOf`: seconds since 1970. */
export function makeDeck(
  count: number,
  algorithm: CardAlgorithm = "ed25519",
  kid = randomBytes(8),
  expiresOf: (index: number) => number = () => CARDS_EXPIRE,
): Deck {
  const { privateKey, publicKey } =
    algorithm === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const header = new Map<number, unknown>([
    [1, algorithm === "ed25519" ? -8 : -7],
    [4, kid],
  ]);
  const protectedBytes = encode(header);
  const ctis = Array.from({ length: count }, () => randomBytes(16));
  const qrs = ctis.map((cti, index) => {
    const payload = encode(claims(index, cti, expiresOf(index)));
    const message = encode(["Signature1", protectedBytes, new Uint8Array(), payload]);
    const signature =
      algorithm === "ed25519"
        ? sign(null, message, privateKey)
        : sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    const cose = encode([protectedBytes, new Map(), payload, signature]);
    return base45(deflateSync(Uint8Array.of(0xd2, ...cose), { level: 9 }));
  });
  const jwks = JSON.stringify({
    keys: [{ ...publicKey.export({ format: "jwk" }), kid: kid.toString("base64url") }],
  });
  return { qrs, bytes: qrs.map((qr) => new TextEncoder().encode(qr)), publicKey, kid, ctis, jwks };
}

/** Number and name of the card's holder at this place of a deck. */
export function holderOf(index: number): { id: string; name: string } {
  const birth = birthOf(index);
  const body = `110105${birth}${String(index % 1000).padStart(3, "0")}`;
  return { id: body + checkCharacter(body), name: `${SURNAMES[index % 10] ?? ""}建国${index}` };
}

function birthOf(index: number): string {
  return `19${60 + (index % 40)}0${1 + (index % 9)}1${index % 10}`;
}

const NOW = Math.floor(Date.now() / 1000);
/** Seconds since 1970. */
export const CARDS_EXPIRE = NOW + 10 * 365 * 86_400;
const SURNAMES = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴"];

function claims(index: number, cti: Uint8Array, expires: number): Map<number, unknown> {
  const { id, name } = holderOf(index);
  return new Map<number, unknown>([
    [1, "https://id.pilot.example"],
    [4, expires],
    [5, NOW - 86400],
    [6, NOW - 86400],
    [7, cti],
    [
      169,
      new Map<number, unknown>([
        [1, id],
        [2, "1.0"],
        [4, name],
        [8, birthOf(index)],
        [9, index % 2 === 0 ? 2 : 1],
        [10, `朝阳区建国路${index % 300}号${index % 20}单元`],
        [13, "CN"],
        [21, "110105"],
        [23, "CN"],
        [75, 2],
      ]),
    ],
  ]);
}

/** ISO 7064 MOD 11-2, as GB 11643-1999 uses it. */
function checkCharacter(body: string): string {
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return "10X98765432".charAt(weights.reduce((sum, weight, i) => sum + weight * Number(body.charAt(i)), 0) % 11);
}

function base45(bytes: Uint8Array): string {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  let text = "";
  for (let i = 0; i < bytes.length; i += 2) {
    const [first = 0, second] = bytes.subarray(i, i + 2);
    let value = second === undefined ? first : first * 256 + second;
    for (let digit = 0; digit < (second === undefined ? 2 : 3); digit++) {
      text += alphabet.charAt(value % 45);
      value = Math.floor(value / 45);
    }
  }
  return text;
}
