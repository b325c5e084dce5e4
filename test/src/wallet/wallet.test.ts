import { createHash } from "node:crypto";
import { decode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { memoryStore, Wallet, type OpenStore } from "../../../src/wallet/wallet.js";
import { decodeBase45, encodeBase45 } from "../../support/base45.js";
import { generateKey, verifyElsewhere } from "../../support/keys.js";
import { jwksOf, makeCard, NOW } from "../../support/make-card.js";
import { cardFor } from "../../support/wallet.js";

const issuer = generateKey(Algorithm.ED25519);
const hotel = { audience: "hotel", claims: [1, 4] };
const clock = (): number => NOW * 1000;

/** A platform without Ed25519, or whose store loses such keys. */
function storeWithout(lost: string): OpenStore {
  const open = memoryStore();
  return async () => {
    const store = await open();
    const put = (name: string, value: unknown): Promise<void> => {
      const { privateKey } = value as { privateKey?: CryptoKey };
      return privateKey?.algorithm.name === lost ? Promise.resolve() : store.put(name, value);
    };
    return { ...store, put };
  };
}

describe("a wallet", () => {
  let engine: Engine;
  let wallet: Wallet;
  let card: string;
  const store = memoryStore();
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([issuer]), status: "none", clock });
    wallet = await Wallet.open({ store, clock });
    card = cardFor(issuer, await wallet.makeKey());
    await wallet.keep(card);
  });

  const verdictOn = (text: string, request: object = { audience: "hotel" }) =>
    engine.verifyBatch([text], { claims: true, ...request })[0];

  it("presents its card, and shows what it said that it would", async () => {
    const verdict = verdictOn(await wallet.present(hotel));
    const { shown, withheld } = wallet.preview(hotel.claims);
    expect(verdict?.code).toBe("VALID");
    expect(verdict?.claims).toEqual(shown);
    expect(shown).toMatchObject({ "1": "11010519491231002X", "4": "张秀英", "75": 2 });
    expect(withheld).toEqual([8, 9]);
  });

  it("shows nothing that it was not asked for", async () => {
    const verdict = verdictOn(await wallet.present({ audience: "hotel", claims: [] }));
    expect(Object.keys(verdict?.claims ?? {})).toEqual(["2", "13", "23", "75"]);
  });

  it("signs the number that the gate shows, and each time anew", async () => {
    const request = { ...hotel, nonce: "门 4711" };
    const texts = [await wallet.present(request), await wallet.present(request)];
    expect(new Set(texts).size).toBe(2);
    for (const text of texts) expect(verdictOn(text, { audience: "hotel", nonce: "门 4711" })?.code).toBe("VALID");
    expect(verdictOn(texts[0] ?? "", { audience: "hotel", nonce: "other" })?.code).toBe("PRESENTATION_STALE");
    expect(verdictOn(texts[0] ?? "", { audience: "bank" })?.code).toBe("WRONG_AUDIENCE");
  });

  it("knows its card and its key again when it is opened again", async () => {
    const again = await Wallet.open({ store, clock });
    expect(again.preview([1])).toEqual(wallet.preview([1]));
    expect(verdictOn(await again.present(hotel))?.code).toBe("VALID");
  });

  it("takes P-256 where Ed25519 cannot be kept, and never a key that could be taken out", async () => {
    const kept = storeWithout("Ed25519");
    const other = await Wallet.open({ store: kept, clock });
    const jwk = await other.makeKey();
    expect(jwk.crv).toBe("P-256");
    expect((await (await kept()).get("key")) as object).toMatchObject({ privateKey: { extractable: false } });
    await other.keep(cardFor(issuer, jwk, { form: "plain" }));
    expect(verdictOn(await other.present(hotel))?.code).toBe("VALID");
  });

  it("says that its key is lost where its card is still there", async () => {
    const half = memoryStore();
    await (await half()).put("card", card);
    await expect(Wallet.open({ store: half })).rejects.toMatchObject({ code: "KEY_LOST" });
  });

  it.each([
    ["BAD_CARD", "not a card"],
    ["BAD_CARD", encodeBase45(Uint8Array.of(0xd2, 0x84, 0x40))],
    ["STATIC_CARD", makeCard(issuer)],
    ["OTHER_KEY", cardFor(issuer, { kty: "OKP", crv: "Ed25519", x: "A".repeat(43) })],
  ])("refuses as %s what is not its card, and keeps the one it has", async (code, text) => {
    await expect(wallet.keep(text)).rejects.toMatchObject({ code });
    expect(verdictOn(await wallet.present(hotel))?.code).toBe("VALID");
  });

  it("refuses a disclosure that its issuer has not signed", async () => {
    const other = await Wallet.open({ store: memoryStore() });
    const text = cardFor(issuer, await other.makeKey(), { form: "plain" });
    const bytes = decodeBase45(text);
    const at = Buffer.from(bytes).indexOf("11010519491231002X");
    bytes[at] = 0x32;
    await expect(other.keep(encodeBase45(bytes))).rejects.toMatchObject({ code: "BAD_CARD" });
  });

  it("refuses to show what the card has not", async () => {
    await expect(wallet.present({ audience: "hotel", claims: [1, 10] })).rejects.toMatchObject({
      code: "NO_SUCH_CLAIM",
      claim: 10,
    });
  });

  it("makes no new key that would take its card out of use, and nothing without key or card", async () => {
    await expect(wallet.makeKey()).rejects.toMatchObject({ code: "HAS_CARD" });
    const empty = await Wallet.open({ store: memoryStore() });
    await expect(empty.present(hotel)).rejects.toMatchObject({ code: "NO_CARD" });
    await expect(empty.keep(card)).rejects.toMatchObject({ code: "NO_KEY" });
  });

  it("learns the authority's time: a phone 11 minutes ahead, then offline, is accepted", async () => {
    const phone = (): number => (NOW + 11 * 60) * 1000;
    const kept = memoryStore();
    const late = await Wallet.open({ store: kept, clock: phone });
    await late.keep(cardFor(issuer, await late.makeKey(), { changes: [[6, NOW - 5]] }));
    expect(verdictOn(await late.present(hotel))?.code).toBe("PRESENTATION_STALE");
    await late.learnTime(late.issuedAt);
    expect(verdictOn(await late.present(hotel))?.code).toBe("VALID");
    const again = await Wallet.open({ store: kept, clock: phone });
    expect(verdictOn(await again.present(hotel))?.code).toBe("VALID");
  });

  it("signs for one authority and one ID number that its key is its own", async () => {
    const other = await Wallet.open({ store: memoryStore(), clock });
    const jwk = await other.makeKey();
    const proof = Buffer.from(await other.enrolment({ root: "AB12", idNumber: "11010519491231002x" }), "base64url");
    const [header, , payload, signature] = decode(proof.subarray(1), { useMaps: true }) as Uint8Array[];
    const idNumberHash = createHash("sha256").update("11010519491231002X").digest();
    expect(decode(header!, { useMaps: true })).toEqual(
      new Map<number, unknown>([[1, -8], [16, "application/hufu-enrolment+cwt"]]), // prettier-ignore
    );
    expect(decode(payload!, { useMaps: true })).toEqual(
      new Map<number, unknown>([[3, "ab12"], [6, NOW], [-65537, new Uint8Array(idNumberHash)]]), // prettier-ignore
    );
    const head = Uint8Array.of(0x84, 0x6a, ...Buffer.from("Signature1"));
    const signed = Buffer.concat([head, Uint8Array.of(0x58, header!.length), header!, Uint8Array.of(0x40), Uint8Array.of(0x58, payload!.length), payload!]); // prettier-ignore
    const publicKey = Buffer.from(jwk.x, "base64url");
    expect(verifyElsewhere(Algorithm.ED25519, publicKey, signed, signature!)).toBe(true);
  });
});
