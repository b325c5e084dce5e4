import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Authority } from "../../../src/authority/authority.js";
import { openDelta } from "../../../src/format/status/delta.js";
import { concat } from "../../../src/format/bytes.js";
import { makeResidentId } from "../../../src/format/resident-id.js";
import { citizen, initAuthority, person, postgresRuns, temporaryFolder } from "../../support/authority.js";
import { verifyElsewhere } from "../../support/keys.js";

const runs = postgresRuns();
const note = runs ? "" : " (skipped: the embedded PostgreSQL does not run here)";
const actor = { actor: "test" };
const AHEAD = 1_200_000;

describe.skipIf(!runs)(`an authority whose clock is not that of its database${note}`, () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let authority: Authority;
  let ahead = AHEAD;
  beforeAll(async () => {
    folder = temporaryFolder();
    authority = await initAuthority(folder.path, { clock: () => Date.now() + ahead });
  });
  afterAll(async () => {
    await authority.close();
    folder.remove();
  });

  it("names in a delta all that has changed since the snapshot", async () => {
    const { id } = await authority.enrol(citizen(1), actor);
    const snapshot = await authority.publishStatus();
    await authority.revoke(citizen(1).id, { ...actor, reason: "lost" });
    const { parts, epoch } = await authority.publishDelta();
    expect(epoch).toBeGreaterThan(snapshot.epoch);
    const delta = openDelta(concat(...parts), { keys: await trusted(), verify: verifyElsewhere });
    expect(delta.revoked.slice(0, 16)).toEqual(id);
  });

  it("dates by its own clock what it issues, and who is old enough", async () => {
    ahead = 5 * 366 * 86_400_000;
    const before = Date.now() + ahead;
    const card = await authority.enrol(citizen(2), actor);
    expect(card.issued.getTime()).toBeGreaterThanOrEqual(before - 1_000);
    const thirteen = `${new Date().getUTCFullYear() - 13}0101`;
    const young = person({ id: makeResidentId("110105", thirteen, 1), name: "小明" });
    expect((await authority.enrol(young, actor)).person).toEqual(young);
    ahead = 0;
    const younger = person({ id: makeResidentId("110105", thirteen, 3), name: "小红" });
    await expect(authority.enrol(younger, actor)).rejects.toMatchObject({
      fault: { code: "INVALID_PERSON", is: "under-age" },
    });
  });

  async function trusted() {
    const { decodeTrustList } = await import("../../../src/format/trust/trust-list.js");
    return decodeTrustList(concat(...(await authority.publishTrustList()).parts), verifyElsewhere).keys;
  }
});
