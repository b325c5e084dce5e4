import { beforeAll, describe, expect, it } from "vitest";
import { BATCH_SIZE } from "../../../src/abi/batch.js";
import { BatchWriter } from "../../../src/engine/batch-writer.js";
import { applyDetail, type Known } from "../../../src/engine/detail.js";
import { DetailBuffers, DetailWriter } from "../../../src/engine/detail-buffer.js";
import { Instance } from "../../../src/engine/instance.js";
import { compileEngine } from "../../../src/engine/module.js";
import { loadState, readState } from "../../../src/engine/state.js";
import { readVerdict } from "../../../src/engine/verdict.js";
import { momentOf, type Requirements } from "../../../src/format/requirements.js";
import type { Verdict } from "../../../src/format/verdict.js";
import { Claims } from "../../../src/server/claims.js";
import { Replay } from "../../../src/server/replay.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

interface Vector {
  kind: string;
  name: string;
  qr: string;
  at: string;
  audience: string;
  before: string[];
  expect: { code: string; disclosed?: Record<string, unknown> };
}

/** The engine's verdict and then the claim, as a server takes them, at the moment of the vector. */
describe.runIf(vectorsPresent)(`presentations that come again, vector by vector ${vectorsNote}`, () => {
  const { jwks, vectors } = readVectorJson("presentation/presentations.json") as { jwks: object; vectors: Vector[] };
  const replays = vectors.filter(({ kind }) => kind === "replay");
  let instance: Instance;
  beforeAll(async () => {
    instance = new Instance(await compileEngine());
    loadState(instance, await readState({ trust: JSON.stringify(jwks), status: "none" }, instance.checkSignature));
  });

  function verify(qr: string, requirements: Requirements): { verdict: Verdict; known: Known | undefined } {
    const batch = new BatchWriter(new ArrayBuffer(BATCH_SIZE), 0);
    const writer = new DetailWriter(new DetailBuffers((size) => new ArrayBuffer(size)));
    batch.clear();
    batch.add(qr, requirements);
    batch.seal(1, 0);
    instance.verify(batch.bytes, writer);
    const verdict = readVerdict(batch.view, 0, []);
    let known: Known | undefined;
    applyDetail(batch.view, writer.finish() ?? new Uint8Array(), [verdict], () => requirements, (_, found) => (known = found)); // prettier-ignore
    return { verdict, known };
  }

  it.each(replays.map(({ name }) => name))("%s", (name) => {
    const { qr, at, audience, before, expect: wanted } = replays.find((one) => one.name === name)!;
    const moment = new Date(at);
    const now = moment.getTime() / 1000;
    const replay = new Replay(new Claims({ now: () => now, elapsed: () => 0, window: () => 90 }));
    const requirements = {
      ...momentOf(moment),
      atReplacesClock: true,
      audience,
      replay: true,
      detail: "claims" as const,
    };
    const verdicts = [...before, qr].map((text, i) => {
      const { verdict, known } = verify(text, requirements);
      if (known?.shown === undefined) return verdict;
      return replay.judge(verdict, known.shown, { scan: `scan ${i}`, text });
    });
    expect(verdicts.at(-1).code).toBe(wanted.code);
    expect(verdicts.at(-1).claims).toEqual(wanted.disclosed);
  });

  it("are all there", () => {
    expect(replays.length).toBe(8);
  });
});
