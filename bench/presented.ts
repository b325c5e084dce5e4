import { generateKeyPairSync, sign } from "node:crypto";
import { redact } from "../src/authority/presentable.js";
import { Algorithm, Tier } from "../src/abi/batch.js";
import { encodeCbor } from "../src/format/cbor.js";
import { credentialHeaders } from "../src/format/credential.js";
import type { Identity } from "../src/format/identity.js";
import { disclosuresHeader, readSdCwt } from "../src/format/presentation.js";
import { makeResidentId } from "../src/format/resident-id.js";
import { writeSign1 } from "../src/format/sign1.js";
import { present, type Card } from "../src/wallet/card.js";
import { importKey, type HolderKey } from "../src/wallet/key.js";
import type { Signed } from "./signature.js";

/** Presentations for benchmarks, each of a card and a holder of its own, as authority and wallet make them. */
export interface Crowd {
  /** What the issuer has signed, holder by holder, and by which key. */
  issued: Signed[];
  issuerKey: Uint8Array;
  jwks: string;
  holders: Holder[];
}

export interface Holder {
  card: Card;
  key: HolderKey;
  /** The last that it has signed. */
  signed: Signed;
}

export const AUDIENCE = "https://hotel.example/desk";

export type HolderAlgorithm = "Ed25519" | "P-256";

export async function makeCrowd(count: number, algorithm: HolderAlgorithm): Promise<Crowd> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const jwk = publicKey.export({ format: "jwk" });
  const issuerKey = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(-32));
  const kid = issuerKey.slice(0, 8);
  const issued: Signed[] = [];
  const holders: Holder[] = [];
  for (let index = 0; index < count; index++) {
    const key = await holderKey(algorithm);
    const { payload, disclosures } = redact(claimsOf(index, key));
    const protectedBytes = encodeCbor(credentialHeaders(Algorithm.ED25519, kid, "presentable"));
    const bytes = await writeSign1(
      { protectedBytes, unprotected: disclosuresHeader(disclosures), payload },
      (message) => {
        const signature = new Uint8Array(sign(null, message, privateKey));
        issued.push({ message, signature });
        return signature;
      },
    );
    const card = readSdCwt(bytes);
    if (card === undefined) throw new Error("a static card was made");
    holders.push(withRecord(card, key));
  }
  const jwks = JSON.stringify({ keys: [{ ...jwk, kid: Buffer.from(kid).toString("base64url") }] });
  return { issued, issuerKey, jwks, holders };
}

export function presentAll({ holders }: Crowd, claims: readonly number[], now: number): Promise<string[]> {
  return Promise.all(holders.map(({ card, key }) => present(card, key, { audience: AUDIENCE, claims }, now)));
}

function withRecord(card: Card, key: HolderKey): Holder {
  const signed: Signed = { message: new Uint8Array(), signature: new Uint8Array() };
  const recording: HolderKey = {
    ...key,
    async sign(message) {
      const signature = await key.sign(message);
      Object.assign(signed, { message, signature });
      return signature;
    },
  };
  return { card, key: recording, signed };
}

async function holderKey(algorithm: HolderAlgorithm): Promise<HolderKey> {
  const { privateKey } =
    algorithm === "P-256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  return importKey(privateKey.export({ format: "jwk" }));
}

const NOW = Math.floor(Date.now() / 1000);

function claimsOf(index: number, holder: HolderKey): Parameters<typeof redact>[0] {
  const born = `19${60 + (index % 40)}0${1 + (index % 9)}1${index % 10}`;
  const identity: Identity = {
    id: makeResidentId("110105", born, index % 1000),
    language: "zho",
    fullName: `张建国${index}`,
    dateOfBirth: born,
    gender: index % 2 === 0 ? 2 : 1,
    address: `朝阳区建国路${index % 300}号${index % 20}单元`,
    nationality: "CN",
    locationCode: "110105",
    secondFullName: `Zhang Jianguo ${index}`,
    tier: Tier.FULL,
  };
  const dates = { expires: NOW + 10 * 365 * 86_400, notBefore: NOW - 86_400, issuedAt: NOW - 86_400 };
  const id = crypto.getRandomValues(new Uint8Array(16));
  return { issuer: "https://id.pilot.example", ...dates, id, holderKey: holder, identity };
}
