import { randomBytes, randomInt, verify } from "node:crypto";
import { expect, it } from "vitest";
import { Ed25519, freshKey } from "../../support/ed25519.js";

const TOTAL = 1_000_000;
const BATCH = 500;
/** Of each signature one good copy and so many corrupted ones. */
const COPIES = 10;

it(`agrees with node:crypto on ${TOTAL} random signatures, good and corrupted`, { timeout: 3_600_000 }, async () => {
  const engine = await Ed25519.load("stages");
  const disagreements: string[] = [];
  let good = 0;
  for (let done = 0; done < TOTAL; done += BATCH) {
    const { publicKey, raw, sign } = freshKey();
    if (!engine.loadKnownKey(0, raw)) throw new Error("a fresh key was refused");
    const batch = Array.from({ length: BATCH / COPIES }, () => {
      const message = new Uint8Array(randomBytes(randomInt(700)));
      const signature = sign(message);
      return Array.from({ length: COPIES }, (_, copy) => corrupt({ message, signature }, copy));
    }).flat();
    const expected = batch.map(({ message, signature }) => verify(null, message, publicKey, signature));
    good += expected.filter(Boolean).length;
    const known = engine.verifyKnown(batch.map((item) => ({ ...item, key: 0 })));
    const once = engine.verifyOnce(batch.map((item) => ({ ...item, key: raw })));
    batch.forEach(({ message, signature }, i) => {
      if (known[i] === expected[i] && once[i] === expected[i]) return;
      disagreements.push([raw, signature, message].map((bytes) => Buffer.from(bytes).toString("hex")).join(":"));
    });
  }
  expect(disagreements).toEqual([]);
  expect(good).toBeGreaterThanOrEqual(TOTAL / COPIES);
});

/** Copy 0 as it is; of the others one bit changed in R, in S, or in the message. */
function corrupt({ message, signature }: { message: Uint8Array; signature: Uint8Array }, copy: number) {
  if (copy === 0) return { message, signature };
  const target = copy === 9 && message.length > 0 ? Uint8Array.from(message) : Uint8Array.from(signature);
  const at =
    copy === 9 && message.length > 0 ? randomInt(message.length) : copy < 5 ? randomInt(32) : 32 + randomInt(32);
  target[at] = (target[at] ?? 0) ^ (1 << randomInt(8));
  return copy === 9 && message.length > 0 ? { message: target, signature } : { message, signature: target };
}
