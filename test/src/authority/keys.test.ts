import { describe, expect, it } from "vitest";
import { concat } from "../../../src/format/bytes.js";
import { decodeTrustList } from "../../../src/format/trust/trust-list.js";
import { citizen, initAuthority, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { ALGORITHMS_UNDER_TEST, verifyElsewhere } from "../../support/keys.js";
import { openCard } from "../../support/open-card.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };

describe.skipIf(!runs)(`an authority's keys${note}`, () => {
  it.each(ALGORITHMS_UNDER_TEST)("sign with algorithm %i", async (algorithm) => {
    const folder = temporaryFolder();
    const authority = await initAuthority(folder.path, { algorithm, check: () => Promise.resolve() });
    try {
      const card = openCard((await authority.enrol(citizen(1), actor)).qr);
      const { keys } = decodeTrustList(concat(...(await authority.publishTrustList()).parts), verifyElsewhere);
      const key = keys.find((candidate) => candidate.use === "credential")!;
      expect(key.algorithm).toBe(algorithm);
      expect(key.kids[0]).toEqual(card.kid);
      expect(verifyElsewhere(algorithm, key.publicKey, card.toBeSigned, card.signature)).toBe(true);
    } finally {
      await authority.close();
      folder.remove();
    }
  });
});
