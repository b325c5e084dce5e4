import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import type { CodeName } from "../../../src/format/verdict.js";

/** Cards made after public bug reports, of the shared folder beside the project; see its README. */

const folder = fileURLToPath(new URL("../../../../shared/cases/cards/", import.meta.url));
const present = existsSync(folder);
/** Half a day after the cards were made: yesterday's has expired, tomorrow's is not valid yet. */
const at = new Date("2026-11-26T06:00:00Z");

/** Where it is not VALID. */
const REFUSED: Partial<Record<string, CodeName>> = {
  "alg-es384-header": "UNSUPPORTED_ALGORITHM",
  "alg-unprotected": "BAD_COSE",
  "dob-ddmmyyyy": "BAD_IDENTITY",
  "dob-unknown-day": "BAD_IDENTITY",
  "exp-float-expired": "EXPIRED",
  "exp-nan": "BAD_CWT",
  "exp-negative": "EXPIRED",
  "exp-tag1": "BAD_CWT",
  "exp-text": "BAD_CWT",
  "expired-yesterday": "EXPIRED",
  gzip: "BAD_PREFIX",
  "iat-after-exp": "BAD_CWT",
  "id-15": "BAD_IDENTITY",
  "id-lower-x": "BAD_IDENTITY",
  "junk-after-zlib": "BAD_ZLIB",
  "nbf-milliseconds": "NOT_YET_VALID",
  "not-yet-valid-tomorrow": "NOT_YET_VALID",
  "raw-deflate": "BAD_ZLIB",
  uncompressed: "BAD_ZLIB",
};

const DATES: Partial<Record<string, { notBefore?: number; expires?: number }>> = {
  "exp-2038": { expires: 2_147_483_658 },
  "exp-2107": { notBefore: 1_795_646_529, expires: 4_294_967_306 },
  "exp-float": { expires: 1_821_566_589 },
  "exp-negative": { expires: -5 },
  "iat-after-exp": { expires: 1_821_566_589 },
  "nbf-milliseconds": { notBefore: 1_795_646_589_490 },
};

describe.skipIf(!present)("cards from the field (skipped where ../shared is absent)", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.create({ trust: readFileSync(join(folder, "issuer.jwks")) });
  });
  const names = present ? readdirSync(folder).filter((name) => name.endsWith(".txt")) : [];

  it("are all there that are told of", () => {
    const all = names.map((name) => name.replace(".txt", ""));
    expect(all).toEqual(expect.arrayContaining([...Object.keys(REFUSED), ...Object.keys(DATES)]));
  });

  it.each(names)("%s", (name) => {
    const [verdict] = engine.verifyBatch([readFileSync(join(folder, name), "latin1").trimEnd()], { at });
    const key = name.replace(".txt", "");
    expect(verdict).toMatchObject({ code: REFUSED[key] ?? "VALID", ...DATES[key] });
  });
});
