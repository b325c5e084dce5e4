import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { Algorithm } from "../../src/abi/batch.js";
import { Code } from "../../src/abi/code.js";
import { Engine } from "../../src/engine/engine.js";
import type { Verdict } from "../../src/format/verdict.js";
import { encodeBase45 } from "./base45.js";
import { generateKey } from "./keys.js";
import { jwksOf, kidOf, NOW } from "./make-card.js";
import { mutant, randomFrom } from "./mutate-presentation.js";
import { read, type Reading } from "./reference-presentation.js";

const AUDIENCE = "gate";
const issuer = generateKey(Algorithm.ED25519);
const holders = [generateKey(Algorithm.ED25519), generateKey(Algorithm.P256)] as const;

export interface Comparison {
  /** Seeds about which engine and reference disagree, with what each says. */
  disagreements: string[];
  /** How often each was the answer, so that nobody takes for agreement what refuses everything. */
  answers: Map<string, number>;
}

/** Puts mutants of these seeds to the engine with assertions and to the reference reader. */
export async function compare(first: number, count: number): Promise<Comparison> {
  const wasm = await readFile(new URL("../../dist/src/engine/hufu.debug.wasm", import.meta.url));
  const module = await WebAssembly.compile(wasm);
  const engine = await Engine.create({ trust: jwksOf([issuer]), status: "none", module, clock: () => NOW * 1000 });
  const world = { issuer: { kid: kidOf(issuer), publicKey: issuer.publicKey }, audience: AUDIENCE, at: NOW };
  const disagreements: string[] = [];
  const answers = new Map<string, number>();
  const BATCH = 64;
  for (let start = first; start < first + count; start += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, first + count - start) }, (_, i) => start + i);
    const messages = seeds.map((seed) => mutant(randomFrom(seed), { issuer, kid: kidOf(issuer), holder: holders[seed % 4 === 0 ? 1 : 0], audience: AUDIENCE })); // prettier-ignore
    const verdicts = engine.verifyBatch(messages.map(encodeBase45), { audience: AUDIENCE, claims: true });
    seeds.forEach((seed, i) => {
      const reading = read(messages[i]!, world);
      const verdict = verdicts[i]!;
      answers.set(verdict.code, (answers.get(verdict.code) ?? 0) + 1);
      if (!isDeepStrictEqual(readingOf(verdict), reading)) {
        disagreements.push(
          `${seed}: ${verdict.code} ${JSON.stringify(verdict.claims)}, not ${JSON.stringify(reading)}`,
        );
      }
    });
  }
  return { disagreements, answers };
}

/** The same keys each time would make the same bytes each time; signatures of these are made anew, and tell nothing else. */
function readingOf({ code, claims = {} }: Verdict): Reading | "undetermined" {
  const number = Code[code];
  if (number === Code.VALID) return { claims };
  if (number >= Code.TOO_LONG && number < Code.REVOKED) return "not genuine";
  return number < Code.BUSY ? "not acceptable" : "undetermined";
}
