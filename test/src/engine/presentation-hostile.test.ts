import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { momentOf } from "../../../src/format/requirements.js";
import { decodeBase45, encodeBase45 } from "../../support/base45.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

interface File {
  jwks: object;
  vectors: { kind: string; name: string; qr: string; at: string; audience?: string; expect: { code: string } }[];
}

/** On the build with assertions: a trap would throw. */
describe.runIf(vectorsPresent)(`presentations that were changed on the way ${vectorsNote}`, () => {
  const { jwks, vectors } = readVectorJson("presentation/presentations.json") as File;
  const good = vectors.filter(({ kind, name, expect: { code } }) => code === "VALID" && kind === "disclosed" && name === "all-reversed"); // prettier-ignore
  let engine: Engine;
  beforeAll(async () => {
    const bytes = await readFile(new URL("../../../dist/src/engine/hufu.debug.wasm", import.meta.url));
    const module = await WebAssembly.compile(bytes);
    engine = await Engine.create({ trust: JSON.stringify(jwks), status: "none", module });
  });

  it.each(good.map(({ name }) => name))("%s: no bit of it can be another, and none can be left out", (name) => {
    const { qr, at, audience } = good.find((one) => one.name === name)!;
    const requirements = { ...momentOf(new Date(at)), atReplacesClock: true, ...(audience && { audience }) };
    const whole = decodeBase45(qr);
    expect(engine.verifyAll([qr], requirements)[0]?.code).toBe("VALID");
    const texts: string[] = [];
    for (let length = 0; length < whole.length; length++) texts.push(encodeBase45(whole.subarray(0, length)));
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const changed = Uint8Array.from(whole);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      texts.push(encodeBase45(changed));
    }
    const codes = engine.verifyAll(texts, requirements).map(({ code }) => code);
    expect(codes.flatMap((code, i) => (code === "VALID" ? [i] : []))).toEqual([]);
    expect(codes).not.toContain("INTERNAL");
  });
});
