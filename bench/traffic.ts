import { generateKeyPairSync } from "node:crypto";
import { buildSnapshot } from "../src/authority/snapshot/builder.js";
import { Algorithm, Status } from "../src/abi/batch.js";
import { RECORD_CTI, RECORD_PERIOD, RECORD_SIZE, RECORD_STATUS } from "../src/abi/status-body.js";
import { concat } from "../src/format/bytes.js";
import { periodOf } from "../src/format/status/layout.js";
import type { CodeName } from "../src/format/verdict.js";
import { CARDS_EXPIRE, makeDeck } from "./cards.js";
import { ISSUER, signWith, STATUS_KID, trustList } from "./switch.js";

/** A text as gates and banks meet it, and the only right answer to it. */
export interface Scan {
  qr: string;
  code: CodeName;
  /** What its verdict has for `expires`: no two cards have the same, so that an answer in another's place is noticed. */
  expires?: number;
}

export interface Traffic {
  scans: Scan[];
  /** For ours: a signed trust list that promises status, and the snapshot. */
  trust: Uint8Array;
  status: Uint8Array;
  /** For the peer: the key, and which cards are revoked, by their `cti` in hex. */
  jwks: string;
  revoked: string[];
}

/** Of a hundred texts; the rest are good cards. */
const REVOKED = [13, 63];
const EXPIRED = 37;
const FORGED = 71;
const GARBAGE = 89;

const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;

/** 95 % good, 2 % revoked, 1 % expired, 1 % forged, 1 % that are not cards; `count` is a multiple of 100. */
export async function makeTraffic(count: number): Promise<Traffic> {
  const expiresOf = (index: number): number => (index % 100 === EXPIRED ? NOW - DAY / 2 : CARDS_EXPIRE) - index;
  const deck = makeDeck(count, "ed25519", undefined, expiresOf);
  const forged = makeDeck(count / 100, "ed25519", deck.kid, (index) => expiresOf(index * 100 + FORGED));
  const scans = deck.qrs.map((qr, index): Scan => {
    const expires = expiresOf(index);
    const place = index % 100;
    if (REVOKED.includes(place)) return { qr, code: "REVOKED", expires };
    if (place === EXPIRED) return { qr, code: "EXPIRED", expires };
    if (place === FORGED)
      return { qr: forged.qrs[Math.floor(index / 100)] ?? "", code: "BAD_ISSUER_SIGNATURE", expires };
    if (place === GARBAGE) return { qr: `https://tickets.example/t/${index}`, code: "BAD_PREFIX" };
    return { qr, code: "VALID", expires };
  });
  const statusKey = generateKeyPairSync("ed25519");
  const signer = { algorithm: Algorithm.ED25519 as const, kid: STATUS_KID, sign: signWith(statusKey.privateKey) };
  const facts = { issuer: ISSUER, epoch: NOW, universe: NOW, expires: NOW + DAY };
  const isRevoked = (index: number): boolean => REVOKED.includes(index % 100);
  const { head, body } = await buildSnapshot(recordsOf(deck.ctis, expiresOf, isRevoked), { ...facts, signer, threads: 0 }); // prettier-ignore
  return {
    scans,
    trust: await trustList(deck, statusKey.publicKey),
    status: concat(head, body),
    jwks: deck.jwks,
    revoked: deck.ctis.filter((_, index) => isRevoked(index)).map((cti) => Buffer.from(cti).toString("hex")),
  };
}

/** What the snapshot's builder reads, each time anew. */
function recordsOf(
  ctis: readonly Uint8Array[],
  expiresOf: (index: number) => number,
  isRevoked: (index: number) => boolean,
): AsyncIterable<Uint8Array> {
  const records = new Uint8Array(ctis.length * RECORD_SIZE);
  const view = new DataView(records.buffer);
  for (const [index, cti] of ctis.entries()) {
    const at = index * RECORD_SIZE;
    records.set(cti, at + RECORD_CTI);
    view.setUint32(at + RECORD_PERIOD, periodOf(expiresOf(index)), true);
    view.setUint32(at + RECORD_STATUS, isRevoked(index) ? Status.REVOKED : Status.GOOD, true);
  }
  return {
    async *[Symbol.asyncIterator]() {
      yield await Promise.resolve(records);
    },
  };
}
