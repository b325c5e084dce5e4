import { createHash } from "node:crypto";
import { Algorithm } from "../../src/abi/batch.js";
import { entriesOf, integer, isRedactedKeys, type Node, NotCbor, parse, under, valueOf, write } from "./cbor-tree.js";
import { verifyElsewhere } from "./keys.js";
import { bound, claimsOf, type Disclosure, identityFault } from "./reference-identity.js";

/**
 * Reads a presentation by the draft and by the project's own page on it, on trees: an oracle, in another language and in
 * another way than the engine. It says whether a presentation is not genuine, genuine but not acceptable, or what it shows.
 */

export interface World {
  /** The only issuer: Ed25519. */
  issuer: { kid: Uint8Array; publicKey: Uint8Array };
  audience: string;
  /** Seconds since 1970. */
  at: number;
}

export type Reading = "not genuine" | "not acceptable" | { claims: Record<string, unknown> };

class NotGenuine extends Error {}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new NotGenuine(what);
}

const COSE: Record<string, Algorithm> = { "-8": Algorithm.ED25519, "-19": Algorithm.ED25519, "-7": Algorithm.P256, "-9": Algorithm.P256 }; // prettier-ignore
const FRESHNESS = 60n;
const SKEW = 30n;
const FOREVER = 2n ** 63n - 1n;

export function read(bytes: Uint8Array, world: World): Reading {
  try {
    return readToken(bytes, world);
  } catch (error) {
    if (error instanceof NotGenuine || error instanceof NotCbor) return "not genuine";
    throw error;
  }
}

interface Message {
  header: Node;
  unprotected: Node;
  payload: Uint8Array;
  signature: Uint8Array;
  toBeSigned: Uint8Array;
  algorithm: Algorithm;
  kid: Uint8Array | undefined;
}

function readMessage(bytes: Uint8Array, form: "token" | "card"): Message {
  let node = parse(bytes, "plain");
  if (node.major === 6 && node.argument === 61n) {
    node = node.items[0]!;
    demand(node.major === 6, "61 without 18");
  }
  if (node.major === 6) {
    demand(node.argument === 18n, "another tag");
    node = node.items[0]!;
  }
  demand(node.major === 4 && node.items.length === 4, "not an array of four");
  const [first, unprotected, payload, signature] = node.items as [Node, Node, Node, Node];
  demand(first.major === 2 && unprotected.major === 5 && payload.major === 2 && signature.major === 2, "other parts");
  const header = parse(first.bytes, form === "card" ? "claims" : "plain");
  demand(header.major === 5, "header is not a map");
  const isLabel = ([key]: [Node, Node]): boolean => key.major < 2 || key.major === 3;
  demand([...entriesOf(header), ...entriesOf(unprotected)].every(isLabel), "a label of another kind");
  const labels = new Set(entriesOf(header).map(([key]) => valueOf(key)));
  const twice = entriesOf(unprotected).filter(
    ([key]) => labels.has(valueOf(key)) && valueOf(key) !== valueOf(integer(4)),
  );
  demand(twice.length === 0 && under(unprotected, 2) === undefined, "a label in both headers, or crit unprotected");
  for (const kid of [under(header, 4), under(unprotected, 4)]) {
    demand(kid === undefined || (kid.major === 2 && kid.bytes.length <= 64), "kid");
  }
  const understood = form === "card" ? [1, 2, 4, 15, 16, 170] : [1, 2, 4, 13, 16];
  const crit = under(header, 2);
  const critical = crit?.items.map((label) => understood.some((one) => valueOf(integer(one)) === valueOf(label) && under(header, one))) ?? []; // prettier-ignore
  demand(crit === undefined || (crit.major === 4 && crit.items.length > 0 && critical.every(Boolean)), "crit");
  const alg = under(header, 1);
  const algorithm = alg === undefined || alg.major > 1 ? undefined : COSE[String(numberOf(alg))];
  demand(algorithm !== undefined, "alg");
  const empty = first.bytes.length === 1 ? new Uint8Array() : first.bytes;
  const signed: Node = {
    ...node,
    items: [textNode("Signature1"), bytesNode(empty), bytesNode(new Uint8Array()), payload],
  };
  return {
    header,
    unprotected,
    payload: payload.bytes,
    signature: signature.bytes,
    toBeSigned: new Uint8Array(write({ ...signed, argument: 4n })),
    algorithm,
    // An empty one names no key, and so asks for all.
    kid: [under(header, 4) ?? under(unprotected, 4)].find((kid) => kid !== undefined && kid.bytes.length > 0)?.bytes,
  };
}

const bytesNode = (bytes: Uint8Array): Node => ({
  major: 2,
  argument: BigInt(bytes.length),
  info: 0,
  bytes,
  items: [],
});
const textNode = (text: string): Node => ({ ...bytesNode(new TextEncoder().encode(text)), major: 3 });
const numberOf = ({ major, argument }: Node): bigint => (major === 1 ? -1n - argument : argument);

function isType(node: Node | undefined, number: bigint, ...names: RegExp[]): boolean {
  if (node === undefined) return false;
  if (node.major === 0) return node.argument === number;
  return node.major === 3 && names.some((name) => name.test(Buffer.from(node.bytes).toString("latin1")));
}

function readToken(bytes: Uint8Array, world: World): Reading {
  const token = readMessage(bytes, "token");
  const kcwt = under(token.header, 13);
  demand(isType(under(token.header, 16), 294n, /^application\/kb\+cwt$/) && kcwt !== undefined, "not a KBT");
  demand(under(token.header, 15) === undefined, "claims in the token's header");
  const claims = parse(token.payload, "plain");
  demand(claims.major === 5 && under(claims, 1) === undefined && under(claims, 2) === undefined, "token's claims");
  const dates = datesOf(claims);
  for (const key of [7, 39]) demand([undefined, 2].includes(under(claims, key)?.major), "cti or cnonce");
  const audience = under(claims, 3);
  demand(audience?.major === 3, "aud");
  const isUndated = dates.expires === undefined && dates.notBefore === undefined && under(claims, 7) !== undefined;
  demand(dates.issuedAt !== undefined || isUndated, "no iat");

  const card = readCard(write(kcwt));
  const holder = holderKey(card.claims(8), token.algorithm);
  checkDates(dates, card.dates);
  const identity = card.identity();

  const { issuer } = world;
  demand(card.message.algorithm === Algorithm.ED25519, "the issuer's algorithm");
  demand(
    card.message.kid === undefined || valueOf(bytesNode(card.message.kid)) === valueOf(bytesNode(issuer.kid)),
    "kid",
  );
  demand(holds(card.message, issuer.publicKey) && holder !== undefined && holds(token, holder), "a signature");
  return acceptable(world, { audience, dates, card }) ? { claims: claimsOf(identity) } : "not acceptable";
}

function holds({ algorithm, toBeSigned, signature }: Message, key: Uint8Array): boolean {
  try {
    return signature.length === 64 && verifyElsewhere(algorithm, key, toBeSigned, signature);
  } catch {
    return false; // not a point of the curve
  }
}

interface Dates {
  expires: bigint | undefined;
  notBefore: bigint | undefined;
  issuedAt: bigint | undefined;
}

function datesOf(claims: Node): Dates {
  const date = (key: number): bigint | undefined => {
    const node = under(claims, key);
    if (node === undefined) return undefined;
    if (node.major < 2) {
      demand(node.argument < FOREVER, "a date beyond 64 bits");
      return numberOf(node);
    }
    demand(node.major === 7 && node.info >= 25, "a date of another type");
    const seconds = Math.floor(Number(valueOf(node).slice("float ".length)));
    demand(Math.abs(seconds) <= 2 ** 53, "a date that no float holds");
    return BigInt(seconds);
  };
  return { expires: date(4), notBefore: date(5), issuedAt: date(6) };
}

/** Sections 9.3 and 9.6. */
function checkDates(token: Dates, card: Dates): void {
  const before = (a: bigint | undefined, b: bigint | undefined): boolean => a === undefined || b === undefined || a < b;
  const notAfter = (a: bigint | undefined, b: bigint | undefined): boolean =>
    a === undefined || b === undefined || a <= b;
  for (const { expires, notBefore, issuedAt } of [token, card]) {
    demand(notAfter(notBefore, issuedAt) && before(notBefore, expires) && before(issuedAt, expires), "dates");
  }
  demand(notAfter(token.expires, card.expires) && notAfter(card.notBefore, token.notBefore), "dates of both");
  demand(before(token.notBefore, card.expires) && before(token.issuedAt, card.expires), "dates of both");
  demand(notAfter(card.issuedAt, token.issuedAt) && notAfter(card.notBefore, token.issuedAt), "dates of both");
}

/** Undefined where its coordinates are not there. */
function holderKey(cnf: Node | undefined, signedBy: Algorithm): Uint8Array | undefined {
  demand(cnf?.major === 5, "cnf");
  const key = under(cnf, 1);
  demand(key?.major === 5, "no COSE_Key");
  const [kty, crv, alg, x, y] = [1, -1, 3, -2, -3].map((label) => under(key, label));
  const kind = [kty, crv].map((node) => (node === undefined ? "" : valueOf(node))).join();
  const of = (a: number, b: number): string => [a, b].map((n) => valueOf(integer(n))).join();
  const algorithm = kind === of(1, 6) ? Algorithm.ED25519 : kind === of(2, 1) ? Algorithm.P256 : undefined;
  demand(algorithm === signedBy, "the holder's algorithm");
  demand(alg === undefined || (alg.major < 2 && COSE[String(numberOf(alg))] === algorithm), "alg of the key");
  const coordinates = algorithm === Algorithm.P256 ? [x, y] : [x];
  if (!coordinates.every((one) => one?.major === 2 && one.bytes.length === 32)) return undefined;
  return new Uint8Array(Buffer.concat(coordinates.map((one) => one!.bytes)));
}

interface Card {
  message: Message;
  dates: Dates;
  claims: (key: number) => Node | undefined;
  audience: Node | undefined;
  identity: () => Node;
}

function readCard(bytes: Uint8Array): Card {
  const message = readMessage(bytes, "card");
  demand(isType(under(message.header, 16), 293n, /^application\/sd-cwt$/, /\+sd-cwt$/), "not an SD-CWT");
  for (const [label, value] of entriesOf(message.header)) {
    if (valueOf(label) !== valueOf(integer(15))) parse(write(value), "plain");
  }
  const sdAlg = under(message.header, 170);
  demand(sdAlg === undefined || valueOf(sdAlg) === valueOf(integer(-16)), "sd_alg");
  const payload = parse(message.payload, "claims");
  const inHeader = under(message.header, 15);
  for (const map of [payload, ...(inHeader === undefined ? [] : [inHeader])]) checkTypes(map);
  const claims = (key: number): Node | undefined => under(payload, key) ?? under(inHeader, key);
  const both = (map: Node | undefined): Dates => (map === undefined ? { expires: undefined, notBefore: undefined, issuedAt: undefined } : datesOf(map)); // prettier-ignore
  const [own, other] = [both(payload), both(inHeader)];
  const dates: Dates = {
    expires: own.expires ?? other.expires,
    notBefore: own.notBefore ?? other.notBefore,
    issuedAt: own.issuedAt ?? other.issuedAt,
  };
  demand([undefined, 3].includes(claims(3)?.major), "aud of the card");
  return { message, dates, claims, audience: claims(3), identity: () => identityIn(message, payload, inHeader) };
}

function checkTypes(map: Node): void {
  demand(map.major === 5, "claims are not a map");
  for (const [key, major] of [[1, 3], [2, 3], [7, 2], [8, 5]] as [number, number][]) demand([undefined, major].includes(under(map, key)?.major), `claim ${key}`); // prettier-ignore
  const cnf = under(map, 8);
  demand([undefined, 5].includes(under(cnf, 1)?.major), "COSE_Key");
  datesOf(map);
  const status = under(map, 65535);
  if (status === undefined) return;
  demand(status.major === 5, "status");
  const named = (node: Node, name: string): Node | undefined => entriesOf(node).find(([key]) => valueOf(key) === valueOf(textNode(name)))?.[1]; // prettier-ignore
  const list = named(status, "status_list");
  if (list === undefined) return;
  const [idx, uri] = [named(list, "idx"), named(list, "uri")];
  demand(list.major === 5 && idx?.major === 0 && idx.argument <= FOREVER && uri?.major === 3, "status_list");
}

function disclosuresOf(unprotected: Node): Disclosure[] {
  const sealed = under(unprotected, 171);
  demand(sealed === undefined || (sealed.major === 4 && sealed.items.length > 0), "171");
  const list = under(unprotected, 17);
  if (list === undefined) return [];
  demand(list.major === 4 && list.items.length > 0 && list.items.length <= 64, "17");
  const read = list.items.map((item) => {
    demand(item.major === 2, "a disclosure that is not bytes");
    const inside = parse(item.bytes, "any");
    const [salt, value, key] = inside.items;
    demand(inside.major === 4 && inside.items.length <= 3 && salt?.major === 2 && salt.bytes.length === 16, "salt");
    if (value !== undefined) parse(write(value), "claims");
    demand(key === undefined || key.major < 2 || (key.major === 3 && key.bytes.length <= 255), "a key");
    return { digest: createHash("sha256").update(write(item)).digest("hex"), value, key, place: undefined };
  });
  demand(new Set(read.map(({ digest }) => digest)).size === read.length, "a disclosure twice");
  return read;
}

function identityIn({ unprotected }: Message, payload: Node, inHeader: Node | undefined): Node {
  const disclosures = disclosuresOf(unprotected);
  const [shown, shownInHeader] = [payload, inHeader].map((map) => map && bound(map, disclosures, demand));
  demand(
    disclosures.every(({ place }) => place !== undefined),
    "a disclosure that belongs nowhere",
  );
  const never = [1, 3, 4, 5, 6, 7, 8, 39, 65535].map((key) => valueOf(integer(key)));
  const ofTop = disclosures.filter(({ key, place }) => key && (place === payload || place === inHeader));
  demand(!ofTop.some(({ key }) => never.includes(valueOf(key!))), "a claim that is never redacted");
  for (const [key, value] of entriesOf(shownInHeader ?? payload)) {
    if (inHeader === undefined || isRedactedKeys(key)) continue;
    const twin = entriesOf(shown!).find(([one]) => valueOf(one) === valueOf(key))?.[1];
    demand(twin === undefined || valueOf(twin) === valueOf(value), "header 15 and payload disagree");
  }
  const isHidden = (map: Node | undefined): boolean =>
    map !== undefined && entriesOf(map).some(([key, hashes]) => isRedactedKeys(key) && hashes.items.some((hash) => !disclosures.some(({ digest }) => digest === Buffer.from(hash.bytes).toString("hex")))); // prettier-ignore
  const hasStatus = (under(payload, 65535) ?? under(inHeader, 65535)) !== undefined;
  demand(hasStatus || !(isHidden(payload) || isHidden(inHeader)), "a status that may be hidden");
  const open = under(payload, 169) ?? under(inHeader, 169);
  const raw = open ?? ofTop.find(({ key }) => valueOf(key!) === valueOf(integer(169)))?.value;
  demand(raw !== undefined, "no identity");
  const tier = valueOf(integer(75));
  demand(
    !disclosures.some(({ key, place }) => key && place === raw && valueOf(key) === tier),
    "a tier that was redacted",
  );
  demand(raw.major !== 5 || under(raw, 75) !== undefined || !isHidden(raw), "a tier that may be hidden");
  const identity = under(shown, 169) ?? under(shownInHeader, 169);
  const fault = identity === undefined ? "hidden" : identityFault(identity);
  demand(identity !== undefined && fault === undefined, fault ?? "identity");
  return identity;
}

function acceptable(world: World, { audience, dates, card }: { audience: Node; dates: Dates; card: Card }): boolean {
  const at = BigInt(world.at);
  const wanted = valueOf(textNode(world.audience));
  if (card.dates.notBefore !== undefined && at < card.dates.notBefore) return false;
  if (card.dates.expires !== undefined && at >= card.dates.expires) return false;
  if (valueOf(audience) !== wanted || (card.audience !== undefined && valueOf(card.audience) !== wanted)) return false;
  if (dates.issuedAt === undefined || dates.issuedAt < at - FRESHNESS || dates.issuedAt > at + SKEW) return false;
  return dates.expires === undefined || at < dates.expires;
}
