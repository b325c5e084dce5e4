import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { momentOf, type Requirements } from "../../../src/format/requirements.js";
import { readVectorJson, vectorsNote, vectorsPresent } from "../../support/vectors.js";

/** One vector; shared/vectors/presentation/README.md says what each field is. */
interface Vector {
  kind: string;
  name: string;
  qr: string;
  at: string;
  audience?: string;
  purpose?: string;
  nonce?: string;
  status?: "list";
  before?: string[];
  expect: { code: string; disclosed?: Record<string, unknown> };
}

interface File {
  jwks: object;
  statusList: { cwt: string };
  vectors: Vector[];
}

/** As a policy asks where either audience suffices. */
function requirementsOf({ at, audience, purpose, nonce }: Vector): Requirements {
  return {
    ...momentOf(new Date(at)),
    atReplacesClock: true,
    detail: "claims",
    ...(audience !== undefined && { audience }),
    ...(purpose !== undefined && { purposeAudience: `purpose:${purpose}` }),
    ...(nonce !== undefined && { nonce }),
  };
}

describe.runIf(vectorsPresent)(`presentations, vector by vector ${vectorsNote}`, () => {
  const { jwks, statusList, vectors } = readVectorJson("presentation/presentations.json") as File;
  const engines = new Map<Vector["status"], Engine>();
  beforeAll(async () => {
    const trust = JSON.stringify(jwks);
    engines.set("list", await Engine.create({ trust, status: Buffer.from(statusList.cwt, "hex") }));
    engines.set(undefined, await Engine.create({ trust, status: "none" }));
  });

  const kinds = [...new Set(vectors.map(({ kind }) => kind))].filter((kind) => kind !== "replay");
  it.each(kinds)("%s", (kind) => {
    for (const vector of vectors.filter((one) => one.kind === kind)) {
      const [verdict] = engines.get(vector.status)!.verifyAll([vector.qr], requirementsOf(vector));
      expect(`${vector.name}: ${verdict?.code ?? ""}`).toBe(`${vector.name}: ${vector.expect.code}`);
      expect(verdict?.claims, vector.name).toEqual(vector.expect.disclosed);
    }
  });
});
