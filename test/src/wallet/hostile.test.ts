import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { readEnrolmentProof } from "../../../src/format/enrolment.js";
import { ItemError } from "../../../src/format/items.js";
import { checkBinding, present, preview, readCard } from "../../../src/wallet/card.js";
import { WalletError } from "../../../src/wallet/errors.js";
import { importKey } from "../../../src/wallet/key.js";
import { memoryStore, Wallet } from "../../../src/wallet/wallet.js";
import { decodeBase45, encodeBase45 } from "../../support/base45.js";
import { generateKey } from "../../support/keys.js";
import { randomFrom, mutant } from "../../support/mutate-presentation.js";
import { parse, under, write } from "../../support/cbor-tree.js";
import { kidOf } from "../../support/make-card.js";
import { cardFor, privateJwk } from "../../support/wallet.js";

/** A card comes from outside: whatever it holds, the wallet says what is wrong with it, and breaks at nothing else. */

const issuer = generateKey(Algorithm.ED25519);

describe("what a wallet is given", () => {
  it("is a card or refused, with any byte of it changed and wherever it is cut", async () => {
    const jwk = await privateJwk(Algorithm.ED25519);
    const key = await importKey(jwk);
    const whole = decodeBase45(cardFor(issuer, jwk, { form: "plain" }));
    const take = async (bytes: Uint8Array): Promise<string> => {
      try {
        const card = await readCard(encodeBase45(bytes));
        checkBinding(card, key);
        preview(card, [...card.open.keys(), ...card.disclosures.map((one) => one.key)]);
        await present(card, key, { audience: "gate", claims: [] }, 0);
        return "a card";
      } catch (error) {
        if (error instanceof WalletError) return error.code;
        throw error;
      }
    };
    expect(await take(whole)).toBe("a card");
    for (let length = 0; length < whole.length; length++)
      expect(await take(whole.subarray(0, length))).toBe("BAD_CARD");
    for (let at = 0; at < whole.length; at++) {
      for (const flip of [1, 0x80, 0xff]) await take(whole.map((byte, i) => (i === at ? byte ^ flip : byte)));
    }
  });

  it("is a card or refused, with its structure changed", async () => {
    const holder = generateKey(Algorithm.ED25519);
    const answers = new Set<string>();
    for (let seed = 1; seed < 1_000; seed++) {
      const message = mutant(randomFrom(seed), { issuer, kid: kidOf(issuer), holder, audience: "gate" });
      const card = kcwtOf(message);
      if (card === undefined) continue;
      const answer = await readCard(encodeBase45(card)).then(
        (read) => {
          preview(read, [...read.open.keys()]);
          return "a card";
        },
        (error: unknown) => (error instanceof WalletError ? error.code : String(error)),
      );
      answers.add(answer);
    }
    expect([...answers].filter((one) => !["a card", "BAD_CARD", "STATIC_CARD"].includes(one))).toEqual([]);
    expect(answers.has("a card")).toBe(true);
  });

  it("is a text or refused, whatever is typed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), async (text) => {
        await expect(readCard(text)).rejects.toBeInstanceOf(WalletError);
      }),
    );
  });
});

describe("a proof of enrolment", () => {
  it("is read or refused, with any byte of it changed", async () => {
    const wallet = await Wallet.open({ store: memoryStore() });
    await wallet.makeKey();
    const proof = new Uint8Array(Buffer.from(await wallet.enrolment({ root: "ab", idNumber: "1" }), "base64url"));
    expect(readEnrolmentProof(proof).audience).toBe("ab");
    for (let bit = 0; bit < proof.length * 8; bit++) {
      const changed = proof.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
      try {
        readEnrolmentProof(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(ItemError);
      }
    }
  });
});

/** The SD-CWT of a presentation, where there is one to be found. */
function kcwtOf(message: Uint8Array): Uint8Array | undefined {
  try {
    const header = parse(message, "any").items[0]?.items[0]?.bytes;
    const kcwt = header && under(parse(header, "any"), 13);
    return kcwt && new Uint8Array(write(kcwt));
  } catch {
    return undefined;
  }
}
