import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { Algorithm } from "../../../src/abi/batch.js";
import { Engine } from "../../../src/engine/engine.js";
import { Instance } from "../../../src/engine/instance.js";
import { compileEngine } from "../../../src/engine/module.js";
import { encodeBase45 } from "../../support/base45.js";
import { array, bytes, integer, isRedactedKeys, map, type Node, parse, tag, text, under, write } from "../../support/cbor-tree.js"; // prettier-ignore
import { generateKey, type TestKey } from "../../support/keys.js";
import { jwksOf, kidOf } from "../../support/make-card.js";
import { readVectorJson, vectorPath, vectorsNote, vectorsPresent } from "../../support/vectors.js";

/** The examples of draft-ietf-spice-sd-cwt. Their issuer signs with P-384, so that is done again, and with it the holder's. */

const FILES = ["issuer_cwt", "nested_issuer_cwt", "kbt", "nested_kbt"];
const issuer = generateKey(Algorithm.P256);
const holder = generateKey(Algorithm.P256);
const AUDIENCE = "https://verifier.example/app";

function example(name: string): Node {
  return parse(new Uint8Array(readFileSync(vectorPath(`sd-cwt/examples/${name}.cbor`))), "any");
}

/** Protected header, unprotected, payload and signature of a message that is tagged 18. */
function partsOf(message: Node): [protectedHeader: Node, unprotected: Node, payload: Node, signature: Node] {
  return message.items[0]!.items as [Node, Node, Node, Node];
}

/** The SD-CWT of a presentation, or what is one already. */
function credentialOf(message: Node): Node {
  return under(parse(partsOf(message)[0].bytes, "any"), 13) ?? message;
}

/** Every hash in a tree of claims. */
function hashesIn(node: Node): string[] {
  if (node.major === 6 && node.argument === 60n) return [Buffer.from(node.items[0]!.bytes).toString("hex")];
  return node.items.flatMap((item, i) =>
    isRedactedKeys(item)
      ? node.items[i + 1]!.items.map((hash) => Buffer.from(hash.bytes).toString("hex"))
      : hashesIn(item),
  );
}

const toBeSigned = (header: Node, payload: Node): Uint8Array => write(array([text("Signature1"), header, bytes(new Uint8Array()), payload])); // prettier-ignore

function sign1(key: TestKey, header: Node, unprotected: Node, payload: Node): Node {
  const headerBytes = bytes(write(header));
  const payloadBytes = bytes(write(payload));
  return tag(
    18,
    array([headerBytes, unprotected, payloadBytes, bytes(key.sign(toBeSigned(headerBytes, payloadBytes)))]),
  );
}

/** With this value under the key, in the key's place or last. */
function replaced(node: Node, key: number, value: Node): Node {
  const entries = node.items.flatMap((item, i) => (i % 2 === 0 ? [[item, node.items[i + 1]!] as [Node, Node]] : []));
  const at = entries.findIndex(([one]) => under(map([[one, value]]), key) !== undefined);
  return map(at < 0 ? [...entries, [key, value]] : entries.map((entry, i) => (i === at ? [entry[0], value] : entry)));
}

/** A presentation of the draft by our issuer to our holder, with an identity and a status, which our profile demands. */
function ours(name: string, disclosuresOf: (list: Node[]) => Node[] = (list) => list): string {
  const message = example(name);
  const [kbt, , token] = partsOf(message);
  const [header, unprotected, payload] = partsOf(credentialOf(message));
  const coordinate = (half: 0 | 32): Node => bytes(holder.publicKey.slice(half, half + 32));
  const cnf = map([[1, map([[1, integer(2)], [-1, integer(1)], [-2, coordinate(0)], [-3, coordinate(32)]])]]); // prettier-ignore
  const status = map([[text("status_list"), map([[text("idx"), integer(1)], [text("uri"), text("https://a.example")]])]]); // prettier-ignore
  let claims = replaced(parse(payload.bytes, "any"), 8, cnf);
  claims = replaced(replaced(claims, 169, map([[75, integer(2)]])), 65535, status);
  const issued = replaced(replaced(parse(header.bytes, "any"), 1, integer(-7)), 4, bytes(kidOf(issuer)));
  const list = map([[17, array(disclosuresOf(under(unprotected, 17)?.items ?? []))]]);
  const shown = replaced(parse(kbt.bytes, "any"), 13, sign1(issuer, issued, list, claims));
  return encodeBase45(write(sign1(holder, replaced(shown, 1, integer(-7)), map([]), parse(token.bytes, "any"))));
}

describe.runIf(vectorsPresent)(`the examples of the SD-CWT draft ${vectorsNote}`, () => {
  let engine: Engine;
  let instance: Instance;
  beforeAll(async () => {
    engine = await Engine.create({ trust: jwksOf([issuer]), status: "none" });
    instance = new Instance(await compileEngine());
  });

  it.each(FILES)("%s: every disclosure's hash covers its byte string with its head", (name) => {
    const [, unprotected, payload] = partsOf(credentialOf(example(name)));
    const list = under(unprotected, 17)?.items ?? [];
    const values = list.flatMap((one) => parse(one.bytes, "any").items[1] ?? []);
    const hashes = [parse(payload.bytes, "any"), ...values].flatMap(hashesIn);
    expect(list.length).toBeGreaterThan(0);
    for (const one of list) expect(hashes).toContain(createHash("sha256").update(write(one)).digest("hex"));
  });

  it.each(["kbt", "nested_kbt"])("%s: the holder's signature holds, and with a bit changed it does not", (name) => {
    const { x, y } = readVectorJson("sd-cwt/holder_pubkey.jwk.json") as { x: string; y: string };
    const key = new Uint8Array(Buffer.concat([Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]));
    const [header, , payload, signature] = partsOf(example(name));
    const message = new Uint8Array(toBeSigned(header, payload));
    const holds = (by: Uint8Array) => instance.checkSignature(Algorithm.P256, key, message, by);
    expect(holds(signature.bytes)).toBe(true);
    expect(holds(signature.bytes.map((byte, i) => (i === 5 ? byte ^ 1 : byte)))).toBe(false);
  });

  it.each([
    ["kbt", "2024-09-02T02:30:40Z"],
    ["nested_kbt", undefined],
  ])("%s: signed again by keys of ours it is accepted, and no disclosure can be another", (name, moment) => {
    const at = moment ?? momentOf(example(name));
    const codeOf = (qr: string) => engine.verifyBatch([qr], { audience: AUDIENCE, at: new Date(at) })[0]?.code;
    expect(codeOf(ours(name))).toBe("VALID");
    expect(codeOf(ours(name, (list) => [...list].reverse()))).toBe("VALID");
    expect(codeOf(ours(name, (list) => [...list, list[0]!]))).toBe("BAD_DISCLOSURE");
    const count = under(partsOf(credentialOf(example(name)))[1], 17)?.items.length ?? 0;
    for (let i = 0; i < count; i++) {
      const changed = ours(name, (list) => list.map((one, k) => (k === i ? bytes(one.bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte))) : one))); // prettier-ignore
      expect(codeOf(changed), `disclosure ${i}`).toBe("BAD_DISCLOSURE");
    }
  });
});

/** Three seconds after the holder says that it was made. */
function momentOf(message: Node): string {
  const issuedAt = under(parse(partsOf(message)[2].bytes, "any"), 6)?.argument ?? 0n;
  return new Date((Number(issuedAt) + 3) * 1000).toISOString();
}
