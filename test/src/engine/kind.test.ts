import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { compileEntry } from "../../support/compile.js";
import { generateKey } from "../../support/keys.js";
import { coseSign1, identity, jwksOf, kidOf, makeCard, NOW, payload, qrOf } from "../../support/make-card.js";

/** Another kind of QR is a file, and a line before the last in recognise.ts. */
const RECOGNISE = "assembly/credential/recognise.ts";
const LINE = "  if (isShown(src, length)) return readShown(src, length, out);\n";

function withKind(): Map<string, string> {
  const recognise = readFileSync(RECOGNISE, "utf8");
  const last = recognise.lastIndexOf("  return ");
  return new Map([
    [
      RECOGNISE,
      `import { isShown, readShown } from "./shown";\n${recognise.slice(0, last)}${LINE}${recognise.slice(last)}`,
    ],
    ["assembly/credential/shown.ts", readFileSync("test/support/kind/shown.as", "utf8")],
  ]);
}

const issuer = generateKey(Algorithm.ED25519);
const holder = generateKey(Algorithm.ED25519);
const stranger = generateKey(Algorithm.ED25519);

/** A credential under the issuer's kid that is bound to the holder's key. */
function bound(changes: [number, unknown][] = [], by = issuer): Uint8Array {
  const key = new Map<number, unknown>([
    [1, 1],
    [-1, 6],
    [-2, holder.publicKey],
  ]);
  return coseSign1(by, { kid: kidOf(issuer), payload: payload([[8, new Map([[1, key]])], ...changes]) });
}

function shown(credential: Uint8Array, by = holder): string {
  const header = new Map<number, unknown>([[1, -8], [16, 65001]]); // prettier-ignore
  return qrOf(coseSign1(by, { protected: header, payload: credential }));
}

let engine: Engine;
let plain: Engine;
beforeAll(async () => {
  const sources = { trust: jwksOf([issuer]), clock: () => NOW * 1000 };
  engine = await Engine.create({ ...sources, module: await compileEntry("assembly/index.ts", withKind()) });
  plain = await Engine.create(sources);
});

describe("a kind of QR that is a file and a line more", () => {
  it("is recognised by what is inside, beside the others", () => {
    const codes = engine.verifyBatch([shown(bound()), makeCard(issuer), shown(bound())]).map(({ code }) => code);
    expect(codes).toEqual(["VALID", "VALID", "VALID"]);
    // To an engine without the line it is a message of nobody's.
    expect(plain.verifyBatch([shown(bound())])[0]?.outcome).toBe("refused");
  });

  it("needs both signatures, each by its own key", () => {
    const forged = bound([], stranger);
    const texts = [shown(bound(), stranger), shown(bound(), issuer), shown(forged), shown(forged, stranger)];
    expect(engine.verifyBatch(texts).map(({ code }) => code)).toEqual([
      "BAD_HOLDER_SIGNATURE",
      "BAD_HOLDER_SIGNATURE",
      "BAD_ISSUER_SIGNATURE",
      "BAD_ISSUER_SIGNATURE",
    ]);
  });

  it("is judged by status, dates and policy as any other, but only when the holder has signed", () => {
    const expired: [number, unknown][] = [[4, NOW - 1]];
    const codes = engine.verifyBatch([shown(bound(expired)), shown(bound(expired), stranger)]).map(({ code }) => code);
    expect(codes).toEqual(["EXPIRED", "BAD_HOLDER_SIGNATURE"]);
  });

  it("leaves the issuer's message whole while the other is read: kid, claims and algorithm are the issuer's", () => {
    const name = "李小龙";
    const [verdict] = engine.verifyBatch([shown(bound([[169, identity([[4, name]])]]))], { claims: true });
    expect(verdict).toMatchObject({ code: "VALID", alg: "EdDSA", claims: { 4: name } });
    expect(verdict?.kid).toBe(Buffer.from(issuer.publicKey.slice(0, 8)).toString("hex"));
  });

  it("fills a batch with both queues: 512 of them, one in three forged", () => {
    const good = shown(bound());
    const bad = shown(bound(), stranger);
    const texts = Array.from({ length: 512 }, (_, i) => (i % 3 === 0 ? bad : good));
    const codes = engine.verifyBatch(texts).map(({ code }) => code);
    expect(codes).toEqual(texts.map((text) => (text === bad ? "BAD_HOLDER_SIGNATURE" : "VALID")));
  });
});
